//! `/admin/overview` and `/admin/accounts`: the books at a glance, accounts found and shown.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::{Value, json};

use super::account::existing;
use crate::actors::accounts::{AccountView, FindAccounts};
use crate::actors::ledger::AskOverview;
use crate::http::operator::Operator;
use crate::http::usage::{PAGE, limit, query};
use crate::http::{ApiError, Switchboard, account, keys};
use crate::money::Picodollars;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountsQuery {
    query: Option<String>,
    limit: Option<String>,
}

/// `GET /admin/overview`
pub async fn overview(desk: Data<Switchboard>, _: Operator) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(books(&desk).await?))
}

/// The books at a glance.
pub async fn books(desk: &Switchboard) -> Result<Value, ApiError> {
    let books = ApiError::unless_down(desk.ledger.send(AskOverview).await)?;
    let none = FindAccounts {
        query: String::new(),
        limit: 0,
    };
    let (_, accounts) = desk.accounts.send(none).await.map_err(ApiError::internal)?;
    let named = |name: &str| books.others.get(name).copied().unwrap_or_default();
    let sum = |prefix: &str| -> Picodollars {
        let of_kind = books.others.iter();
        let of_kind = of_kind.filter(|(name, _)| name.starts_with(prefix));
        of_kind.fold(Picodollars::ZERO, |sum, (_, usd)| sum.saturating_add(*usd))
    };
    // What providers got beyond their customers' payments was booked as a loss.
    let unpaid = ["loss:orphan", "loss:overrun", "loss:failed"].map(named);
    let revenue = unpaid
        .into_iter()
        .fold(sum("provider:"), |sum, loss| sum.saturating_add(loss));
    let others = books.others.iter();
    let others: serde_json::Map<String, Value> = others
        .map(|(name, usd)| (name.clone(), json!(usd.to_string())))
        .collect();
    Ok(json!({
        "accounts": accounts,
        "accounts_with_credit": books.customers,
        "credit_usd": books.credit.to_string(),
        "held_usd": books.held.to_string(),
        "open_holds": books.open_holds,
        "deposits_usd": negated(named("cash:stripe")).to_string(),
        "revenue_usd": revenue.to_string(),
        "provider_cost_usd": sum("provider:").to_string(),
        "fees_usd": named("fee").to_string(),
        "losses_usd": negated(sum("loss:")).to_string(),
        "given_usd": negated(named("goodwill")).to_string(),
        "ledger": others,
        "trial_balance": {
            "posted": books.trial_balance.posted.to_string(),
            "pending": books.trial_balance.pending.to_string(),
        },
    }))
}

/// What an account of ours has paid, whose credits less debits are below zero.
fn negated(usd: Picodollars) -> Picodollars {
    Picodollars::ZERO.checked_sub(usd).unwrap_or_default()
}

/// `GET /admin/accounts?query=ada@example.com&limit=50`
pub async fn accounts(
    desk: Data<Switchboard>,
    _: Operator,
    http: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let asked: AccountsQuery = query(&http)?;
    let find = FindAccounts {
        query: asked.query.unwrap_or_default(),
        limit: asked.limit.as_deref().map_or(Ok(PAGE), limit)?,
    };
    desk.storage.may_answer()?;
    let (found, all) = desk.accounts.send(find).await.map_err(ApiError::internal)?;
    let data: Vec<Value> = found.iter().map(|account| view(&desk, account)).collect();
    Ok(HttpResponse::Ok().json(json!({ "data": data, "found": all })))
}

/// `GET /admin/accounts/{id}`: the account as its owner sees it, and its keys.
pub async fn show(
    desk: Data<Switchboard>,
    _: Operator,
    id: Path<String>,
) -> Result<HttpResponse, ApiError> {
    desk.storage.may_answer()?;
    let id = existing(&desk, &id).await?;
    let mut body = view(&desk, &account::find(&desk, id).await?);
    let keys = keys::all(&desk, id).await?;
    if let Some(members) = body.as_object_mut() {
        members.insert("keys".to_owned(), Value::Array(keys));
    }
    Ok(HttpResponse::Ok().json(body))
}

fn view(desk: &Switchboard, account: &AccountView) -> Value {
    let mut body = account::view(desk, account);
    if let Some(members) = body.as_object_mut() {
        members.insert("disabled".to_owned(), json!(account.account.disabled));
    }
    body
}
