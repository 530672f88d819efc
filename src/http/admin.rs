//! `/admin`: the operator's routes. Without an admin token none of them exists.

mod account;
mod audit;
pub mod ledger;
mod overview;
mod providers;

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use super::fields::{self, Fields};
use super::operator::Operator;
use super::{ApiError, Code, Switchboard, signin};
use crate::actors::accounts::CreateAccount;
use crate::actors::catalog::{Reload, Reloaded};
use crate::actors::clock::now_ms;
use crate::actors::ledger::{Grant, Note};
use crate::money::Picodollars;
use crate::store::{AccountError, Action, Deed};

pub use account::{adjust, adjust_balance, change_account, existing, overrule};
pub use audit::{deed_view, deeds, sought};
pub use overview::{accounts, books, overview, show};
pub use providers::{rest, rest_provider, resume, resume_provider};

/// What an amount that is given must be.
const MORE_THAN_NOTHING: &str = "an amount of USD above 0 as a text, such as \"5.00\"";

/// `POST /admin/accounts`
pub async fn create_account(
    desk: Data<Switchboard>,
    operator: Operator,
    http: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let mut fields = Fields::read(&desk, &http, payload).await?;
    let email = fields.text("email")?;
    let email = signin::email(&email)?.to_string();
    let credit = fields.optional("credit_usd", MORE_THAN_NOTHING, fields::positive_usd)?;
    let daily_limit = fields.optional("daily_limit_usd", account::LIMIT, fields::usd)?;
    fields.finish()?;
    let create = CreateAccount {
        email,
        daily_limit,
        author: operator.author(),
    };
    let created = ApiError::unless_down(desk.accounts.send(create).await)?.map_err(refused)?;
    let balance = match credit {
        None => Picodollars::ZERO,
        Some(amount) => {
            let opening = Grant {
                account: created.account,
                amount,
                idempotency_key: "opening".to_owned(),
                reason: "opening credit".to_owned(),
                author: operator.author(),
            };
            grant(&desk, opening).await?
        }
    };
    Ok(HttpResponse::Created().json(json!({
        "account_id": created.account.to_string(),
        "email": created.email,
        "api_key": created.key.reveal(),
        "balance_usd": balance.to_string(),
        "daily_limit_usd": daily_limit.map(|limit| limit.to_string()),
    })))
}

/// `POST /admin/accounts/{id}/credits`
pub async fn add_credit(
    desk: Data<Switchboard>,
    operator: Operator,
    id: Path<String>,
    http: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let fields = Fields::read(&desk, &http, payload).await?;
    let balance = give(&desk, &operator, &id, &http, fields).await?;
    Ok(HttpResponse::Ok().json(json!({ "balance_usd": balance.to_string() })))
}

/// Gives an account the credit that a body describes.
pub async fn give(
    desk: &Switchboard,
    operator: &Operator,
    id: &str,
    http: &HttpRequest,
    mut fields: Fields,
) -> Result<Picodollars, ApiError> {
    let amount = fields.required("amount_usd", MORE_THAN_NOTHING, fields::positive_usd)?;
    let idempotency_key = fields.required_idempotency_key(http)?;
    let reason = fields.optional("reason", "a text", fields::text)?;
    fields.finish()?;
    let credit = Grant {
        account: account::existing(desk, id).await?,
        amount,
        idempotency_key,
        reason: reason.unwrap_or_else(|| "admin grant".to_owned()),
        author: operator.author(),
    };
    grant(desk, credit).await
}

/// `POST /admin/catalog/reload`
pub async fn reload_catalog(
    desk: Data<Switchboard>,
    operator: Operator,
) -> Result<HttpResponse, ApiError> {
    let reloaded = reload(&desk, &operator).await?;
    Ok(HttpResponse::Ok().json(json!({
        "models": reloaded.models,
        "providers": reloaded.providers,
        "version": reloaded.version,
        "auto_weights": reloaded.weights,
    })))
}

/// Reads the catalog and the classifier's weights again: both are taken, or neither.
pub async fn reload(desk: &Switchboard, operator: &Operator) -> Result<Reloaded, ApiError> {
    let reloaded = desk
        .catalog
        .send(Reload)
        .await
        .map_err(ApiError::internal)?;
    let reloaded = reloaded.map_err(|error| {
        ApiError::new(
            Code::InvalidValue,
            format!("Nothing was taken; catalog and weights stay what they were: {error}"),
        )
    })?;
    let deed = Deed::new(operator.author(), Action::CatalogReloaded, None, now_ms());
    let deed = deed.with("version", &reloaded.version);
    desk.ledger.do_send(Note(deed));
    Ok(reloaded)
}

async fn grant(desk: &Switchboard, grant: Grant) -> Result<Picodollars, ApiError> {
    let granted = ApiError::unless_down(desk.ledger.send(grant).await)?;
    granted.map_err(account::credit_refused)
}

/// Why an account was not made.
fn refused(error: AccountError) -> ApiError {
    let code = match error {
        AccountError::EmailTaken => Code::AccountExists,
        AccountError::BadEmail
        | AccountError::NoSuchAccount
        | AccountError::BadName
        | AccountError::NegativeLimit
        | AccountError::TooManyKeys
        | AccountError::NoSuchKey
        | AccountError::Beyond(_)
        | AccountError::Recharge(_)
        | AccountError::Telemetry(_)
        | AccountError::NoCard
        | AccountError::WrongEmail => Code::InvalidValue,
    };
    ApiError::new(code, format!("{error}.")).param("email")
}
