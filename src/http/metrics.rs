//! `GET /metrics`: what the router counts, for whoever may know.

use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::Data;
use tokio::sync::Semaphore;

use super::operator::Observer;
use super::{Switchboard, ledger_metrics, standings};
use crate::actors::BODY_BUDGET_UNIT;
use crate::actors::exporter::TakeFigures;
use crate::config;

/// Prometheus' text format.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// `GET /metrics`
pub async fn metrics(desk: Data<Switchboard>, _: Observer) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, TEXT))
        .body(text(&desk))
}

/// Hands the figures to the exporter, time after time, where the operator wants them exported.
pub fn publish(desk: &Data<Switchboard>) {
    let otel = &desk.settings.otel;
    if otel.metrics.is_none() {
        return;
    }
    let (desk, period) = (desk.clone(), config::ms(otel.interval_ms));
    actix_web::rt::spawn(async move {
        loop {
            tokio::time::sleep(period).await;
            desk.exporter.do_send(TakeFigures(text(&desk)));
        }
    });
}

/// All figures as Prometheus reads them.
pub fn text(desk: &Switchboard) -> String {
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
    counters.render() + &ledger_metrics::text(&desk.ledger_tally.read())
}

/// Permits that are out.
fn taken(semaphore: &Semaphore, all: usize) -> usize {
    all.min(Semaphore::MAX_PERMITS)
        .saturating_sub(semaphore.available_permits())
}
