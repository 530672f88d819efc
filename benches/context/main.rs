//! What counting costs: texts of 4 KiB, 64 KiB and 1 MiB of every kind. To hold: 150 µs for 4 KiB; a
//! prompt of 1 MiB adds at most 5 ms to a request.
#![allow(missing_docs, reason = "a program of its own")]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use model_router::catalog::Encoding;
use model_router::routing::context::{Need, Prompt};

const SIZES: [usize; 3] = [4 << 10, 64 << 10, 1 << 20];
const ENGLISH: &str = include_str!("../../ARCHITECTURE.md");
const CODE: &str = include_str!("../../src/http/relay.rs");
const JSON: &str = r#"{"id": 4711, "price": 12.5, "tags": ["new", "blue"], "ok": true, "at": "2026-01-31T12:00:00Z"},
"#;
const CHINESE: &str =
    "模型路由器在许多提供商前面提供一个兼容的接口。它按层级选择模型，出现故障时切换，并精确计费。";
const EMOJI: &str = "🚀🎉👩‍👩‍👧‍👦🇨🇭🏳️‍🌈😀🥳🤖🧪📦🔒✨";

/// A name, and a text of so many bytes.
type Kind = (&'static str, fn(usize) -> String);

/// So many bytes of a text, over and over.
fn repeated(text: &str, bytes: usize) -> String {
    let mut out = text.repeat(bytes / text.len() + 1);
    out.truncate(out.floor_char_boundary(bytes));
    out
}

/// Characters of base64 without a pattern.
fn base64(bytes: usize) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut state = 1_u64;
    std::iter::repeat_with(|| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let digit = usize::try_from(state >> 58).unwrap_or(0);
        char::from(DIGITS.get(digit).copied().unwrap_or(b'A'))
    })
    .take(bytes)
    .collect()
}

fn count(criterion: &mut Criterion) {
    let kinds: [Kind; 8] = [
        ("english", |bytes| repeated(ENGLISH, bytes)),
        ("code", |bytes| repeated(CODE, bytes)),
        ("json", |bytes| repeated(JSON, bytes)),
        ("chinese", |bytes| repeated(CHINESE, bytes)),
        ("base64", base64),
        ("emoji", |bytes| repeated(EMOJI, bytes)),
        ("one_letter", |bytes| "a".repeat(bytes)),
        ("spaces", |bytes| " ".repeat(bytes)),
    ];
    let mut group = criterion.benchmark_group("context");
    for bytes in SIZES {
        group.throughput(Throughput::Bytes(bytes as u64));
        for (kind, text) in kinds {
            let text = text(bytes);
            group.bench_function(BenchmarkId::new(kind, bytes), |bencher| {
                let mut round = 0_u64;
                bencher.iter(|| {
                    // Another account each time: what was counted before would only be looked up.
                    round += 1;
                    let account = round.to_string();
                    let prompt = Prompt {
                        account: &account,
                        texts: vec![black_box(&*text).into()],
                        messages: 1,
                        ..Prompt::default()
                    };
                    Need::of(&prompt, &[Encoding::O200k], None)
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, count);
criterion_main!(benches);
