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
        app.service(post(&format!("{prefix}/chat/completions"), chat::chat))
            .service(post(
                &format!("{prefix}/embeddings"),
                embeddings::embeddings,
            ));
    }
    for prefix in ["/v1", ""] {
        app.service(page(&format!("{prefix}/models"), models::list))
            .service(page(&format!("{prefix}/models/{{id:.+}}"), models::one));
    }
}

/// For whoever watches the router.
fn watch(app: &mut ServiceConfig) {
    app.service(page("/health", health::health))
        .service(page("/ready", health::ready))
        .service(page("/openapi.json", openapi::openapi))
        .service(get("/metrics", metrics::metrics));
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
        .service(post("/login/code", pages::verify_code))
        .service(post("/logout", pages::logout))
        .configure(pages::routes)
        .service(page("/docs", pages::docs))
        .service(page("/docs/{topic}", pages::docs))
        .service(page("/status", pages::status));
}

/// What programs ask for an account: where a request would go, what was used, its keys.
fn customers(app: &mut ServiceConfig) {
    app.service(post("/v1/route", route::route))
        .service(get("/v1/generations/{id}", generations::one))
        .service(get("/v1/credits", credits::credits))
        .service(get("/v1/key", credits::key))
        .service(
            resource("/v1/account", "GET, PATCH, DELETE")
                .route(web::get().to(account::show))
                .route(web::patch().to(account::change))
                .route(web::delete().to(account::delete)),
        )
        .service(post("/v1/account/telemetry/test", telemetry::test))
        .service(get("/v1/account/export", takeout::export))
        .service(get("/v1/account/usage", history::usage))
        .service(get("/v1/account/transactions", history::transactions))
        .service(get("/v1/account/activity", activity::activity))
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
    app.service(post("/v1/auth/request-code", signin::request_code))
        .service(post("/v1/auth/verify-code", signin::verify_code))
        .service(post("/v1/auth/logout", signin::logout))
        .service(
            resource("/v1/account/sessions", "GET, DELETE")
                .route(web::get().to(sessions::list))
                .route(web::delete().to(sessions::end_all)),
        )
        .service(
            resource("/v1/account/sessions/{id}", "DELETE").route(web::delete().to(sessions::end)),
        )
        .service(get("/v1/billing", billing::show))
        .service(post("/v1/billing/checkout", billing::checkout))
        .service(post("/v1/billing/webhook", billing::webhook))
        .service(
            resource("/v1/billing/card", "DELETE").route(web::delete().to(billing::drop_card)),
        );
}

/// The operator's own.
fn operator(app: &mut ServiceConfig) {
    app.service(get("/admin/overview", admin::overview))
        .service(get("/admin/audit", admin::deeds))
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
        .service(post("/admin/accounts/{id}/adjust", admin::adjust_balance))
        .service(post("/admin/accounts/{id}/credits", admin::add_credit))
        .service(post("/admin/catalog/reload", admin::reload_catalog))
        .service(get("/admin/ledger/verify", admin::ledger::verify))
        .service(get("/admin/ledger/export", admin::ledger::export))
        .service(post("/admin/providers/{name}/rest", admin::rest_provider))
        .service(post(
            "/admin/providers/{name}/resume",
            admin::resume_provider,
        ))
        .service(get("/admin/accounts/{id}/usage", usage::records))
        .service(get("/admin/accounts/{id}/totals", usage::totals));
}

/// A path that takes GET alone.
pub fn get<F, Args>(path: &str, handler: F) -> Resource
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    resource(path, "GET").route(web::get().to(handler))
}

/// A path that takes POST alone.
pub fn post<F, Args>(path: &str, handler: F) -> Resource
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    resource(path, "POST").route(web::post().to(handler))
}

/// What browsers and watchers get, or only ask about with HEAD.
pub fn page<F, Args>(path: &str, handler: F) -> Resource
where
    F: Handler<Args> + Clone,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    get(path, handler.clone()).route(web::head().to(handler))
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
