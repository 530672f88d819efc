//! `/v1/keys`: API keys made, listed, changed and deleted by whoever may manage the account.

mod policy;

use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Map, Value, json};

use super::auth::Manager;
use super::fields::{self, Fields};
use super::generations::rfc3339;
use super::{ApiError, Code, Switchboard};
use crate::actors::accounts::{ChangeKey, DeleteKey, KeyView, ListKeys, MakeKey, Tell};
use crate::actors::ledger::AskKeyUsage;
use crate::ids::{AccountId, ApiKey, KeyId};
use crate::store::{Access, AccountError, KeyChange, KeyUsage, Period};

use policy::policy;
pub use policy::provider;

/// `GET /v1/keys`
pub async fn list(desk: Data<Switchboard>, manager: Manager) -> Result<HttpResponse, ApiError> {
    let keys = all(&desk, manager.account()).await?;
    Ok(private(&json!({ "object": "list", "data": keys })))
}

/// Every key of an account as JSON.
pub async fn all(desk: &Switchboard, account: AccountId) -> Result<Vec<Value>, ApiError> {
    let keys = with_usage(desk, account).await?;
    let views = keys.iter();
    Ok(views
        .map(|(key, usage)| Value::Object(view(key, usage)))
        .collect())
}

/// Every key of an account, and what it has cost.
pub async fn with_usage(
    desk: &Switchboard,
    account: AccountId,
) -> Result<Vec<(KeyView, KeyUsage)>, ApiError> {
    let keys = desk.accounts.send(ListKeys(account)).await;
    let keys = keys.map_err(ApiError::internal)?;
    let ids = keys.iter().map(|view| view.key.id).collect();
    let usage = ApiError::unless_down(desk.ledger.send(AskKeyUsage(ids)).await)?;
    Ok(keys.into_iter().zip(usage).collect())
}

/// `POST /v1/keys`: the one answer that shows the key.
pub async fn create(
    desk: Data<Switchboard>,
    manager: Manager,
    http: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let fields = Fields::read(&desk, &http, payload).await?;
    let (key, secret) = make(&desk, &manager, fields, Tell::Owner).await?;
    let mut body = view(&key, &KeyUsage::default());
    body.insert("key".to_owned(), json!(secret.reveal()));
    Ok(HttpResponse::Created()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(body))
}

/// Makes the key that a body describes.
pub async fn make(
    desk: &Switchboard,
    manager: &Manager,
    mut fields: Fields,
    tell: Tell,
) -> Result<(KeyView, ApiKey), ApiError> {
    let said = fields.said();
    let name = fields.text("name")?;
    let policy = policy(desk, &mut fields)?;
    fields.finish()?;
    let make = MakeKey {
        account: manager.account(),
        author: manager.author(),
        name,
        policy,
        said,
        tell,
    };
    let made = ApiError::unless_down(desk.accounts.send(make).await)?;
    made.map_err(refused)
}

/// `PATCH /v1/keys/{id}`
pub async fn change(
    desk: Data<Switchboard>,
    manager: Manager,
    id: Path<String>,
    http: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let fields = Fields::read(&desk, &http, payload).await?;
    let key = alter(&desk, &manager, &id, fields).await?;
    let asked = desk.ledger.send(AskKeyUsage(vec![key.key.id])).await;
    let usage = ApiError::unless_down(asked)?;
    let usage = usage.first().copied().unwrap_or_default();
    Ok(private(&Value::Object(view(&key, &usage))))
}

/// Changes a key as a body says.
pub async fn alter(
    desk: &Switchboard,
    manager: &Manager,
    id: &str,
    mut fields: Fields,
) -> Result<KeyView, ApiError> {
    let said = fields.said();
    let access = |value: Value| value.as_bool().map(access);
    let change = KeyChange {
        name: fields.optional("name", "a text", fields::text)?,
        access: fields.optional("disabled", "true or false", access)?,
        policy: policy(desk, &mut fields)?,
    };
    fields.finish()?;
    let change = ChangeKey {
        account: manager.account(),
        author: manager.author(),
        key: named(id)?,
        change,
        said,
    };
    let changed = ApiError::unless_down(desk.accounts.send(change).await)?;
    changed.map_err(refused)
}

