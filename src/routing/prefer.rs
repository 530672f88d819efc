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

/// Scores every candidate and sorts best first. Ties: lower expected charge, then catalog order.
pub fn rank(pool: &mut [Candidate], prefer: Prefer, weights: &Weights) {
    let scores = match prefer {
        Prefer::Cheap => pool.iter().map(|c| -c.charge().display_number()).collect(),
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
        Prefer::Cheap => b
            .model
            .quality
            .unwrap_or(0.0)
            .total_cmp(&a.model.quality.unwrap_or(0.0)),
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
    candidate.charge().display_number().max(1e-7).ln()
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
