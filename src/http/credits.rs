//! `GET /v1/credits` and `GET /v1/key`, in OpenRouter's shapes.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde_json::json;

use super::auth::KeyReader;
use super::generations::rfc3339;
use super::{ApiError, Switchboard};
use crate::actors::ledger::{AskStatement, Statement};
use crate::money::Picodollars;
use crate::store::{KeyUsage, Period, SpendLimits};

/// `GET /v1/credits`: what was ever given, and what was ever spent.
pub async fn credits(desk: Data<Switchboard>, reader: KeyReader) -> Result<HttpResponse, ApiError> {
    let statement = statement(&desk, &reader).await?;
    let balance = statement.balance;
    Ok(HttpResponse::Ok().json(json!({ "data": {
        "total_credits": balance.credits_posted().to_string(),
        "total_usage": balance.debits_posted().to_string(),
        "balance": balance.available().to_string(),
    }})))
}

/// `GET /v1/key`: the key that asks.
pub async fn key(desk: Data<Switchboard>, reader: KeyReader) -> Result<HttpResponse, ApiError> {
    let statement = statement(&desk, &reader).await?;
    let policy = &reader.0.policy;
    let limit = tightest(&statement.key, &policy.spend);
    Ok(HttpResponse::Ok().json(json!({ "data": {
        "id": reader.0.key.to_string(),
        "label": reader.0.label,
        "limit": limit.map(|(_, limit)| limit.to_string()),
        "limit_reset": limit.and_then(|(period, _)| reset(period)),
        "limit_remaining": limit.map(|(period, limit)| remaining(&statement.key, period, limit)),
        "usage": statement.key.total.to_string(),
        "usage_daily": statement.key.today.to_string(),
        "usage_weekly": statement.key.week.to_string(),
        "usage_monthly": statement.key.month.to_string(),
        "expires_at": policy.expires_ms.map(rfc3339),
        "is_free_tier": !statement.balance.credits_posted().is_positive(),
    }})))
}

/// The limit of which least is left: OpenRouter's keys have one.
fn tightest(usage: &KeyUsage, limits: &SpendLimits) -> Option<(Period, Picodollars)> {
    let left = |(period, limit): &(Period, Picodollars)| limit.get() - usage.of(*period).get();
    limits.set().min_by_key(left)
}

fn remaining(usage: &KeyUsage, period: Period, limit: Picodollars) -> String {
    let left = limit.checked_sub(usage.of(period)).unwrap_or_default();
    left.max(Picodollars::ZERO).to_string()
}

/// OpenRouter's word for when a limit starts anew; `None` for never.
fn reset(period: Period) -> Option<&'static str> {
    match period {
        Period::Day => Some("daily"),
        Period::Week => Some("weekly"),
        Period::Month => Some("monthly"),
        Period::Total => None,
    }
}

async fn statement(desk: &Switchboard, reader: &KeyReader) -> Result<Statement, ApiError> {
    let ask = AskStatement {
        account: reader.0.account,
        key: reader.0.key,
    };
    ApiError::unless_down(desk.ledger.send(ask).await)
}
