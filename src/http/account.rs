//! `/v1/account`: what an account is and how it is set, changed in one step, and its end.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use super::auth::{Manager, Reader, Visitor};
use super::fields::{self, Fields};
use super::generations::rfc3339;
use super::{ApiError, Code, Switchboard, billing, cookie, keys, telemetry};
use crate::actors::accounts::{AccountView, ChangeAccount, DeleteAccount, ShowAccount, ShowWallet};
use crate::actors::ledger::Adjust;
use crate::catalog::{Catalog, Prefer, Tier};
use crate::ids::AccountId;
use crate::money::Picodollars;
use crate::store::{
    AccountChange, AccountError, Action, Author, AutoRecharge, MOST_NAMES, NotificationsChange,
    RechargeChange, Switch, TelemetryError,
};

/// `GET /v1/account`
pub async fn show(desk: Data<Switchboard>, reader: Reader) -> Result<HttpResponse, ApiError> {
    desk.storage.may_answer()?;
    let account = find(&desk, reader.account()).await?;
    shown(&desk, &account).await
}

/// `PATCH /v1/account`: all of it or nothing.
pub async fn change(
    desk: Data<Switchboard>,
    manager: Manager,
    http: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let fields = Fields::read(&desk, &http, payload).await?;
    let changed = alter(&desk, &manager, fields).await?;
    shown(&desk, &changed).await
}

/// Changes an account as a body says, all of it or nothing.
pub async fn alter(
    desk: &Switchboard,
    manager: &Manager,
    mut fields: Fields,
) -> Result<AccountView, ApiError> {
    let telemetry = telemetry::read(desk, &mut fields).await?;
    // Without the telemetry, whose headers are secrets.
    let said = fields.said();
    let change = ChangeAccount {
        account: manager.account(),
        said,
        change: AccountChange {
            telemetry,
            ..read_change(&desk.world.load().catalog, fields)?
        },
        author: manager.author(),
    };
    let changed = ApiError::unless_down(desk.accounts.send(change).await)?;
    changed.map_err(refused)
}

/// `DELETE /v1/account`: only by session, and with the address said again.
pub async fn delete(
    desk: Data<Switchboard>,
    visitor: Visitor,
    http: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let fields = Fields::read(&desk, &http, payload).await?;
    close(&desk, &visitor, fields).await?;
    let body = json!({ "id": visitor.account().to_string(), "deleted": true });
    let mut response = private(&body);
    response
        .add_cookie(&cookie::removal(&desk.settings))
        .map_err(ApiError::internal)?;
    Ok(response)
}

/// Deletes the visitor's account when a body says its address again.
pub async fn close(
    desk: &Switchboard,
    visitor: &Visitor,
    mut fields: Fields,
) -> Result<(), ApiError> {
    let email = fields.text("email")?;
    let forfeit = fields.optional("forfeit_balance", "true or false", |value| {
        value.as_bool().map(switch)
    })?;
    fields.finish()?;
    let account = visitor.account();
    let left = desk.purses.of(account).posted();
    if left.is_positive() && forfeit != Some(Switch::On) {
        let message = format!(
            "The account's balance of ${left} would be lost; send forfeit_balance: true to give it up."
        );
        return Err(ApiError::new(Code::InvalidValue, message).param("forfeit_balance"));
    }
    let author = visitor.author();
    let wallet = desk.accounts.send(ShowWallet(account)).await;
    let delete = DeleteAccount {
        account,
        email,
        author,
    };
    let deleted = ApiError::unless_down(desk.accounts.send(delete).await)?;
    deleted.map_err(refused)?;
    if let Some(customer) = wallet.ok().and_then(|wallet| wallet.customer) {
        billing::forget_customer(desk, account, customer);
    }
    forfeit_balance(desk, account, author).await
}

/// Takes what a deleted account has left. What running requests hold is charged or stays: nobody can
/// spend it any more.
async fn forfeit_balance(
    desk: &Switchboard,
    account: AccountId,
    author: Author,
) -> Result<(), ApiError> {
    let available = desk.purses.of(account).available();
    let less = Picodollars::ZERO.checked_sub(available);
    let Some(amount) = less.filter(|less| *less < Picodollars::ZERO) else {
        return Ok(());
    };
    let adjust = Adjust {
        account,
        amount,
        idempotency_key: "account-deleted".to_owned(),
        reason: "forfeited with the account".to_owned(),
        author,
        action: Action::BalanceForfeited,
    };
    if let Err(error) = ApiError::unless_down(desk.ledger.send(adjust).await)? {
        tracing::warn!(%account, %error, "a deleted account keeps its balance");
    }
    Ok(())
}

/// An account as its owner sees it, with how its telemetry target does.
async fn shown(desk: &Switchboard, account: &AccountView) -> Result<HttpResponse, ApiError> {
    let mut body = view(desk, account);
    telemetry::add_status(desk, account.account.id, &mut body).await?;
    Ok(private(&body))
}

/// An account by its id; 404 when it was deleted meanwhile.
pub async fn find(desk: &Switchboard, account: AccountId) -> Result<AccountView, ApiError> {
    let found = desk.accounts.send(ShowAccount(account)).await;
    let found = found.map_err(ApiError::internal)?;
    found.ok_or_else(|| refused(AccountError::NoSuchAccount))
}

