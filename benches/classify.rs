//! What `auto` costs: reading a request and classifying it. To hold: 8 KB p99 below 100 µs, 100 KB below
//! 1.5 ms. The 99th percentile is printed beside criterion's mean.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a broken fixture ends the bench where it is used"
)]

use std::hint::black_box;
use std::time::Instant;

use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use model_router::http::transcript::transcript;
use model_router::routing::classify::{Circumstances, Conversation, builtin, classify};
use model_router::wire::ChatRequest;
use serde_json::json;

const PROSE: &str = "The scheduler keeps one queue for each worker and steals from the longest when its own is empty. \
    let task = queue.pop().or_else(|| steal(&others))?; Tasks that were cancelled are dropped only when they run, \
    so the length says more than there is to do. Find out why 3 of 400 tasks ran twice, and prove the fix.\n";

fn request(bytes: usize, turns: usize) -> ChatRequest {
    let text: String = PROSE.chars().cycle().take(bytes / turns).collect();
    let turn = |i: usize| {
        let role = if i.is_multiple_of(2) {
            "user"
        } else {
            "assistant"
        };
        json!({ "role": role, "content": text })
    };
    let messages: Vec<_> = (0..turns).map(turn).collect();
    let body = json!({ "model": "auto", "messages": messages });
    ChatRequest::parse(Bytes::from(body.to_string())).unwrap()
}

fn classification(c: &mut Criterion) {
    let model = builtin().unwrap();
    let circumstances = Circumstances::default();
    let judge = |read: &Conversation| classify(&model, read, &circumstances);
    let mut group = c.benchmark_group("classify");
    for (name, bytes, turns) in [
        ("8 KB", 8 << 10, 1),
        ("100 KB", 100 << 10, 1),
        ("100 KB in 50 turns", 100 << 10, 49),
        ("1 MiB", 1 << 20, 1),
        ("1 MiB in 10,000 turns", 1 << 20, 9_999),
    ] {
        let request = request(bytes, turns);
        let read = transcript(&request);
        let mut times: Vec<u128> = (0..2_000)
            .map(|_| {
                let started = Instant::now();
                black_box(judge(black_box(&read)));
                started.elapsed().as_nanos()
            })
            .collect();
        times.sort_unstable();
        println!(
            "{name}: p50 {} µs, p99 {} µs",
            times[1_000] / 1_000,
            times[1_980] / 1_000
        );
        group.bench_function(BenchmarkId::new("verdict", name), |b| {
            b.iter(|| judge(black_box(&read)));
        });
        group.bench_function(BenchmarkId::new("with reading", name), |b| {
            b.iter(|| judge(&transcript(black_box(&request))));
        });
    }
    group.finish();
}

criterion_group!(benches, classification);
criterion_main!(benches);
