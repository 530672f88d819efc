//! `/admin`: the operator's routes. Without an admin token none of them exists.

mod account;
mod audit;
mod overview;

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use super::fields::{self, Fields};
use super::operator::Operator;
use super::{ApiError, Code, Switchboard};
use crate::actors::accounts::CreateAccount;
use crate::actors::catalog::Reload;
use crate::actors::clock::now_ms;
use crate::actors::ledger::{Grant, Note};
use crate::money::Picodollars;
use crate::store::{AccountError, Action, Deed};

pub use account::{adjust_balance, change_account, existing};
pub use audit::{deed_view, deeds};
pub use overview::{accounts, overview, show};

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
    let mut fields = Fields::read(&desk, &http, payload).await?;
    let amount = fields.required("amount_usd", MORE_THAN_NOTHING, fields::positive_usd)?;
    let key = fields.idempotency_key(&http)?;
    let idempotency_key = key.ok_or_else(|| fields::missing("idempotency_key"))?;
    let reason = fields.optional("reason", "a text", fields::text)?;
    fields.finish()?;
    let credit = Grant {
        account: account::existing(&desk, &id).await?,
        amount,
        idempotency_key,
        reason: reason.unwrap_or_else(|| "admin grant".to_owned()),
        author: operator.author(),
    };
    let balance = grant(&desk, credit).await?;
    Ok(HttpResponse::Ok().json(json!({ "balance_usd": balance.to_string() })))
}

/// `POST /admin/catalog/reload`
pub async fn reload_catalog(
    desk: Data<Switchboard>,
    operator: Operator,
) -> Result<HttpResponse, ApiError> {
    let reloaded = desk
        .catalog
        .send(Reload)
        .await
        .map_err(ApiError::internal)?;
    let reloaded = reloaded.map_err(|error| {
        ApiError::new(
            Code::InvalidValue,
            format!("The catalog was refused, the one before stays: {error}"),
        )
    })?;
    let deed = Deed::new(operator.author(), Action::CatalogReloaded, None, now_ms());
    let deed = deed.with("version", &reloaded.version);
    desk.ledger.do_send(Note(deed));
    Ok(HttpResponse::Ok().json(json!({
        "models": reloaded.models,
        "providers": reloaded.providers,
        "version": reloaded.version,
    })))
}

async fn grant(desk: &Switchboard, grant: Grant) -> Result<Picodollars, ApiError> {
    let granted = ApiError::unless_down(desk.ledger.send(grant).await)?;
    granted.map_err(account::credit_refused)
}

fn refused(error: AccountError) -> ApiError {
    ApiError::new(Code::InvalidValue, error.to_string()).param("email")
}
