//! `/admin`: the operator's routes. Without an admin token none of them exists.

mod account;
mod audit;
mod overview;

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::operator::Operator;
use super::{ApiError, Code, Switchboard, body};
use crate::actors::accounts::CreateAccount;
use crate::actors::catalog::Reload;
use crate::actors::clock::now_ms;
use crate::actors::ledger::{Grant, Note};
use crate::money::Picodollars;
use crate::store::{AccountError, Action, Deed};

pub use account::{adjust_balance, change_account, existing};
pub use audit::{deed_view, deeds};
pub use overview::{accounts, overview, show};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewAccount {
    email: String,
    credit_usd: Option<String>,
    daily_limit_usd: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewCredit {
    amount_usd: String,
    idempotency_key: String,
    reason: Option<String>,
}

/// `POST /admin/accounts`
pub async fn create_account(
    desk: Data<Switchboard>,
    operator: Operator,
    http: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let wanted: NewAccount = json_body(&desk, &http, payload).await?;
    let credit = wanted
        .credit_usd
        .as_deref()
        .map(|text| amount(text, "credit_usd"))
        .transpose()?;
    let daily_limit = wanted
        .daily_limit_usd
        .as_deref()
        .map(account::limit)
        .transpose()?;
    let create = CreateAccount {
        email: wanted.email,
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
    let wanted: NewCredit = json_body(&desk, &http, payload).await?;
    let given = Grant {
        account: account::existing(&desk, &id).await?,
        amount: amount(&wanted.amount_usd, "amount_usd")?,
        idempotency_key: wanted.idempotency_key,
        reason: wanted.reason.unwrap_or_else(|| "admin grant".to_owned()),
        author: operator.author(),
    };
    let balance = grant(&desk, given).await?;
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

async fn json_body<T: DeserializeOwned>(
    desk: &Switchboard,
    http: &HttpRequest,
    payload: Payload,
) -> Result<T, ApiError> {
    let body = body::read(desk, http, payload, desk.settings.limits.other_body_bytes).await?;
    serde_json::from_slice(&body.bytes).map_err(|error| {
        let code = if error.is_data() {
            Code::InvalidValue
        } else {
            Code::InvalidJson
        };
        ApiError::new(code, format!("The body cannot be used: {error}."))
    })
}

fn amount(text: &str, param: &'static str) -> Result<Picodollars, ApiError> {
    let amount = account::decimal(text, param)?;
    if amount.is_positive() {
        return Ok(amount);
    }
    let message = format!("{param} must be more than 0.");
    Err(ApiError::new(Code::InvalidValue, message).param(param))
}

async fn grant(desk: &Switchboard, grant: Grant) -> Result<Picodollars, ApiError> {
    let granted = ApiError::unless_down(desk.ledger.send(grant).await)?;
    granted.map_err(account::credit_refused)
}

fn refused(error: AccountError) -> ApiError {
    ApiError::new(Code::InvalidValue, error.to_string()).param("email")
}
