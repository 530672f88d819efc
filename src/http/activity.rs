//! `/v1/account/activity`: what an account did, summed by day, model or key.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::{Value, json};

use super::auth::Reader;
use super::history::paged;
use super::sheet::{csv, wants_csv};
use super::usage::{days, query, read, wrong};
use super::{ApiError, Switchboard};
use crate::ids::AccountId;
use crate::store::{Day, DayTotals, Generation};

/// Days of one chart at the most.
const MOST_DAYS: usize = 400;
/// Records that a chart by model or key looks through at the most.
const MOST_RECORDS: usize = 50_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ActivityQuery {
    by: Option<String>,
    from: Option<String>,
    to: Option<String>,
}

/// `GET /v1/account/activity?by=day&from=2026-01-01&to=2026-01-31`: sums, newest or greatest first.
pub async fn activity(
    desk: Data<Switchboard>,
    reader: Reader,
    http: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let asked: ActivityQuery = query(&http)?;
    let days = days(asked.from.as_deref(), asked.to.as_deref())?;
    let account = reader.account();
    let by = asked.by.as_deref().unwrap_or("day");
    let sums = match by {
        "day" => {
            let found = by_day(&desk, account, days).await?;
            let rows = found.into_iter();
            rows.map(|(day, totals)| (day.iso(), totals)).collect()
        }
        "model" => by_name(&desk, account, days, model).await?,
        "key" => by_name(&desk, account, days, key).await?,
        _ => return Err(wrong("by", "by must be day, model or key.")),
    };
    if wants_csv(&http) {
        let head = [
            by,
            "total_cost",
            "requests",
            "tokens_prompt",
            "tokens_completion",
        ];
        return csv(&http, &head, sums.iter().map(row), None);
    }
    let rows: Vec<Value> = sums.iter().map(|sum| view(by, sum)).collect();
    Ok(paged(&rows, None))
}

/// The days on which an account was used, newest first.
pub async fn by_day(
    desk: &Switchboard,
    account: AccountId,
    days: RangeInclusive<Day>,
) -> Result<Vec<(Day, DayTotals)>, ApiError> {
    let archive = desk.archive.clone();
    read(desk, move || archive.days(account, days, MOST_DAYS)).await
}

/// What an account did, summed by a name that each record has, greatest first.
pub async fn by_name(
    desk: &Switchboard,
    account: AccountId,
    days: RangeInclusive<Day>,
    name: fn(&Generation) -> String,
) -> Result<Vec<(String, DayTotals)>, ApiError> {
    let archive = desk.archive.clone();
    let summed = read(desk, move || {
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
    sums.sort_by_key(|(_, totals)| Reverse(totals.spent));
    Ok(sums)
}

/// The model that ran.
pub fn model(record: &Generation) -> String {
    record.model.clone()
}

/// The id of the key that asked.
pub fn key(record: &Generation) -> String {
    record.key.to_string()
}

fn view(by: &str, (name, totals): &(String, DayTotals)) -> Value {
    json!({
        by: name,
        "total_cost": totals.spent.to_string(),
        "requests": totals.requests,
        "tokens_prompt": totals.prompt_tokens,
        "tokens_completion": totals.completion_tokens,
    })
}

fn row((name, totals): &(String, DayTotals)) -> Vec<String> {
    vec![
        name.clone(),
        totals.spent.to_string(),
        totals.requests.to_string(),
        totals.prompt_tokens.to_string(),
        totals.completion_tokens.to_string(),
    ]
}
