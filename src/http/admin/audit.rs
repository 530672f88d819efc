//! `/admin/audit`: the audit log, newest first, by account, action and time.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::http::generations::rfc3339;
use crate::http::operator::Operator;
use crate::http::usage::{PAGE, limit, query, read, wrong};
use crate::http::{ApiError, Switchboard};
use crate::store::{Action, By, Day, Deed, Sought};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AuditQuery {
    account: Option<String>,
    action: Option<String>,
    since: Option<String>,
    until: Option<String>,
    limit: Option<String>,
    before: Option<String>,
}

/// `GET /admin/audit?account=acct_…&action=key_created&since=2026-01-01&until=2026-02-01&limit=50&before=aud_…`
pub async fn deeds(
    desk: Data<Switchboard>,
    _: Operator,
    http: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let asked: AuditQuery = query(&http)?;
    let limit = asked.limit.as_deref().map_or(Ok(PAGE), limit)?;
    let sought = sought([
        asked.account.as_deref(),
        asked.action.as_deref(),
        asked.since.as_deref(),
        asked.until.as_deref(),
        asked.before.as_deref(),
    ])?;
    let archive = desk.archive.clone();
    let page = read(&desk, move || archive.deeds(&sought, limit)).await?;
    let before = page.before.map(|id| id.to_string());
    let data: Vec<Value> = page.deeds.iter().map(deed_view).collect();
    Ok(HttpResponse::Ok().json(json!({
        "data": data,
        "has_more": before.is_some(),
        "before": before,
    })))
}

/// What is looked for: account, action, since, until, and where the page begins.
pub fn sought(asked: [Option<&str>; 5]) -> Result<Sought, ApiError> {
    let [account, deed, since, until, before] = asked;
    let account = account.map(str::parse).transpose();
    let before = before.map(str::parse).transpose();
    Ok(Sought {
        account: account
            .map_err(|_| wrong("account", "account must be the id of an account, acct_…"))?,
        action: deed.map(action).transpose()?,
        since_ms: moment(since, "since")?,
        until_ms: moment(until, "until")?,
        before: before.map_err(|_| wrong("before", "before must be what the last page gave."))?,
    })
}

fn action(word: &str) -> Result<Action, ApiError> {
    let mut all = Action::ALL.iter();
    let found = all.find(|action| action.as_str() == word).copied();
    found.ok_or_else(|| {
        let words: Vec<&str> = Action::ALL.iter().map(|action| action.as_str()).collect();
        wrong(
            "action",
            format!("action must be one of {}.", words.join(", ")),
        )
    })
}

/// A moment, in milliseconds since 1970; a day stands for its beginning.
fn moment(text: Option<&str>, param: &'static str) -> Result<Option<u64>, ApiError> {
    let Some(text) = text else {
        return Ok(None);
    };
    if let Ok(day) = text.parse::<Day>() {
        return Ok(Some(day.start_ms()));
    }
    let at = OffsetDateTime::parse(text, &Rfc3339).ok();
    let unix_ms = at.and_then(|at| u64::try_from(at.unix_timestamp_nanos() / 1_000_000).ok());
    unix_ms.map(Some).ok_or_else(|| {
        let message = format!(
            "{param} must be a day such as 2026-01-31 or a time such as 2026-01-31T12:00:00Z."
        );
        wrong(param, message)
    })
}

/// A row as the operator and the account's owner read it.
pub fn deed_view(deed: &Deed) -> Value {
    let details = deed.details.iter();
    let details: Map<String, Value> = details
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect();
    json!({
        "id": deed.id.to_string(),
        "created_at": rfc3339(deed.time_ms),
        "actor": actor(deed.by),
        "action": deed.action.as_str(),
        "account_id": deed.account.map(|account| account.to_string()),
        "request_id": deed.request.map(|request| request.to_string()),
        "details": details,
    })
}

fn actor(by: By) -> Value {
    match by {
        By::Admin => json!({ "type": "admin" }),
        By::Session { account, session } => json!({
            "type": "session",
            "account_id": account.to_string(),
            "session_id": session.to_string(),
        }),
        By::Key { account, key } => json!({
            "type": "key",
            "account_id": account.to_string(),
            "key_id": key.to_string(),
        }),
        By::Stripe => json!({ "type": "stripe" }),
        By::Router => json!({ "type": "router" }),
        By::Stranger => json!({ "type": "unknown" }),
    }
}
