//! Streams: the same as whole answers, however they are cut, and their failures.

use proptest::prelude::*;

use super::super::super::eventstream::tests::{event, frame};
use super::super::super::{Event, FaultClass, ReasoningView};
use crate::catalog::Dialect;
use crate::wire::stream_tests;

fn decode(pieces: &[&[u8]], view: ReasoningView) -> Vec<String> {
    let events = stream_tests::decode(Dialect::Bedrock, pieces, view);
    events.iter().filter_map(shown).collect()
}

fn shown(event: &Event) -> Option<String> {
    Some(match event {
        Event::Chunk(chunk) => {
            let choices = chunk
                .members
                .strip_prefix(r#""choices":[{"index":0,"delta":"#);
            choices.unwrap_or(&chunk.members).to_owned()
        }
        Event::Alive => return None,
        Event::Usage(reported) => {
            let usage = reported.usage;
            format!("usage {} {}", usage.prompt_tokens, usage.completion_tokens)
        }
        Event::Replay(replay) => format!("replay {:?} {}", replay.call_ids, replay.details),
        Event::Skipped => "skipped".to_owned(),
        Event::Fault(fault) => {
            format!("fault {:?} {:?} {}", fault.class, fault.code, fault.message)
        }
        Event::Done => "done".to_owned(),
    })
}

fn delta(index: u8, delta: &str) -> Vec<u8> {
    let payload = format!(r#"{{"contentBlockIndex":{index},"delta":{delta},"p":"abc"}}"#);
    event("contentBlockDelta", &payload)
}

fn call(index: u8, id: &str, name: &str) -> Vec<u8> {
    let payload = format!(
        r#"{{"contentBlockIndex":{index},"start":{{"toolUse":{{"toolUseId":"{id}","name":"{name}"}}}}}}"#
    );
    event("contentBlockStart", &payload)
}

fn stop(index: u8) -> Vec<u8> {
    event(
        "contentBlockStop",
        &format!(r#"{{"contentBlockIndex":{index}}}"#),
    )
}

fn start() -> Vec<u8> {
    event("messageStart", r#"{"role":"assistant","p":"ab"}"#)
}

fn end(reason: &str) -> Vec<u8> {
    event("messageStop", &format!(r#"{{"stopReason":"{reason}"}}"#))
}

fn usage() -> Vec<u8> {
    event(
        "metadata",
        r#"{"metrics":{"latencyMs":1},"usage":{"inputTokens":6,"outputTokens":9,"cacheReadInputTokens":100}}"#,
    )
}

fn rich() -> Vec<u8> {
    [
        start(),
        delta(0, r#"{"reasoningContent":{"text":"Hm"}}"#),
        delta(0, r#"{"reasoningContent":{"text":"."}}"#),
        delta(0, r#"{"reasoningContent":{"signature":"sig=="}}"#),
        stop(0),
        delta(1, r#"{"reasoningContent":{"redactedContent":"AAAA"}}"#),
        stop(1),
        delta(2, r#"{"text":""}"#),
        delta(2, r#"{"text":"Let é"}"#),
        delta(2, r#"{"citation":{"title":"t"}}"#),
        stop(2),
        event(
            "contentBlockStart",
            r#"{"contentBlockIndex":3,"start":{"toolUse":{"toolUseId":"s","name":"search","type":"server_tool_use"}}}"#,
        ),
        delta(3, r#"{"toolUse":{"input":"{}"}}"#),
        stop(3),
        event(
            "contentBlockStart",
            r#"{"contentBlockIndex":4,"start":{"toolResult":{"toolUseId":"s"}}}"#,
        ),
        delta(4, r#"{"toolResult":[{"text":"hidden"}]}"#),
        stop(4),
        event("somethingNew", "{}"),
        call(5, "a", "f"),
        delta(5, r#"{"toolUse":{"input":"{\"x\":"}}"#),
        delta(5, r#"{"toolUse":{"input":"1}"}}"#),
        stop(5),
        call(6, "a", "g"),
        stop(6),
        end("tool_use"),
        usage(),
    ]
    .concat()
}

#[test]
fn a_rich_stream() {
    let events = decode(&[&rich()], ReasoningView::Include);
    insta::assert_snapshot!(events.join("\n"), @r#"
    {"role":"assistant","reasoning_content":"Hm"},"finish_reason":null}]
    {"reasoning_content":"."},"finish_reason":null}]
    {"reasoning_details":[{"type":"reasoning.text","text":"Hm.","signature":"sig==","format":"bedrock-converse-v1"}]},"finish_reason":null}]
    {"reasoning_details":[{"type":"reasoning.encrypted","data":"AAAA","format":"bedrock-converse-v1"}]},"finish_reason":null}]
    {"content":"Let é"},"finish_reason":null}]
    {"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}]},"finish_reason":null}]
    {"tool_calls":[{"index":0,"function":{"arguments":"{\"x\":"}}]},"finish_reason":null}]
    {"tool_calls":[{"index":0,"function":{"arguments":"1}"}}]},"finish_reason":null}]
    {"tool_calls":[{"index":1,"id":"call_1","type":"function","function":{"name":"g","arguments":""}}]},"finish_reason":null}]
    usage 106 9
    {"tool_calls":[{"index":1,"function":{"arguments":"{}"}}]},"finish_reason":null}]
    {},"finish_reason":"tool_calls","native_finish_reason":"tool_use"}]
    replay ["a", "call_1"] [{"type":"reasoning.text","text":"Hm.","signature":"sig==","format":"bedrock-converse-v1"},{"type":"reasoning.encrypted","data":"AAAA","format":"bedrock-converse-v1"}]
    done
    "#);
}

