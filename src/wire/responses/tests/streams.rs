//! Streams, whole and cut at every byte.

use proptest::prelude::*;

use super::super::super::{Envelope, Event, FaultClass, Finish, ReasoningView, StreamDecoder};
use crate::catalog::{Dialect, ModelId, ProviderName};
use crate::wire::stream_tests::{self, chunk_json};

fn decode(pieces: &[&[u8]], view: ReasoningView) -> Vec<Event> {
    stream_tests::decode(Dialect::Responses, pieces, view)
}

fn events(body: &str) -> Vec<Event> {
    decode(&[body.as_bytes()], ReasoningView::Include)
}

/// What the caller sees, with the events that are not for him in brackets.
fn show(events: &[Event]) -> String {
    let mut out = String::new();
    for event in events {
        let line = match event {
            Event::Chunk(chunk) => {
                let json = chunk_json(chunk);
                let json = json.split_once("\"p\",").unwrap().1;
                format!("{:?} {} {json}", chunk.weight, chunk.text_bytes)
            }
            Event::Replay(replay) => format!("[replay {:?} {}]", replay.call_ids, replay.details),
            Event::Usage(reported) => format!(
                "[usage {} {}]",
                reported.usage.prompt_tokens, reported.usage.completion_tokens
            ),
            Event::Fault(fault) => {
                format!("[{:?} {:?} {}]", fault.class, fault.code, fault.message)
            }
            Event::Alive => "[alive]".into(),
            Event::Skipped => "[skipped]".into(),
            Event::Done => "[done]".into(),
        };
        out.push_str(&line);
        out.push('\n');
    }
    out
}

fn class(events: &[Event]) -> Option<FaultClass> {
    match events.last() {
        Some(Event::Fault(fault)) => Some(fault.class),
        Some(
            Event::Chunk(_)
            | Event::Alive
            | Event::Usage(_)
            | Event::Replay(_)
            | Event::Skipped
            | Event::Done,
        )
        | None => None,
    }
}

/// Events as the API frames them.
fn sse(events: &[&str]) -> String {
    events
        .iter()
        .map(|data| {
            let kind = serde_json::from_str::<serde_json::Value>(data).unwrap()["type"]
                .as_str()
                .unwrap()
                .to_owned();
            format!("event: {kind}\ndata: {data}\n\n")
        })
        .collect()
}

const CREATED: &str = r#"{"type":"response.created","response":{"id":"resp_1","status":"in_progress","output":[]},"sequence_number":0}"#;
const COMPLETED: &str = r#"{"type":"response.completed","response":{"id":"resp_1","status":"completed","error":null,"output":[],"usage":{"input_tokens":50,"input_tokens_details":{"cached_tokens":8},"output_tokens":40,"output_tokens_details":{"reasoning_tokens":16},"total_tokens":90}}}"#;

