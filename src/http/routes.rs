//! Every route of the contract that is served, and what a path answers that is none.

use actix_web::web::{self, ServiceConfig};
use actix_web::{FromRequest, Handler, HttpRequest, Resource, Responder};

use super::{
    ApiError, Code, account, activity, admin, billing, chat, credits, embeddings, generations,
    health, history, keys, metrics, models, openapi, pages, route, sessions, signin, takeout,
    telemetry, usage,
};

/// All of them, in the order in which they are tried: the busiest first.
pub fn routes(app: &mut ServiceConfig) {
    app.configure(inference)
        .configure(watch)
        .configure(people)
        .configure(customers)
        .configure(sign_in_and_pay)
        .configure(operator)
        .default_service(web::to(nothing_here));
}

/// Models: with and without the prefix. Those with a pattern come after the others.
fn inference(app: &mut ServiceConfig) {
    for prefix in ["/v1", ""] {
        app.service(post(&format!("{prefix}/chat/completions")).route(web::post().to(chat::chat)))
            .service(
                post(&format!("{prefix}/embeddings")).route(web::post().to(embeddings::embeddings)),
            );
    }
    for prefix in ["/v1", ""] {
        app.service(page(&format!("{prefix}/models"), models::list))
            .service(page(&format!("{prefix}/models/{{id:.+}}"), models::one));
    }
}

/// For whoever watches the router.
fn watch(app: &mut ServiceConfig) {
    app.service(
        get("/health")
            .route(web::get().to(health::health))
            .route(web::head().to(health::health)),
    )
    .service(
        get("/ready")
            .route(web::get().to(health::ready))
            .route(web::head().to(health::ready)),
    )
    .service(
        get("/openapi.json")
            .route(web::get().to(openapi::openapi))
            .route(web::head().to(openapi::openapi)),
    )
    .service(get("/metrics").route(web::get().to(metrics::metrics)));
}

/// Pages.
fn people(app: &mut ServiceConfig) {
    app.service(page("/", pages::landing))
        .service(page("/assets/{name}", pages::asset))
        .service(
            resource("/login", "GET, POST")
                .route(web::get().to(pages::login))
                .route(web::head().to(pages::login))
                .route(web::post().to(pages::send_code)),
        )
        .service(post("/login/code").route(web::post().to(pages::verify_code)))
        .service(post("/logout").route(web::post().to(pages::logout)))
        .configure(pages::routes)
        .service(page("/docs", pages::docs))
        .service(page("/docs/{topic}", pages::docs))
        .service(page("/status", pages::status));
}

/// What programs ask for an account: where a request would go, what was used, its keys.
fn customers(app: &mut ServiceConfig) {
    app.service(post("/v1/route").route(web::post().to(route::route)))
        .service(get("/v1/generations/{id}").route(web::get().to(generations::one)))
        .service(get("/v1/credits").route(web::get().to(credits::credits)))
        .service(get("/v1/key").route(web::get().to(credits::key)))
        .service(
            resource("/v1/account", "GET, PATCH, DELETE")
                .route(web::get().to(account::show))
                .route(web::patch().to(account::change))
                .route(web::delete().to(account::delete)),
        )
        .service(post("/v1/account/telemetry/test").route(web::post().to(telemetry::test)))
        .service(get("/v1/account/export").route(web::get().to(takeout::export)))
        .service(get("/v1/account/usage").route(web::get().to(history::usage)))
        .service(get("/v1/account/transactions").route(web::get().to(history::transactions)))
        .service(get("/v1/account/activity").route(web::get().to(activity::activity)))
        .service(
            resource("/v1/keys", "GET, POST")
                .route(web::get().to(keys::list))
                .route(web::post().to(keys::create)),
        )
        .service(
            resource("/v1/keys/{id}", "PATCH, DELETE")
                .route(web::patch().to(keys::change))
                .route(web::delete().to(keys::delete)),
        );
}

