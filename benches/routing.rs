//! What choosing costs: candidates and ranking of the shipped catalog, in every direction. To hold:
//! 20 µs for 39 models. And what the tiers cost, which `auto` asks for each request: the same for a
//! thousand models as for those of the shipped catalog.
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
use model_router::routing::{
    Choice, Ended, Live, Observation, Observed, Standing, TierPrices, candidates, grid,
};
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

/// The shipped catalog, and so many models more.
fn enlarged(models: usize) -> Catalog {
    let row = |n: usize| {
        let tier = Tier::ALL[n % 3].as_str();
        format!(
            "[[model]]\nid = \"more-{n}\"\nprovider = \"openai\"\nupstream = \"more-{n}\"\ntier = \"{tier}\"\n\
             context_window = 131072\nmax_output = 8192\nprice = {{ input = 0.1, output = 0.4 }}\n\
             abilities = []\nquality = 0.5\nttft_ms = 300\ntokens_per_s = 80\n"
        )
    };
    let more = Layer {
        name: "more".to_owned(),
        text: (0..models).map(row).collect(),
    };
    Catalog::load(&[Layer::builtin(), more]).unwrap()
}

fn tier_prices(c: &mut Criterion) {
    let today = date!(2025 - 12 - 01);
    let prior = |model: &Model| Live::prior(model, Standing::Flowing);
    let mut group = c.benchmark_group("prices of tiers");
    for more in [0, 1_000] {
        let catalog = enlarged(more);
        let size = catalog.models().len();
        let prepared = TierPrices::of(&catalog, today, &prior);
        group.bench_function(BenchmarkId::new("for a request", size), |b| {
            b.iter(|| prepared.prices(black_box(Prefer::Balanced), black_box(&[])));
        });
        group.bench_function(BenchmarkId::new("prepared", size), |b| {
            b.iter(|| TierPrices::of(black_box(&catalog), today, &prior));
        });
    }
    group.finish();
}

criterion_group!(benches, routing, tier_prices);
criterion_main!(benches);
