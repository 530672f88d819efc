//! `/admin/accounts/{id}/usage` and `/totals`: what an account has used, request by request and by
//! day or month.

use std::ops::RangeInclusive;

use actix_web::web::{self, Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::operator::Operator;
use super::{ApiError, Code, Switchboard, admin, generations};
use crate::ids::GenerationId;
use crate::store::{Day, DayTotals, StoreError};

/// Records of a page, unless another number is asked for.
pub(super) const PAGE: usize = 50;
/// Records of a page at the most.
const MOST_RECORDS: usize = 1000;
/// Days or months of one answer at the most.
const MOST_PERIODS: usize = 1000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UsageQuery {
    from: Option<String>,
    to: Option<String>,
    limit: Option<String>,
    before: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TotalsQuery {
    by: Option<String>,
    from: Option<String>,
    to: Option<String>,
}

/// `GET /admin/accounts/{id}/usage?from=2026-01-01&to=2026-01-31&limit=50&before=gen_…`
pub async fn records(
    desk: Data<Switchboard>,
    _: Operator,
    id: Path<String>,
    http: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let asked: UsageQuery = query(&http)?;
    let account = admin::existing(&desk, &id).await?;
    let days = days(asked.from.as_deref(), asked.to.as_deref())?;
    let limit = asked.limit.as_deref().map_or(Ok(PAGE), limit)?;
    let before = asked.before.as_deref().map(cursor).transpose()?;
    let archive = desk.archive.clone();
    let page = read(&desk, move || archive.page(account, days, before, limit)).await?;
    let before = page.before.map(|id| id.to_string());
    let data: Vec<_> = page.records.into_iter().map(generations::view).collect();
    Ok(HttpResponse::Ok().json(json!({
        "data": data,
        "has_more": before.is_some(),
        "before": before,
    })))
}

/// `GET /admin/accounts/{id}/totals?by=day&from=2026-01-01&to=2026-01-31`
pub async fn totals(
    desk: Data<Switchboard>,
    _: Operator,
    id: Path<String>,
    http: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let asked: TotalsQuery = query(&http)?;
    let account = admin::existing(&desk, &id).await?;
    let days = days(asked.from.as_deref(), asked.to.as_deref())?;
    let archive = desk.archive.clone();
    let data: Vec<Value> = match asked.by.as_deref().unwrap_or("day") {
        "day" => {
            let read = read(&desk, move || archive.days(account, days, MOST_PERIODS));
            let found = read.await?;
            found.iter().map(|(day, t)| row(day.iso(), t)).collect()
        }
        "month" => {
            let months = days.start().month()..=days.end().month();
            let read = read(&desk, move || archive.months(account, months, MOST_PERIODS));
            let found = read.await?;
            found.iter().map(|(month, t)| row(month.iso(), t)).collect()
        }
        _ => return Err(wrong("by", "by must be day or month.")),
    };
    Ok(HttpResponse::Ok().json(json!({ "data": data })))
}

fn row(period: String, totals: &DayTotals) -> Value {
    json!({
        "period": period,
        "total_cost": totals.spent.to_string(),
        "requests": totals.requests,
        "tokens_prompt": totals.prompt_tokens,
        "tokens_completion": totals.completion_tokens,
    })
}

/// Reads beside the ledger, on a thread that may wait for the disk.
pub(super) async fn read<T: Send + 'static>(
    desk: &Switchboard,
    read: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, ApiError> {
    desk.storage.may_answer()?;
    web::block(read)
        .await
        .map_err(ApiError::internal)?
        .map_err(ApiError::internal)
}

pub(super) fn query<T: DeserializeOwned>(http: &HttpRequest) -> Result<T, ApiError> {
    let read = Query::<T>::from_query(http.query_string());
    read.map(Query::into_inner).map_err(|error| {
        let names = http.query_string().split('&');
        let name = names
            .filter_map(|pair| pair.split('=').next())
            .find(|name| {
                let asked = format!("`{name}`");
                !name.is_empty() && error.to_string().contains(&asked)
            });
        let message = format!("The query cannot be used: {error}.");
        match name {
            Some(name) => wrong(name, message),
            None => ApiError::new(Code::InvalidValue, message),
        }
    })
}

/// The days that are asked for; open ends reach as far as the calendar.
pub(super) fn days(from: Option<&str>, to: Option<&str>) -> Result<RangeInclusive<Day>, ApiError> {
    let from = from.map_or(Ok(Day::of(0)), |text| day(text, "from"))?;
    let to = to.map_or(Ok(Day::of(u64::MAX)), |text| day(text, "to"))?;
    if from > to {
        return Err(wrong("from", "from must not be after to."));
    }
    Ok(from..=to)
}

fn day(text: &str, param: &'static str) -> Result<Day, ApiError> {
    text.parse()
        .map_err(|error| wrong(param, format!("{param} is {error}.")))
}

pub(super) fn limit(text: &str) -> Result<usize, ApiError> {
    match text.parse() {
        Ok(limit) if (1..=MOST_RECORDS).contains(&limit) => Ok(limit),
        Ok(_) | Err(_) => Err(wrong(
            "limit",
            format!("limit must be a number from 1 to {MOST_RECORDS}."),
        )),
    }
}

pub(super) fn cursor(text: &str) -> Result<GenerationId, ApiError> {
    let message = "before must be the id of a generation, such as the last page gave.";
    text.parse().map_err(|_| wrong("before", message))
}

pub(super) fn wrong(param: &str, message: impl Into<String>) -> ApiError {
    ApiError::new(Code::InvalidValue, message).param(param)
}
