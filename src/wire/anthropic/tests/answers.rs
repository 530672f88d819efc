//! Whole answers.

use serde_json::{Value, json};

use super::super::super::{
    Answer, Fault, FaultClass, Finish, ReasoningView, decode_answer, decode_error,
};
use crate::catalog::Dialect;

fn decode(body: &Value, view: ReasoningView) -> Result<Answer, Fault> {
    decode_answer(Dialect::Anthropic, body.to_string().as_bytes(), view)
}

fn message(answer: &Answer) -> Value {
    let whole: Value = serde_json::from_str(&format!("{{{}}}", answer.choices)).unwrap();
    whole["choices"][0].clone()
}

fn body(content: Value, stop_reason: &str) -> Value {
    json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": content,
        "stop_reason": stop_reason, "stop_sequence": null,
        "usage": {"input_tokens": 9, "output_tokens": 4}})
}

fn rich() -> Value {
    body(
        json!([
            {"type": "thinking", "thinking": "Two cities.", "signature": "c2ln"},
            {"type": "redacted_thinking", "data": "c2VjcmV0"},
            {"type": "text", "text": "Looking "},
            {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}},
            {"type": "text", "text": "them up.", "citations": null},
            {"type": "tool_use", "id": "toolu_1", "name": "get", "input": {"city": "Rome"}},
            {"type": "tool_use", "id": "toolu_1", "name": "get", "input": {}},
            {"type": "block_to_come", "x": [1]}]),
        "tool_use",
    )
}

#[test]
fn everything_that_is_said_comes_through() {
    let answer = decode(&rich(), ReasoningView::Include).unwrap();
    insta::assert_json_snapshot!("answer", message(&answer));
    assert_eq!(answer.finish(), Finish::ToolCalls);
    let replay = answer.replay().unwrap();
    assert_eq!(replay.call_ids.len(), 2);
    assert!(replay.details.contains("c2VjcmV0"));
}

#[test]
fn hidden_reasoning_is_remembered_all_the_same() {
    let answer = decode(&rich(), ReasoningView::Exclude).unwrap();
    let shown = message(&answer).to_string();
    assert!(!shown.contains("Two cities") && !shown.contains("c2VjcmV0"));
    assert!(answer.replay().is_some());
}

#[test]
fn ends_without_content() {
    let empty = decode(&body(json!([]), "end_turn"), ReasoningView::Include).unwrap();
    assert_eq!(message(&empty)["message"]["content"], "");
    let mut unbilled = body(json!([]), "end_turn");
    unbilled["usage"]["output_tokens"] = json!(0);
    let fault = decode(&unbilled, ReasoningView::Include).unwrap_err();
    assert_eq!(fault.class, FaultClass::Empty);
    let mut refusal = body(json!([]), "refusal");
    refusal["stop_details"] = json!({"type": "refusal", "explanation": "No."});
    let answer = decode(&refusal, ReasoningView::Include).unwrap();
    assert_eq!(answer.finish(), Finish::ContentFilter);
    assert_eq!(message(&answer)["message"]["refusal"], "No.");
    assert_eq!(message(&answer)["native_finish_reason"], "refusal");
}

#[test]
fn the_answer_to_a_schema_is_text() {
    let call =
        json!({"type": "tool_use", "id": "t", "name": "model_router_answer", "input": {"a": [1]}});
    let answer = decode(&body(json!([call]), "tool_use"), ReasoningView::Include).unwrap();
    assert_eq!(answer.finish(), Finish::Stop);
    let message = message(&answer);
    assert_eq!(message["message"]["content"], r#"{"a":[1]}"#);
    assert_eq!(message["message"].get("tool_calls"), None);
}

#[test]
fn what_is_no_answer_is_the_providers_failure() {
    let class = |body: &str| {
        let result = decode_answer(Dialect::Anthropic, body.as_bytes(), ReasoningView::Include);
        result.unwrap_err().class
    };
    for body in [
        "",
        "[]",
        "null",
        "{}",
        r#"{"content":7}"#,
        r#"{"content":[7]}"#,
        "<html>",
    ] {
        assert_eq!(class(body), FaultClass::Malformed, "{body}");
    }
    let error = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
    assert_eq!(class(error), FaultClass::Server);
}

#[test]
fn errors_have_their_class() {
    use FaultClass::*;
    let cases = [
        (
            400,
            "invalid_request_error",
            "messages.0: all messages must have non-empty content",
            Caller,
        ),
        (
            400,
            "invalid_request_error",
            "prompt is too long: 208310 tokens > 200000 maximum",
            ContextLength,
        ),
        (
            400,
            "invalid_request_error",
            "input length and `max_tokens` exceed context limit: 1 + 2 > 2",
            ContextLength,
        ),
        (
            400,
            "invalid_request_error",
            "Your credit balance is too low to access the Anthropic API.",
            Quota,
        ),
        (
            400,
            "invalid_request_error",
            "Output blocked by content filtering policy",
            Policy,
        ),
        (401, "authentication_error", "invalid x-api-key", Credential),
        (403, "permission_error", "Request not allowed", Credential),
        (404, "not_found_error", "model: claude-9", ModelMissing),
        (
            413,
            "request_too_large",
            "Request exceeds the maximum size",
            Caller,
        ),
        (
            429,
            "rate_limit_error",
            "Number of request tokens has exceeded your per-minute rate limit",
            RateLimited,
        ),
        (500, "api_error", "Internal server error", Server),
        (504, "timeout_error", "Request timed out", Server),
        (529, "overloaded_error", "Overloaded", Server),
    ];
    for (status, kind, message, class) in cases {
        let body = json!({"type": "error", "error": {"type": kind, "message": message}});
        let fault = decode_error(
            Dialect::Anthropic,
            status,
            |_| None,
            body.to_string().as_bytes(),
            0,
        );
        assert_eq!(fault.class, class, "{message}");
        assert_eq!(fault.code.as_deref(), Some(kind));
    }
    let header = |name: &str| (name == "retry-after").then_some("7");
    let fault = decode_error(Dialect::Anthropic, 429, header, b"{}", 0);
    assert_eq!(fault.retry_after.map(|wait| wait.as_secs()), Some(7));
}
