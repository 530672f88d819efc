//! Whole answers.

use super::super::super::{
    Answer, Envelope, Fault, FaultClass, Finish, ReasoningView, UsageBlock, decode_answer,
};
use crate::catalog::{Cost, Dialect, ModelId, ProviderName};
use crate::usage::Usage;

fn decode(body: &str, view: ReasoningView) -> Result<Answer, Fault> {
    decode_answer(Dialect::OpenAi, body.as_bytes(), view)
}

fn show(answer: &Answer) -> String {
    let id = "gen_00000000000000000000000001".parse().unwrap();
    let envelope = Envelope::new(id, 1, &ModelId::new("m"), &ProviderName::new("p"));
    let block = UsageBlock {
        usage: answer
            .usage()
            .map_or(Usage::default(), |reported| reported.usage),
        cost: Cost::default(),
        extra: answer.usage().map(|reported| &reported.extra),
    };
    let body = String::from_utf8(envelope.answer(answer, &block)).unwrap();
    assert!(
        serde_json::from_str::<serde::de::IgnoredAny>(&body).is_ok(),
        "{body}"
    );
    body
}

const GROQ: &str = r#"{"id":"chatcmpl-1","object":"chat.completion","created":9,"model":"openai/gpt-oss-120b","choices":[{"index":0,"message":{"role":"assistant","content":"","reasoning":"Call \"it\".","channel":"analysis","tool_calls":[{"id":"","type":"function","function":{"name":"f","arguments":""}},{"type":"function","id":"fc_2","function":{"name":"g","arguments":{"a":[1]}}}]},"logprobs":null,"finish_reason":"stop"}],"usage":{"queue_time":0.5,"prompt_tokens":10,"completion_tokens":20,"total_tokens":30},"usage_breakdown":null,"system_fingerprint":"fp","x_groq":{"id":"req_1"},"service_tier":"on_demand"}"#;

#[test]
fn groq_reasoning_and_odd_tool_calls() {
    let answer = decode(GROQ, ReasoningView::Include).unwrap();
    assert_eq!(answer.finish(), Finish::ToolCalls);
    assert_eq!(answer.native_finish(), Some("stop"));
    assert_eq!(answer.delivered().text_bytes, 10 + 3 + 10);
    insta::assert_snapshot!(show(&answer));
}

#[test]
fn hidden_reasoning_is_billed_and_not_shown() {
    let answer = decode(GROQ, ReasoningView::Exclude).unwrap();
    assert_eq!(answer.delivered().text_bytes, 10 + 3 + 10);
    let shown = show(&answer);
    for word in ["reasoning_content", "reasoning_details", "Call", "channel"] {
        assert!(!shown.contains(word), "{shown}");
    }
}

#[test]
fn xai_counts_reasoning_beside_the_completion() {
    let body = r#"{"id":"x","choices":[{"index":0,"message":{"role":"assistant","content":"4","reasoning_content":"2+2","refusal":null},"finish_reason":"stop"}],"usage":{"prompt_tokens":401,"completion_tokens":44,"total_tokens":630,"completion_tokens_details":{"reasoning_tokens":185},"cost_in_usd_ticks":12}}"#;
    let answer = decode(body, ReasoningView::Include).unwrap();
    let usage = answer.usage().unwrap().usage;
    assert_eq!(
        (usage.completion_tokens, usage.reasoning_tokens),
        (229, 185)
    );
    insta::assert_snapshot!(show(&answer));
}

#[test]
fn two_choices_legacy_calls_refusals_and_unknown_members() {
    let body = r#"{"choices":[{"message":{"content":"<think>a</think>b","annotations":[],"x":{"y" : 1}},"finish_reason":"eos"},{"index":1,"message":{"role":"assistant","content":null,"function_call":{"name":"f","arguments":"{}"}},"finish_reason":"function_call"},{"index":2,"message":{"role":"assistant","content":null,"refusal":"No."},"finish_reason":"stop"}],"moderation":{"ok":true},"provider":"theirs"}"#;
    let answer = decode(body, ReasoningView::Include).unwrap();
    assert_eq!(answer.usage(), None);
    insta::assert_snapshot!(show(&answer));
}

#[test]
fn an_answer_without_content_is_empty_unless_it_was_paid_for() {
    let body = |finish: &str, usage: &str| {
        format!(
            r#"{{"choices":[{{"index":0,"message":{{"role":"assistant","content":""}},"finish_reason":{finish}}}]{usage}}}"#
        )
    };
    let class = |body: &str| {
        decode(body, ReasoningView::Include)
            .map(|_| ())
            .map_err(|fault| fault.class)
    };
    let usage = |completion: u32| {
        format!(r#","usage":{{"prompt_tokens":1,"completion_tokens":{completion}}}"#)
    };
    assert_eq!(class(&body("\"stop\"", "")), Err(FaultClass::Empty));
    assert_eq!(class(&body("null", "")), Err(FaultClass::Empty));
    assert_eq!(class(&body("\"stop\"", &usage(0))), Err(FaultClass::Empty));
    let empty = decode(&body("\"stop\"", &usage(0)), ReasoningView::Include);
    let billed = empty.unwrap_err().billed.map(|usage| usage.prompt_tokens);
    assert_eq!(billed, Some(1), "the provider bills the input all the same");
    assert_eq!(class(&body("\"stop\"", &usage(3))), Ok(()));
    assert_eq!(class(&body("\"length\"", &usage(0))), Ok(()));
    assert_eq!(class(&body("\"content_filter\"", "")), Ok(()));
    assert_eq!(class(&body("\"error\"", "")), Err(FaultClass::Server));
}

#[test]
fn wrong_shapes_are_faults() {
    let class = |body: &str| decode(body, ReasoningView::Include).unwrap_err().class;
    for body in [
        "",
        "<html>",
        "[]",
        "{}",
        r#"{"choices":{}}"#,
        r#"{"choices":[]}"#,
        r#"{"choices":[7]}"#,
        r#"{"choices":[{"index":0}]}"#,
        r#"{"choices":[{"message":{"tool_calls":[1]}}]}"#,
    ] {
        assert_eq!(class(body), FaultClass::Malformed, "{body}");
    }
    assert_eq!(
        class(r#"{"error":{"message":"Overloaded","code":"server_error"}}"#),
        FaultClass::Server
    );
    assert_eq!(
        class(r#"{"code":"x","error":"Incorrect API key provided."}"#),
        FaultClass::Credential
    );
}
