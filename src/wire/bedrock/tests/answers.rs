//! Whole answers, odd ones among them.

use super::super::super::{Answer, Fault, FaultClass, ReasoningView, decode_answer};
use crate::catalog::Dialect;

fn read(content: &str, stop: &str, view: ReasoningView) -> Result<Answer, Fault> {
    let body = format!(
        r#"{{"metrics":{{"latencyMs":1}},"output":{{"message":{{"role":"assistant","content":[{content}]}}}},"stopReason":"{stop}","usage":{{"inputTokens":6,"outputTokens":9,"cacheReadInputTokens":100,"totalTokens":115}}}}"#
    );
    decode_answer(Dialect::Bedrock, body.as_bytes(), view)
}

const RICH: &str = r#"{"reasoningContent":{"reasoningText":{"text":"Hm.","signature":"sig=="}}},
    {"reasoningContent":{"redactedContent":"AAAA"}},{"reasoningContent":{}},{"newThing":{"x":1}},{"text":"Let me "},
    {"citationsContent":{"citations":[{"title":"t"}],"content":[{"text":"look."}]}},
    {"toolUse":{"toolUseId":"s","name":"search","input":{},"type":"server_tool_use"}},
    {"toolResult":{"toolUseId":"s","content":[{"text":"hidden"}]}},
    {"toolUse":{"toolUseId":"functions.f:0","name":"f","input":{"b": 1, "a": "é"}}},
    {"toolUse":{"toolUseId":"functions.f:0","name":"g","input":"{\"x\":2}"}},
    {"toolUse":{"toolUseId":"t3","name":"h","input":null}}"#;

#[test]
fn everything_is_read_and_noise_is_not() {
    let answer = read(RICH, "tool_use", ReasoningView::Include).unwrap();
    insta::assert_snapshot!(answer.choices, @r#""choices":[{"index":0,"message":{"role":"assistant","content":"Let me look.","refusal":null,"reasoning_content":"Hm.","reasoning_details":[{"type":"reasoning.text","text":"Hm.","signature":"sig==","format":"bedrock-converse-v1"},{"type":"reasoning.encrypted","data":"AAAA","format":"bedrock-converse-v1"}],"tool_calls":[{"id":"functions.f:0","type":"function","function":{"name":"f","arguments":"{\"b\": 1, \"a\": \"é\"}"}},{"id":"call_1","type":"function","function":{"name":"g","arguments":"{\"x\":2}"}},{"id":"t3","type":"function","function":{"name":"h","arguments":"{}"}}]},"logprobs":null,"finish_reason":"tool_calls","native_finish_reason":"tool_use"}]"#);
    let usage = answer.usage().unwrap().usage;
    assert_eq!(
        (
            usage.prompt_tokens,
            usage.cached_tokens,
            usage.completion_tokens
        ),
        (106, 100, 9)
    );
    let replay = answer.replay().unwrap();
    assert_eq!(replay.call_ids, ["functions.f:0", "call_1", "t3"]);
    let hidden = read(RICH, "tool_use", ReasoningView::Exclude).unwrap();
    assert!(!hidden.choices.contains("Hm.") && !hidden.choices.contains("AAAA"));
    assert_eq!(hidden.replay(), answer.replay());
}

#[test]
fn the_answer_tool_is_unwrapped() {
    let call =
        r#"{"toolUse":{"toolUseId":"t","name":"model_router_json_answer","input":{"a": 1}}}"#;
    let answer = read(call, "tool_use", ReasoningView::Include).unwrap();
    insta::assert_snapshot!(answer.choices, @r#""choices":[{"index":0,"message":{"role":"assistant","content":"{\"a\": 1}","refusal":null},"logprobs":null,"finish_reason":"stop","native_finish_reason":"tool_use"}]"#);
}

#[test]
fn every_stop_reason() {
    let finish = |stop: &str| {
        let answer = read(r#"{"text":"x"}"#, stop, ReasoningView::Include);
        answer
            .map(|answer| answer.finish().as_str())
            .map_err(|fault| fault.class)
    };
    for (native, expected) in [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("guardrail_intervened", "content_filter"),
        ("content_filtered", "content_filter"),
        ("something_new", "stop"),
    ] {
        assert_eq!(finish(native), Ok(expected), "{native}");
    }
    for broken in ["malformed_model_output", "malformed_tool_use"] {
        assert_eq!(finish(broken), Err(FaultClass::ModelOutput), "{broken}");
    }
}

#[test]
fn what_is_no_answer_is_the_providers_fault() {
    for body in [
        "",
        "{}",
        "[]",
        "\"x\"",
        "{\"stopReason\":\"end_turn\"}",
        "<html>",
    ] {
        let fault = decode_answer(Dialect::Bedrock, body.as_bytes(), ReasoningView::Include);
        assert_eq!(fault.unwrap_err().class, FaultClass::Malformed, "{body}");
    }
    let nothing = br#"{"output":{"message":{"content":[]}},"stopReason":"end_turn"}"#;
    let fault = decode_answer(Dialect::Bedrock, nothing, ReasoningView::Include);
    assert_eq!(fault.unwrap_err().class, FaultClass::Empty);
    assert!(read("", "max_tokens", ReasoningView::Include).is_ok());
}
