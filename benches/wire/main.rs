//! What translation costs: a 64 KiB request and its answer, and a streamed answer, in every dialect
//! that is spoken. To hold: 300 µs for a request with its answer, 200,000 chunks a second.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "a broken fixture ends the bench where it is used"
)]

mod fixtures;

use std::hint::black_box;

use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use model_router::catalog::{Catalog, Dialect, Layer, Model, ModelId, Provider, ProviderName};
use model_router::ids::GenerationId;
use model_router::wire::{
    ChatRequest, Context, Envelope, Event, ReasoningView, StreamDecoder, decode_answer, dialect_of,
    encode_chat, speaks,
};

const DIALECTS: [Dialect; 5] = [
    Dialect::OpenAi,
    Dialect::Responses,
    Dialect::Anthropic,
    Dialect::Gemini,
    Dialect::Bedrock,
];
/// What one read of a connection brings.
const READ_BYTES: usize = 8 * 1024;

/// A model of the built-in catalog that is asked in `dialect`.
fn model(catalog: &Catalog, dialect: Dialect) -> Option<(&Model, &Provider)> {
    let pairs = catalog.models().iter().filter_map(|model| {
        let provider = catalog.provider(&model.provider)?;
        Some((&**model, &**provider))
    });
    let mut spoken = pairs.filter(|(model, _)| speaks(dialect, model.endpoint));
    spoken.find(|(model, provider)| dialect_of(provider, model) == dialect)
}

/// Decodes a stream and writes what the caller gets; returns the number of chunks.
fn translate(dialect: Dialect, body: &[u8], envelope: &Envelope) -> usize {
    let mut decoder = StreamDecoder::new(dialect, ReasoningView::Include);
    let (mut events, mut out, mut chunks) = (Vec::new(), Vec::new(), 0);
    for piece in body.chunks(READ_BYTES) {
        decoder.push(piece, &mut events);
        for event in events.drain(..) {
            if let Event::Chunk(chunk) = event {
                envelope.chunk(&chunk, &mut out);
                chunks += 1;
            }
        }
        black_box(&out);
        out.clear();
    }
    decoder.finish(&mut events);
    chunks
}

fn whole(c: &mut Criterion) {
    let catalog = Catalog::load(&[Layer::builtin()]).unwrap();
    let text = Bytes::from(fixtures::request());
    c.bench_function("parse a 64 KiB request", |b| {
        b.iter(|| ChatRequest::parse(black_box(text.clone())).unwrap());
    });
    let parsed = ChatRequest::parse(text.clone()).unwrap();
    let mut group = c.benchmark_group("encode a 64 KiB request, decode its answer");
    for dialect in DIALECTS {
        let Some((model, provider)) = model(&catalog, dialect) else {
            continue;
        };
        let body = fixtures::answer(dialect);
        group.bench_function(BenchmarkId::from_parameter(format!("{dialect:?}")), |b| {
            b.iter(|| {
                let sent = encode_chat(&parsed, model, provider, &Context::PLAIN).unwrap();
                black_box(sent);
                decode_answer(dialect, black_box(&body), ReasoningView::Include).unwrap()
            });
        });
    }
    group.finish();
}

fn streams(c: &mut Criterion) {
    let catalog = Catalog::load(&[Layer::builtin()]).unwrap();
    let envelope = Envelope::new(
        GenerationId::new(),
        1_700_000_000,
        &ModelId::new("model"),
        &ProviderName::new("provider"),
    );
    let mut group = c.benchmark_group("translate a stream");
    for dialect in DIALECTS {
        if model(&catalog, dialect).is_none() {
            continue;
        }
        let body = fixtures::stream(dialect);
        let chunks = translate(dialect, &body, &envelope);
        assert!(chunks >= fixtures::PIECES, "{dialect:?}: {chunks} chunks");
        group.throughput(Throughput::Elements(u64::try_from(chunks).unwrap()));
        group.bench_function(BenchmarkId::from_parameter(format!("{dialect:?}")), |b| {
            b.iter(|| translate(dialect, black_box(&body), &envelope));
        });
    }
    group.finish();
}

criterion_group!(benches, whole, streams);
criterion_main!(benches);
