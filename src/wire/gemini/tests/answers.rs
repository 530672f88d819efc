//! Whole answers.

use super::super::answer::compacted;
use crate::catalog::Dialect;
use crate::wire::{Answer, Fault, FaultClass, Finish, ReasoningView, decode_answer};

fn decode(body: &str) -> Result<Answer, Fault> {
    decode_answer(Dialect::Gemini, body.as_bytes(), ReasoningView::Include)
}

fn ended(reason: &str, parts: &str) -> Result<Answer, Fault> {
    decode(&format!(
        r#"{{"candidates":[{{"content":{{"role":"model","parts":[{parts}]}},"finishReason":"{reason}","index":0}}],"responseId":"r1","usageMetadata":{{"promptTokenCount":5,"candidatesTokenCount":2,"totalTokenCount":7}}}}"#
    ))
}

#[test]
fn text_thoughts_calls_and_signatures() {
    let answer = ended(
        "STOP",
        r#"{"text":"Hm.","thought":true},{"text":"a"},{"text":"b","thoughtSignature":"bG9vc2U="},
           {"executableCode":{"code":"1"}},
           {"functionCall":{"name":"f","args":{
              "q": "a \" b",
              "n": [1, 2]
           }},"thoughtSignature":"c2ln"},
           {"functionCall":{"id":"NPuIwQ0R","name":"g"}},{"functionCall":{}},{"inlineData":{"mimeType":"image/png","data":""}}"#,
    )
    .unwrap();
    insta::assert_snapshot!(answer.choices);
    assert_eq!(answer.finish(), Finish::ToolCalls);
    assert_eq!(answer.replay().unwrap().call_ids.len(), 2);
    let again = ended(
        "STOP",
        r#"{"functionCall":{"name":"f","args":{}}},{"functionCall":{"name":"f","args":{}}}"#,
    )
    .unwrap();
    let ids: Vec<_> = again
        .choices
        .match_indices("call_gm_")
        .map(|(at, _)| &again.choices[at..at + 32])
        .collect();
    assert_eq!(ids.len(), 2);
    assert_ne!(ids[0], ids[1]);
}

#[test]
fn hidden_thoughts_are_still_remembered() {
    let body = r#"{"candidates":[{"content":{"parts":[{"text":"Hm.","thought":true},{"functionCall":{"name":"f","args":{}},"thoughtSignature":"c2ln"}]},"finishReason":"STOP"}]}"#;
    let answer = decode_answer(Dialect::Gemini, body.as_bytes(), ReasoningView::Exclude).unwrap();
    assert!(!answer.choices.contains("reasoning"));
    assert!(answer.replay().unwrap().details.contains("c2ln"));
}

