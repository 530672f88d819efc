//! Errors by header and by message.

use super::super::super::{FaultClass, decode_error};
use crate::catalog::Dialect;

fn class(status: u16, name: &str, message: &str) -> FaultClass {
    let kind = format!("{name}:http://internal.amazon.com/coral/com.amazon.bedrock/");
    let header = |wanted: &str| (wanted == "x-amzn-errortype").then_some(kind.as_str());
    let body = format!("{{\"message\":\"{message}\"}}");
    let fault = decode_error(Dialect::Bedrock, status, header, body.as_bytes(), 0);
    assert_eq!(fault.status, Some(status));
    assert_eq!(fault.message, message);
    fault.class
}

#[test]
fn the_header_names_the_class() {
    let cases = [
        (
            429,
            "ThrottlingException",
            "Too many tokens, please wait before trying again.",
            FaultClass::RateLimited,
        ),
        (
            400,
            "ValidationException",
            "Expected toolResult blocks",
            FaultClass::Caller,
        ),
        (
            400,
            "ValidationException",
            "Input is too long for requested model.",
            FaultClass::ContextLength,
        ),
        (
            400,
            "ValidationException",
            "The provided model identifier is invalid.",
            FaultClass::ModelMissing,
        ),
        (
            400,
            "ValidationException",
            "Invocation of model ID x with on-demand throughput isn't supported.",
            FaultClass::ModelMissing,
        ),
        (
            400,
            "ValidationException",
            "This model doesn't support the stopSequences field. Remove stopSequences and try again.",
            FaultClass::ModelOutput,
        ),
        (
            400,
            "ServiceQuotaExceededException",
            "Your request exceeds the quota.",
            FaultClass::Quota,
        ),
        (
            403,
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
            FaultClass::Credential,
        ),
        (
            403,
            "AccessDeniedException",
            "User is not authorized to perform bedrock:InvokeModel",
            FaultClass::Credential,
        ),
        (
            403,
            "AccessDeniedException",
            "You don't have access to the model with the specified model ID.",
            FaultClass::ModelMissing,
        ),
        (
            403,
            "InvalidSignatureException",
            "Signature expired",
            FaultClass::Credential,
        ),
        (
            404,
            "ResourceNotFoundException",
            "This model version has reached the end of its life.",
            FaultClass::ModelMissing,
        ),
        (
            408,
            "ModelTimeoutException",
            "Model has timed out",
            FaultClass::Timeout,
        ),
        (424, "ModelErrorException", "x", FaultClass::Server),
        (429, "ModelNotReadyException", "x", FaultClass::Server),
        (500, "InternalServerException", "x", FaultClass::Server),
        (
            503,
            "ServiceUnavailableException",
            "Bedrock is unable to process your request.",
            FaultClass::Server,
        ),
        (418, "NewException", "x", FaultClass::Caller),
    ];
    for (status, name, message, expected) in cases {
        assert_eq!(class(status, name, message), expected, "{name}: {message}");
    }
}

#[test]
fn without_the_header_the_message_decides() {
    let read = |status: u16, body: &str| {
        decode_error(Dialect::Bedrock, status, |_| None, body.as_bytes(), 0)
    };
    let throttled = read(
        429,
        r#"{"message":"Too many tokens per day, please wait before trying again."}"#,
    );
    assert_eq!(throttled.class, FaultClass::RateLimited);
    assert!(
        throttled
            .retry_after
            .is_some_and(|wait| wait.as_secs() >= 600)
    );
    let proxy = read(
        503,
        "upstream connect error or disconnect/reset before headers",
    );
    assert_eq!(proxy.class, FaultClass::Server);
    let caller = read(
        400,
        r#"{"message":"This model doesn't support the video content block that you provided."}"#,
    );
    assert_eq!(caller.class, FaultClass::ModelOutput);
}
