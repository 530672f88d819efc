//! Arbitrary bytes as a stream and as an answer of Bedrock: read or refused, never a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model_router::catalog::Dialect;
use model_router::wire::{ReasoningView, StreamDecoder, decode_answer};

fuzz_target!(|bytes: &[u8]| {
    let mut decoder = StreamDecoder::new(Dialect::Bedrock, ReasoningView::Include);
    let mut events = Vec::new();
    let (head, tail) = bytes.split_at(bytes.len() / 2);
    decoder.push(head, &mut events);
    decoder.push(tail, &mut events);
    decoder.finish(&mut events);
    let _ = decode_answer(Dialect::Bedrock, bytes, ReasoningView::Exclude);
});
