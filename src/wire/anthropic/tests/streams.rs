//! Streams, whole and cut at every byte.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::super::{Event, FaultClass, Finish, ReasoningView, decode_answer};
use crate::catalog::Dialect;
use crate::wire::stream_tests::{self, chunk_json};

/// A thoughtful stream with two calls, one of them without arguments, and noise.
const RICH: &str = r#"event: message_start
data: {"type":"message_start","message":{"model":"m","id":"msg_1","type":"message","role":"assistant","content":[],"stop_reason":null,"usage":{"input_tokens":9,"cache_read_input_tokens":5,"output_tokens":1}}   }

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}

event: ping
data: {"type": "ping"}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Zwei \"Städte\"","estimated_tokens":null}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"c2ln"}}

event: content_block_stop
data: {"type":"content_block_stop","index":0}

event: content_block_start
data: {"type":"content_block_start","index":1,"content_block":{"type":"redacted_thinking","data":"c2VjcmV0"}}

event: content_block_stop
data: {"type":"content_block_stop","index":1}

event: content_block_start
data: {"type":"content_block_start","index":2,"content_block":{"type":"text","text":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":2,"delta":{"type":"text_delta","text":"Ich schaue 🌍."}}

event: content_block_delta
data: {"type":"content_block_delta","index":2,"delta":{"type":"citations_delta","citation":{}}}

event: content_block_stop
data: {"type":"content_block_stop","index":2}

event: content_block_start
data: {"type":"content_block_start","index":3,"content_block":{"type":"server_tool_use","id":"s","name":"web","input":{}}}

event: content_block_delta
data: {"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":"{\"q\":1}"}}

event: content_block_stop
data: {"type":"content_block_stop","index":3}

event: content_block_start
data: {"type":"content_block_start","index":4,"content_block":{"type":"tool_use","id":"toolu_1","name":"get","input":{},"caller":{"type":"direct"}}}

event: content_block_delta
data: {"type":"content_block_delta","index":4,"delta":{"type":"input_json_delta","partial_json":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":4,"delta":{"type":"input_json_delta","partial_json":"{\"city\": \"R"}}

event: content_block_delta
data: {"type":"content_block_delta","index":4,"delta":{"type":"input_json_delta","partial_json":"ome\"}"}}

event: content_block_stop
data: {"type":"content_block_stop","index":4}

event: content_block_start
data: {"type":"content_block_start","index":5,"content_block":{"type":"tool_use","id":"toolu_2","name":"now","input":{}}}

event: content_block_delta
data: {"type":"content_block_delta","index":5,"delta":{"type":"input_json_delta","partial_json":""}}

event: content_block_stop
data: {"type":"content_block_stop","index":5}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":40,"output_tokens_details":{"thinking_tokens":7}}}

event: message_stop
data: {"type":"message_stop"}

"#;

fn decode(pieces: &[&[u8]], view: ReasoningView) -> Vec<Event> {
    stream_tests::decode(Dialect::Anthropic, pieces, view)
}

fn events(body: &str) -> Vec<Event> {
    decode(&[body.as_bytes()], ReasoningView::Include)
}

/// What the caller sees, with the events that are not for him in brackets.
fn show(events: &[Event]) -> String {
    let mut lines = Vec::new();
    for event in events {
        lines.push(match event {
            Event::Chunk(chunk) => {
                let json = chunk_json(chunk);
                let json = json.split_once("\"choices\":").unwrap().1;
                format!("{:?} {} {json}", chunk.weight, chunk.text_bytes)
            }
            Event::Replay(replay) => format!("[replay {:?}]", replay.call_ids),
            Event::Usage(reported) => {
                let usage = reported.usage;
                format!(
                    "[usage {} {} {}]",
                    usage.prompt_tokens, usage.completion_tokens, usage.reasoning_tokens
                )
            }
            Event::Fault(fault) => {
                format!("[{:?} {:?} {}]", fault.class, fault.code, fault.message)
            }
            Event::Alive => continue,
            Event::Skipped => "[skipped]".into(),
            Event::Done => "[done]".into(),
        });
    }
    lines.join("\n")
}

fn class(events: &[Event]) -> Option<FaultClass> {
    let mut faults = events.iter().filter_map(|event| match event {
        Event::Fault(fault) => Some(fault.class),
        Event::Chunk(_)
        | Event::Alive
        | Event::Usage(_)
        | Event::Replay(_)
        | Event::Skipped
        | Event::Done => None,
    });
    faults.next_back()
}

/// The message that a client assembles.
fn assembled(events: &[Event]) -> Value {
    let mut message =
        json!({"content": "", "reasoning_content": "", "reasoning_details": [], "tool_calls": []});
    for event in events {
        let Event::Chunk(chunk) = event else { continue };
        let chunk: Value = serde_json::from_str(&format!("{{{}}}", chunk.members)).unwrap();
        let delta = &chunk["choices"][0]["delta"];
        for field in ["content", "reasoning_content"] {
            let text = format!(
                "{}{}",
                message[field].as_str().unwrap(),
                delta[field].as_str().unwrap_or("")
            );
            message[field] = json!(text);
        }
        for detail in delta["reasoning_details"].as_array().into_iter().flatten() {
            message["reasoning_details"]
                .as_array_mut()
                .unwrap()
                .push(detail.clone());
        }
        for call in delta["tool_calls"].as_array().into_iter().flatten() {
            let calls = message["tool_calls"].as_array_mut().unwrap();
            let at = usize::try_from(call["index"].as_u64().unwrap()).unwrap();
            if at == calls.len() {
                calls.push(
                    json!({"id": call["id"], "name": call["function"]["name"], "arguments": ""}),
                );
            }
            let text = format!(
                "{}{}",
                calls[at]["arguments"].as_str().unwrap(),
                call["function"]["arguments"].as_str().unwrap_or("")
            );
            calls[at]["arguments"] = json!(text);
        }
    }
    message
}

#[test]
fn a_rich_stream() {
    insta::assert_snapshot!("stream", show(&events(RICH)));
}

#[test]
fn streaming_says_what_the_whole_says() {
    let whole = json!({"id": "msg_1", "content": [
        {"type": "thinking", "thinking": "Zwei \"Städte\"", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "c2VjcmV0"},
        {"type": "text", "text": "Ich schaue 🌍."},
        {"type": "server_tool_use", "id": "s", "name": "web", "input": {"q": 1}},
        {"type": "tool_use", "id": "toolu_1", "name": "get", "input": "INPUT"},
        {"type": "tool_use", "id": "toolu_2", "name": "now", "input": {}}], "stop_reason": "tool_use",
        "usage": {"input_tokens": 9, "cache_read_input_tokens": 5, "output_tokens": 40}});
    let whole = whole
        .to_string()
        .replace("\"INPUT\"", "{\"city\": \"Rome\"}");
    let answer =
        decode_answer(Dialect::Anthropic, whole.as_bytes(), ReasoningView::Include).unwrap();
    let said: Value = serde_json::from_str(&format!("{{{}}}", answer.choices)).unwrap();
    let said = &said["choices"][0]["message"];
    let streamed = events(RICH);
    let message = assembled(&streamed);
    for field in ["content", "reasoning_content", "reasoning_details"] {
        assert_eq!(message[field], said[field], "{field}");
    }
    for (call, whole) in message["tool_calls"]
        .as_array()
        .unwrap()
        .iter()
        .zip(said["tool_calls"].as_array().unwrap())
    {
        assert_eq!(call["id"], whole["id"]);
        assert_eq!(call["arguments"], whole["function"]["arguments"]);
    }
    let replay = streamed.iter().find_map(|event| match event {
        Event::Replay(replay) => Some(replay),
        Event::Chunk(_)
        | Event::Alive
        | Event::Usage(_)
        | Event::Skipped
        | Event::Fault(_)
        | Event::Done => None,
    });
    assert_eq!(replay, answer.replay());
}

#[test]
fn cut_anywhere_the_stream_says_the_same() {
    let whole = show(&events(RICH));
    for cut in 0..RICH.len() {
        let (head, tail) = RICH.as_bytes().split_at(cut);
        assert_eq!(
            show(&decode(&[head, tail], ReasoningView::Include)),
            whole,
            "{cut}"
        );
    }
    let bytes: Vec<&[u8]> = RICH.as_bytes().chunks(1).collect();
    assert_eq!(show(&decode(&bytes, ReasoningView::Include)), whole);
    let with_returns = RICH.replace('\n', "\r\n");
    assert_eq!(show(&events(&with_returns)), whole);
}

#[test]
fn broken_off_anywhere_it_is_no_whole_answer() {
    for end in (0..RICH.find("event: message_delta").unwrap()).step_by(7) {
        let events = decode(&[&RICH.as_bytes()[..end]], ReasoningView::Include);
        assert_eq!(class(&events), Some(FaultClass::Malformed), "{end}");
    }
}

#[test]
fn errors_inside_a_stream() {
    let start = RICH.split_once("event: content_block_start").unwrap().0;
    let error = |kind: &str| {
        format!(
            "event: error\ndata: {{\"type\":\"error\",\"error\":{{\"type\":\"{kind}\",\"message\":\"m\"}}}}\n\n"
        )
    };
    for (kind, expected) in [
        ("overloaded_error", FaultClass::Server),
        ("api_error", FaultClass::Server),
        ("rate_limit_error", FaultClass::RateLimited),
        ("invalid_request_error", FaultClass::Caller),
    ] {
        assert_eq!(
            class(&events(&format!("{start}{}", error(kind)))),
            Some(expected),
            "{kind}"
        );
        assert_eq!(class(&events(&error(kind))), Some(expected), "{kind}");
    }
    let bare = format!(
        "{start}{{\n \"error\": {{\n \"type\": \"rate_limit_error\",\n \"message\": \"m\" }}\n}}\n"
    );
    assert_eq!(class(&events(&bare)), Some(FaultClass::RateLimited));
}

#[test]
fn odd_streams() {
    let stream = |middle: &str, stop: &str| {
        events(&format!(
            "data: {{\"type\":\"message_start\",\"message\":{{\"usage\":{{\"input_tokens\":1,\"output_tokens\":1}}}}}}\n\n{middle}\
             data: {{\"type\":\"message_delta\",\"delta\":{{\"stop_reason\":\"{stop}\"}},\"usage\":{{\"output_tokens\":3}}}}\n\n\
             data: {{\"type\":\"message_stop\"}}\n\n"
        ))
    };
    let last_finish = |events: &[Event]| {
        let mut chunks = events.iter().filter_map(|event| match event {
            Event::Chunk(chunk) => chunk.finish,
            Event::Alive
            | Event::Usage(_)
            | Event::Replay(_)
            | Event::Skipped
            | Event::Fault(_)
            | Event::Done => None,
        });
        chunks.next_back()
    };
    // An empty turn is a turn.
    assert_eq!(last_finish(&stream("", "end_turn")), Some(Finish::Stop));
    // A block whose start was lost, three unreadable events, an unknown event, an early whole input.
    let text = "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"a\"}}\n\n";
    assert_eq!(assembled(&stream(text, "max_tokens"))["content"], "a");
    assert_eq!(class(&stream("data: {\n\ndata: 7\n\n", "end_turn")), None);
    assert_eq!(
        class(&stream("data: {\n\ndata: 7\n\ndata: {\n\n", "end_turn")),
        Some(FaultClass::Malformed)
    );
    assert_eq!(
        class(&stream("data: {\"type\":\"new\"}\n\n", "end_turn")),
        None
    );
    let whole = "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"tool_use\",\"id\":\"\",\"name\":\"f\",\"input\":{\"a\":1}}}\n\n";
    let events = stream(whole, "end_turn");
    assert_eq!(
        assembled(&events)["tool_calls"][0]["arguments"],
        "{\"a\":1}"
    );
    assert_eq!(last_finish(&events), Some(Finish::ToolCalls));
    // The answer to a schema.
    let answer = whole
        .replace("\"f\"", "\"model_router_answer\"")
        .replace("{\"a\":1}", "{}")
        + "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"b\\\":2}\"}}\n\n";
    let events = stream(&answer, "tool_use");
    assert_eq!(
        (&assembled(&events)["content"], last_finish(&events)),
        (&json!("{\"b\":2}"), Some(Finish::Stop))
    );
}

proptest! {
    #[test]
    fn damaged_streams_never_panic(at in 0..RICH.len(), byte in any::<u8>(), cut in 0..RICH.len()) {
        let mut bytes = RICH.as_bytes().to_vec();
        bytes[at] = byte;
        let (head, tail) = bytes.split_at(cut);
        let whole = decode(&[&bytes], ReasoningView::Include);
        prop_assert_eq!(show(&decode(&[head, tail], ReasoningView::Include)), show(&whole));
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = decode(&[&bytes], ReasoningView::Exclude);
        let _ = decode_answer(Dialect::Anthropic, &bytes, ReasoningView::Include);
    }
}
