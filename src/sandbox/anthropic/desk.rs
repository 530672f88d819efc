//! Where every request of the dialect is received: log, faults, key, then on to its handler.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{Error, HttpRequest, HttpResponse, HttpResponseBuilder};
use bytes::Bytes;
use serde_json::Value;

use super::errors::Trouble;
use super::model;
use crate::sandbox::call::{self, Call, Delivery, Received};
use crate::sandbox::fault::Refusal;
use crate::sandbox::script::Script;

/// The only key that is refused.
const INVALID_KEY: &str = "invalid";

/// Names of models that do not exist begin like this.
const UNKNOWN_MODEL: &str = "unknown";

/// What all handlers share.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) script: Arc<Script>,
}

impl Desk {
    /// Logs a request, lets its faults happen, and checks its key and model.
    ///
    /// # Errors
    /// The response that ends the call.
    pub(super) async fn receive(
        &self,
        request: &HttpRequest,
        payload: Result<Bytes, Error>,
    ) -> Result<Received, HttpResponse> {
        let bytes = payload.map_err(|_| refusal(&Trouble::too_large()))?;
        let parsed = serde_json::from_slice::<Value>(&bytes).ok();
        let readable = parsed.is_some();
        let body = parsed.unwrap_or_default();
        let delivery = Delivery::of(&body);
        let named = body.get("model").and_then(Value::as_str).unwrap_or("");
        let call = call::admit(&self.script, request, (&bytes, &body), named, delivery)
            .map_err(|error| refusal(&Trouble::invalid(error.to_string())))?;
        let call = call.before_headers(delivery).await?;
        let not_json = "The request body is not valid JSON: expected value at line 1 column 1";
        let trouble = header_trouble(request)
            .or_else(|| planned(&call, delivery))
            .or_else(|| (!readable).then(|| Trouble::invalid(not_json)))
            .or_else(|| unknown_model(&call.model));
        match trouble {
            Some(trouble) => Err(refuse(call, &trouble)),
            None => Ok(Received {
                call,
                body,
                delivery,
            }),
        }
    }
}

/// Ends a call with a refusal.
pub(super) fn refuse(call: Call, trouble: &Trouble) -> HttpResponse {
    call.refused(refusal(trouble))
}

fn refusal(trouble: &Trouble) -> HttpResponse {
    let id = model::request_id();
    respond(trouble.http_status(), &id).json(trouble.body(&id))
}

/// A response that begins as the provider's good ones.
pub(super) fn accept() -> HttpResponseBuilder {
    respond(StatusCode::OK, &model::request_id())
}

fn respond(status: StatusCode, request_id: &str) -> HttpResponseBuilder {
    let mut builder = HttpResponse::build(status);
    for (name, value) in [
        ("anthropic-ratelimit-requests-limit", "4000"),
        ("anthropic-ratelimit-requests-remaining", "3999"),
        ("anthropic-ratelimit-requests-reset", "2026-01-01T00:00:00Z"),
        (
            "anthropic-organization-id",
            "00000000-0000-0000-0000-000000000000",
        ),
        ("request-id", request_id),
    ] {
        builder.insert_header((name, value));
    }
    builder
}

/// Answers every path the provider does not have.
pub(super) async fn not_found() -> HttpResponse {
    refusal(&Trouble::no_route())
}

fn header_trouble(request: &HttpRequest) -> Option<Trouble> {
    let header = |name| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    match header("x-api-key").map(str::trim) {
        None | Some("") => return Some(Trouble::no_key()),
        Some(INVALID_KEY) => return Some(Trouble::wrong_key()),
        Some(_) => {}
    }
    let version = header("anthropic-version").unwrap_or("");
    match version {
        "2023-06-01" | "2023-01-01" => None,
        "" => Some(Trouble::invalid("anthropic-version: header is required")),
        other => Some(Trouble::invalid(format!(
            "anthropic-version: \"{other}\" is not a valid version"
        ))),
    }
}

fn planned(call: &Call, delivery: Delivery) -> Option<Trouble> {
    if call.plan.error_tokens.is_some() && delivery == Delivery::Whole {
        return Some(Trouble::of_status(500, &call.model));
    }
    Some(match call.plan.refusal? {
        Refusal::Status(code) => Trouble::of_status(code, &call.model),
        Refusal::ContextLength => Trouble::context_length(),
        Refusal::Policy => Trouble::policy(),
        Refusal::Quota => Trouble::quota(),
    })
}

fn unknown_model(model: &str) -> Option<Trouble> {
    model
        .starts_with(UNKNOWN_MODEL)
        .then(|| Trouble::unknown_model(model))
}
