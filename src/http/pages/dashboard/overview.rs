//! `GET /dashboard`: the balance and what happened last.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::around;
use super::requests::row;
use crate::actors::accounts::ListKeys;
use crate::actors::clock::now_ms;
use crate::http::pages::answer;
use crate::http::pages::form::Form;
use crate::http::pages::member::Member;
use crate::http::usage::{days, read};
use crate::http::{ApiError, Switchboard, account, activity};
use crate::pages::dashboard::{Overview, Tab};
use crate::pages::sample::sample;
use crate::store::Day;

/// Requests that are shown.
const LAST: usize = 5;

/// `GET /dashboard`
pub async fn overview(
    desk: Data<Switchboard>,
    http: HttpRequest,
    member: Member,
) -> Result<HttpResponse, ApiError> {
    desk.storage.may_answer()?;
    let id = member.account();
    let account = account::find(&desk, id).await?;
    let keys = desk.accounts.send(ListKeys(id)).await;
    let keys = keys.map_err(ApiError::internal)?;
    let (archive, always) = (desk.archive.clone(), days(None, None)?);
    let last = read(&desk, move || archive.page(id, always, None, LAST)).await?;
    let (frame, mut panel) = around(&http, Tab::Overview);
    // Where the card processor sends people back to.
    match Form::of_query(&http).text("deposit") {
        "paid" => {
            panel.done = "Paid. The credit is there as soon as Stripe has confirmed it, within seconds as a rule.";
        }
        "cancelled" => panel.done = "Nothing was paid.",
        _ => {}
    }
    let page = Overview {
        frame,
        panel,
        email: account.account.email,
        balance: desk.purses.of(id).available().to_string(),
        today: today(&desk, &member).await?,
        limit: account
            .daily_limit
            .map_or_else(String::new, |limit| limit.to_string()),
        has_deposits: desk.stripe.is_some(),
        keys: keys.len(),
        requests: last.records.iter().map(row).collect(),
        curl: sample("hello.sh", &desk.settings.public_url()),
        base_url: desk.settings.public_url(),
    };
    answer::personal(StatusCode::OK, &desk.settings, &page)
}

/// What an account has spent on this UTC day.
pub async fn today(desk: &Switchboard, member: &Member) -> Result<String, ApiError> {
    let today = Day::of(now_ms());
    let found = activity::by_day(desk, member.account(), today..=today).await?;
    let spent = found.first().map(|(_, totals)| totals.spent);
    Ok(spent.unwrap_or_default().to_string())
}
