//! Arbitrary bytes as a stream and as an answer of the Messages API: never a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model_router::catalog::Dialect;
use model_router::wire::{self, ReasoningView, StreamDecoder};

fuzz_target!(|bytes: &[u8]| {
    let mut decoder = StreamDecoder::new(Dialect::Anthropic, ReasoningView::Include);
    let mut events = Vec::new();
    let (head, tail) = bytes.split_at(bytes.len() / 2);
    decoder.push(head, &mut events);
    decoder.push(tail, &mut events);
    decoder.finish(&mut events);
    assert!(decoder.finished());
    let _ = wire::decode_answer(Dialect::Anthropic, bytes, ReasoningView::Include);
});
