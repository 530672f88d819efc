//! Streams, whole and cut at every byte.

use proptest::prelude::*;

use super::super::super::{Event, FaultClass, Finish, ReasoningView, Weight};
use crate::catalog::Dialect;
use crate::wire::stream_tests::{self, chunk_json};

fn decode(pieces: &[&[u8]], view: ReasoningView) -> Vec<Event> {
    stream_tests::decode(Dialect::OpenAi, pieces, view)
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

const OPENAI: &str = r#"data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"gpt","service_tier":"default","usage":null,"choices":[{"index":0,"delta":{"role":"assistant","content":null},"logprobs":null,"finish_reason":null}],"obfuscation":"x"}

data: {"id":"c1","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_a","type":"function","function":{"name":"f","arguments":""}}]},"finish_reason":null}],"obfuscation":"yy"}

data: {"id":"c1","choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"call_b","type":"function","function":{"name":"g","arguments":""}}]},"finish_reason":null}]}

data: {"id":"c1","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"type":"function","function":{"arguments":"{\"é\":"}}]},"finish_reason":null}]}

data: {"id":"c1","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_a","function":{"name":"f","arguments":"1}"}}]},"finish_reason":null}]}

data: {"id":"c1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null}

data: {"id":"c1","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":4,"total_tokens":13},"obfuscation":"z"}

data: [DONE]

"#;

#[test]
fn openai_parallel_tool_calls() {
    insta::assert_snapshot!(show(&events(OPENAI)));
}

#[test]
fn every_cut_gives_the_same_events() {
    let whole = show(&events(OPENAI));
    for cut in 0..=OPENAI.len() {
        let (head, tail) = OPENAI.as_bytes().split_at(cut);
        assert_eq!(
            show(&decode(&[head, tail], ReasoningView::Include)),
            whole,
            "cut at {cut}"
        );
    }
    let single: Vec<_> = OPENAI.as_bytes().chunks(1).collect();
    assert_eq!(show(&decode(&single, ReasoningView::Include)), whole);
}

const GROQ: &str = r#"data: {"id":"g","choices":[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}],"x_groq":{"id":"r"}}

data: {"id":"g","choices":[{"index":0,"delta":{"reasoning":"Hm\n","channel":"analysis"},"finish_reason":null}]}

data: {"id":"g","choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}]}

data: {"id":"g","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"x_groq":{"id":"r","usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}},"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}}

data: [DONE]

"#;

#[test]
fn groq_reasoning_shown_and_hidden() {
    insta::assert_snapshot!("groq_shown", show(&events(GROQ)));
    insta::assert_snapshot!(
        "groq_hidden",
        show(&decode(&[GROQ.as_bytes()], ReasoningView::Exclude))
    );
}

#[test]
fn cerebras_and_xai_leave_out_what_is_null() {
    insta::assert_snapshot!(show(&events(
        r#"data: {"id":"x","choices":[{"delta":{"reasoning_content":"2","role":"assistant"},"index":0}],"usage":{"prompt_tokens":1,"completion_tokens":1}}

data: {"id":"x","choices":[{"delta":{"content":"4","role":"assistant"}}]}

data: {"id":"x","choices":[{"delta":{"role":"assistant"},"finish_reason":"length"}],"time_info":{"queue_time":0.1}}

data: {"id":"x","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":9,"completion_tokens_details":{"reasoning_tokens":6}}}
"#
    )));
}

#[test]
fn a_whole_call_in_one_delta_without_index_and_id() {
    insta::assert_snapshot!(show(&events(
        r#"data: {"choices":[{"delta":{"role":"assistant","tool_calls":[{"function":{"arguments":"{\"a\":1}","name":"f"},"id":"","type":"function"},{"function":{"name":"g"}}]},"finish_reason":"stop","index":0}]}

data: [DONE]
"#
    )));
}