fn read_change(catalog: &Catalog, mut fields: Fields) -> Result<AccountChange, ApiError> {
    let amount = "an amount in USD as a text, 0 or more, or null";
    let tiers = "economy, standard, premium or null";
    let prefers = "cheap, fast, balanced, quality, coding or null";
    let change = AccountChange {
        blocked_providers: blocked(catalog, &mut fields)?,
        daily_limit: fields.nullable("daily_limit_usd", amount, fields::usd)?,
        default_tier: fields.nullable("default_tier", tiers, |value| {
            let word = fields::text(value)?;
            Tier::ALL.into_iter().find(|tier| tier.as_str() == word)
        })?,
        default_prefer: fields.nullable("default_prefer", prefers, |value| {
            let word = fields::text(value)?;
            Prefer::ALL
                .into_iter()
                .find(|prefer| prefer.as_str() == word)
        })?,
        auto_recharge: recharge(&mut fields)?,
        notifications: notifications(&mut fields)?,
        telemetry: None,
    };
    fields.finish()?;
    Ok(change)
}

fn blocked(catalog: &Catalog, fields: &mut Fields) -> Result<Option<Vec<String>>, ApiError> {
    let providers = "a list of providers of the catalog";
    fields.optional("blocked_providers", providers, |value| {
        let mut names = fields::list(value, |name| keys::provider(catalog, name))?;
        names.sort_unstable();
        names.dedup();
        (names.len() <= MOST_NAMES).then_some(names)
    })
}

fn recharge(fields: &mut Fields) -> Result<RechargeChange, ApiError> {
    let Some(mut fields) = fields.object("auto_recharge")? else {
        return Ok(RechargeChange::default());
    };
    let usd = "an amount in USD as a text";
    let change = RechargeChange {
        state: is_on(&mut fields, "enabled")?,
        threshold: fields.optional("threshold_usd", usd, fields::usd)?,
        amount: fields.optional("amount_usd", usd, fields::usd)?,
        monthly_cap: fields.optional("monthly_cap_usd", usd, fields::usd)?,
    };
    fields.finish()?;
    Ok(change)
}

fn notifications(fields: &mut Fields) -> Result<NotificationsChange, ApiError> {
    let Some(mut fields) = fields.object("notifications")? else {
        return Ok(NotificationsChange::default());
    };
    let change = NotificationsChange {
        low_balance: is_on(&mut fields, "low_balance")?,
        receipts: is_on(&mut fields, "receipts")?,
        security: is_on(&mut fields, "security")?,
    };
    fields.finish()?;
    Ok(change)
}

fn is_on(fields: &mut Fields, name: &'static str) -> Result<Option<Switch>, ApiError> {
    fields.optional(name, "true or false", |value| value.as_bool().map(switch))
}

fn switch(on: bool) -> Switch {
    if on { Switch::On } else { Switch::Off }
}

/// Why an account was not changed or deleted.
fn refused(error: AccountError) -> ApiError {
    let message = format!("{error}.");
    match error {
        AccountError::WrongEmail => ApiError::new(Code::InvalidValue, message).param("email"),
        AccountError::NegativeLimit => {
            ApiError::new(Code::InvalidValue, message).param("daily_limit_usd")
        }
        AccountError::Recharge(field) => {
            let message = "The auto-recharge does not fit together: amount_usd is 5 to 500 in whole cents, monthly_cap_usd at least amount_usd, threshold_usd 0 or more.";
            let param = format!("auto_recharge.{field}");
            ApiError::new(Code::InvalidValue, message).param(param)
        }
        AccountError::Telemetry(TelemetryError::NoEndpoint) => {
            ApiError::new(Code::MissingRequiredParameter, message).param("telemetry.endpoint")
        }
        AccountError::Telemetry(
            TelemetryError::NoSuchHeader | TelemetryError::OtherServer | TelemetryError::Unreadable,
        ) => ApiError::new(Code::InvalidValue, message).param("telemetry.headers"),
        AccountError::NoCard => {
            let message = "No card is saved; make a deposit by POST /v1/billing/checkout first, which saves the card that pays it.";
            ApiError::new(Code::InvalidValue, message).param("auto_recharge.enabled")
        }
        AccountError::NoSuchAccount
        | AccountError::NoSuchKey
        | AccountError::BadEmail
        | AccountError::EmailTaken
        | AccountError::BadName
        | AccountError::TooManyKeys
        | AccountError::Beyond(_) => ApiError::new(Code::NotFound, "There is no such account."),
    }
}

/// An account as its owner sees it.
pub fn view(desk: &Switchboard, view: &AccountView) -> Value {
    let (account, settings) = (&view.account, &view.settings);
    let mails = &settings.notifications;
    let on = |switch: Switch| switch == Switch::On;
    json!({
        "id": account.id.to_string(),
        "email": account.email,
        "created_at": rfc3339(account.created_ms),
        "balance_usd": desk.purses.of(account.id).available().to_string(),
        "blocked_providers": account.blocked_providers,
        "daily_limit_usd": view.daily_limit.map(|limit| limit.to_string()),
        "default_tier": settings.default_tier.map(Tier::as_str),
        "default_prefer": settings.default_prefer.map(Prefer::as_str),
        "auto_recharge": recharge_view(&settings.auto_recharge),
        "notifications": {
            "low_balance": on(mails.low_balance),
            "receipts": on(mails.receipts),
            "security": on(mails.security),
        },
        "telemetry": view.telemetry.as_ref().map(telemetry::view),
    })
}

/// When a saved card is charged.
pub fn recharge_view(recharge: &AutoRecharge) -> Value {
    json!({
        "enabled": recharge.state == Switch::On,
        "threshold_usd": recharge.threshold.to_string(),
        "amount_usd": recharge.amount.to_string(),
        "monthly_cap_usd": recharge.monthly_cap.to_string(),
    })
}

/// An answer that no cache may keep.
pub fn private(body: &Value) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(body)
}
