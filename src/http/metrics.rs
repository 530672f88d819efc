//! `GET /metrics`: what the router counts, for whoever may know.

use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::Data;
use tokio::sync::Semaphore;

use super::operator::Observer;
use super::{Switchboard, ledger_metrics, standings};
use crate::actors::BODY_BUDGET_UNIT;

/// Prometheus' text format.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// `GET /metrics`
pub async fn metrics(desk: Data<Switchboard>, _: Observer) -> HttpResponse {
    let counters = &desk.counters;
    let permits = desk.settings.limits.bytes_in_flight / BODY_BUDGET_UNIT;
    counters.in_flight(
        taken(&desk.in_flight, desk.settings.limits.requests_in_flight),
        taken(&desk.body_budget, permits) * BODY_BUDGET_UNIT,
    );
    for row in standings::all(&desk.world.load()) {
        counters.model_state(
            &row.provider,
            &row.model,
            row.shown.state,
            &standings::STATES,
        );
    }
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, TEXT))
        .body(counters.render() + &ledger_metrics::text(&desk.ledger_tally.read()))
}

/// Permits that are out.
fn taken(semaphore: &Semaphore, all: usize) -> usize {
    all.min(Semaphore::MAX_PERMITS)
        .saturating_sub(semaphore.available_permits())
}
