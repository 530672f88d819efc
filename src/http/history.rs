//! `/v1/account/usage`, `/transactions` and `/activity`: what an account did and paid, by the page, as
//! JSON or CSV, and summed for charts.

use std::collections::{BTreeMap, HashMap};

use actix_web::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::{Value, json};

use super::auth::Reader;
use super::billing::usd;
use super::usage::{PAGE, cursor, days, limit, query, read, wrong};
use super::{ApiError, Switchboard, generations};
use crate::billing;
use crate::ids::AccountId;
use crate::store::{Cause, DayTotals, Generation, Kind, Receipt, Transfer, Wanted};

/// Days of one chart at the most.
const MOST_DAYS: usize = 400;
/// Records that a chart by model or key looks through at the most.
const MOST_RECORDS: usize = 50_000;

/// What the card payments of a page were, by the processor's id.
type Receipts = HashMap<String, Receipt>;

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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ActivityQuery {
    by: Option<String>,
    from: Option<String>,
    to: Option<String>,
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

fn wanted(key: Option<&str>, model: Option<String>) -> Result<Wanted, ApiError> {
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
        return csv(&head, rows, before.as_deref());
    }
    let transfers = page.transfers.iter();
    let view = |t| transfer_view(t, account, &page.receipts);
    let data: Vec<Value> = transfers.map(view).collect();
    Ok(paged(&data, before.as_deref()))
}

/// `GET /v1/account/activity?by=day&from=2026-01-01&to=2026-01-31`: sums, newest or greatest first.
pub async fn activity(
    desk: Data<Switchboard>,
    reader: Reader,
    http: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let asked: ActivityQuery = query(&http)?;
    let days = days(asked.from.as_deref(), asked.to.as_deref())?;
    let (archive, account) = (desk.archive.clone(), reader.account());
    let name: fn(&Generation) -> String = match asked.by.as_deref().unwrap_or("day") {
        "day" => {
            let found = read(&desk, move || archive.days(account, days, MOST_DAYS)).await?;
            let rows = found
                .iter()
                .map(|(day, totals)| sum("day", &day.iso(), totals));
            return Ok(paged(&rows.collect::<Vec<_>>(), None));
        }
        "model" => |record| record.model.clone(),
        "key" => |record| record.key.to_string(),
        _ => return Err(wrong("by", "by must be day, model or key.")),
    };
    let by = asked.by.unwrap_or_default();
    let summed = read(&desk, move || {
        let mut sums: BTreeMap<String, DayTotals> = BTreeMap::new();
        let (mut before, mut looked) = (None, 0);
        while looked < MOST_RECORDS {
            let page = archive.page(account, days.clone(), before, 1000)?;
            looked += page.records.len();
            for record in &page.records {
                sums.entry(name(record)).or_default().count(record);
            }
            before = page.before;
            if before.is_none() {
                break;
            }
        }
        Ok(sums)
    });
    let mut sums: Vec<(String, DayTotals)> = summed.await?.into_iter().collect();
    sums.sort_by_key(|(_, totals)| std::cmp::Reverse(totals.spent));
    let rows = sums.iter().map(|(name, totals)| sum(&by, name, totals));
    Ok(paged(&rows.collect::<Vec<_>>(), None))
}

fn sum(by: &str, name: &str, totals: &DayTotals) -> Value {
    json!({
        by: name,
        "total_cost": totals.spent.to_string(),
        "requests": totals.requests,
        "tokens_prompt": totals.prompt_tokens,
        "tokens_completion": totals.completion_tokens,
    })
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
    let status = match record.status {
        crate::store::Status::Ok => "ok",
        crate::store::Status::Failed => "failed",
        crate::store::Status::Cancelled => "cancelled",
    };
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
        status.to_owned(),
    ]
}

/// The generation, model and reason of a transfer, as far as it has them.
fn cause(transfer: &Transfer) -> [Option<String>; 3] {
    match &transfer.cause {
        Cause::Generation { id, model, .. } => {
            [Some(id.to_string()), Some(model.to_string()), None]
        }
        Cause::Operator { reason } => [None, None, Some(reason.clone())],
        Cause::Payment { intent, .. } => [None, None, Some(intent.to_string())],
    }
}

/// What a transfer tells of the payment behind it: order, and of a deposit what was paid and our fee.
fn payment(transfer: &Transfer, receipts: &Receipts) -> [Option<String>; 3] {
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

fn paged(data: &[Value], before: Option<&str>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(json!({ "data": data, "has_more": before.is_some(), "before": before }))
}

fn wants_csv(http: &HttpRequest) -> bool {
    let accept = http.headers().get(ACCEPT);
    accept
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/csv"))
}

/// A page as CSV. Where the next one begins is in a header.
fn csv(
    head: &[&str],
    rows: impl Iterator<Item = Vec<String>>,
    before: Option<&str>,
) -> Result<HttpResponse, ApiError> {
    let mut out = ::csv::Writer::from_writer(Vec::new());
    out.write_record(head).map_err(ApiError::internal)?;
    for row in rows {
        let cells = row.into_iter().map(|cell| disarmed(&cell));
        out.write_record(cells).map_err(ApiError::internal)?;
    }
    let body = out.into_inner().map_err(ApiError::internal)?;
    let mut response = HttpResponse::Ok();
    response.insert_header((CONTENT_TYPE, "text/csv; charset=utf-8"));
    response.insert_header((CACHE_CONTROL, "no-store"));
    if let Some(before) = before {
        response.insert_header(("X-Next-Before", before));
    }
    Ok(response.body(body))
}

/// A text that no spreadsheet takes for a formula. Numbers stay what they are.
fn disarmed(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && cell.parse::<f64>().is_err() {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_no_formula() {
        assert_eq!(disarmed("=1+1"), "'=1+1");
        assert_eq!(disarmed("-0.02"), "-0.02");
        assert_eq!(disarmed("gpt-4.1"), "gpt-4.1");
    }
}