/// `DELETE /v1/keys/{id}`
pub async fn delete(
    desk: Data<Switchboard>,
    manager: Manager,
    id: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let key = remove(&desk, &manager, &id, Tell::Owner).await?;
    Ok(private(&json!({ "id": key.to_string(), "deleted": true })))
}

/// Deletes a key.
pub async fn remove(
    desk: &Switchboard,
    manager: &Manager,
    id: &str,
    tell: Tell,
) -> Result<KeyId, ApiError> {
    let key = named(id)?;
    let delete = DeleteKey {
        account: manager.account(),
        author: manager.author(),
        key,
        tell,
    };
    let deleted = ApiError::unless_down(desk.accounts.send(delete).await)?;
    deleted.map(|()| key).map_err(refused)
}

/// "Not yours" and "not there" are the same answer.
fn named(id: &str) -> Result<KeyId, ApiError> {
    id.parse().map_err(|_| refused(AccountError::NoSuchKey))
}

fn access(disabled: bool) -> Access {
    if disabled {
        Access::Disabled
    } else {
        Access::Enabled
    }
}

/// Why a key was not made, changed or deleted.
fn refused(error: AccountError) -> ApiError {
    let message = format!("{error}.");
    match error {
        AccountError::BadName => ApiError::new(Code::InvalidValue, message).param("name"),
        AccountError::TooManyKeys => ApiError::new(Code::InvalidValue, message),
        AccountError::Beyond(beyond) => {
            ApiError::new(Code::InsufficientScope, message).param(beyond.0)
        }
        AccountError::NoSuchKey
        | AccountError::NoSuchAccount
        | AccountError::BadEmail
        | AccountError::EmailTaken
        | AccountError::NegativeLimit
        | AccountError::Recharge(_)
        | AccountError::Telemetry(_)
        | AccountError::NoCard
        | AccountError::WrongEmail => ApiError::new(Code::NotFound, "There is no such key."),
    }
}

fn view(view: &KeyView, usage: &KeyUsage) -> Map<String, Value> {
    let (key, policy) = (&view.key, &view.policy);
    let usd = |of: &dyn Fn(Period) -> Value| -> Map<String, Value> {
        let each = Period::ALL.into_iter();
        each.map(|period| (period.as_str().to_owned(), of(period)))
            .collect()
    };
    let limits = usd(&|period| json!(policy.spend.of(period).map(|limit| limit.to_string())));
    let used = usd(&|period| json!(usage.of(period).to_string()));
    let scopes: Vec<&str> = policy.scopes.iter().map(|scope| scope.as_str()).collect();
    let tiers: Vec<&str> = policy.tiers.iter().map(|tier| tier.as_str()).collect();
    let body = json!({
        "id": key.id.to_string(),
        "name": key.name,
        "hint": key.hint,
        "created_at": rfc3339(key.created_ms),
        "last_used_at": view.used_ms.map(rfc3339),
        "expires_at": policy.expires_ms.map(rfc3339),
        "disabled": key.disabled,
        "scopes": scopes,
        "spend_limit_usd": limits,
        "usage_usd": used,
        "allowed_tiers": unless_all(&tiers),
        "allowed_models": unless_all(&policy.models),
        "allowed_providers": unless_all(&policy.providers),
        "requests_per_minute": policy.requests_per_min,
    });
    match body {
        Value::Object(members) => members,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Map::new()
        }
    }
}

/// `null` for all.
fn unless_all<T: serde::Serialize>(names: &[T]) -> Value {
    if names.is_empty() {
        Value::Null
    } else {
        json!(names)
    }
}

/// An answer that no cache may keep.
fn private(body: &Value) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(body)
}