/// Reasoning, text and two calls whose fragments interleave.
fn rich() -> String {
    sse(&[
        CREATED,
        r#"{"type":"keepalive","sequence_number":1}"#,
        r#"{"type":"response.output_item.added","output_index":0,"item":{"id":"rs_1","type":"reasoning","summary":[]}}"#,
        r#"{"type":"response.reasoning_summary_part.added","output_index":0,"summary_index":0,"part":{"type":"summary_text","text":""}}"#,
        r#"{"type":"response.reasoning_summary_text.delta","output_index":0,"summary_index":0,"delta":"On","obfuscation":"x"}"#,
        r#"{"type":"response.reasoning_summary_text.delta","output_index":0,"summary_index":0,"delta":"e"}"#,
        r#"{"type":"response.reasoning_summary_part.added","output_index":0,"summary_index":1,"part":{"type":"summary_text","text":""}}"#,
        r#"{"type":"response.reasoning_summary_text.delta","output_index":0,"summary_index":1,"delta":"two"}"#,
        r#"{"type":"response.output_item.done","output_index":0,"item":{"id":"rs_1","type":"reasoning","summary":[{"type":"summary_text","text":"One"},{"type":"summary_text","text":"two"}],"encrypted_content":"gAAA\u003d"}}"#,
        r#"{"type":"response.output_item.added","output_index":1,"item":{"id":"msg_1","type":"message","role":"assistant","content":[]}}"#,
        r#"{"type":"response.content_part.added","output_index":1,"content_index":0,"part":{"type":"output_text","text":""}}"#,
        r#"{"type":"response.output_text.delta","output_index":1,"content_index":0,"delta":"Caf\u00e9 "}"#,
        r#"{"type":"response.output_text.delta","output_index":1,"content_index":0,"delta":"☕"}"#,
        r#"{"type":"response.output_text.annotation.added","output_index":1,"annotation":{"type":"url_citation","start_index":0,"end_index":4,"url":"https://a.b","title":"t"}}"#,
        r#"{"type":"response.output_item.done","output_index":1,"item":{"id":"msg_1","type":"message","content":[{"type":"output_text","text":"Café ☕","annotations":[]}]}}"#,
        r#"{"type":"response.output_item.added","output_index":2,"item":{"id":"fc_1","type":"function_call","call_id":"call_1","name":"f","arguments":""}}"#,
        r#"{"type":"response.output_item.added","output_index":3,"item":{"id":"fc_2","type":"function_call","call_id":"call_2","name":"g","arguments":""}}"#,
        r#"{"type":"response.function_call_arguments.delta","output_index":2,"item_id":"fc_1","delta":"{\"a\""}"#,
        r#"{"type":"response.function_call_arguments.delta","output_index":3,"item_id":"fc_2","delta":"{}"}"#,
        r#"{"type":"response.function_call_arguments.delta","output_index":2,"item_id":"fc_1","delta":":1}"}"#,
        r#"{"type":"response.function_call_arguments.done","output_index":2,"item_id":"fc_1","arguments":"{\"a\":1}"}"#,
        r#"{"type":"response.output_item.done","output_index":2,"item":{"id":"fc_1","type":"function_call","call_id":"call_1","name":"f","arguments":"{\"a\":1}"}}"#,
        r#"{"type":"response.output_item.done","output_index":3,"item":{"id":"fc_2","type":"function_call","call_id":"call_2","name":"g","arguments":"{}"}}"#,
        r#"{"type":"response.new_thing","output_index":4}"#,
        COMPLETED,
    ])
}

#[test]
fn a_rich_stream() {
    let body = rich();
    insta::assert_snapshot!(show(&events(&body)));
    let hidden = decode(&[body.as_bytes()], ReasoningView::Exclude);
    let shown = show(&hidden);
    assert!(shown.contains("[replay"));
    assert!(!shown.contains("reasoning_content") && !shown.contains("reasoning_details\":"));
}

/// Chunks added up to a message, to be compared with the whole answer.
fn added_up(events: &[Event]) -> serde_json::Value {
    let id = "gen_00000000000000000000000001".parse().unwrap();
    let envelope = Envelope::new(id, 1, &ModelId::new("m"), &ProviderName::new("p"));
    let (mut text, mut thought, mut details) = (String::new(), String::new(), Vec::new());
    let mut calls: Vec<serde_json::Value> = Vec::new();
    for event in events {
        let Event::Chunk(chunk) = event else { continue };
        let mut frame = Vec::new();
        envelope.chunk(chunk, &mut frame);
        let frame: serde_json::Value = serde_json::from_slice(&frame["data: ".len()..]).unwrap();
        let delta = &frame["choices"][0]["delta"];
        text.push_str(delta["content"].as_str().unwrap_or_default());
        thought.push_str(delta["reasoning_content"].as_str().unwrap_or_default());
        details.extend(
            delta["reasoning_details"]
                .as_array()
                .cloned()
                .unwrap_or_default(),
        );
        for call in delta["tool_calls"].as_array().cloned().unwrap_or_default() {
            let at = usize::try_from(call["index"].as_u64().unwrap()).unwrap();
            if call["id"].is_string() {
                assert_eq!(at, calls.len());
                calls.push(serde_json::json!([
                    call["id"],
                    call["function"]["name"],
                    ""
                ]));
            }
            let so_far = calls[at][2].as_str().unwrap().to_owned();
            let more = call["function"]["arguments"].as_str().unwrap_or_default();
            calls[at][2] = (so_far + more).into();
        }
    }
    serde_json::json!({"text": text, "thought": thought, "details": details, "calls": calls})
}

