//! Whole responses.

use super::super::super::{Answer, Envelope, Fault, FaultClass, Finish, ReasoningView, UsageBlock};
use crate::catalog::{Cost, Dialect, ModelId, ProviderName};
use crate::usage::Usage;

fn decode(body: &str, view: ReasoningView) -> Result<Answer, Fault> {
    super::super::super::decode_answer(Dialect::Responses, body.as_bytes(), view)
}

fn show(answer: &Answer) -> serde_json::Value {
    let id = "gen_00000000000000000000000001".parse().unwrap();
    let envelope = Envelope::new(id, 1, &ModelId::new("m"), &ProviderName::new("p"));
    let block = UsageBlock {
        usage: answer
            .usage()
            .map_or(Usage::default(), |reported| reported.usage),
        cost: Cost::default(),
        extra: answer.usage().map(|reported| &reported.extra),
    };
    serde_json::from_slice(&envelope.answer(answer, &block)).unwrap()
}

/// Every kind of item, unknown ones among them.
pub(super) const RICH: &str = r#"{"id":"resp_1","object":"response","status":"completed","error":null,"output":[
    {"id":"rs_1","type":"reasoning","summary":[{"type":"summary_text","text":"**One**"},{"type":"summary_text","text":"two \"x\""}],"encrypted_content":"gAAA\u003d"},
    {"id":"ws_1","type":"web_search_call","status":"completed","action":{"type":"search"}},
    {"id":"msg_1","type":"message","status":"completed","role":"assistant","content":[
        {"type":"output_text","text":"Look ","annotations":[{"type":"url_citation","start_index":0,"end_index":4,"url":"https://a.b","title":"t"}],"logprobs":[]},
        {"type":"output_text","text":"here.","annotations":[]},{"type":"hologram"}]},
    {"id":"rs_2","type":"reasoning","summary":[],"content":[{"type":"reasoning_text","text":"three"}],"encrypted_content":"gBBB"},
    {"id":"fc_1","type":"function_call","status":"completed","call_id":"call_1","name":"f","arguments":"{\"a\":1}"},
    {"id":"fc_2","type":"function_call","status":"completed","call_id":"call_1","name":"g","arguments":""},
    {"id":"fc_3","type":"function_call","status":"completed","name":"g","arguments":"{}"}],
    "usage":{"input_tokens":50,"input_tokens_details":{"cached_tokens":8},"output_tokens":40,"output_tokens_details":{"reasoning_tokens":16},"total_tokens":90}}"#;

#[test]
fn a_rich_response() {
    let answer = decode(RICH, ReasoningView::Include).unwrap();
    assert_eq!(answer.finish(), Finish::ToolCalls);
    assert_eq!(answer.native_finish(), Some("completed"));
    let replay = answer.replay().unwrap();
    assert_eq!(replay.call_ids.len(), 3);
    assert!(replay.details.contains(r#""data":"gAAA\u003d""#));
    insta::assert_json_snapshot!(show(&answer));
}

#[test]
fn hidden_reasoning_is_billed_kept_and_not_shown() {
    let answer = decode(RICH, ReasoningView::Exclude).unwrap();
    assert!(answer.replay().is_some());
    let message = show(&answer)["choices"][0]["message"].to_string();
    assert!(!message.contains("reasoning") && !message.contains("three"));
    let shown = decode(RICH, ReasoningView::Include).unwrap();
    assert_eq!(answer.delivered(), shown.delivered());
}

#[test]
fn statuses_are_finishes_or_faults() {
    let with = |status: &str, text: &str| {
        format!(
            r#"{{"id":"r","status":{status},"output":[{{"type":"message","content":[{{"type":"output_text","text":"{text}"}}]}}],"usage":null}}"#
        )
    };
    let end = |status: &str, text: &str| {
        decode(&with(status, text), ReasoningView::Include)
            .map(|answer| {
                (
                    answer.finish(),
                    answer.native_finish().unwrap_or_default().to_owned(),
                )
            })
            .map_err(|fault| fault.class)
    };
    let ok = |finish, native: &str| Ok((finish, native.to_owned()));
    assert_eq!(end("\"completed\"", "a"), ok(Finish::Stop, "completed"));
    let cut = r#""incomplete","incomplete_details":{"reason":"max_output_tokens"}"#;
    assert_eq!(end(cut, "a"), ok(Finish::Length, "max_output_tokens"));
    assert_eq!(end(cut, ""), ok(Finish::Length, "max_output_tokens"));
    let filtered = r#""incomplete","incomplete_details":{"reason":"content_filter"}"#;
    assert_eq!(
        end(filtered, ""),
        ok(Finish::ContentFilter, "content_filter")
    );
    assert_eq!(end("\"incomplete\"", "a"), ok(Finish::Length, "incomplete"));
    assert_eq!(end("\"completed\"", ""), Err(FaultClass::Empty));
    assert_eq!(end("\"cancelled\"", "a"), Err(FaultClass::Server));
    assert_eq!(end("\"queued\"", "a"), Err(FaultClass::Server));
    let failed = |code: &str| {
        end(
            &format!(r#""failed","error":{{"code":"{code}","message":"It went wrong."}}"#),
            "a",
        )
    };
    assert_eq!(failed("server_error"), Err(FaultClass::Server));
    assert_eq!(failed("rate_limit_exceeded"), Err(FaultClass::RateLimited));
    assert_eq!(failed("insufficient_quota"), Err(FaultClass::Quota));
    assert_eq!(failed("invalid_prompt"), Err(FaultClass::Policy));
    assert_eq!(failed("invalid_image_url"), Err(FaultClass::Caller));
    assert_eq!(
        failed("image_content_policy_violation"),
        Err(FaultClass::Policy)
    );
    assert_eq!(end("\"failed\"", "a"), Err(FaultClass::Server));
}

#[test]
fn a_refusal_stops() {
    let body = r#"{"id":"r","status":"completed","output":[{"type":"message","content":[{"type":"refusal","refusal":"No."}]}]}"#;
    let answer = decode(body, ReasoningView::Include).unwrap();
    assert_eq!(answer.finish(), Finish::Stop);
    assert_eq!(
        show(&answer)["choices"][0]["message"],
        serde_json::json!({"role": "assistant", "content": null, "refusal": "No."})
    );
}

#[test]
fn wrong_shapes_are_faults() {
    let class = |body: &str| decode(body, ReasoningView::Include).unwrap_err().class;
    for body in [
        "",
        "<html>",
        "[]",
        "{}",
        r#"{"output":{}}"#,
        r#"{"output":[7]}"#,
    ] {
        assert_eq!(class(body), FaultClass::Malformed, "{body}");
    }
    assert_eq!(class(r#"{"output":[]}"#), FaultClass::Empty);
    assert_eq!(
        class(r#"{"error":{"message":"Overloaded","code":"server_error"}}"#),
        FaultClass::Server
    );
}
