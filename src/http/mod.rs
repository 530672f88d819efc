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
mod routes;
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
use actix_web::web::Data;
use actix_web::{App, HttpServer};

pub use self::error::{ApiError, Code};
pub use self::metrics::text as metrics_text;
pub use crate::actors::Switchboard;
use crate::config;
use doors::Doors;
use routes::not_found;
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
            .configure(routes::routes)
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
        // To everybody the same: nothing varies by who asks.
        return cors
            .allow_any_origin()
            .send_wildcard()
            .disable_vary_header();
    }
    origins
        .iter()
        .fold(cors, |cors, origin| cors.allowed_origin(origin))
}
