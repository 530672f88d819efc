//! Streams, whole and cut at every byte.

use proptest::prelude::*;

use crate::catalog::Dialect;
use crate::wire::stream_tests::{self, chunk_json};
use crate::wire::{Event, FaultClass, Finish, ReasoningView, StreamDecoder};

fn decode(pieces: &[&[u8]]) -> Vec<Event> {
    stream_tests::decode(Dialect::Gemini, pieces, ReasoningView::Include)
}

fn show(events: &[Event]) -> String {
    let line = |event: &Event| match event {
        Event::Chunk(chunk) => {
            let json = chunk_json(chunk);
            json.split_once("\"p\",").unwrap().1.to_owned()
        }
        Event::Replay(replay) => format!("[replay {}]", replay.call_ids.join(" ")),
        Event::Usage(reported) => {
            let usage = reported.usage;
            format!(
                "[usage {} {} {}]",
                usage.prompt_tokens, usage.completion_tokens, usage.reasoning_tokens
            )
        }
        Event::Fault(fault) => format!("[fault {:?} {}]", fault.class, fault.message),
        Event::Alive => "[alive]".to_owned(),
        Event::Skipped => "[skipped]".to_owned(),
        Event::Done => "[done]".to_owned(),
    };
    events.iter().map(line).collect::<Vec<_>>().join("\n")
}

const TALK: &str = concat!(
    "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"Hm.\",\"thought\":true}],\"role\":\"model\"},\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":9,\"totalTokenCount\":9},\"responseId\":\"r1\"}\r\n\r\n",
    "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"Caf\u{e9} \u{1F600}\"}]},\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":9,\"candidatesTokenCount\":2,\"thoughtsTokenCount\":3,\"totalTokenCount\":14}}\r\n\r\n",
    "data: {\"usageMetadata\":{\"trafficType\":\"ON_DEMAND\"}}\r\n\r\n",
    "data: {\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"name\":\"f\",\"args\":{\"a\":1}},\"thoughtSignature\":\"c2ln\"},{\"functionCall\":{\"name\":\"g\"}}]},\"finishReason\":\"STOP\"}]}\r\n\r\n",
    "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"\",\"thoughtSignature\":\"bG9vc2U=\"}]},\"finishReason\":\"STOP\",\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":9,\"candidatesTokenCount\":7,\"thoughtsTokenCount\":3,\"totalTokenCount\":19}}\r\n\r\n",
);

#[test]
fn a_stream_with_everything() {
    insta::assert_snapshot!(show(&decode(&[TALK.as_bytes()])));
}

#[test]
fn every_cut_gives_the_same_events() {
    let whole = show(&decode(&[TALK.as_bytes()]));
    for cut in 0..=TALK.len() {
        let (head, tail) = TALK.as_bytes().split_at(cut);
        assert_eq!(show(&decode(&[head, tail])), whole, "cut at {cut}");
    }
    let single: Vec<&[u8]> = TALK.as_bytes().chunks(1).collect();
    assert_eq!(show(&decode(&single)), whole);
}

/// Frames with one candidate whose members are these.
fn frames(candidates: &[&str]) -> String {
    let frame = |candidate: &&str| format!("data: {{\"candidates\":[{{{candidate}}}]}}\n\n");
    candidates.iter().map(frame).collect()
}

const TEXT: &str = r#""content":{"parts":[{"text":"a"}]},"finishReason":"STOP""#;

fn last(body: &str) -> Event {
    decode(&[body.as_bytes()]).pop().unwrap()
}

fn class(body: &str) -> Option<FaultClass> {
    match last(body) {
        Event::Fault(fault) => Some(fault.class),
        Event::Done => None,
        other @ (Event::Chunk(_)
        | Event::Alive
        | Event::Usage(_)
        | Event::Replay(_)
        | Event::Skipped) => panic!("{other:?}"),
    }
}

