//! `GET /v1/generations/{id}`: the ledger's record of one request. Only its owner sees it.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::auth::KeyReader;
use super::{ApiError, Code, Switchboard};
use crate::actors::ledger::Find;
use crate::ids::GenerationId;
use crate::store::{Delivery, Generation, Status};

#[derive(Serialize)]
struct Wrapped<T> {
    data: T,
}

/// A record as routes show it.
#[derive(Serialize)]
pub(super) struct View {
    id: String,
    request_id: String,
    created_at: String,
    model: String,
    provider: String,
    tier: Option<String>,
    prefer: Option<String>,
    auto_score: Option<u8>,
    streamed: bool,
    finish_reason: Option<String>,
    native_finish_reason: Option<String>,
    tokens_prompt: Option<u64>,
    tokens_completion: Option<u64>,
    tokens_cached: Option<u64>,
    tokens_reasoning: Option<u64>,
    total_cost: String,
    ttft_ms: Option<u64>,
    latency_ms: u64,
    attempts: Vec<AttemptView>,
    candidates: Option<Vec<CandidateView>>,
    cancelled: bool,
    estimated: bool,
    status: &'static str,
}

#[derive(Serialize)]
struct AttemptView {
    provider: String,
    model: String,
    outcome: String,
}

#[derive(Serialize)]
struct CandidateView {
    model: String,
    cost_estimate: String,
    ttft_ms: u64,
    state: &'static str,
}

/// `GET /v1/generations/{id}`
pub async fn one(
    desk: Data<Switchboard>,
    reader: KeyReader,
    id: Path<String>,
) -> Result<HttpResponse, ApiError> {
    // "Not yours" and "not there" are the same answer.
    let missing = || ApiError::new(Code::NotFound, "There is no such generation.");
    let id: GenerationId = id.parse().map_err(|_| missing())?;
    let found = ApiError::unless_down(desk.ledger.send(Find(reader.0.account, id)).await)?;
    let record = found.ok_or_else(missing)?;
    Ok(HttpResponse::Ok().json(Wrapped {
        data: view(*record),
    }))
}

/// Shows a record.
pub(super) fn view(record: Generation) -> View {
    let usage = record.usage;
    View {
        id: record.id.to_string(),
        request_id: record.request_id.to_string(),
        created_at: rfc3339(record.created_ms),
        model: record.model,
        provider: record.provider,
        tier: record.tier,
        prefer: Some(record.prefer).filter(|prefer| !prefer.is_empty()),
        auto_score: record.auto_score,
        streamed: match record.streamed {
            Delivery::Whole => false,
            Delivery::Stream => true,
        },
        finish_reason: record.finish_reason,
        native_finish_reason: record.native_finish_reason,
        tokens_prompt: usage.map(|u| u.prompt_tokens),
        tokens_completion: usage.map(|u| u.completion_tokens),
        tokens_cached: usage.map(|u| u.cached_tokens),
        tokens_reasoning: usage.map(|u| u.reasoning_tokens),
        total_cost: record.cost.to_string(),
        ttft_ms: record.ttft_ms,
        latency_ms: record.latency_ms,
        attempts: record
            .attempts
            .into_iter()
            .map(|a| AttemptView {
                provider: a.provider,
                model: a.model,
                outcome: a.outcome,
            })
            .collect(),
        candidates: record.candidates.map(|candidates| {
            let candidates = candidates.into_iter();
            candidates
                .map(|c| CandidateView {
                    model: c.model,
                    cost_estimate: c.cost.to_string(),
                    ttft_ms: c.ttft_ms,
                    state: c.state.as_str(),
                })
                .collect()
        }),
        cancelled: record.status == Status::Cancelled,
        estimated: usage.is_some_and(|u| u.estimated),
        status: word(record.status),
    }
}

/// How a generation ended, in a word.
pub(super) const fn word(status: Status) -> &'static str {
    match status {
        Status::Ok => "ok",
        Status::Failed => "failed",
        Status::Cancelled => "cancelled",
    }
}

/// Milliseconds since 1970 as a date and time.
pub(super) fn rfc3339(unix_ms: u64) -> String {
    let nanos = i128::from(unix_ms) * 1_000_000;
    OffsetDateTime::from_unix_timestamp_nanos(nanos)
        .ok()
        .and_then(|at| at.format(&Rfc3339).ok())
        .unwrap_or_default()
}
