//! What all stream targets check.

use model_router::catalog::Dialect;
use model_router::wire::{Event, ReasoningView, StreamDecoder, decode_answer, decode_error};

/// Reads arbitrary bytes as an answer, as an error and as a stream in `dialect`. The first byte says
/// how the stream is cut.
///
/// # Panics
/// When cutting the stream elsewhere changes what the caller gets, when anything follows the end,
/// or when there is no end.
pub fn upstream(dialect: Dialect, data: &[u8]) {
    let Some((&cut, body)) = data.split_first() else {
        return;
    };
    let view = match cut & 1 {
        0 => ReasoningView::Include,
        _ => ReasoningView::Exclude,
    };
    let _ = decode_answer(dialect, body, view);
    let _ = decode_error(dialect, 400, |_| None, body, 0);
    let whole = stream(dialect, view, [body]);
    let len = usize::from(cut / 2).max(1);
    let pieces = stream(dialect, view, body.chunks(len));
    assert_eq!(whole, pieces, "cut every {len} bytes");
}

/// Everything that a stream means, but for signs of life and ids that are made up.
fn stream<'a>(
    dialect: Dialect,
    view: ReasoningView,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Summary {
    let mut decoder = StreamDecoder::new(dialect, view);
    let mut events = Vec::new();
    for piece in pieces {
        if decoder.finished() {
            break;
        }
        decoder.push(piece, &mut events);
    }
    if !decoder.finished() {
        decoder.finish(&mut events);
    }
    assert!(decoder.finished(), "no end");
    let mut summary = Summary {
        text_bytes: decoder.delivered().text_bytes,
        ..Summary::default()
    };
    for event in &events {
        assert!(summary.end.is_none(), "an event after the end");
        match event {
            Event::Chunk(chunk) => {
                summary.chunks += 1;
                summary.finishes += usize::from(chunk.finish.is_some());
            }
            Event::Usage(usage) => summary.usage = Some(format!("{usage:?}")),
            Event::Replay(_) => summary.replays += 1,
            Event::Skipped => summary.skipped += 1,
            Event::Fault(fault) => summary.end = Some(format!("{:?}", fault.class)),
            Event::Done => summary.end = Some("done".to_owned()),
            Event::Alive => {}
        }
    }
    summary
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Summary {
    text_bytes: u64,
    chunks: usize,
    finishes: usize,
    usage: Option<String>,
    replays: usize,
    skipped: usize,
    end: Option<String>,
}
