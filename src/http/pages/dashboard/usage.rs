//! `/dashboard/usage`: what was used, by day, model and key.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::{around, status};
use crate::actors::accounts::ListKeys;
use crate::actors::clock::now_ms;
use crate::http::pages::answer;
use crate::http::pages::days::{amounts, drawn, last, usd};
use crate::http::pages::form::{Form, refuse};
use crate::http::pages::member::Member;
use crate::http::usage::days;
use crate::http::{ApiError, Switchboard, activity};
use crate::money::Picodollars;
use crate::pages::Typed;
use crate::pages::columns::columns;
use crate::pages::dashboard::{SumRow, Tab, Usage};
use crate::pages::words::count;
use crate::store::{Day, DayTotals};

/// What can be asked for.
const FIELDS: [&str; 2] = ["from", "to"];
/// Days that are shown unless others are asked for.
const DAYS: u64 = 30;

/// `GET /dashboard/usage?from=…&to=…`
pub async fn usage(
    desk: Data<Switchboard>,
    http: HttpRequest,
    member: Member,
) -> Result<HttpResponse, ApiError> {
    let form = Form::of_query(&http);
    let now_ms = now_ms();
    let (frame, mut panel) = around(&http, Tab::Usage);
    let (range, typed, status) = match asked(&form, now_ms) {
        Ok(range) => (range, Typed::default(), StatusCode::OK),
        Err(error) => {
            let typed = form.over(Typed::default(), &FIELDS);
            let typed = refuse(typed, &mut panel, &error, &FIELDS);
            (last(DAYS, now_ms), typed, status(&error))
        }
    };
    let typed = if typed.is_wrong() {
        typed
    } else {
        typed
            .with("from", range.start().iso())
            .with("to", range.end().iso())
    };
    let account = member.account();
    let by_day = activity::by_day(&desk, account, range.clone()).await?;
    let by_model = activity::by_name(&desk, account, range.clone(), activity::model).await?;
    let by_key = activity::by_name(&desk, account, range.clone(), activity::key).await?;
    let by_key = named(&desk, &member, by_key).await?;
    let all = by_day.iter().map(|(_, totals)| totals);
    let requests = all.clone().map(|totals| totals.requests).sum();
    let tokens = all
        .clone()
        .map(|t| t.prompt_tokens.saturating_add(t.completion_tokens));
    let spent = all.fold(Picodollars::ZERO, |sum, t| sum.saturating_add(t.spent));
    let drawn = drawn(&range, &by_day);
    let in_days: Vec<(String, DayTotals)> = by_day
        .iter()
        .map(|(day, totals)| (day.iso(), *totals))
        .collect();
    let page = Usage {
        frame,
        panel,
        ranges: ranges(&range, now_ms),
        spent: spent.to_string(),
        requests: count(requests),
        tokens: count(tokens.sum()),
        spending: columns(
            "Spending, USD",
            &amounts(&drawn, |t: &DayTotals| usd(t.spent)),
        ),
        traffic: columns(
            "Requests",
            &amounts(&drawn, |t: &DayTotals| (t.requests, count(t.requests))),
        ),
        days: rows(&in_days),
        models: rows(&by_model),
        keys: rows(&by_key),
        query: format!("from={}&to={}", range.start().iso(), range.end().iso()),
        form: typed,
    };
    answer::personal(status, &desk.settings, &page)
}

fn asked(form: &Form, now_ms: u64) -> Result<RangeInclusive<Day>, ApiError> {
    let given = |name| form.has(name).then(|| form.text(name));
    let default = last(DAYS, now_ms);
    let (from, to) = (default.start().iso(), default.end().iso());
    days(
        Some(given("from").unwrap_or(&from)),
        Some(given("to").unwrap_or(&to)),
    )
}

fn ranges(shown: &RangeInclusive<Day>, now_ms: u64) -> Vec<(String, &'static str, bool)> {
    let all = [
        (7, "7 days"),
        (30, "30 days"),
        (90, "90 days"),
        (365, "a year"),
    ];
    all.map(|(days, name)| {
        let range = last(days, now_ms);
        let path = format!(
            "{}?from={}&to={}",
            Tab::Usage.path(),
            range.start().iso(),
            range.end().iso()
        );
        (path, name, range == *shown)
    })
    .into()
}

/// Keys by their names; those that are gone by their ids.
async fn named(
    desk: &Switchboard,
    member: &Member,
    sums: Vec<(String, DayTotals)>,
) -> Result<Vec<(String, DayTotals)>, ApiError> {
    let keys = desk.accounts.send(ListKeys(member.account())).await;
    let keys = keys.map_err(ApiError::internal)?;
    let names: HashMap<String, String> = keys
        .into_iter()
        .map(|view| (view.key.id.to_string(), view.key.name))
        .collect();
    let name = |id: String| names.get(&id).cloned().unwrap_or(id);
    Ok(sums
        .into_iter()
        .map(|(id, totals)| (name(id), totals))
        .collect())
}

fn rows(sums: &[(String, DayTotals)]) -> Vec<SumRow> {
    let most = sums.iter().map(|(_, totals)| totals.spent.get()).max();
    let most = most.unwrap_or(0).max(1);
    let share = |spent: i64| u32::try_from(i128::from(spent) * 100 / i128::from(most)).unwrap_or(0);
    let row = |(name, totals): &(String, DayTotals)| SumRow {
        name: name.clone(),
        spent: totals.spent.to_string(),
        share: share(totals.spent.get()),
        requests: count(totals.requests),
        input: count(totals.prompt_tokens),
        output: count(totals.completion_tokens),
    };
    sums.iter().map(row).collect()
}