#[test]
fn finish_reasons() {
    let table = [
        ("STOP", Finish::Stop),
        ("FINISH_REASON_UNSPECIFIED", Finish::Stop),
        ("NEVER_HEARD_OF", Finish::Stop),
        ("MAX_TOKENS", Finish::Length),
        ("SAFETY", Finish::ContentFilter),
        ("RECITATION", Finish::ContentFilter),
        ("LANGUAGE", Finish::ContentFilter),
        ("BLOCKLIST", Finish::ContentFilter),
        ("PROHIBITED_CONTENT", Finish::ContentFilter),
        ("SPII", Finish::ContentFilter),
        ("MODEL_ARMOR", Finish::ContentFilter),
        ("OTHER", Finish::Stop),
        ("MALFORMED_FUNCTION_CALL", Finish::Stop),
    ];
    for (native, finish) in table {
        let answer = ended(native, r#"{"text":"a"}"#).unwrap();
        assert_eq!(
            (answer.finish(), answer.native_finish()),
            (finish, Some(native))
        );
    }
    let call = r#"{"functionCall":{"name":"f"}}"#;
    for native in ["STOP", "UNEXPECTED_TOOL_CALL"] {
        assert_eq!(ended(native, call).unwrap().finish(), Finish::ToolCalls);
    }
    for native in [
        "MALFORMED_FUNCTION_CALL",
        "OTHER",
        "UNEXPECTED_TOOL_CALL",
        "MALFORMED_RESPONSE",
    ] {
        let fault = ended(native, "").unwrap_err();
        assert_eq!(fault.class, FaultClass::ModelOutput, "{native}");
        assert!(fault.message.contains(native));
    }
    for native in ["MAX_TOKENS", "SAFETY"] {
        assert!(ended(native, "").is_ok(), "{native}");
    }
}

#[test]
fn blocked_prompts_and_empty_answers() {
    let blocked = decode(r#"{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"},"usageMetadata":{"promptTokenCount":9,"totalTokenCount":9}}"#).unwrap();
    assert_eq!(blocked.finish(), Finish::ContentFilter);
    assert_eq!(blocked.native_finish(), Some("PROHIBITED_CONTENT"));
    assert_eq!(blocked.usage().unwrap().usage.prompt_tokens, 9);
    let wordy =
        decode(r#"{"candidates":[],"promptFeedback":{"blockReasonMessage":"No."}}"#).unwrap();
    assert_eq!(wordy.finish(), Finish::ContentFilter);
    let class = |body: &str| decode(body).unwrap_err().class;
    assert_eq!(
        class(r#"{"candidates":[{"content":{"role":"model"},"finishReason":"STOP"}]}"#),
        FaultClass::Empty
    );
    assert_eq!(class("{}"), FaultClass::Malformed);
    assert_eq!(
        class(r#"{"candidates":[{"content":{"parts":[{"text":"a"}]}}]}"#),
        FaultClass::Malformed
    );
    assert_eq!(class("<html>"), FaultClass::Malformed);
    assert_eq!(class(r#"{"candidates":{}}"#), FaultClass::Malformed);
    assert_eq!(
        class(
            r#"{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}"#
        ),
        FaultClass::Server
    );
}

#[test]
fn an_answer_in_our_own_tool_is_text() {
    let answer = ended(
        "STOP",
        r#"{"functionCall":{"name":"model_router_final_answer","args":{"x":1}}}"#,
    )
    .unwrap();
    assert_eq!(answer.finish(), Finish::Stop);
    assert!(
        answer.choices.contains(r#""content":"{\"x\":1}""#),
        "{}",
        answer.choices
    );
    assert!(!answer.choices.contains("tool_calls"));
}

/// Prompt, cached, completion, reasoning.
fn counts(usage: &str) -> Option<(u64, u64, u64, u64)> {
    let body = format!(
        r#"{{"candidates":[{{"content":{{"parts":[{{"text":"a"}}]}},"finishReason":"STOP"}}],"usageMetadata":{usage}}}"#
    );
    decode(&body).unwrap().usage().map(|reported| {
        let usage = reported.usage;
        (
            usage.prompt_tokens,
            usage.cached_tokens,
            usage.completion_tokens,
            usage.reasoning_tokens,
        )
    })
}

#[test]
fn usage_is_normal() {
    assert_eq!(
        counts(
            r#"{"promptTokenCount":10,"cachedContentTokenCount":4,"candidatesTokenCount":3,"thoughtsTokenCount":20,"toolUsePromptTokenCount":7,"totalTokenCount":40}"#
        ),
        Some((17, 4, 23, 20))
    );
    assert_eq!(
        counts(r#"{"promptTokenCount":10,"thoughtsTokenCount":5,"totalTokenCount":18}"#),
        Some((10, 0, 8, 5))
    );
    assert_eq!(
        counts(r#"{"promptTokenCount":10,"totalTokenCount":12}"#),
        Some((10, 0, 2, 0))
    );
    // An output that came and was not counted is estimated, not free.
    assert_eq!(
        counts(r#"{"promptTokenCount":10,"totalTokenCount":10}"#),
        None
    );
    assert_eq!(counts(r#"{"trafficType":"ON_DEMAND"}"#), None);
    assert_eq!(counts("null"), None);
    assert_eq!(counts(r#"{"candidatesTokenCount":3}"#), Some((0, 0, 3, 0)));
    let nonsense = counts(
        r#"{"promptTokenCount":10,"cachedContentTokenCount":99,"candidatesTokenCount":9223372036854775808,"thoughtsTokenCount":-1}"#,
    );
    assert_eq!(nonsense, Some((10, 10, 1_000_000_000, 0)));
}

#[test]
fn indentation_is_taken_out_of_arguments_only_outside_strings() {
    assert_eq!(
        compacted("{\n  \"a\": \"b \\\" c\\\\\",\n \"d\" : [ ]\n}"),
        r#"{"a":"b \" c\\","d":[]}"#
    );
    assert_eq!(compacted(r#"{ "a": 1 }"#), r#"{ "a": 1 }"#);
}