#[test]
fn every_cut_gives_the_same_events() {
    let bytes = rich();
    let whole = decode(&[&bytes], ReasoningView::Include);
    for cut in 0..=bytes.len() {
        let (head, tail) = bytes.split_at(cut);
        assert_eq!(
            decode(&[head, tail], ReasoningView::Include),
            whole,
            "cut at {cut}"
        );
    }
    let hidden = decode(&[&bytes], ReasoningView::Exclude).join("\n");
    assert!(!hidden.contains("reasoning_content") && hidden.contains("replay"));
}

#[test]
fn the_answer_tool_is_text() {
    let bytes = [
        start(),
        call(0, "t", "model_router_json_answer"),
        delta(0, r#"{"toolUse":{"input":"{\"a\""}}"#),
        delta(0, r#"{"toolUse":{"input":":1}"}}"#),
        stop(0),
        end("tool_use"),
        usage(),
    ]
    .concat();
    insta::assert_snapshot!(decode(&[&bytes], ReasoningView::Include).join("\n"), @r#"
    {"role":"assistant","content":"{\"a\""},"finish_reason":null}]
    {"content":":1}"},"finish_reason":null}]
    usage 106 9
    {},"finish_reason":"stop","native_finish_reason":"tool_use"}]
    done
    "#);
}

/// What a stream of these frames ends with.
fn ending(frames: &[Vec<u8>]) -> String {
    decode(&[&frames.concat()], ReasoningView::Include)
        .pop()
        .unwrap()
}

#[test]
fn failures_keep_their_class() {
    let exception = |name: &str, message: &str| {
        let headers = [(":message-type", "exception"), (":exception-type", name)];
        frame(&headers, &format!(r#"{{"message":"{message}"}}"#))
    };
    let text = delta(0, r#"{"text":"x"}"#);
    for (name, message, class) in [
        (
            "throttlingException",
            "Too many tokens, please wait",
            FaultClass::RateLimited,
        ),
        (
            "modelStreamErrorException",
            "unexpected",
            FaultClass::Server,
        ),
        ("serviceUnavailableException", "unable", FaultClass::Server),
        ("internalServerException", "x", FaultClass::Server),
        ("modelTimeoutException", "x", FaultClass::Timeout),
        (
            "validationException",
            "Input is too long",
            FaultClass::ContextLength,
        ),
        ("validationException", "wrong", FaultClass::Caller),
        ("newException", "x", FaultClass::Server),
    ] {
        let expected = format!("fault {class:?} Some({name:?}) {message}");
        assert_eq!(ending(&[start(), exception(name, message)]), expected);
        assert_eq!(
            ending(&[start(), text.clone(), exception(name, message)]),
            expected
        );
    }
    let error = [
        (":message-type", "error"),
        (":error-code", "X"),
        (":error-message", "bad"),
    ];
    assert_eq!(
        ending(&[frame(&error, "")]),
        r#"fault Server Some("X") bad"#
    );
    let broken = [start(), end("malformed_tool_use"), usage()];
    assert!(ending(&broken).starts_with("fault ModelOutput"));
}

#[test]
fn ends_early_late_and_empty() {
    let text = delta(0, r#"{"text":"x"}"#);
    assert!(ending(&[]).starts_with("fault Malformed"));
    assert!(ending(&[start(), text.clone()]).starts_with("fault Malformed"));
    assert_eq!(ending(&[start(), text.clone(), end("end_turn")]), "done");
    assert!(ending(&[start(), end("end_turn")]).starts_with("fault Empty"));
    assert_eq!(ending(&[start(), end("max_tokens"), usage()]), "done");
    assert_eq!(
        ending(&[start(), end("guardrail_intervened"), usage()]),
        "done"
    );
    let mut cut = usage();
    cut.truncate(20);
    assert_eq!(
        ending(&[start(), text.clone(), end("end_turn"), cut.clone()]),
        "done"
    );
    assert!(ending(&[start(), text, cut]).starts_with("fault Malformed"));
}

#[test]
fn single_unreadable_events_are_skipped() {
    let bad = event("contentBlockDelta", r#"{"delta":"#);
    let text = delta(0, r#"{"text":"x"}"#);
    let once = [start(), bad.clone(), text, end("end_turn"), usage()].concat();
    let events = decode(&[&once], ReasoningView::Include);
    assert_eq!(
        (events[0].as_str(), events.last().unwrap().as_str()),
        ("skipped", "done")
    );
    assert!(ending(std::slice::from_ref(&bad)).starts_with("fault Malformed"));
    assert!(ending(&[start(), bad.clone(), bad.clone(), bad]).starts_with("fault Malformed"));
}

proptest! {
    #[test]
    fn damaged_bytes_never_panic(at in 0_usize..2_000, byte in any::<u8>(), cut in 0_usize..2_000) {
        let mut bytes = rich();
        let at = at % bytes.len();
        bytes[at] = byte;
        let (head, tail) = bytes.split_at(cut % bytes.len());
        decode(&[head, tail], ReasoningView::Include);
    }

    #[test]
    fn any_payload_never_panics(name in "contentBlock(Start|Delta|Stop)|messageStop|metadata", payload in r#"[{}\[\]":,a-z0-9]{0,40}"#) {
        decode(&[&[start(), event(&name, &payload)].concat()], ReasoningView::Include);
    }
}
