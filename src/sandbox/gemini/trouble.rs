//! Refusals in Google's words and shape.

use actix_web::http::StatusCode;
use serde_json::{Value, json};

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    NoKey,
    WrongKey,
    TooLarge,
    UnknownModel(String),
    /// The request is wrong.
    Invalid(String),
    ContextLength,
    Quota,
    /// A status set by a fault.
    Status(u16),
}

impl Trouble {
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid(message.into())
    }

    /// Status and body. Google has no `Retry-After`: the wait stands in the body.
    pub(super) fn answer(&self, retry_after_s: Option<u32>) -> (StatusCode, Value) {
        let (code, message) = self.words();
        let mut error = json!({"code": code, "message": message, "status": word(code)});
        let mut details: Vec<Value> = Vec::new();
        if *self == Self::WrongKey {
            details.push(json!({"@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "API_KEY_INVALID", "domain": "googleapis.com",
                "metadata": {"service": "generativelanguage.googleapis.com"}}));
        }
        if let Some(seconds) = retry_after_s {
            details.push(json!({"@type": "type.googleapis.com/google.rpc.RetryInfo",
                "retryDelay": format!("{seconds}s")}));
        }
        if !details.is_empty() {
            error["details"] = Value::Array(details);
        }
        let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, json!({"error": error}))
    }

    fn words(&self) -> (u16, String) {
        let (code, message) = match self {
            Self::Invalid(message) => return (400, message.clone()),
            Self::UnknownModel(model) => {
                return (
                    404,
                    format!(
                        "models/{model} is not found for API version v1beta, or is not supported for generateContent. Call ListModels to see the list of available models and their supported methods."
                    ),
                );
            }
            Self::NoKey => (
                403,
                "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.",
            ),
            Self::WrongKey => (400, "API key not valid. Please pass a valid API key."),
            Self::TooLarge => (
                400,
                "Request payload size exceeds the limit: 20971520 bytes.",
            ),
            Self::ContextLength => (
                400,
                "The input token count (1250074) exceeds the maximum number of tokens allowed (1048576).",
            ),
            Self::Quota => (
                429,
                "You exceeded your current quota, please check your plan and billing details.",
            ),
            Self::Status(code) => (
                *code,
                match code {
                    401 => "Request had invalid authentication credentials.",
                    404 => "The model is not found.",
                    429 => "Resource has been exhausted (e.g. check quota).",
                    400..=499 => "The request was refused by the simulation.",
                    503 => "The model is overloaded. Please try again later.",
                    504 => "Deadline expired before operation could complete.",
                    _ => {
                        "An internal error has occurred. Please retry or report in https://developers.generativeai.google/guide/troubleshooting"
                    }
                },
            ),
        };
        (code, message.to_owned())
    }
}

/// The word of `google.rpc.Code` for a status.
fn word(code: u16) -> &'static str {
    match code {
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        429 => "RESOURCE_EXHAUSTED",
        499 => "CANCELLED",
        400..=498 => "INVALID_ARGUMENT",
        503 => "UNAVAILABLE",
        504 => "DEADLINE_EXCEEDED",
        _ => "INTERNAL",
    }
}
