//! Refusals in the provider's words and shape.

use actix_web::http::StatusCode;
use serde_json::{Value, json};

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) status: u16,
    pub(super) kind: &'static str,
    pub(super) message: String,
}

impl Trouble {
    fn new(status: u16, kind: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            kind,
            message: message.into(),
        }
    }

    /// A request that is wrong.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "invalid_request_error", message)
    }

    pub(super) fn no_key() -> Self {
        Self::new(401, "authentication_error", "x-api-key header is required")
    }

    pub(super) fn wrong_key() -> Self {
        Self::new(401, "authentication_error", "invalid x-api-key")
    }

    pub(super) fn too_large() -> Self {
        let message = "Request exceeds the maximum size";
        Self::new(413, "request_too_large", message)
    }

    pub(super) fn no_route() -> Self {
        Self::new(404, "not_found_error", "Not Found")
    }

    pub(super) fn unknown_model(model: &str) -> Self {
        Self::new(404, "not_found_error", format!("model: {model}"))
    }

    pub(super) fn context_length() -> Self {
        Self::invalid("prompt is too long: 208310 tokens > 200000 maximum")
    }

    pub(super) fn policy() -> Self {
        Self::invalid("Output blocked by content filtering policy")
    }

    pub(super) fn quota() -> Self {
        Self::invalid(
            "Your credit balance is too low to access the Anthropic API. Please go to Plans & \
             Billing to upgrade or purchase credits.",
        )
    }

    /// What has happened when the provider fails in the middle of an answer.
    pub(super) fn overloaded() -> Self {
        Self::new(529, "overloaded_error", "Overloaded")
    }

    /// A status set by a fault.
    pub(super) fn of_status(code: u16, model: &str) -> Self {
        match code {
            401 => Self::wrong_key(),
            403 => Self::new(403, "permission_error", "Request not allowed"),
            404 => Self::unknown_model(model),
            413 => Self::too_large(),
            429 => Self::new(
                429,
                "rate_limit_error",
                "This request would exceed your account's rate limit. Please try again later.",
            ),
            400..=499 => Self::new(
                code,
                "invalid_request_error",
                "The request was refused by the simulation.",
            ),
            529 => Self::overloaded(),
            _ => Self::new(code, "api_error", "Internal server error"),
        }
    }

    pub(super) fn http_status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The body as the provider sends it.
    pub(super) fn body(&self, request_id: &str) -> Value {
        json!({"type": "error", "error": {"type": self.kind, "message": self.message},
            "request_id": request_id})
    }
}
