//! `/dashboard/settings/telemetry`: the target of an account's spans, set, tested and removed.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Map, Value, json};

use super::settings::{Asked, save, show, stored as all_stored};
use super::{around, status};
use crate::actors::exporter::AskHealth;
use crate::http::pages::form::{Form, object};
use crate::http::pages::member::Member;
use crate::http::pages::when;
use crate::http::{ApiError, Switchboard, account, telemetry};
use crate::ids::AccountId;
use crate::pages::Typed;
use crate::pages::dashboard::{Tab, TargetState};
use crate::pages::words::count;
use crate::spans::Ratio;
use crate::store::{Switch, Telemetry};

/// The fields of the form, by the names that the API gives them.
const FIELDS: [&str; 6] = [
    "telemetry.endpoint",
    "telemetry.protocol",
    "telemetry.headers",
    "telemetry.content",
    "telemetry.sampling",
    "telemetry",
];
const ANCHOR: &str = "#telemetry";

/// `POST /dashboard/settings/telemetry`
pub async fn set(
    desk: Data<Switchboard>,
    http: HttpRequest,
    member: Member,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let form = Form::read(&desk, &http, payload).await?;
    let change = object([("telemetry", Value::Object(target(&form)))]);
    save(
        &desk,
        &http,
        &member,
        change,
        Asked::in_a_word(&form, ANCHOR, &FIELDS),
    )
    .await
}

/// `POST /dashboard/settings/telemetry/remove`
pub async fn remove(
    desk: Data<Switchboard>,
    http: HttpRequest,
    member: Member,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let form = Form::read(&desk, &http, payload).await?;
    let change = object([("telemetry", Value::Null)]);
    save(
        &desk,
        &http,
        &member,
        change,
        Asked::in_a_word(&form, ANCHOR, &[]),
    )
    .await
}

/// `POST /dashboard/settings/telemetry/test`
pub async fn test(
    desk: Data<Switchboard>,
    http: HttpRequest,
    member: Member,
) -> Result<HttpResponse, ApiError> {
    let (_, mut panel) = around(&http, Tab::Settings);
    let form = all_stored(&desk, &member).await?;
    let (said, status) = match telemetry::report(&desk, member.account()).await {
        Ok(report) => (told(&report), StatusCode::OK),
        Err(error) => {
            panel.trouble = error.message().to_owned();
            (String::new(), status(&error))
        }
    };
    show(&desk, &http, &member, (form, panel, &said), status).await
}

/// What a test said, in a sentence.
fn told(report: &Value) -> String {
    let text = |name: &str| report[name].as_str().unwrap_or_default();
    let outcome = match report["delivered"].as_bool() {
        Some(true) => "Delivered",
        Some(false) | None => "Not delivered",
    };
    let status = report["status"].as_u64();
    let status = status.map_or_else(String::new, |status| format!(", status {status}"));
    format!(
        "{outcome} in {} ms{status}: {}. Trace {}.",
        report["elapsed_ms"],
        text("message"),
        text("trace_id")
    )
}

/// The form as the API reads it.
fn target(form: &Form) -> Map<String, Value> {
    let sampling = match form.text("telemetry.sampling") {
        "" => Value::Null,
        text => text
            .parse::<f64>()
            .map_or(json!(text), |share| json!(share)),
    };
    let lines = form.text("telemetry.headers").lines();
    let headers: Map<String, Value> = lines
        .filter(|line| !line.trim().is_empty())
        .map(|line| {
            let (name, value) = line.split_once(':').unwrap_or((line, ""));
            let value = match value.trim() {
                "" => Value::Null,
                value => json!(value),
            };
            (name.trim().to_owned(), value)
        })
        .collect();
    let content = if form.has("telemetry.content") {
        "on"
    } else {
        "off"
    };
    object([
        ("endpoint", form.json("telemetry.endpoint")),
        ("protocol", form.json("telemetry.protocol")),
        ("headers", Value::Object(headers)),
        ("content", json!(content)),
        ("sampling", sampling),
    ])
}

/// A target as it stands in the form: names of headers, never a value.
pub fn stored(typed: Typed, target: Option<&Telemetry>) -> Typed {
    let Some(target) = target else {
        return typed.with("telemetry.sampling", "1");
    };
    let names = target.header_names.iter();
    let headers: Vec<String> = names.map(|name| format!("{name}:")).collect();
    let share = Ratio::of_millionths(target.sampling).share();
    let typed = typed
        .with("telemetry.endpoint", &target.endpoint)
        .with("telemetry.protocol", &target.protocol)
        .with("telemetry.headers", headers.join("\n"))
        .with("telemetry.sampling", share.to_string());
    match target.content {
        Switch::On => typed.with("telemetry.content", "on"),
        Switch::Off => typed,
    }
}

/// How the target of an account does; `None` without one.
pub async fn state(
    desk: &Switchboard,
    account: AccountId,
) -> Result<Option<TargetState>, ApiError> {
    if account::find(desk, account).await?.telemetry.is_none() {
        return Ok(None);
    }
    let asked = desk.exporter.send(AskHealth(account)).await;
    let health = asked.map_err(ApiError::internal)?;
    Ok(health.map(|health| TargetState {
        state: health.state.as_str().to_owned(),
        exported: count(health.exported),
        dropped: count(health.dropped),
        last: health.taken_ms.map_or("never".to_owned(), when::minute),
        error: health
            .error
            .map_or_else(String::new, |error| error.to_string()),
    }))
}
