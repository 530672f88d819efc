//! What counts as content, and what goes out together.

use bytes::Bytes;
use futures_util::stream;

use super::*;
use crate::wire::ReasoningView;

/// A stream that has said this and ended.
fn stream_of(body: &'static str) -> LiveStream {
    let bytes = stream::iter([Ok(Bytes::from_static(body.as_bytes()))]);
    stream_from(bytes.boxed())
}

fn stream_from(bytes: Bytestream) -> LiveStream {
    LiveStream {
        bytes,
        decoder: StreamDecoder::new(Dialect::OpenAi, ReasoningView::Include),
        events: Vec::new(),
        idle: Duration::from_secs(60),
        deadline: Instant::now() + Duration::from_secs(60),
    }
}

async fn begin(body: &'static str) -> (Result<(), FaultClass>, Option<Usage>) {
    let mut stream = stream_of(body);
    let deadline = stream.deadline;
    let begun = stream.await_content(deadline).await;
    (begun.map_err(|fault| fault.class), stream.usage_so_far())
}

#[actix_web::test]
async fn only_what_a_caller_can_read_is_content() {
    const ROLE: &str = r#"data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}

"#;
    const SEALED: &str = r#"data: {"choices":[{"index":0,"delta":{"reasoning_details":[{"type":"reasoning.encrypted","data":"b3BhcXVl"}]}}]}

"#;
    const THOUGHT: &str = r#"data: {"choices":[{"index":0,"delta":{"reasoning_details":[{"type":"reasoning.text","text":"Hm"}]}}]}

"#;
    const TEXT: &str = r#"data: {"choices":[{"index":0,"delta":{"content":"Hi"}}]}

"#;
    for silent in [": ping\n\n", ROLE, SEALED] {
        assert_eq!(
            begin(silent).await.0,
            Err(FaultClass::Malformed),
            "{silent}"
        );
    }
    for content in [THOUGHT, TEXT] {
        assert_eq!(begin(content).await.0, Ok(()), "{content}");
    }
}

const WORD: &[u8] = br#"data: {"choices":[{"index":0,"delta":{"content":"a"}}]}

"#;

fn words(events: &[Event]) -> usize {
    let is_word = |event: &&Event| matches!(event, Event::Chunk(_));
    events.iter().filter(is_word).count()
}

#[actix_web::test]
async fn what_has_come_goes_out_together_and_nothing_is_waited_for() {
    let three = stream::iter((0..3).map(|_| Ok(Bytes::from_static(WORD))));
    let mut stream = stream_from(three.chain(stream::pending()).boxed());
    let events = stream.next().await.unwrap();
    assert_eq!((events.len(), words(&events)), (3, 3));
    assert!(stream.next().now_or_never().is_none());
}

#[actix_web::test]
async fn an_end_that_has_come_is_told_with_what_came_before() {
    let mut stream =
        stream_from(stream::iter((0..2).map(|_| Ok(Bytes::from_static(WORD)))).boxed());
    let events = stream.next().await.unwrap();
    assert_eq!(words(&events), 2);
    assert!(matches!(events.last(), Some(Event::Fault(_))), "{events:?}");
    assert!(stream.next().await.is_none());
}

#[actix_web::test]
async fn a_fast_upstream_cannot_hold_its_words_back_for_ever() {
    let endless = stream::repeat_with(|| Ok(Bytes::from_static(WORD)));
    let mut stream = stream_from(endless.boxed());
    let words = words(&stream.next().await.unwrap());
    let bytes = words * WORD.len();
    assert!(bytes < GATHERED_BYTES + WORD.len(), "{bytes}");
    assert!(words > 100, "{words}");
}

#[actix_web::test]
async fn what_was_counted_before_a_failure_is_not_lost() {
    let (begun, counted) = begin(
        r#"data: {"choices":[],"usage":{"prompt_tokens":11,"completion_tokens":0,"total_tokens":11}}

data: {"error":{"message":"overloaded","type":"server_error"}}

"#,
    )
    .await;
    assert_eq!(begun, Err(FaultClass::Server));
    assert_eq!(counted.map(|usage| usage.prompt_tokens), Some(11));
}
