//! Refusals in Bedrock's words: the class in a header, the message in the body.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde_json::json;

use crate::sandbox::dice;

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    status: u16,
    class: &'static str,
    message: String,
}

impl Trouble {
    /// Any refusal.
    pub(super) fn new(status: u16, class: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            class,
            message: message.into(),
        }
    }

    /// The request is wrong.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "ValidationException", message)
    }

    /// A field that the model does not know.
    pub(super) fn no_field(field: &str) -> Self {
        Self::invalid(format!(
            "This model doesn't support the {field} field. Remove {field} and try again."
        ))
    }

    /// The refusal of a fault that sets the status.
    pub(super) fn of_status(status: u16) -> Self {
        let (class, message) = match status {
            401 | 403 => (
                "UnrecognizedClientException",
                "The security token included in the request is invalid.",
            ),
            404 => (
                "ResourceNotFoundException",
                "This model version has reached the end of its life. Please refer to the AWS documentation for more details.",
            ),
            408 => (
                "ModelTimeoutException",
                "Model has timed out in processing the request. Try your request again.",
            ),
            429 => (
                "ThrottlingException",
                "Too many tokens, please wait before trying again.",
            ),
            400..=499 => (
                "ValidationException",
                "The request was refused by the simulation.",
            ),
            503 => (
                "ServiceUnavailableException",
                "Bedrock is unable to process your request.",
            ),
            _ => (
                "InternalServerException",
                "The system encountered an unexpected error during processing. Try your request again.",
            ),
        };
        Self::new(status, class, message)
    }

    /// The response.
    pub(super) fn answer(&self) -> HttpResponse {
        let status = StatusCode::from_u16(self.status);
        let url = "http://internal.amazon.com/coral/com.amazon.bedrock/";
        HttpResponse::build(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
            .insert_header(("x-amzn-requestid", dice::fresh_uuid()))
            .insert_header(("x-amzn-errortype", format!("{}:{url}", self.class)))
            .json(json!({"message": self.message}))
    }
}
