//! What each piece of a request's way costs in time. `make bench-check` counts the same pieces in instructions.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "a broken fixture ends the bench where it is used"
)]

#[path = "../wire/fixtures.rs"]
mod fixtures;
mod list;
mod stock;
mod trace;

use criterion::{Criterion, criterion_group, criterion_main};
use model_router::spans::Source;

fn pieces(c: &mut Criterion) {
    let mut stock = stock::Stock::new();
    let (span, source) = (trace::span(), Source::default());
    let mut group = c.benchmark_group("pieces");
    for (name, piece) in list::PIECES {
        group.bench_function(*name, |b| b.iter(|| piece(&mut stock)));
    }
    group.bench_function("trace", |b| b.iter(|| trace::trace(&span, &source)));
    group.finish();
}

criterion_group!(benches, pieces);
criterion_main!(benches);
