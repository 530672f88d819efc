//! `/admin/accounts/{id}`: what the operator changes about one account.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Deserializer};
use serde_json::json;

use super::json_body;
use crate::actors::accounts::{HasAccount, SetAccess, SetDailyLimit};
use crate::actors::ledger::Adjust;
use crate::http::operator::Operator;
use crate::http::{ApiError, Code, Switchboard};
use crate::ids::AccountId;
use crate::money::Picodollars;
use crate::store::{Access, AccountError, Action, CreditError, KeyError};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    /// Absent: stays as it is. `null`: no limit.
    #[serde(default, deserialize_with = "present")]
    daily_limit_usd: Option<Option<String>>,
    /// Absent: stays as it is.
    disabled: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Adjustment {
    amount_usd: String,
    reason: String,
    idempotency_key: String,
}

/// Tells a `null` from a field that is not there.
fn present<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(value).map(Some)
}

/// `PATCH /admin/accounts/{id}`
pub async fn change_account(
    desk: Data<Switchboard>,
    operator: Operator,
    id: Path<String>,
    http: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let change: Change = json_body(&desk, &http, payload).await?;
    let account = existing(&desk, &id).await?;
    if change.daily_limit_usd.is_none() && change.disabled.is_none() {
        let message =
            "Nothing is to be changed; send daily_limit_usd, a text or null, or disabled.";
        let error = ApiError::new(Code::MissingRequiredParameter, message);
        return Err(error.param("daily_limit_usd"));
    }
    if let Some(wanted) = change.daily_limit_usd {
        let daily_limit = wanted.as_deref().map(limit).transpose()?;
        let set = SetDailyLimit {
            account,
            daily_limit,
            author: operator.author(),
        };
        ApiError::unless_down(desk.accounts.send(set).await)?
            .map_err(|error| gone(&error).param("daily_limit_usd"))?;
    }
    if let Some(disabled) = change.disabled {
        let access = if disabled {
            Access::Disabled
        } else {
            Access::Enabled
        };
        let set = SetAccess {
            account,
            access,
            author: operator.author(),
        };
        ApiError::unless_down(desk.accounts.send(set).await)?.map_err(|error| gone(&error))?;
        tracing::info!(%account, disabled, "the operator switched an account");
    }
    let now = crate::http::account::find(&desk, account).await?;
    Ok(HttpResponse::Ok().json(json!({
        "account_id": account.to_string(),
        "daily_limit_usd": now.daily_limit.map(|limit| limit.to_string()),
        "disabled": now.account.disabled,
    })))
}

fn gone(error: &AccountError) -> ApiError {
    ApiError::new(Code::InvalidValue, error.to_string())
}

/// `POST /admin/accounts/{id}/adjust`
pub async fn adjust_balance(
    desk: Data<Switchboard>,
    operator: Operator,
    id: Path<String>,
    http: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let wanted: Adjustment = json_body(&desk, &http, payload).await?;
    let account = existing(&desk, &id).await?;
    let amount = decimal(&wanted.amount_usd, "amount_usd")?;
    let adjust = Adjust {
        account,
        amount,
        idempotency_key: wanted.idempotency_key,
        reason: wanted.reason,
        author: operator.author(),
        action: Action::BalanceAdjusted,
    };
    let adjusted = ApiError::unless_down(desk.ledger.send(adjust).await)?;
    let balance = adjusted.map_err(credit_refused)?;
    Ok(HttpResponse::Ok().json(json!({ "balance_usd": balance.to_string() })))
}

/// The account of a path, or 404.
pub async fn existing(desk: &Switchboard, id: &str) -> Result<AccountId, ApiError> {
    let missing = || ApiError::new(Code::NotFound, "There is no such account.");
    let account: AccountId = id.parse().map_err(|_| missing())?;
    let exists = desk.accounts.send(HasAccount(account)).await;
    if exists.map_err(ApiError::internal)? {
        Ok(account)
    } else {
        Err(missing())
    }
}

/// A daily limit: 0 or more.
pub fn limit(text: &str) -> Result<Picodollars, ApiError> {
    let limit = decimal(text, "daily_limit_usd")?;
    if limit < Picodollars::ZERO {
        let message = "daily_limit_usd must be 0 or more.";
        return Err(ApiError::new(Code::InvalidValue, message).param("daily_limit_usd"));
    }
    Ok(limit)
}

/// A USD text.
pub fn decimal(text: &str, param: &'static str) -> Result<Picodollars, ApiError> {
    text.parse().map_err(|error| {
        let message = format!("{param} cannot be used: {error}. Send a text such as \"5.00\".");
        ApiError::new(Code::InvalidValue, message).param(param)
    })
}

/// Why credit was neither given nor taken.
pub fn credit_refused(error: CreditError) -> ApiError {
    let (code, param) = match error {
        CreditError::Key(KeyError::Conflict) => (Code::IdempotencyConflict, "idempotency_key"),
        CreditError::Key(KeyError::Running) => (Code::IdempotencyRunning, "idempotency_key"),
        CreditError::Key(KeyError::Unusable) => (Code::InvalidValue, "idempotency_key"),
        CreditError::NoReason => (Code::InvalidValue, "reason"),
        CreditError::NotPositive
        | CreditError::Zero
        | CreditError::TooMuch
        | CreditError::TooLittle { .. } => (Code::InvalidValue, "amount_usd"),
    };
    ApiError::new(code, error.to_string()).param(param)
}
