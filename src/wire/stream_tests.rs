//! What the stream tests of all dialects share: a body played in pieces, and a chunk as it is sent.

use super::{Chunk, Envelope, Event, ReasoningView, StreamDecoder};
use crate::catalog::{Dialect, ModelId, ProviderName};

/// Every event of a body that comes in these pieces and then ends.
pub(super) fn decode(dialect: Dialect, pieces: &[&[u8]], view: ReasoningView) -> Vec<Event> {
    let mut decoder = StreamDecoder::new(dialect, view);
    let mut out = Vec::new();
    for piece in pieces {
        decoder.push(piece, &mut out);
    }
    decoder.finish(&mut out);
    assert!(decoder.finished());
    out
}

/// The JSON of a chunk's frame, from provider `p`; it must be one line.
pub(super) fn chunk_json(chunk: &Chunk) -> String {
    let id = "gen_00000000000000000000000001".parse().unwrap();
    let envelope = Envelope::new(id, 1, &ModelId::new("m"), &ProviderName::new("p"));
    let mut frame = Vec::new();
    envelope.chunk(chunk, &mut frame);
    let frame = String::from_utf8(frame).unwrap();
    let json = frame.strip_prefix("data: ").unwrap().trim_end();
    assert!(
        serde_json::from_str::<serde::de::IgnoredAny>(json).is_ok(),
        "{json}"
    );
    assert!(!json.contains('\n'));
    json.to_owned()
}
