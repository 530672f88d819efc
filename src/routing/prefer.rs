//! Ranking for cheap, fast, balanced, quality and coding.

use std::cmp::Ordering;

use super::candidates::Candidate;
use super::live::Live;
use crate::catalog::{Prefer, Weights};

/// Expected seconds to the end of an answer: time to first token + output ÷ speed.
pub fn expected_seconds(live: &Live, output_tokens: u64) -> f64 {
    #[allow(
        clippy::cast_precision_loss,
        reason = "token counts are far below 2^52"
    )]
    let output = output_tokens as f64;
    live.ttft_p50_ms / 1000.0 + output / live.tokens_per_s.max(1.0)
}

/// One request in so many that rank by speed measures a model of which nothing recent is known.
const EXPLORE_EVERY: u64 = 20;
/// A model is worth a measurement while it counts for less than one recent answer.
const UNMEASURED: f64 = 0.5;
/// It must not be expected to take longer than this many times the best.
const WORTH_A_TRY: f64 = 3.0;

/// Lets one in twenty requests that rank by speed go first to the model of which least is known, so
/// that one that is new or has recovered is measured at all. The same `turn` gives the same order.
pub fn explore(pool: &mut [Candidate], prefer: Prefer, turn: u64) {
    if prefer != Prefer::Fast || turn % EXPLORE_EVERY != EXPLORE_EVERY - 1 {
        return;
    }
    let Some(best) = pool.first().map(|candidate| candidate.seconds) else {
        return;
    };
    let unmeasured = pool.iter().enumerate().filter(|(_, candidate)| {
        candidate.live.samples < UNMEASURED && candidate.seconds <= best * WORTH_A_TRY
    });
    let least = unmeasured.min_by(|(_, a), (_, b)| a.live.samples.total_cmp(&b.live.samples));
    if let Some((place, _)) = least {
        pool[..=place].rotate_right(1);
    }
}

/// Scores every candidate and sorts best first. Ties: lower expected charge, then catalog order.
pub fn rank(pool: &mut [Candidate], prefer: Prefer, weights: &Weights) {
    let scores = match prefer {
        Prefer::Cheap => pool.iter().map(|c| -usd(c)).collect(),
        Prefer::Fast => pool.iter().map(|c| -c.seconds).collect(),
        Prefer::Quality => pool
            .iter()
            .map(|c| c.model.quality.unwrap_or(0.0))
            .collect(),
        // A model without a coding score ranks after all that have one.
        Prefer::Coding => pool
            .iter()
            .map(|c| c.model.coding.unwrap_or(-1.0))
            .collect(),
        Prefer::Balanced => balanced(pool, weights),
    };
    for (candidate, score) in pool.iter_mut().zip::<Vec<f64>>(scores) {
        candidate.score = score;
    }
    pool.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| tie(a, b, prefer)));
}

/// `cheap` breaks ties by quality, the others by cost.
fn tie(a: &Candidate, b: &Candidate, prefer: Prefer) -> Ordering {
    let by_cost = a.charge().cmp(&b.charge());
    match prefer {
        Prefer::Cheap => by_cost.then_with(|| {
            let quality = |c: &Candidate| c.model.quality.unwrap_or(0.0);
            quality(b).total_cmp(&quality(a))
        }),
        Prefer::Fast | Prefer::Balanced | Prefer::Quality | Prefer::Coding => by_cost,
    }
}

/// The weighted sum of quality, cost and speed, each brought to 0…1 over the pool.
fn balanced(pool: &[Candidate], weights: &Weights) -> Vec<f64> {
    let quality = normalised(pool.iter().map(|c| c.model.quality.unwrap_or(0.0)));
    let cost = normalised(pool.iter().map(log_cost));
    let seconds = normalised(pool.iter().map(|c| c.seconds.max(0.001).ln()));
    quality
        .iter()
        .zip(cost.iter().zip(&seconds))
        .map(|(q, (c, s))| {
            weights.quality * q + weights.cost * (1.0 - c) + weights.speed * (1.0 - s)
        })
        .collect()
}

/// Logarithm of the expected charge; free is a hundred-thousandth of a cent, not minus infinity.
fn log_cost(candidate: &Candidate) -> f64 {
    usd(candidate).max(1e-7).ln()
}

/// The expected charge in US dollars: it ranks, and never bills.
#[allow(
    clippy::cast_precision_loss,
    reason = "exact up to 9,007 dollars, and only compared"
)]
fn usd(candidate: &Candidate) -> f64 {
    candidate.charge().get() as f64 / 1e12
}

/// Min–max normalisation; a pool of equals is all zeros.
fn normalised(values: impl Iterator<Item = f64> + Clone) -> Vec<f64> {
    let low = values.clone().fold(f64::INFINITY, f64::min);
    let high = values.clone().fold(f64::NEG_INFINITY, f64::max);
    let span = high - low;
    values
        .map(|v| if span > 0.0 { (v - low) / span } else { 0.0 })
        .collect()
}