#[test]
fn the_last_finish_holds() {
    let body = frames(&[TEXT, TEXT, r#""finishReason":"RECITATION""#]);
    let mut decoder = StreamDecoder::new(Dialect::Gemini, ReasoningView::Include);
    let mut out = Vec::new();
    decoder.push(body.as_bytes(), &mut out);
    decoder.finish(&mut out);
    assert_eq!(
        decoder.finish_reason(),
        Some((Finish::ContentFilter, "RECITATION"))
    );
    assert!(matches!(out.last(), Some(Event::Done)));
}

#[test]
fn streams_that_fail() {
    let unfinished = frames(&[r#""content":{"parts":[{"text":"a"}]}"#]);
    assert_eq!(class(&unfinished), Some(FaultClass::Malformed));
    assert_eq!(class(""), Some(FaultClass::Malformed));
    assert_eq!(class("<html>\n"), Some(FaultClass::Malformed));
    assert_eq!(class("data: {oops\n\n"), Some(FaultClass::Malformed));
    assert_eq!(
        class(&frames(&[r#""finishReason":"STOP""#])),
        Some(FaultClass::Empty)
    );
    assert_eq!(
        class(&frames(&[
            r#""finishReason":"MALFORMED_FUNCTION_CALL","finishMessage":"Malformed function call: print(""#
        ])),
        Some(FaultClass::ModelOutput)
    );
    assert_eq!(class(&frames(&[r#""finishReason":"MAX_TOKENS""#])), None);
    let overloaded = "data: {\"error\":{\"code\":503,\"message\":\"The model is overloaded.\",\"status\":\"UNAVAILABLE\"}}\n\n";
    assert_eq!(class(overloaded), Some(FaultClass::Server));
    let limited = "data: {\"error\":{\"code\":429,\"message\":\"Slow down.\",\"status\":\"RESOURCE_EXHAUSTED\"}}\n\n";
    assert_eq!(class(limited), Some(FaultClass::RateLimited));
}

#[test]
fn an_error_in_bare_json_behind_the_frames() {
    let body = format!(
        "{}{{\n  \"error\": {{\n    \"code\": 499,\n    \"message\": \"The operation was cancelled.\",\n    \"status\": \"CANCELLED\"\n  }}\n}}\n",
        frames(&[TEXT])
    );
    insta::assert_snapshot!(show(&decode(&[body.as_bytes()])), @r#"
    "choices":[{"index":0,"delta":{"role":"assistant","content":"a"},"finish_reason":null}]}
    [fault Server The operation was cancelled.]
    "#);
}

#[test]
fn blocked_prompts_end_in_order() {
    let body = "data: {\"promptFeedback\":{\"blockReason\":\"SAFETY\"},\"usageMetadata\":{\"promptTokenCount\":4,\"totalTokenCount\":4}}\n\n";
    insta::assert_snapshot!(show(&decode(&[body.as_bytes()])), @r#"
    [usage 4 0 0]
    "choices":[{"index":0,"delta":{"role":"assistant"},"finish_reason":"content_filter","native_finish_reason":"SAFETY"}]}
    [done]
    "#);
}

#[test]
fn unreadable_frames_are_skipped_within_bounds() {
    let good = frames(&[TEXT]);
    let one = format!("{good}data: {{\"x\n\n{good}");
    assert!(
        decode(&[one.as_bytes()])
            .iter()
            .any(|event| matches!(event, Event::Skipped))
    );
    assert_eq!(class(&one), None);
    let many = format!("{good}{}", "data: {\"x\n\n".repeat(3));
    assert_eq!(class(&many), Some(FaultClass::Malformed));
}

proptest! {
    #[test]
    fn damaged_streams_never_panic(at in 0..TALK.len(), byte in any::<u8>(), cut in 0..TALK.len()) {
        let mut bytes = TALK.as_bytes().to_vec();
        bytes[at] = byte;
        let whole = show(&decode(&[&bytes]));
        let (head, tail) = bytes.split_at(cut);
        prop_assert_eq!(show(&decode(&[head, tail])), whole);
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let body = [b"data: ".as_slice(), &bytes, b"\n\n"].concat();
        let mut decoder = StreamDecoder::new(Dialect::Gemini, ReasoningView::Exclude);
        let mut out = Vec::new();
        decoder.push(&body, &mut out);
        decoder.finish(&mut out);
        prop_assert!(decoder.finished());
    }
}
