//! `/admin/accounts/{id}`: what the operator changes about one account.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use crate::actors::accounts::{AccountView, HasAccount, OverruleAccount};
use crate::actors::ledger::Adjust;
use crate::http::fields::{self, Fields};
use crate::http::operator::Operator;
use crate::http::{ApiError, Code, Switchboard};
use crate::ids::AccountId;
use crate::money::Picodollars;
use crate::store::{Access, Action, CreditError, KeyError};

/// What a daily limit must be.
pub const LIMIT: &str = "an amount of USD, 0 or more, as a text, such as \"5.00\"";

/// `PATCH /admin/accounts/{id}`: all of it or nothing.
pub async fn change_account(
    desk: Data<Switchboard>,
    operator: Operator,
    id: Path<String>,
    http: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let fields = Fields::read(&desk, &http, payload).await?;
    let now = overrule(&desk, &operator, &id, fields).await?;
    Ok(HttpResponse::Ok().json(json!({
        "account_id": now.account.id.to_string(),
        "daily_limit_usd": now.daily_limit.map(|limit| limit.to_string()),
        "disabled": now.account.disabled,
    })))
}

/// Changes an account as a body says, all of it or nothing.
pub async fn overrule(
    desk: &Switchboard,
    operator: &Operator,
    id: &str,
    mut fields: Fields,
) -> Result<AccountView, ApiError> {
    let daily_limit = fields.nullable("daily_limit_usd", LIMIT, fields::usd)?;
    let access = fields.optional("disabled", "true or false", |value| {
        value.as_bool().map(access)
    })?;
    fields.finish()?;
    let account = existing(desk, id).await?;
    if daily_limit.is_none() && access.is_none() {
        let message =
            "Nothing is to be changed; send daily_limit_usd, a text or null, or disabled.";
        let error = ApiError::new(Code::MissingRequiredParameter, message);
        return Err(error.param("daily_limit_usd"));
    }
    let change = OverruleAccount {
        account,
        daily_limit,
        access,
        author: operator.author(),
    };
    let changed = ApiError::unless_down(desk.accounts.send(change).await)?;
    changed.map_err(|error| ApiError::new(Code::InvalidValue, error.to_string()))?;
    if let Some(access) = access {
        tracing::info!(%account, ?access, "the operator switched an account");
    }
    crate::http::account::find(desk, account).await
}

fn access(disabled: bool) -> Access {
    if disabled {
        Access::Disabled
    } else {
        Access::Enabled
    }
}

/// `POST /admin/accounts/{id}/adjust`
pub async fn adjust_balance(
    desk: Data<Switchboard>,
    operator: Operator,
    id: Path<String>,
    http: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let fields = Fields::read(&desk, &http, payload).await?;
    let balance = adjust(&desk, &operator, &id, &http, fields).await?;
    Ok(HttpResponse::Ok().json(json!({ "balance_usd": balance.to_string() })))
}

/// Corrects a balance as a body says.
pub async fn adjust(
    desk: &Switchboard,
    operator: &Operator,
    id: &str,
    http: &HttpRequest,
    mut fields: Fields,
) -> Result<Picodollars, ApiError> {
    let either = "an amount of USD as a text, such as \"5.00\" or \"-5.00\"";
    let amount = fields.required("amount_usd", either, fields::parsed)?;
    let reason = fields.text("reason")?;
    let idempotency_key = fields.required_idempotency_key(http)?;
    fields.finish()?;
    let adjust = Adjust {
        account: existing(desk, id).await?,
        amount,
        idempotency_key,
        reason,
        author: operator.author(),
        action: Action::BalanceAdjusted,
    };
    let adjusted = ApiError::unless_down(desk.ledger.send(adjust).await)?;
    adjusted.map_err(credit_refused)
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
