//! `/v1/account/usage` and `/transactions`: what an account did and paid, by the page, as JSON or CSV.

use std::collections::HashMap;

use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::{Value, json};

use super::auth::Reader;
use super::billing::usd;
use super::sheet::{csv, wants_csv};
use super::usage::{PAGE, cursor, days, limit, query, read, wrong};
use super::{ApiError, Switchboard, generations};
use crate::billing;
use crate::ids::AccountId;
use crate::store::{Cause, Generation, Kind, Receipt, Transfer, Wanted};

/// What the card payments of a page were, by the processor's id.
pub(super) type Receipts = HashMap<String, Receipt>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HistoryQuery {
    from: Option<String>,
    to: Option<String>,
    key: Option<String>,
    model: Option<String>,
    limit: Option<String>,
    before: Option<String>,
}

/// `GET /v1/account/usage?from=2026-01-01&to=2026-01-31&key=key_…&model=gpt-4.1&limit=50&before=gen_…`
pub async fn usage(
    desk: Data<Switchboard>,
    reader: Reader,
    http: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let asked: HistoryQuery = query(&http)?;
    let days = days(asked.from.as_deref(), asked.to.as_deref())?;
    let limit = asked.limit.as_deref().map_or(Ok(PAGE), limit)?;
    let before = asked.before.as_deref().map(cursor).transpose()?;
    let wanted = wanted(asked.key.as_deref(), asked.model)?;
    let (archive, account) = (desk.archive.clone(), reader.account());
    let page = read(&desk, move || {
        archive.find(account, &days, &wanted, before, limit)
    });
    let page = page.await?;
    let before = page.before.map(|id| id.to_string());
    if wants_csv(&http) {
        let head = [
            "id",
            "created_at",
            "key_id",
            "model",
            "provider",
            "tier",
            "tokens_prompt",
            "tokens_completion",
            "total_cost",
            "status",
        ];
        return csv(
            &http,
            &head,
            page.records.iter().map(record_row),
            before.as_deref(),
        );
    }
    let data = page.records.into_iter().map(|record| {
        let key = record.key.to_string();
        with_key(generations::view(record), key)
    });
    let data = data.collect::<Result<Vec<Value>, ApiError>>()?;
    Ok(paged(&data, before.as_deref()))
}

/// What of an account's history is wanted.
pub fn wanted(key: Option<&str>, model: Option<String>) -> Result<Wanted, ApiError> {
    let key = key.map(str::parse).transpose();
    let key = key.map_err(|_| {
        wrong(
            "key",
            "key must be the id of a key, such as /v1/keys gives.",
        )
    })?;
    Ok(Wanted { key, model })
}

/// `GET /v1/account/transactions?from=2026-01-01&to=2026-01-31&key=key_…&model=gpt-4.1&limit=50&before=17`
pub async fn transactions(
    desk: Data<Switchboard>,
    reader: Reader,
    http: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let asked: HistoryQuery = query(&http)?;
    let days = days(asked.from.as_deref(), asked.to.as_deref())?;
    let limit = asked.limit.as_deref().map_or(Ok(PAGE), limit)?;
    let before = asked.before.as_deref().map(str::parse).transpose();
    let before = before.map_err(|_| wrong("before", "before must be what the last page gave."))?;
    let wanted = wanted(asked.key.as_deref(), asked.model)?;
    let (archive, account) = (desk.archive.clone(), reader.account());
    let page = read(&desk, move || {
        archive.transactions(account, &days, &wanted, before, limit)
    });
    let page = page.await?;
    let before = page.before.map(|seq| seq.to_string());
    if wants_csv(&http) {
        let head = [
            "id",
            "created_at",
            "kind",
            "amount_usd",
            "generation_id",
            "model",
            "reason",
            "order_id",
            "paid_usd",
            "fee_usd",
        ];
        let rows = page
            .transfers
            .iter()
            .map(|t| transfer_row(t, account, &page.receipts));
        return csv(&http, &head, rows, before.as_deref());
    }
    let transfers = page.transfers.iter();
    let view = |t| transfer_view(t, account, &page.receipts);
    let data: Vec<Value> = transfers.map(view).collect();
    Ok(paged(&data, before.as_deref()))
}

fn with_key(view: impl serde::Serialize, key: String) -> Result<Value, ApiError> {
    let mut value = serde_json::to_value(view).map_err(ApiError::internal)?;
    if let Some(members) = value.as_object_mut() {
        members.insert("key_id".to_owned(), Value::String(key));
    }
    Ok(value)
}

fn record_row(record: &Generation) -> Vec<String> {
    let usage = record.usage.unwrap_or_default();
    vec![
        record.id.to_string(),
        generations::rfc3339(record.created_ms),
        record.key.to_string(),
        record.model.clone(),
        record.provider.clone(),
        record.tier.clone().unwrap_or_default(),
        usage.prompt_tokens.to_string(),
        usage.completion_tokens.to_string(),
        record.cost.to_string(),
        generations::word(record.status).to_owned(),
    ]
}

/// The generation, model and reason of a transfer, as far as it has them.
pub(super) fn cause(transfer: &Transfer) -> [Option<String>; 3] {
    match &transfer.cause {
        Cause::Generation { id, model, .. } => {
            [Some(id.to_string()), Some(model.to_string()), None]
        }
        Cause::Operator { reason } => [None, None, Some(reason.clone())],
        Cause::Payment { intent, .. } => [None, None, Some(intent.to_string())],
    }
}

/// What a transfer tells of the payment behind it: order, and of a deposit what was paid and our fee.
pub(super) fn payment(transfer: &Transfer, receipts: &Receipts) -> [Option<String>; 3] {
    let Some(receipt) = transfer.payment().and_then(|intent| receipts.get(intent)) else {
        return [None, None, None];
    };
    let order = Some(receipt.order.to_string());
    if transfer.kind == Kind::Deposit {
        let (paid, fee) = (receipt.paid, billing::fee(receipt.paid));
        [order, Some(usd(paid)), Some(usd(fee))]
    } else {
        [order, None, None]
    }
}

pub(super) fn transfer_view(transfer: &Transfer, account: AccountId, receipts: &Receipts) -> Value {
    let [generation, model, reason] = cause(transfer);
    let [order, paid, fee] = payment(transfer, receipts);
    json!({
        "id": transfer.seq.to_string(),
        "created_at": generations::rfc3339(transfer.time_ms),
        "kind": transfer.kind.name(),
        "amount_usd": transfer.change_of(account).to_string(),
        "generation_id": generation,
        "model": model,
        "reason": reason,
        "order_id": order,
        "paid_usd": paid,
        "fee_usd": fee,
    })
}

fn transfer_row(transfer: &Transfer, account: AccountId, receipts: &Receipts) -> Vec<String> {
    let mut row = vec![
        transfer.seq.to_string(),
        generations::rfc3339(transfer.time_ms),
        transfer.kind.name().to_owned(),
        transfer.change_of(account).to_string(),
    ];
    row.extend(cause(transfer).map(Option::unwrap_or_default));
    row.extend(payment(transfer, receipts).map(Option::unwrap_or_default));
    row
}

/// A page of a list.
pub(super) fn paged(data: &[Value], before: Option<&str>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(json!({ "data": data, "has_more": before.is_some(), "before": before }))
}
