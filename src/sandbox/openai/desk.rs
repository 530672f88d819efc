//! Where every request of the dialect is received: log, faults, key, then on to its handler.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{Error, HttpRequest, HttpResponse, web};
use bytes::Bytes;
use serde_json::Value;

use super::errors::Trouble;
use super::flavour::Flavour;
use super::headers;
use crate::sandbox::call::{self, Call, Delivery, Received};
use crate::sandbox::fault::Refusal;
use crate::sandbox::script::Script;

/// The window that a `context_length` fault speaks of.
const CONTEXT_WINDOW: u64 = 131_072;

/// The only key that is refused.
const INVALID_KEY: &str = "invalid";

/// Names of models that do not exist begin like this.
const UNKNOWN_MODEL: &str = "unknown";

/// What all handlers of one provider share.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) flavour: Flavour,
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
        let bytes = payload.map_err(|_| self.refusal(&Trouble::TooLarge))?;
        let parsed = serde_json::from_slice::<Value>(&bytes).ok();
        let readable = parsed.is_some();
        let body = parsed.unwrap_or_default();
        let delivery = Delivery::of(&body);
        let named = body.get("model").and_then(Value::as_str).unwrap_or("");
        let call = call::admit(&self.script, request, (&bytes, &body), named, delivery)
            .map_err(|error| self.refusal(&bad_fault(&error.to_string())))?;
        let call = call.before_headers(delivery).await?;
        let trouble = key_trouble(request)
            .or_else(|| planned(&call, delivery))
            .or_else(|| (!readable).then_some(Trouble::NotJson))
            .or_else(|| unknown_model(&call.model));
        match trouble {
            Some(trouble) => Err(self.refuse(call, &trouble)),
            None => Ok(Received {
                call,
                body,
                delivery,
            }),
        }
    }

    /// Ends a call with a refusal.
    pub(super) fn refuse(&self, call: Call, trouble: &Trouble) -> HttpResponse {
        call.refused(self.refusal(trouble))
    }

    pub(super) fn refusal(&self, trouble: &Trouble) -> HttpResponse {
        let (status, body) = trouble.answer(self.flavour);
        headers::respond(self.flavour, status).json(body)
    }

    /// A response that begins as the provider's good ones.
    pub(super) fn accept(&self) -> actix_web::HttpResponseBuilder {
        headers::respond(self.flavour, StatusCode::OK)
    }
}

/// Answers every path the provider does not have.
pub(super) async fn not_found(desk: web::Data<Desk>, request: HttpRequest) -> HttpResponse {
    desk.refusal(&Trouble::NoRoute(request.path().to_owned()))
}

/// What is wrong with the request's key.
pub(super) fn key_trouble(request: &HttpRequest) -> Option<Trouble> {
    let key = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .map(str::trim);
    match key {
        None | Some("") => Some(Trouble::NoKey),
        Some(INVALID_KEY) => Some(Trouble::WrongKey),
        Some(_) => None,
    }
}

fn planned(call: &Call, delivery: Delivery) -> Option<Trouble> {
    if call.plan.error_tokens.is_some() && delivery == Delivery::Whole {
        return Some(Trouble::breakdown(&call.model));
    }
    Some(match call.plan.refusal? {
        Refusal::Status(code) => Trouble::Status {
            code,
            model: call.model.clone(),
        },
        Refusal::ContextLength => Trouble::ContextLength {
            limit: CONTEXT_WINDOW,
            tokens: 136_973,
        },
        Refusal::Policy => Trouble::Policy,
        Refusal::Quota => Trouble::Quota,
    })
}

fn unknown_model(model: &str) -> Option<Trouble> {
    model
        .starts_with(UNKNOWN_MODEL)
        .then(|| Trouble::UnknownModel(model.to_owned()))
}

fn bad_fault(message: &str) -> Trouble {
    Trouble::invalid("x-sandbox-fault", "invalid_value", message)
}
