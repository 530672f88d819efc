//! `/admin/books`: losses, the trial balance, and the whole ledger verified.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;

use super::around;
use super::gate::Console;
use crate::http::pages::answer;
use crate::http::{ApiError, Switchboard, admin};
use crate::money::Picodollars;
use crate::pages::admin::{Books, Part};

/// `GET /admin/books`
pub async fn books(
    desk: Data<Switchboard>,
    http: HttpRequest,
    _: Console,
) -> Result<HttpResponse, ApiError> {
    show(&desk, &http, Vec::new()).await
}

/// `POST /admin/books/verify`
pub async fn verify(
    desk: Data<Switchboard>,
    http: HttpRequest,
    _: Console,
) -> Result<HttpResponse, ApiError> {
    let report = admin::ledger::check(&desk).await?;
    let members = report.as_object().into_iter().flatten();
    let facts = members.map(|(name, value)| [name.replace('_', " "), plain(value)]);
    show(&desk, &http, facts.collect()).await
}

async fn show(
    desk: &Switchboard,
    http: &HttpRequest,
    report: Vec<[String; 2]>,
) -> Result<HttpResponse, ApiError> {
    let books = admin::books(desk).await?;
    let accounts: Vec<[String; 2]> = books["ledger"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, usd)| [name.clone(), plain(usd)])
        .collect();
    let losses = accounts.iter().filter_map(|[name, usd]| {
        let kind = name.strip_prefix("loss:")?;
        Some([loss(kind).to_owned(), turned(usd)])
    });
    let (frame, panel) = around(http, Part::Books);
    let page = Books {
        frame,
        panel,
        losses: losses.collect(),
        lost: plain(&books["losses_usd"]),
        trial: ["posted", "pending"].map(|side| plain(&books["trial_balance"][side])),
        accounts,
        report,
    };
    answer::personal(StatusCode::OK, &desk.settings, &page)
}

/// What a loss is, in words.
fn loss(kind: &str) -> &str {
    match kind {
        "failed" => "Attempts that failed and cost something",
        "orphan" => "Answers whose end nobody saw",
        "overrun" => "Answers beyond their customer's balance",
        "refund" => "Refunds and disputes beyond their customer's balance",
        other => other,
    }
}

/// What was lost is credited less than debited.
fn turned(usd: &str) -> String {
    let usd = usd.parse::<Picodollars>().unwrap_or_default();
    let lost = Picodollars::ZERO.checked_sub(usd).unwrap_or_default();
    lost.to_string()
}

/// A value as people read it.
fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
