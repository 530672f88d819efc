//! `POST /v1/route`: the dry run. Same body as chat; nothing is sent upstream or charged.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::auth::Caller;
use super::plan::Plan;
use super::{ApiError, Switchboard, chat, count};
use crate::actors::classifier::Purpose;
use crate::catalog::Tier;
use crate::routing::{Candidate, Excluded};

#[derive(Serialize)]
struct Explanation {
    tier: Option<&'static str>,
    prefer: &'static str,
    auto: Option<Auto>,
    prompt_tokens_estimate: u64,
    output_tokens_expected: u64,
    candidates: Vec<Ranked>,
    excluded: Vec<Left>,
}

#[derive(Serialize)]
struct Auto {
    score: u8,
    tier: &'static str,
    signals: Vec<Signal>,
}

#[derive(Serialize)]
struct Signal {
    name: &'static str,
    value: f64,
    weight: f64,
}

#[derive(Serialize)]
struct Ranked {
    model: String,
    provider: String,
    tier: Option<&'static str>,
    rank: usize,
    score: f64,
    cost_estimate: String,
    ttft_ms: f64,
    tokens_per_s: f64,
    seconds_expected: f64,
    output_tokens_expected: u64,
    success_rate: Option<f64>,
    observed: bool,
    state: &'static str,
}

#[derive(Serialize)]
struct Left {
    model: String,
    provider: String,
    reason: String,
}

/// `POST /v1/route`
pub async fn route(
    desk: Data<Switchboard>,
    caller: Caller,
    http: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    // The classifier's queue has no bound of its own.
    let _admission = chat::admit(&desk)?;
    let (request, _share) = chat::read(&desk, &http, payload).await?;
    let mut plan = Plan::make(&desk, &caller.0, &request, Purpose::Explain).await?;
    plan.need = count::need(&plan.world.catalog, &request, &caller.0.account.to_string());
    let mut response = HttpResponse::Ok();
    if let Some(verdict) = plan.verdict() {
        verdict.write(&mut response);
    }
    Ok(response.json(explain(&plan)))
}

fn explain(plan: &Plan) -> Explanation {
    let auto = plan.auto.as_ref().map(|verdict| Auto {
        score: verdict.score,
        tier: verdict.tier.as_str(),
        signals: verdict
            .signals
            .iter()
            .map(|s| Signal {
                name: s.name,
                value: s.value,
                weight: s.weight,
            })
            .collect(),
    });
    let first = plan
        .shortlist
        .ranked
        .first()
        .map_or(0, |candidate| candidate.live.output_mean);
    Explanation {
        tier: plan.tier.map(Tier::as_str),
        prefer: plan.prefer.as_str(),
        auto,
        prompt_tokens_estimate: plan.prompt_tokens(),
        output_tokens_expected: first.min(plan.need.max_output.unwrap_or(u64::MAX)),
        candidates: plan
            .shortlist
            .ranked
            .iter()
            .enumerate()
            .map(ranked)
            .collect(),
        excluded: plan.shortlist.excluded.iter().map(left).collect(),
    }
}

fn ranked((i, candidate): (usize, &Candidate)) -> Ranked {
    Ranked {
        model: candidate.model.id.to_string(),
        provider: candidate.model.provider.to_string(),
        tier: candidate.tier.map(Tier::as_str),
        rank: i + 1,
        score: candidate.score,
        cost_estimate: candidate.charge().to_string(),
        ttft_ms: candidate.live.ttft_p50_ms,
        tokens_per_s: candidate.live.tokens_per_s,
        seconds_expected: candidate.seconds,
        output_tokens_expected: candidate.live.output_mean,
        success_rate: candidate.live.success_rate,
        observed: candidate.live.observed,
        state: candidate.live.standing.as_str(),
    }
}

fn left(excluded: &Excluded) -> Left {
    Left {
        model: excluded.model.id.to_string(),
        provider: excluded.model.provider.to_string(),
        reason: excluded.reason.text(),
    }
}
