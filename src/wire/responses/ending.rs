//! How a response ended: its `status`, and what its error means.

use super::super::answer::Finish;
use super::super::fault::{Fault, FaultClass};
use super::super::json;
use super::super::object::Object;
use super::super::openai;

/// The status of a response object as a finish with the provider's own word, or as a fault.
pub(super) fn of(response: &Object<'_>) -> Result<(Finish, String), Fault> {
    let status = response.get("status").and_then(json::string);
    match status.as_deref() {
        Some("completed") | None => match response.get("error") {
            Some(error) => Err(failed(error)),
            None => Ok((Finish::Stop, "completed".to_owned())),
        },
        Some("incomplete") => {
            let details = response.get("incomplete_details").unwrap_or("{}");
            let details = Object::parse(details).unwrap_or_default();
            let reason = details.get("reason").and_then(json::string);
            let finish = match reason.as_deref() {
                Some("content_filter") => Finish::ContentFilter,
                // Whatever the reason is, half an answer is not shown as a whole one.
                Some(_) | None => Finish::Length,
            };
            let native = reason.map_or_else(|| "incomplete".to_owned(), |word| word.into_owned());
            Ok((finish, native))
        }
        Some("failed") => Err(failed(response.get("error").unwrap_or("null"))),
        Some(other) => Err(Fault::ours(
            FaultClass::Server,
            format!("the provider's answer has the status {other}"),
        )),
    }
}

/// An error inside an answer or stream: the raw value of a response's `error`, or an `error` event.
pub(super) fn failed(error: &str) -> Fault {
    let event = Object::parse(error).unwrap_or_default();
    let mut fault = if event.get("error").is_some() {
        openai::decode_error(None, error.as_bytes())
    } else {
        openai::decode_error(None, format!(r#"{{"error":{error}}}"#).as_bytes())
    };
    if fault.class == FaultClass::Server
        && let Some(code) = &fault.code
        && blames_the_request(code)
    {
        fault.class = FaultClass::Caller;
    }
    fault
}

/// Codes of `response.error` that name a part of the request; they come without a type.
fn blames_the_request(code: &str) -> bool {
    code.contains("image") || code.starts_with("invalid_") || code.starts_with("unsupported_")
}