/// Codes, sessions and credit.
fn sign_in_and_pay(app: &mut ServiceConfig) {
    app.service(post("/v1/auth/request-code").route(web::post().to(signin::request_code)))
        .service(post("/v1/auth/verify-code").route(web::post().to(signin::verify_code)))
        .service(post("/v1/auth/logout").route(web::post().to(signin::logout)))
        .service(
            resource("/v1/account/sessions", "GET, DELETE")
                .route(web::get().to(sessions::list))
                .route(web::delete().to(sessions::end_all)),
        )
        .service(
            resource("/v1/account/sessions/{id}", "DELETE").route(web::delete().to(sessions::end)),
        )
        .service(get("/v1/billing").route(web::get().to(billing::show)))
        .service(post("/v1/billing/checkout").route(web::post().to(billing::checkout)))
        .service(post("/v1/billing/webhook").route(web::post().to(billing::webhook)))
        .service(
            resource("/v1/billing/card", "DELETE").route(web::delete().to(billing::drop_card)),
        );
}

/// The operator's own.
fn operator(app: &mut ServiceConfig) {
    app.service(get("/admin/overview").route(web::get().to(admin::overview)))
        .service(get("/admin/audit").route(web::get().to(admin::deeds)))
        .service(
            resource("/admin/accounts", "GET, POST")
                .route(web::get().to(admin::accounts))
                .route(web::post().to(admin::create_account)),
        )
        .service(
            resource("/admin/accounts/{id}", "GET, PATCH")
                .route(web::get().to(admin::show))
                .route(web::patch().to(admin::change_account)),
        )
        .service(post("/admin/accounts/{id}/adjust").route(web::post().to(admin::adjust_balance)))
        .service(post("/admin/accounts/{id}/credits").route(web::post().to(admin::add_credit)))
        .service(post("/admin/catalog/reload").route(web::post().to(admin::reload_catalog)))
        .service(get("/admin/ledger/verify").route(web::get().to(admin::ledger::verify)))
        .service(get("/admin/ledger/export").route(web::get().to(admin::ledger::export)))
        .service(post("/admin/providers/{name}/rest").route(web::post().to(admin::rest_provider)))
        .service(
            post("/admin/providers/{name}/resume").route(web::post().to(admin::resume_provider)),
        )
        .service(get("/admin/accounts/{id}/usage").route(web::get().to(usage::records)))
        .service(get("/admin/accounts/{id}/totals").route(web::get().to(usage::totals)));
}

/// A path that takes GET alone.
pub fn get(path: &str) -> Resource {
    resource(path, "GET")
}

/// A path that takes POST alone.
pub fn post(path: &str) -> Resource {
    resource(path, "POST")
}

/// A page or what belongs to one: a path that browsers get, or ask about with HEAD.
pub fn page<F, Args>(path: &str, handler: F) -> Resource
where
    F: Handler<Args> + Clone,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    get(path)
        .route(web::get().to(handler.clone()))
        .route(web::head().to(handler))
}

/// A path that refuses all methods but these, which its routes serve.
pub fn resource(path: &str, methods: &'static str) -> Resource {
    web::resource(path).default_service(web::to(move || async move {
        Err::<&str, ApiError>(wrong_method(methods))
    }))
}

fn wrong_method(allowed: &'static str) -> ApiError {
    ApiError::new(
        Code::MethodNotAllowed,
        format!("This path takes {allowed}."),
    )
    .allow(allowed)
}

async fn nothing_here(request: HttpRequest) -> Result<&'static str, ApiError> {
    Err(not_found(request.path()))
}

/// 404 for a path that is not served. The path is cut: it is echoed.
pub fn not_found(path: &str) -> ApiError {
    let shown: String = path.chars().take(100).collect();
    ApiError::new(
        Code::NotFound,
        format!("There is nothing at {shown}; see the API reference for the routes."),
    )
}
