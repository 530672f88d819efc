//! Errors in every envelope, sorted into classes.

use std::time::Duration;

use super::super::super::{Fault, FaultClass, decode_error};
use crate::catalog::Dialect;

fn decode(status: u16, body: &str) -> Fault {
    decode_error(Dialect::OpenAi, status, |_| None, body.as_bytes(), 0)
}

fn nested(message: &str, code: &str) -> String {
    format!(
        r#"{{"error":{{"message":"{message}","type":"invalid_request_error","param":null,"code":{code}}}}}"#
    )
}

#[test]
fn classes() {
    use FaultClass::*;
    let xai = |text: &str| format!(r#"{{"code":"invalid-argument","error":"{text}"}}"#);
    let cases = [
        (400, nested("Invalid schema", "\"invalid_function_parameters\""), Caller),
        (400, nested("Unsupported parameter: 'stop'", "null"), Caller),
        (413, nested("Request entity too large", "null"), Caller),
        (400, nested("This model's maximum context length is 4097 tokens.", "\"context_length_exceeded\""), ContextLength),
        (400, xai("This model's maximum prompt length is 131072 but the request contains 136973 tokens."), ContextLength),
        (400, r#"{"message":"Please reduce the length of the messages or completion."}"#.into(), ContextLength),
        (429, r#"{"message":"Too many tokens, please wait before trying again."}"#.into(), RateLimited),
        (413, nested("Request too large on tokens per minute (TPM): Limit 6000", "\"rate_limit_exceeded\""), RateLimited),
        (429, nested("Request too large for gpt-4o", "null"), RateLimited),
        (429, r#"{"message":"m","type":"too_many_requests_error","param":"quota","code":"request_quota_exceeded"}"#.into(), RateLimited),
        (429, nested("You exceeded your current quota, please check your plan", "\"insufficient_quota\""), Quota),
        (429, xai("Your team x has either used all available credits or reached its limit."), Quota),
        (403, xai("Your newly created team doesn't have any credits or licenses yet."), Quota),
        (402, "Payment Required".into(), Quota),
        (401, nested("Incorrect API key provided", "\"invalid_api_key\""), Credential),
        (403, nested("Country not supported", "\"unsupported_country\""), Credential),
        (400, xai("Incorrect API key provided. You can obtain an API key from x."), Credential),
        (400, r#"[{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT"}}]"#.into(), Credential),
        (404, nested("The model `x` does not exist", "\"model_not_found\""), ModelMissing),
        (400, nested("The requested model 'x' does not exist.", "\"model_not_found\""), ModelMissing),
        (400, xai("Model not found: grok-9"), ModelMissing),
        (404, r#"{"detail":"Not Found"}"#.into(), ModelMissing),
        (400, nested("m", "\"tool_use_failed\""), ModelOutput),
        (400, nested("Rejected by our safety system", "\"moderation_blocked\""), Policy),
        (403, xai("Content violates usage guidelines."), Policy),
        (408, String::new(), Timeout),
        (500, nested("The server had an error", "null"), Server),
        (503, "upstream connect error or disconnect/reset before headers".into(), Server),
        (529, r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#.into(), Server),
        (500, "context window exploded".into(), Server),
        (302, String::new(), Malformed),
    ];
    for (status, body, class) in cases {
        let fault = decode(status, &body);
        assert_eq!(fault.class, class, "{status} {body}");
        assert_eq!(fault.status, Some(status));
        assert!(!fault.message.is_empty());
    }
}

#[test]
fn what_is_said_is_kept_and_cleaned() {
    let fault = decode(
        400,
        r#"{"error":{"message":"Bad 'n' for sk-abcd1234.","param":"n","code":17}}"#,
    );
    assert_eq!(fault.message, "Bad 'n' for [redacted].");
    assert_eq!(
        (fault.param.as_deref(), fault.code.as_deref()),
        (Some("n"), Some("17"))
    );
    let fault = decode(
        502,
        "<html><head><title>502 Bad Gateway</title></head></html>",
    );
    assert_eq!(fault.message, "502 Bad Gateway");
    assert_eq!(
        decode(500, "").message,
        "the provider answered with status 500 and no reason"
    );
    let fault = decode(
        422,
        r#"{"detail":[{"msg":"field required","type":"missing"}]}"#,
    );
    assert_eq!(fault.message, "field required");
    assert_eq!(
        decode_error(Dialect::OpenAi, 500, |_| None, &[0xff, 0xfe], 0).class,
        FaultClass::Server
    );
}

#[test]
fn headers_come_before_the_text() {
    let body = nested("Please try again in 9m38.016s.", "\"rate_limit_exceeded\"");
    assert_eq!(
        decode(429, &body).retry_after,
        Some(Duration::from_millis(578_016))
    );
    let header = |name: &str| (name == "retry-after").then_some("2");
    let fault = decode_error(Dialect::OpenAi, 429, header, body.as_bytes(), 0);
    assert_eq!(fault.retry_after, Some(Duration::from_secs(2)));
}
