//! What holds for all models of a node: how good the best of them can be, and how bad the worst.

use super::tree::Row;
use crate::catalog::{Abilities, Rates};
use crate::money::{Picodollars, Rate};
use crate::routing::ask::Ask;
use crate::routing::rank::Seconds;
use crate::routing::{hold, prefer};

/// What holds for all models of a node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// A model as good as the best of them in every respect.
    pub(super) best: Corner,
    /// One as bad as the worst.
    pub(super) worst: Corner,
    /// Fewest samples of their speed.
    pub(super) samples: f64,
    /// The largest window.
    pub(super) window: u64,
    /// What one of them can do.
    pub(super) abilities: Abilities,
    /// Whether one of them is free.
    pub(super) free: Free,
    /// Lowest prices of input and output by which `max_price` goes.
    pub(super) cheapest: [Rate; 2],
    /// A bit for each of their providers.
    pub(super) providers: u64,
    /// A bit for each way in which they count.
    pub(super) counters: u64,
    /// The first place.
    pub(super) place: usize,
}

/// Whether there is a free model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Free {
    /// None.
    None,
    /// At least one.
    Some,
}

/// The bit that stands for the provider, or the counter, with this number; some share one.
pub(super) fn bit(number: usize) -> u64 {
    1 << (number % 64)
}

impl Bounds {
    /// Of one model.
    pub(super) fn of(row: &Row) -> Self {
        let model = &row.model;
        let base = &model.price.base;
        let (free, cheapest) = if model.free {
            (Free::Some, [Rate::ZERO; 2])
        } else {
            (Free::None, [base.input, base.output])
        };
        Self {
            best: Corner::of(row, Side::BEST),
            worst: Corner::of(row, Side::WORST),
            samples: row.live.samples,
            window: model.context_window.into(),
            abilities: model.abilities,
            free,
            cheapest,
            providers: bit(row.provider),
            counters: bit(row.counter),
            place: row.place,
        }
    }

    /// Of the models of both.
    pub(super) fn join(self, other: Self) -> Self {
        let [input, output] = self.cheapest;
        let abilities = self.abilities.iter().chain(other.abilities.iter());
        Self {
            best: self.best.join(&other.best, Side::BEST),
            worst: self.worst.join(&other.worst, Side::WORST),
            samples: self.samples.min(other.samples),
            window: self.window.max(other.window),
            abilities: abilities.collect(),
            free: self.free.max(other.free),
            cheapest: [input.min(other.cheapest[0]), output.min(other.cheapest[1])],
            providers: self.providers | other.providers,
            counters: self.counters | other.counters,
            place: self.place.min(other.place),
        }
    }
}

/// Everything that a model is ranked by, before a request is known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Corner {
    /// What tokens cost the caller.
    rates: Rates,
    /// What the output of a usual answer costs.
    answer: Picodollars,
    /// Seconds to the first token.
    ttft_s: f64,
    /// Seconds of writing a usual answer.
    writing_s: f64,
    /// To the end of a usual answer.
    whole: Seconds,
    tokens_per_s: f64,
    /// Quality score.
    pub(super) quality: f64,
    /// Coding score.
    pub(super) coding: f64,
}

impl Corner {
    /// A model's own figures; of prices that rise with the prompt those on one side.
    fn of(row: &Row, side: Side) -> Self {
        let (model, live) = (&row.model, &row.live);
        let rates = row.rates.unwrap_or_else(|| {
            let steps = model.price.steps.iter().map(|step| step.rates);
            steps.fold(model.price.base, |all, rates| join(&all, &rates, side))
        });
        let seconds = |ttft_ms, output| prefer::seconds(ttft_ms, live.tokens_per_s, output);
        Self {
            rates,
            answer: rates.output.times(live.output_mean),
            ttft_s: seconds(live.ttft_p50_ms, 0),
            writing_s: seconds(0.0, live.output_mean),
            whole: row.whole,
            tokens_per_s: live.tokens_per_s,
            quality: row.quality,
            coding: row.coding,
        }
    }

    fn join(&self, other: &Self, side: Side) -> Self {
        let Side { more, less, .. } = side;
        Self {
            rates: join(&self.rates, &other.rates, side),
            answer: (side.money)(self.answer, other.answer),
            ttft_s: less(self.ttft_s, other.ttft_s),
            writing_s: less(self.writing_s, other.writing_s),
            whole: (side.seconds)(self.whole, other.whole),
            tokens_per_s: more(self.tokens_per_s, other.tokens_per_s),
            quality: more(self.quality, other.quality),
            coding: more(self.coding, other.coding),
        }
    }

    /// What a request with so much input is expected to cost the caller.
    pub(super) fn charge(&self, ask: &Ask, input: u64) -> Picodollars {
        let answer = match ask.need.max_output {
            Some(most) => self.answer.min(self.rates.output.times(most)),
            None => self.answer,
        };
        hold::cold_cost(&self.rates, ask, input, answer)
    }

    /// Expected seconds to the end of an answer.
    pub(super) fn seconds(&self, ask: &Ask) -> Seconds {
        match ask.need.max_output {
            Some(most) => {
                let writing_s = prefer::seconds(0.0, self.tokens_per_s, most);
                Seconds::new(self.ttft_s + self.writing_s.min(writing_s))
            }
            None => self.whole,
        }
    }
}

/// How to choose between two figures of which more is better, and of which less is.
#[derive(Clone, Copy)]
struct Side {
    more: fn(f64, f64) -> f64,
    less: fn(f64, f64) -> f64,
    seconds: fn(Seconds, Seconds) -> Seconds,
    money: fn(Picodollars, Picodollars) -> Picodollars,
    rate: fn(Rate, Rate) -> Rate,
}

impl Side {
    const BEST: Self = Self {
        more: f64::max,
        less: f64::min,
        seconds: Seconds::min,
        money: Picodollars::min,
        rate: Rate::min,
    };
    const WORST: Self = Self {
        more: f64::min,
        less: f64::max,
        seconds: Seconds::max,
        money: Picodollars::max,
        rate: Rate::max,
    };
}

fn join(one: &Rates, other: &Rates, side: Side) -> Rates {
    let rate = side.rate;
    Rates {
        input: rate(one.input, other.input),
        output: rate(one.output, other.output),
        cache_read: rate(one.cache_read, other.cache_read),
        cache_write: rate(one.cache_write, other.cache_write),
        cache_write_1h: rate(one.cache_write_1h, other.cache_write_1h),
    }
}