#[test]
fn parallel_calls_that_all_have_index_zero_are_told_apart() {
    let events = events(
        r#"data: {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]}}]}

data: {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"b","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"tool_calls"}]}
"#,
    );
    let shown = show(&events);
    assert!(
        shown.contains(r#"{"index":0,"id":"a""#) && shown.contains(r#"{"index":1,"id":"b""#),
        "{shown}"
    );
}

#[test]
fn choices_keep_their_own_state() {
    let events = events(
        r#"data: {"choices":[{"index":1,"delta":{"content":"b"}}]}

data: {"choices":[{"index":0,"delta":{"role":"assistant","content":"a"}},{"index":1,"delta":{"role":"assistant"},"finish_reason":"stop"}]}

data: {"choices":[{"index":0,"delta":{},"finish_reason":"length"}]}

data: [DONE]
"#,
    );
    insta::assert_snapshot!(show(&events), @r#"
    Content 1 "choices":[{"index":1,"delta":{"role":"assistant","content":"b"},"finish_reason":null}]}
    Content 1 "choices":[{"index":0,"delta":{"role":"assistant","content":"a"},"finish_reason":null},{"index":1,"delta":{},"finish_reason":"stop","native_finish_reason":"stop"}]}
    Nothing 0 "choices":[{"index":0,"delta":{},"finish_reason":"length","native_finish_reason":"length"}]}
    [done]
    "#);
}

#[test]
fn errors_inside_a_stream() {
    let good = r#"data: {"choices":[{"index":0,"delta":{"content":"a"}}]}"#;
    let failed = |tail: &str| class(&events(&format!("{good}\n\n{tail}")));
    let groq = "event: error\ndata: {\"error\":{\"message\":\"m\",\"code\":\"tool_use_failed\",\"status_code\":400}}\n\n";
    assert_eq!(failed(groq), Some(FaultClass::ModelOutput));
    assert_eq!(
        failed("data: {\"error\":{\"message\":\"Overloaded\",\"type\":\"overloaded_error\"}}\n\n"),
        Some(FaultClass::Server)
    );
    assert_eq!(
        failed("data: {\"code\":\"x\",\"error\":\"used all available credits\"}\n\n"),
        Some(FaultClass::Quota)
    );
    let pretty = "{\n  \"error\": {\n    \"message\": \"slow down\",\n    \"code\": \"rate_limit_exceeded\"\n  }\n}\n";
    assert_eq!(failed(pretty), Some(FaultClass::RateLimited));
    assert_eq!(class(&events(pretty)), Some(FaultClass::RateLimited));
    let both = r#"data: {"error":{"code":502,"message":"Bad gateway"},"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}]}"#;
    assert_eq!(failed(both), Some(FaultClass::Server));
}

#[test]
fn early_ends_garbage_and_empty_streams() {
    let good = r#"data: {"choices":[{"index":0,"delta":{"content":"a"}}]}"#;
    let malformed = Some(FaultClass::Malformed);
    assert_eq!(class(&events("")), malformed);
    assert_eq!(class(&events(&format!("{good}\n\n"))), malformed);
    assert_eq!(
        class(&events(&format!("{good}\n\ndata: [DONE]\n\n"))),
        malformed
    );
    assert_eq!(class(&events("data: nonsense\n\n")), malformed);
    assert_eq!(class(&events("<html>\n<p>hello\n")), malformed);
    let three = format!("{good}\n\ndata: {{\n\ndata: 7\n\ndata: {{\"choices\":3}}\n\n");
    assert_eq!(class(&events(&three)), malformed);
    let two = format!(
        "{good}\n\ndata: {{\n\ndata: \u{fffd}\n\n{good}\n\ndata: {{\"choices\":[{{\"finish_reason\":\"stop\"}}]}}\n\n"
    );
    assert_eq!(class(&events(&two)), None);
    let empty = "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    assert_eq!(class(&events(empty)), Some(FaultClass::Empty));
    assert_eq!(class(&events(&empty.replace("stop", "length"))), None);
}

#[test]
fn pretty_printed_data_stays_in_one_frame() {
    let events = events(
        "data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\ndata: \"logprobs\":{\ndata: \"x\":1},\"finish_reason\":\"stop\"}]}\n\n",
    );
    let [Event::Chunk(chunk), Event::Done] = &events[..] else {
        panic!("{events:?}");
    };
    assert_eq!(
        (chunk.weight, chunk.finish),
        (Weight::Content, Some(Finish::Stop))
    );
    assert!(
        !show(&events)
            .trim_end()
            .strip_suffix("[done]")
            .unwrap()
            .trim_end()
            .contains('\n')
    );
}

proptest! {
    #[test]
    fn damaged_streams_never_panic(at in 0..OPENAI.len(), byte in any::<u8>(), cut in 0..OPENAI.len()) {
        let mut bytes = OPENAI.as_bytes().to_vec();
        bytes[at] = byte;
        let (head, tail) = bytes.split_at(cut);
        let whole = decode(&[&bytes], ReasoningView::Include);
        prop_assert_eq!(show(&decode(&[head, tail], ReasoningView::Include)), show(&whole));
    }
}
