//! Ranking for cheap, fast, balanced, quality and coding.

use super::candidates::Candidate;
use super::live::Live;
use super::rank::{Rank, Seconds};
use crate::catalog::{Model, Prefer, Weights};
use crate::money::Picodollars;

/// Expected seconds to the end of an answer: time to first token + output ÷ speed.
pub fn expected_seconds(live: &Live, output_tokens: u64) -> f64 {
    seconds(live.ttft_p50_ms, live.tokens_per_s, output_tokens)
}

/// The same from the two figures that it takes.
#[allow(
    clippy::cast_precision_loss,
    reason = "token counts are far below 2^52"
)]
pub(super) fn seconds(ttft_ms: f64, tokens_per_s: f64, output_tokens: u64) -> f64 {
    ttft_ms / 1000.0 + output_tokens as f64 / tokens_per_s.max(1.0)
}

/// One request in so many that rank by speed measures a model of which nothing recent is known.
const EXPLORE_EVERY: u64 = 20;
/// A model is worth a measurement while it counts for less than one recent answer.
const UNMEASURED: f64 = 0.5;
/// It must not be expected to take longer than this many times the best.
const WORTH_A_TRY: f64 = 3.0;

/// Whether a request measures a model, and not only asks for the fastest one.
pub(super) fn explores(prefer: Prefer, turn: u64) -> bool {
    prefer == Prefer::Fast && turn % EXPLORE_EVERY == EXPLORE_EVERY - 1
}

/// Whether a model is one to measure, when the fastest needs `best` seconds.
pub(super) fn is_worth_a_try(samples: f64, seconds: f64, best: f64) -> bool {
    samples < UNMEASURED && seconds <= best * WORTH_A_TRY
}

/// Lets one in twenty requests that rank by speed go first to the model of which least is known, so
/// that one that is new or has recovered is measured at all. The same `turn` gives the same order.
pub fn explore(pool: &mut [Candidate], prefer: Prefer, turn: u64) {
    if !explores(prefer, turn) {
        return;
    }
    let Some(best) = pool.first().map(|candidate| candidate.seconds) else {
        return;
    };
    let unmeasured = pool
        .iter()
        .enumerate()
        .filter(|(_, candidate)| is_worth_a_try(candidate.live.samples, candidate.seconds, best));
    let least = unmeasured.min_by(|(_, a), (_, b)| a.live.samples.total_cmp(&b.live.samples));
    if let Some((place, _)) = least {
        pool[..=place].rotate_right(1);
    }
}

/// What a model is ranked by for one request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Figures {
    /// Quality score; without one 0.
    pub(super) quality: f64,
    /// Coding score. A model without one ranks after all that have one.
    pub(super) coding: f64,
    /// What the caller is expected to pay.
    pub(super) charge: Picodollars,
    /// Expected to the end of the answer.
    pub(super) seconds: Seconds,
}

impl Figures {
    pub(super) fn of(model: &Model, charge: Picodollars, seconds: Seconds) -> Self {
        Self {
            quality: quality(model),
            coding: coding(model),
            charge,
            seconds,
        }
    }
}

pub(super) fn quality(model: &Model) -> f64 {
    model.quality.unwrap_or(0.0)
}

pub(super) fn coding(model: &Model) -> f64 {
    model.coding.unwrap_or(-1.0)
}

/// The least and the most of every figure that `balanced` brings to 0…1 over the pool.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Scale {
    quality: Extent,
    cost: Extent,
    seconds: Extent,
}

impl Scale {
    /// Over a pool with these least and largest figures.
    pub(super) fn between(low: &Figures, high: &Figures) -> Self {
        Self {
            quality: Extent::between(low.quality, high.quality),
            cost: Extent::between(log_cost(low.charge), log_cost(high.charge)),
            seconds: Extent::between(low.seconds.log(), high.seconds.log()),
        }
    }

    fn of(pool: &[Candidate]) -> Self {
        let mut figures = pool.iter().map(Candidate::figures);
        let Some(first) = figures.next() else {
            return Self::default();
        };
        let (low, high) = figures.fold((first, first), |(low, high), next| {
            (low.least(&next), high.most(&next))
        });
        Self::between(&low, &high)
    }
}

impl Figures {
    pub(super) fn least(self, other: &Self) -> Self {
        Self {
            quality: self.quality.min(other.quality),
            coding: self.coding.min(other.coding),
            charge: self.charge.min(other.charge),
            seconds: self.seconds.min(other.seconds),
        }
    }

    pub(super) fn most(self, other: &Self) -> Self {
        Self {
            quality: self.quality.max(other.quality),
            coding: self.coding.max(other.coding),
            charge: self.charge.max(other.charge),
            seconds: self.seconds.max(other.seconds),
        }
    }
}

/// Min–max normalisation of one figure.
#[derive(Clone, Copy, Debug, Default)]
struct Extent {
    low: f64,
    span: f64,
}

impl Extent {
    fn between(low: f64, high: f64) -> Self {
        let span = high - low;
        Self { low, span }
    }

    /// A pool of equals is all zeros.
    fn share(self, value: f64) -> f64 {
        if self.span > 0.0 {
            (value - self.low) / self.span
        } else {
            0.0
        }
    }
}

/// The score of a model; higher is better. It never falls when a figure gets better.
pub(super) fn score(prefer: Prefer, weights: &Weights, scale: &Scale, figures: &Figures) -> f64 {
    match prefer {
        Prefer::Cheap => -usd(figures.charge),
        Prefer::Fast => -figures.seconds.get(),
        Prefer::Quality => figures.quality,
        Prefer::Coding => figures.coding,
        Prefer::Balanced => {
            let quality = scale.quality.share(figures.quality);
            let cost = scale.cost.share(log_cost(figures.charge));
            let seconds = scale.seconds.share(figures.seconds.log());
            weights.quality * quality
                + weights.cost * (1.0 - cost)
                + weights.speed * (1.0 - seconds)
        }
    }
}

/// Scores every candidate and sorts best first.
pub fn rank(pool: &mut [Candidate], prefer: Prefer, weights: &Weights) {
    let scale = match prefer {
        Prefer::Balanced => Scale::of(pool),
        Prefer::Cheap | Prefer::Fast | Prefer::Quality | Prefer::Coding => Scale::default(),
    };
    for candidate in pool.iter_mut() {
        candidate.score = score(prefer, weights, &scale, &candidate.figures());
    }
    // Equals stay in catalog order: the sort is stable.
    let rank = |c: &Candidate| Rank::of(prefer, c.score, &c.figures(), 0);
    pool.sort_by_key(rank);
}

/// What free counts as, in US dollars, and its logarithm.
const LEAST_USD: f64 = 1e-7;
const LOG_FREE: f64 = -16.118_095_650_958_32;

/// Logarithm of an expected charge; free is a hundred-thousandth of a cent, not minus infinity.
pub(super) fn log_cost(charge: Picodollars) -> f64 {
    if charge == Picodollars::ZERO {
        return LOG_FREE;
    }
    usd(charge).max(LEAST_USD).ln()
}

/// The expected charge in US dollars: it ranks, and never bills.
#[allow(
    clippy::cast_precision_loss,
    reason = "exact up to 9,007 dollars, and only compared"
)]
fn usd(charge: Picodollars) -> f64 {
    charge.get() as f64 / 1e12
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_costs_as_much_as_the_least() {
        assert!((LOG_FREE - LEAST_USD.ln()).abs() < 1e-14);
        let least = Picodollars::new(100_000);
        assert!(log_cost(Picodollars::ZERO) <= log_cost(least));
    }
}
