//! `GET /v1/credits` and `GET /v1/key`, in OpenRouter's shapes.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde_json::json;

use super::auth::Caller;
use super::{ApiError, Switchboard};
use crate::actors::ledger::{AskStatement, Statement};

/// `GET /v1/credits`: what was ever given, and what was ever spent.
pub async fn credits(desk: Data<Switchboard>, caller: Caller) -> Result<HttpResponse, ApiError> {
    let statement = statement(&desk, &caller).await?;
    let balance = statement.balance;
    Ok(HttpResponse::Ok().json(json!({ "data": {
        "total_credits": balance.credits_posted().to_string(),
        "total_usage": balance.debits_posted().to_string(),
        "balance": balance.available().to_string(),
    }})))
}

/// `GET /v1/key`: the key that asks.
pub async fn key(desk: Data<Switchboard>, caller: Caller) -> Result<HttpResponse, ApiError> {
    let statement = statement(&desk, &caller).await?;
    Ok(HttpResponse::Ok().json(json!({ "data": {
        "id": caller.0.key.to_string(),
        "label": caller.0.label,
        "limit": null,
        "limit_remaining": null,
        "usage": statement.key.total.to_string(),
        "usage_daily": statement.key.today.to_string(),
        "is_free_tier": !statement.balance.credits_posted().is_positive(),
    }})))
}

async fn statement(desk: &Switchboard, caller: &Caller) -> Result<Statement, ApiError> {
    let ask = AskStatement {
        account: caller.0.account,
        key: caller.0.key,
    };
    ApiError::unless_down(desk.ledger.send(ask).await)
}
