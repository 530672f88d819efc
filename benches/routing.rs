//! What choosing costs: candidates and ranking of the shipped catalog, in every direction. To hold:
//! 20 µs for 39 models.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "a broken fixture ends the bench where it is used"
)]

use std::collections::HashMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use model_router::catalog::{Catalog, Layer, Model, ModelId, Prefer, Tier};
use model_router::routing::{Choice, Ended, Observation, Observed, Standing, candidates, grid};
use time::macros::date;

/// Every model with a history, as in a router that has run for a while.
fn observed(catalog: &Catalog, now: Instant) -> HashMap<ModelId, Observed> {
    let seen = Observation::streamed(Duration::from_millis(400), Duration::from_secs(3), 300);
    let history = |model: &Model| {
        let mut observed = Observed::new(now);
        (0..20).for_each(|_| observed.record(Ended::Measured(seen), now));
        (model.id.clone(), observed)
    };
    catalog
        .models()
        .iter()
        .map(|model| history(model))
        .collect()
}

fn routing(c: &mut Criterion) {
    let catalog = Catalog::load(&[Layer::builtin()]).unwrap();
    let now = Instant::now();
    let known = observed(&catalog, now);
    let later = now + Duration::from_secs(7);
    let live = |model: &Model| known[&model.id].live(model, Standing::Flowing, later);
    let mut group = c.benchmark_group("candidates");
    for prefer in Prefer::ALL {
        let choice = Choice::tier(Tier::Standard, prefer);
        let ask = grid::typical(choice, date!(2025 - 12 - 01));
        let id = BenchmarkId::from_parameter(prefer.as_str());
        group.bench_with_input(id, &ask, |b, ask| {
            b.iter(|| candidates(&catalog, black_box(ask), &catalog.weights(), &live));
        });
    }
    group.finish();
}

criterion_group!(benches, routing);
criterion_main!(benches);
