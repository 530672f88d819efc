//! Everything that touches a socket, inbound or outbound: routes, limits, graceful stop.

mod account;
mod activity;
mod admin;
mod attempt;
mod auth;
mod billing;
mod body;
mod chat;
mod choices;
mod client;
mod client_ip;
mod clocks;
mod consequence;
mod conversation;
mod cookie;
pub mod count;
mod credits;
mod doors;
mod embeddings;
mod error;
mod fields;
mod fund;
mod further;
mod generations;
mod headers;
mod health;
mod hedge;
mod history;
mod keys;
mod ledger_metrics;
mod metered;
mod metrics;
mod models;
mod openapi;
mod operator;
mod pages;
mod plan;
mod prepare;
mod progress;
mod rate;
mod refusal;
mod relay;
mod route;
mod sessions;
mod sheet;
mod signin;
mod standings;
mod state;
mod stream;
mod takeout;
mod telemetry;
mod trail;
pub mod transcript;
mod tried;
mod upstream;
mod usage;
mod visit;
mod witness;

use std::net::TcpListener;
use std::time::Duration;

use actix_cors::Cors;
use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{App, FromRequest, Handler, HttpRequest, HttpServer, Resource, Responder};

pub use self::error::{ApiError, Code};
pub use self::metrics::text as metrics_text;
pub use crate::actors::Switchboard;
use crate::config;
use doors::Doors;
use upstream::Upstream;

/// Why the server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address cannot be listened on.
    #[error("cannot listen ({0}); choose another address with MODEL_ROUTER_BIND")]
    Listen(#[from] std::io::Error),
    /// The outbound client cannot be built.
    #[error("the outbound client cannot be built: {0}")]
    Client(#[from] rustls::Error),
}

/// How long a connection waits for its next request: longer than clients (90 s at most, by their defaults) and load
/// balancers (60 s) keep one, so that it is they who close it. What is sent just as the router closes is lost.
const KEEP_ALIVE: Duration = Duration::from_secs(120);
/// How long requests that were told to end may take for it, before their connections are closed.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// Starts serving on a bound listener. The returned server runs when it is awaited.
///
/// With a listener for the operator, `/admin` is served there and nowhere else.
pub fn serve(
    desk: Data<Switchboard>,
    listener: TcpListener,
    operators: Option<TcpListener>,
) -> Result<Server, ServeError> {
    let doors = Doors::of(operators.as_ref())?;
    metrics::publish(&desk);
    let settings = &desk.settings;
    let (workers, drain_s) = (settings.server.workers, settings.server.drain_timeout_s);
    let header_read = config::ms(settings.limits.header_read_ms);
    // Built once here so that a failure stops the start; each worker then builds its own.
    Upstream::new(&settings.failover)?;
    let app = move || {
        let desk = desk.clone();
        App::new()
            .wrap(from_fn(doors::choose))
            .wrap(from_fn(pages::explain_to_people))
            .wrap(cors(&desk.settings.server.allowed_origins))
            .wrap(from_fn(visit::greet))
            .app_data(doors)
            .app_data(desk.clone())
            .data_factory(move || {
                let clocks = desk.settings.failover.clone();
                async move { Upstream::new(&clocks) }
            })
            .configure(routes)
    };
    let server = HttpServer::new(app)
        .tcp_nodelay(true)
        .keep_alive(KEEP_ALIVE)
        .h1_allow_half_closed(false)
        .client_request_timeout(header_read)
        .shutdown_timeout(drain_s.saturating_add(LAST_WORDS.as_secs()))
        .disable_signals();
    let server = if workers > 0 {
        server.workers(workers)
    } else {
        server
    };
    let server = server.listen(listener)?;
    Ok(match operators {
        Some(operators) => server.listen(operators)?.run(),
        None => server.run(),
    })
}

/// Every route of the contract that is served.
fn routes(app: &mut ServiceConfig) {
    // Routes are tried in order: the busiest first, those with a pattern after them.
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
    .service(get("/metrics").route(web::get().to(metrics::metrics)))
    .service(page("/", pages::landing))
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
    .service(page("/status", pages::status))
    .service(post("/v1/route").route(web::post().to(route::route)))
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
    )
    .service(post("/v1/auth/request-code").route(web::post().to(signin::request_code)))
    .service(post("/v1/auth/verify-code").route(web::post().to(signin::verify_code)))
    .service(post("/v1/auth/logout").route(web::post().to(signin::logout)))
    .service(
        resource("/v1/account/sessions", "GET, DELETE")
            .route(web::get().to(sessions::list))
            .route(web::delete().to(sessions::end_all)),
    )
    .service(resource("/v1/account/sessions/{id}", "DELETE").route(web::delete().to(sessions::end)))
    .service(get("/v1/billing").route(web::get().to(billing::show)))
    .service(post("/v1/billing/checkout").route(web::post().to(billing::checkout)))
    .service(post("/v1/billing/webhook").route(web::post().to(billing::webhook)))
    .service(resource("/v1/billing/card", "DELETE").route(web::delete().to(billing::drop_card)))
    .service(get("/admin/overview").route(web::get().to(admin::overview)))
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
    .service(post("/admin/providers/{name}/resume").route(web::post().to(admin::resume_provider)))
    .service(get("/admin/accounts/{id}/usage").route(web::get().to(usage::records)))
    .service(get("/admin/accounts/{id}/totals").route(web::get().to(usage::totals)))
    .default_service(web::to(nothing_here));
}

fn get(path: &str) -> Resource {
    resource(path, "GET")
}

fn post(path: &str) -> Resource {
    resource(path, "POST")
}

/// A page or what belongs to one: a path that browsers get, or ask about with HEAD.
fn page<F, Args>(path: &str, handler: F) -> Resource
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
fn resource(path: &str, methods: &'static str) -> Resource {
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
fn not_found(path: &str) -> ApiError {
    let shown: String = path.chars().take(100).collect();
    ApiError::new(
        Code::NotFound,
        format!("There is nothing at {shown}; see the API reference for the routes."),
    )
}

/// Browsers may call from the configured origins and read every header of ours. Keys travel in a
/// header; cookies are never sent for other origins (no `Access-Control-Allow-Credentials`), so any
/// origin is safe.
fn cors(origins: &[String]) -> Cors {
    let cors = Cors::default()
        .allow_any_method()
        .allow_any_header()
        .expose_headers(headers::EXPOSED.split(", "))
        .max_age(3600);
    if origins.iter().any(|origin| origin == "*") {
        return cors.allow_any_origin().send_wildcard();
    }
    origins
        .iter()
        .fold(cors, |cors, origin| cors.allowed_origin(origin))
}
