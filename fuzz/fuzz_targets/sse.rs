//! Server-sent events from arbitrary bytes: where they are cut does not matter.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model_router::wire::sse::{Item, SseDecoder};

fuzz_target!(|data: &[u8]| {
    let Some((&cut, body)) = data.split_first() else {
        return;
    };
    assert_eq!(items([body]), items(body.chunks(usize::from(cut).max(1))));
});

fn items<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut items = Vec::new();
    let mut decoder = SseDecoder::default();
    let mut keep = |item: Item<'_>| match item {
        Item::Event { name, data } => items.push((name.to_vec(), data.to_vec())),
        Item::Stray(line) => items.push((b"stray".to_vec(), line.to_vec())),
    };
    for piece in pieces {
        decoder
            .push(piece, &mut keep)
            .expect("an input is shorter than any limit");
    }
    decoder
        .finish(&mut keep)
        .expect("an input is shorter than any limit");
    items
}
