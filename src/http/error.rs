//! The one error of the program that becomes a response: OpenAI's envelope, with whose fault it is
//! and what to do next.

mod code;

use std::fmt;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, RETRY_AFTER};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;

pub use code::Code;

use super::headers::{self, AutoVerdict};
use crate::actors::storage::StorageDown;

/// One attempt, as error metadata and the generation's record tell it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AttemptNote {
    /// The provider.
    pub provider: String,
    /// The model.
    pub model: String,
    /// The upstream's status, where it came to one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// `ok`, the status, or a word for what happened instead of one.
    pub code: String,
}

/// A model that was left out, as error metadata tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExclusionNote {
    /// The model.
    pub model: String,
    /// The reason.
    pub reason: String,
}

/// What helps a caller beside the message.
#[derive(Clone, Debug, Default, Serialize)]
struct Metadata {
    error_type: &'static str,
    retryable: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attempts: Vec<AttemptNote>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    excluded: Vec<ExclusionNote>,
}

/// An error on its way to the caller.
#[derive(Clone, Debug)]
pub struct ApiError(Box<Details>);

/// Boxed, because every handler's `Result` carries it.
#[derive(Clone, Debug)]
struct Details {
    code: Code,
    message: String,
    param: Option<String>,
    expected: Option<String>,
    attempts: Vec<AttemptNote>,
    excluded: Vec<ExclusionNote>,
    retry_after: Option<Duration>,
    allow: Option<&'static str>,
    auto: Option<AutoVerdict>,
}

impl ApiError {
    /// An error with a message for the caller.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self(Box::new(Details {
            code,
            message: message.into(),
            param: None,
            expected: None,
            attempts: Vec::new(),
            excluded: Vec::new(),
            retry_after: None,
            allow: None,
            auto: None,
        }))
    }

    /// A bug of ours: the detail goes to the log, not to the caller.
    pub fn internal(detail: impl fmt::Display) -> Self {
        tracing::error!(%detail, "internal error");
        Self::new(
            Code::InternalError,
            "The router failed. It is not your request's fault; try again.",
        )
    }

    /// What an actor that guards storage answered. Without a mailbox the process is ending.
    pub fn unless_down<T, E>(sent: Result<Result<T, StorageDown>, E>) -> Result<T, Self> {
        Ok(sent.unwrap_or(Err(StorageDown::Failed))?)
    }

    /// Names the field of the request.
    #[must_use]
    pub fn param(mut self, param: impl Into<String>) -> Self {
        self.0.param = Some(param.into());
        self
    }

    /// The value of a field cannot be used, and what it should be.
    pub fn unexpected(param: &str, expected: &str) -> Self {
        let message = format!("Invalid '{param}': expected {expected}.");
        let mut error = Self::new(Code::InvalidValue, message).param(param);
        error.0.expected = Some(expected.to_owned());
        error
    }

    /// Tells what was tried.
    #[must_use]
    pub fn attempts(mut self, attempts: Vec<AttemptNote>) -> Self {
        self.0.attempts = attempts;
        self
    }

    /// Tells what was left out and why.
    #[must_use]
    pub fn excluded(mut self, excluded: Vec<ExclusionNote>) -> Self {
        self.0.excluded = excluded;
        self
    }

    /// Says when to try again.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.0.retry_after = Some(wait);
        self
    }

    /// The methods a path takes.
    #[must_use]
    pub fn allow(mut self, methods: &'static str) -> Self {
        self.0.allow = Some(methods);
        self
    }

    /// Carries what `auto` had decided before the error.
    #[must_use]
    pub fn auto(mut self, verdict: Option<AutoVerdict>) -> Self {
        self.0.auto = verdict.or(self.0.auto);
        self
    }

    /// The code.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The field of the request that is wrong, where one is named.
    pub fn field(&self) -> Option<&str> {
        self.0.param.as_deref()
    }

    /// What the field should be, when its value cannot be used at all.
    pub fn expected(&self) -> Option<&str> {
        self.0.expected.as_deref()
    }

    /// The message.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The metadata as JSON, for errors inside a stream.
    pub fn metadata_json(&self) -> String {
        serde_json::to_string(&self.metadata()).unwrap_or_else(|_| "{}".to_owned())
    }

    fn metadata(&self) -> Metadata {
        let (_, error_type, _) = self.0.code.row();
        Metadata {
            error_type,
            retryable: self.0.code.is_retryable(),
            attempts: self.0.attempts.clone(),
            excluded: self.0.excluded.clone(),
        }
    }

    fn body(&self) -> String {
        #[derive(Serialize)]
        struct Envelope<'a> {
            error: Inner<'a>,
        }
        #[derive(Serialize)]
        struct Inner<'a> {
            message: &'a str,
            r#type: &'static str,
            param: Option<&'a str>,
            code: &'static str,
            metadata: Metadata,
        }
        let (_, kind, code) = self.0.code.row();
        let error = Inner {
            message: &self.0.message,
            r#type: kind,
            param: self.0.param.as_deref(),
            code,
            metadata: self.metadata(),
        };
        serde_json::to_string(&Envelope { error }).unwrap_or_default()
    }
}

impl From<StorageDown> for ApiError {
    fn from(down: StorageDown) -> Self {
        let (message, wait_s) = match down {
            StorageDown::Full => (
                "The router's disk is nearly full; models that cost money are not served until its operator makes room. Free models go on.",
                30,
            ),
            StorageDown::Failed => (
                "The router's storage has failed and it restarts; try again in a few seconds.",
                5,
            ),
        };
        Self::new(Code::StorageUnavailable, message).retry_after(Duration::from_secs(wait_s))
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code.word(), self.0.message)
    }
}

impl std::error::Error for ApiError {}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.0.code.row().0).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        response.insert_header((CONTENT_TYPE, "application/json"));
        if let Some(wait) = self.0.retry_after.or_else(|| default_wait(self.0.code)) {
            response.insert_header((RETRY_AFTER, headers::whole_seconds(wait).to_string()));
        }
        if let Some(methods) = self.0.allow {
            response.insert_header(("Allow", methods));
        }
        if let Some(verdict) = &self.0.auto {
            verdict.write(&mut response);
        }
        response.body(self.body())
    }
}

/// 429 and 503 always carry a Retry-After.
fn default_wait(code: Code) -> Option<Duration> {
    matches!(code.row().0, 429 | 503).then_some(Duration::from_secs(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_envelope_is_openais() {
        let error = ApiError::new(Code::InvalidValue, "prefer must be one of …").param("prefer");
        let body: serde_json::Value = serde_json::from_str(&error.body()).unwrap();
        assert_eq!(body["error"]["type"], "invalid_request_error");
        assert_eq!(body["error"]["code"], "invalid_value");
        assert_eq!(body["error"]["param"], "prefer");
        assert_eq!(body["error"]["metadata"]["retryable"], false);
        assert_eq!(error.error_response().status(), 400);
    }

    #[test]
    fn a_busy_answer_says_when_to_come_back() {
        let wait = Duration::from_millis(1500);
        let response = ApiError::new(Code::Overloaded, "busy")
            .retry_after(wait)
            .error_response();
        assert_eq!(response.headers().get("retry-after").unwrap(), "2");
        let response = ApiError::new(Code::RateLimitExceeded, "busy").error_response();
        assert_eq!(response.headers().get("retry-after").unwrap(), "1");
    }
}
