//! Where every request is received: log, faults, credential, then on to its handler.

use std::sync::Arc;

use actix_web::{Error, HttpRequest, HttpResponse};
use bytes::Bytes;
use serde_json::Value;

use super::errors::Trouble;
use super::identity;
use crate::sandbox::call::{self, Call, Delivery};
use crate::sandbox::fault::Refusal;
use crate::sandbox::script::Script;

/// Names of models that do not exist begin like this.
const UNKNOWN_MODEL: &str = "unknown";

/// What all handlers share.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) script: Arc<Script>,
}

impl Desk {
    /// Logs a request, lets its faults happen, and checks its credential and model.
    ///
    /// # Errors
    /// The response that ends the call.
    pub(super) async fn receive(
        &self,
        request: &HttpRequest,
        payload: Result<Bytes, Error>,
        model: &str,
        delivery: Delivery,
    ) -> Result<(Call, Value), HttpResponse> {
        let too_large = || Trouble::invalid("Input is too large.").answer();
        let bytes = payload.map_err(|_| too_large())?;
        let parsed = serde_json::from_slice::<Value>(&bytes).ok();
        let readable = parsed.as_ref().is_some_and(Value::is_object);
        let body = parsed.unwrap_or_default();
        let call = call::admit(&self.script, request, (&bytes, &body), model, delivery)
            .map_err(|error| Trouble::invalid(error.to_string()).answer())?;
        let call = call.before_headers(delivery).await?;
        let trouble = identity::trouble(request)
            .or_else(|| planned(&call, delivery))
            .or_else(|| {
                (!readable).then(|| {
                    Trouble::invalid(
                        "Malformed input request, please reformat your input and try again.",
                    )
                })
            })
            .or_else(|| unknown_model(&call.model));
        match trouble {
            Some(trouble) => Err(refuse(call, &trouble)),
            None => Ok((call, body)),
        }
    }
}

/// Ends a call with a refusal.
pub(super) fn refuse(call: Call, trouble: &Trouble) -> HttpResponse {
    call.refused(trouble.answer())
}

/// Answers every path the provider does not have.
pub(super) async fn not_found() -> HttpResponse {
    Trouble::new(404, "UnknownOperationException", "").answer()
}

fn planned(call: &Call, delivery: Delivery) -> Option<Trouble> {
    if call.plan.error_tokens.is_some() && delivery == Delivery::Whole {
        return Some(Trouble::of_status(500));
    }
    Some(match call.plan.refusal? {
        Refusal::Status(code) => Trouble::of_status(code),
        Refusal::ContextLength => Trouble::invalid(
            "The model returned the following errors: Input Tokens Exceeded: Number of input tokens exceeds maximum length. Please update the input to try again.",
        ),
        Refusal::Policy => Trouble::invalid(
            "The model returned the following errors: The request was refused by the content policy.",
        ),
        Refusal::Quota => Trouble::new(
            400,
            "ServiceQuotaExceededException",
            "Your request exceeds the service quota for your account.",
        ),
    })
}

fn unknown_model(model: &str) -> Option<Trouble> {
    model
        .starts_with(UNKNOWN_MODEL)
        .then(|| Trouble::invalid("The provided model identifier is invalid."))
}
