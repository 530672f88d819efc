//! An account's telemetry target: how it is set, shown and tested.

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use serde_json::{Map, Value, json};

use super::auth::Manager;
use super::fields::{self, Fields};
use super::generations::rfc3339;
use super::{ApiError, Code, Switchboard};
use crate::actors::exporter::{AskHealth, NoTest, SendTest};
use crate::ids::AccountId;
use crate::otlp::{Endpoint, EndpointError, Headers, Protocol};
use crate::spans::Ratio;
use crate::store::{Switch, Telemetry, TelemetryChange};

/// Reads `telemetry` of a changed account: `null` removes the target. What cannot work is refused.
pub async fn read(
    desk: &Switchboard,
    fields: &mut Fields,
) -> Result<Option<Option<TelemetryChange>>, ApiError> {
    let Some(members) = fields.nullable_object("telemetry")? else {
        return Ok(None);
    };
    let Some(mut fields) = members else {
        return Ok(Some(None));
    };
    let change = TelemetryChange {
        endpoint: fields.optional("endpoint", "a URL as a text", fields::text)?,
        protocol: protocol(&mut fields)?,
        headers: headers(&mut fields)?,
        content: fields.optional("content", "\"on\" or \"off\"", switch)?,
        sampling: fields.optional("sampling", "a number from 0 to 1", |value| {
            Ratio::new(value.as_f64()?).map(Ratio::millionths)
        })?,
    };
    fields.finish()?;
    if let Some(text) = &change.endpoint {
        check(desk, text).await.map_err(|error| {
            let message = format!("The endpoint {error}.");
            ApiError::new(Code::InvalidValue, message).param("telemetry.endpoint")
        })?;
    }
    Ok(Some(Some(change)))
}

/// Whether an endpoint may be connected to, by every address that its name has now.
async fn check(desk: &Switchboard, text: &str) -> Result<(), EndpointError> {
    let settings = &desk.settings.telemetry;
    let endpoint = Endpoint::parse(text, settings.reach())?;
    Ok(endpoint.check(&settings.names, settings.reach()).await?)
}

fn protocol(fields: &mut Fields) -> Result<Option<String>, ApiError> {
    let known = "http/protobuf, http/json or grpc";
    let protocol = fields.optional("protocol", known, fields::parsed::<Protocol>)?;
    Ok(protocol.map(|protocol| protocol.as_str().to_owned()))
}

/// Names with values, or without one for a value that stays.
type HeaderWish = Vec<(String, Option<String>)>;

/// Names with values; `null` keeps a stored value. No message quotes a value.
fn headers(fields: &mut Fields) -> Result<Option<HeaderWish>, ApiError> {
    let expected = "an object of texts, or null for a value that stays";
    let headers = fields.optional("headers", expected, |value| {
        let Value::Object(members) = value else {
            return None;
        };
        let pair = |(name, value): (String, Value)| {
            let value = if value.is_null() {
                None
            } else {
                Some(fields::text(value)?)
            };
            Some((name.to_lowercase(), value))
        };
        members.into_iter().map(pair).collect::<Option<Vec<_>>>()
    })?;
    if let Some(headers) = &headers {
        let pairs = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_deref().unwrap_or_default()));
        Headers::new(pairs).map_err(|error| {
            ApiError::new(
                Code::InvalidValue,
                format!("Invalid 'telemetry.headers': {error}."),
            )
            .param("telemetry.headers")
        })?;
    }
    Ok(headers)
}

fn switch(value: Value) -> Option<Switch> {
    match value.as_str()? {
        "on" => Some(Switch::On),
        "off" => Some(Switch::Off),
        _ => None,
    }
}

/// A target as its owner sees it: names of headers, never a value.
pub fn view(target: &Telemetry) -> Value {
    let names = target.header_names.iter();
    let headers: Map<String, Value> = names.map(|name| (name.clone(), Value::Null)).collect();
    json!({
        "endpoint": target.endpoint,
        "protocol": target.protocol,
        "headers": headers,
        "content": match target.content {
            Switch::On => "on",
            Switch::Off => "off",
        },
        "sampling": Ratio::of_millionths(target.sampling).share(),
    })
}

/// Adds how the target does to an account as its owner sees it.
pub async fn add_status(
    desk: &Switchboard,
    account: AccountId,
    body: &mut Value,
) -> Result<(), ApiError> {
    if body["telemetry"].is_null() {
        return Ok(());
    }
    let asked = desk.exporter.send(AskHealth(account)).await;
    if let Some(health) = asked.map_err(ApiError::internal)? {
        body["telemetry"]["status"] = json!({
            "state": health.state.as_str(),
            "resting_until": health.rests_until_ms.map(rfc3339),
            "exported_spans": health.exported,
            "dropped_spans": health.dropped,
            "waiting_requests": health.waiting,
            "last_export_at": health.taken_ms.map(rfc3339),
            "last_error": health.error,
        });
    }
    Ok(())
}

/// `POST /v1/account/telemetry/test`
pub async fn test(desk: Data<Switchboard>, manager: Manager) -> Result<HttpResponse, ApiError> {
    let body = report(&desk, manager.account()).await?;
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(body))
}

/// Sends a span to an account's target, and tells what came of it.
pub async fn report(desk: &Switchboard, account: AccountId) -> Result<Value, ApiError> {
    let asked = desk.exporter.send(SendTest(account)).await;
    let report = asked.map_err(ApiError::internal)?.map_err(refused)?;
    let elapsed_ms = u64::try_from(report.took.as_millis()).unwrap_or(u64::MAX);
    let mut body = json!({
        "delivered": report.outcome.as_ref().is_ok_and(|taken| taken.rejected == 0),
        "trace_id": report.trace.to_string(),
        "elapsed_ms": elapsed_ms,
    });
    let (status, message) = match &report.outcome {
        Ok(taken) if taken.message.is_empty() => (Some(taken.status), "the backend took the span"),
        Ok(taken) => (Some(taken.status), taken.message.as_str()),
        Err(failure) => (failure.status, failure.message.as_str()),
    };
    body["status"] = json!(status);
    body["message"] = json!(message);
    Ok(body)
}

fn refused(error: NoTest) -> ApiError {
    let code = match error {
        NoTest::NoTarget | NoTest::Unusable(_) => Code::InvalidValue,
        NoTest::Running => Code::RateLimitExceeded,
        NoTest::Stopped => Code::Overloaded,
    };
    let mut message = error.to_string();
    if let Some(first) = message.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    ApiError::new(code, format!("{message}.")).param("telemetry")
}