#[test]
fn items_without_deltas_are_told_and_equal_the_whole_answer() {
    let whole = super::answers::RICH.replace('\n', " ");
    let response: serde_json::Value = serde_json::from_str(&whole).unwrap();
    let completed = format!(r#"{{"type":"response.completed","response":{whole}}}"#);
    let at_the_end = added_up(&events(&sse(&[CREATED, &completed])));
    let items = response["output"].as_array().unwrap().iter().enumerate();
    let done: Vec<String> = items
        .map(|(index, item)| {
            format!(
                r#"{{"type":"response.output_item.done","output_index":{index},"item":{item}}}"#
            )
        })
        .collect();
    let mut one_by_one = vec![CREATED];
    one_by_one.extend(done.iter().map(String::as_str));
    one_by_one.push(&completed);
    assert_eq!(added_up(&events(&sse(&one_by_one))), at_the_end);
    insta::assert_json_snapshot!(at_the_end);
}

#[test]
fn an_error_event_is_a_fault_before_and_after_content() {
    let quota = r#"{"type":"error","sequence_number":2,"error":{"type":"insufficient_quota","code":"insufficient_quota","message":"You exceeded your current quota.","param":null}}"#;
    let failed = r#"{"type":"response.failed","response":{"id":"r","status":"failed","instructions":"mind the context window","error":{"code":"server_error","message":"The model failed."},"output":[]}}"#;
    assert_eq!(
        class(&events(&sse(&[CREATED, quota, failed]))),
        Some(FaultClass::Quota)
    );
    assert_eq!(
        class(&events(&sse(&[CREATED, failed]))),
        Some(FaultClass::Server)
    );
    let flat = r#"{"type":"error","code":"rate_limit_exceeded","message":"Slow down.","param":null,"sequence_number":1}"#;
    assert_eq!(
        class(&events(&sse(&[CREATED, flat]))),
        Some(FaultClass::RateLimited)
    );
    let text = r#"{"type":"response.output_text.delta","output_index":0,"delta":"Hi"}"#;
    let after = events(&sse(&[CREATED, text, failed]));
    assert!(show(&after).contains("Hi"));
    assert_eq!(class(&after), Some(FaultClass::Server));
    let bare = "{\"error\":{\"message\":\"Overloaded\",\"code\":\"server_error\"}}\n";
    assert_eq!(class(&events(bare)), Some(FaultClass::Server));
}

#[test]
fn an_incomplete_response_is_cut_off() {
    let incomplete = r#"{"type":"response.incomplete","response":{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"output":[],"usage":{"input_tokens":1,"output_tokens":16}}}"#;
    let mut decoder = StreamDecoder::new(Dialect::Responses, ReasoningView::Include);
    let mut out = Vec::new();
    decoder.push(sse(&[CREATED, incomplete]).as_bytes(), &mut out);
    assert!(decoder.finished());
    assert_eq!(
        decoder.finish_reason(),
        Some((Finish::Length, "max_output_tokens"))
    );
    assert_eq!(class(&out), None);
}

#[test]
fn broken_streams_are_faults() {
    let text = r#"{"type":"response.output_text.delta","output_index":0,"delta":"Hi"}"#;
    let malformed = Some(FaultClass::Malformed);
    for body in ["", "<html>no</html>", "data: {broken\n\n"] {
        assert_eq!(class(&events(body)), malformed, "{body}");
    }
    assert_eq!(class(&events(&sse(&[CREATED, text]))), malformed);
    assert_eq!(
        class(&events(&sse(&[CREATED, COMPLETED]))),
        None,
        "billed, so not empty"
    );
    let free = COMPLETED.replace("\"output_tokens\":40", "\"output_tokens\":0");
    assert_eq!(
        class(&events(&sse(&[CREATED, &free]))),
        Some(FaultClass::Empty)
    );
    let one_bad = format!(
        "{}data: {{broken\n\n{}",
        sse(&[CREATED, text]),
        sse(&[COMPLETED])
    );
    let seen = events(&one_bad);
    assert!(show(&seen).contains("[skipped]"));
    assert_eq!(class(&seen), None);
}

#[test]
fn every_cut_gives_the_same_events() {
    let body = rich();
    let whole = show(&events(&body));
    for cut in 0..=body.len() {
        let (head, tail) = body.as_bytes().split_at(cut);
        let cut = decode(&[head, tail], ReasoningView::Include);
        assert_eq!(show(&cut), whole);
    }
}

proptest! {
    #[test]
    fn damaged_bytes_never_panic(at in 0usize..4_000, byte in any::<u8>(), cut in 0usize..4_000) {
        let mut body = rich().into_bytes();
        let len = body.len();
        body[at % len] = byte;
        let (head, tail) = body.split_at(cut % len);
        decode(&[head, tail], ReasoningView::Include);
        let _ = super::super::decode_answer(&body, ReasoningView::Include);
    }

    #[test]
    fn damaged_answers_never_panic(at in 0usize..2_000, byte in 0u8..128) {
        let mut body = super::answers::RICH.as_bytes().to_vec();
        let len = body.len();
        body[at % len] = byte;
        let _ = super::super::decode_answer(&body, ReasoningView::Include);
    }
}
