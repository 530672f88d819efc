//! Google's errors, sorted into classes.

use std::time::Duration;

use crate::catalog::Dialect;
use crate::wire::{Fault, FaultClass, decode_error};

fn decode(status: u16, body: &str) -> Fault {
    decode_error(Dialect::Gemini, status, |_| None, body.as_bytes(), 0)
}

fn error(code: u16, status: &str, message: &str) -> String {
    format!(r#"{{"error":{{"code":{code},"message":"{message}","status":"{status}"}}}}"#)
}

#[test]
fn classes() {
    use FaultClass::*;
    let cases = [
        (
            400,
            "INVALID_ARGUMENT",
            "Please use a valid role: user, model.",
            Caller,
        ),
        (
            400,
            "INVALID_ARGUMENT",
            "API key not valid. Please pass a valid API key.",
            Credential,
        ),
        (
            400,
            "INVALID_ARGUMENT",
            "The input token count (9) exceeds the maximum number of tokens allowed (8).",
            ContextLength,
        ),
        (
            400,
            "FAILED_PRECONDITION",
            "User location is not supported for the API use.",
            Credential,
        ),
        (
            400,
            "FAILED_PRECONDITION",
            "The File abc is not in an ACTIVE state.",
            Caller,
        ),
        (
            403,
            "PERMISSION_DENIED",
            "You do not have permission to access the File abc or it may not exist.",
            Caller,
        ),
        (
            403,
            "PERMISSION_DENIED",
            "Generative Language API has not been used in project 1 before.",
            Credential,
        ),
        (
            404,
            "NOT_FOUND",
            "models/x is not found for API version v1beta",
            ModelMissing,
        ),
        (
            429,
            "RESOURCE_EXHAUSTED",
            "Resource has been exhausted (e.g. check quota).",
            RateLimited,
        ),
        (
            429,
            "RESOURCE_EXHAUSTED",
            "You exceeded your current quota, please check your plan and billing details.",
            RateLimited,
        ),
        (499, "CANCELLED", "The operation was cancelled.", Server),
        (500, "INTERNAL", "An internal error has occurred.", Server),
        (
            503,
            "UNAVAILABLE",
            "The model is overloaded. Please try again later.",
            Server,
        ),
        (
            504,
            "DEADLINE_EXCEEDED",
            "Deadline expired before operation could complete.",
            Server,
        ),
    ];
    for (status, word, message, class) in cases {
        let fault = decode(status, &error(status, word, message));
        assert_eq!(fault.class, class, "{word} {message}");
        assert_eq!(fault.code.as_deref(), Some(word));
    }
    assert_eq!(decode(503, "upstream connect error").class, Server);
}

#[test]
fn the_wait_stands_in_the_body() {
    let body = r#"{"error":{"code":429,"message":"Quota exceeded.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"48s"}]}}"#;
    assert_eq!(decode(429, body).retry_after, Some(Duration::from_secs(48)));
    let array = format!("[{body}]");
    assert_eq!(decode(429, &array).class, FaultClass::RateLimited);
}
