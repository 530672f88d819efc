//! Live statistics of one model: speed, success and length of its answers, fading with time.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::histogram::{Histogram, KeptHistogram};
use super::live::{Live, Standing, prior_output, within};
use super::observation::{Ended, Observation, float};
use crate::catalog::Model;

/// What was seen of the speed counts half after this.
const SPEED_HALF_LIFE: Duration = Duration::from_secs(5 * 60);
/// What was seen of the length of answers counts half after this.
const LENGTH_HALF_LIFE: Duration = Duration::from_secs(24 * 60 * 60);
/// Answers that the catalog's prior weighs as much as.
const PRIOR_SAMPLES: f64 = 5.0;
/// The same for the 95th percentile of the length: it takes about twenty answers to show one.
const PRIOR_LONG_SAMPLES: f64 = 20.0;
/// Attempts in this time make the success rate.
const WINDOW: Duration = Duration::from_secs(5 * 60);
/// The window moves by this much.
const WINDOW_STEP: Duration = Duration::from_secs(30);
/// Weight of samples from which the speed counts as observed: one answer of the last half-life.
const SEEN: f64 = 0.5;
/// No model writes faster; a stream that arrives in one piece only looks so.
const MOST_TOKENS_PER_S: f64 = 10_000.0;

/// What was observed of one model. Bounded: two histograms and ten counters. Time is an argument.
#[derive(Clone, Debug)]
pub struct Observed {
    first_token: Histogram,
    /// Median, 90th and 95th percentile of `first_token`, in milliseconds.
    ttft_ms: [f64; 3],
    speed: Sums,
    speed_at: Instant,
    lengths: Histogram,
    length: Sums,
    /// 95th percentile of `lengths`, in tokens.
    long: f64,
    length_at: Instant,
    attempts: VecDeque<Attempts>,
}

/// Fading sums over answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Sums {
    samples: f64,
    tokens: f64,
    writing_s: f64,
}

/// Attempts of one step of the window.
#[derive(Clone, Copy, Debug)]
struct Attempts {
    since: Instant,
    succeeded: u32,
    failed: u32,
}

/// What is kept of a model across restarts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptObserved {
    first_token: KeptHistogram,
    speed: Sums,
    lengths: KeptHistogram,
    length: Sums,
}

impl Observed {
    /// Nothing observed yet.
    pub fn new(now: Instant) -> Self {
        Self {
            first_token: Histogram::default(),
            ttft_ms: [0.0; 3],
            speed: Sums::default(),
            speed_at: now,
            lengths: Histogram::default(),
            length: Sums::default(),
            long: 0.0,
            length_at: now,
            attempts: VecDeque::new(),
        }
    }

    /// Takes note of how an attempt ended.
    pub fn record(&mut self, ended: Ended, now: Instant) {
        let step = self.step(now);
        match ended {
            Ended::Failed => step.failed = step.failed.saturating_add(1),
            Ended::Answered => step.succeeded = step.succeeded.saturating_add(1),
            Ended::Measured(seen) => {
                step.succeeded = step.succeeded.saturating_add(1);
                self.fade(now);
                self.learn(&seen);
            }
        }
    }

    /// The step of the window that `now` belongs to; older ones than the window are dropped.
    fn step(&mut self, now: Instant) -> &mut Attempts {
        let old = |step: &Attempts| now.saturating_duration_since(step.since) >= WINDOW;
        while self.attempts.front().is_some_and(old) {
            self.attempts.pop_front();
        }
        let is_current = |step: &Attempts| now.saturating_duration_since(step.since) < WINDOW_STEP;
        match self.attempts.pop_back() {
            Some(step) if is_current(&step) => self.attempts.push_back(step),
            Some(step) => {
                self.attempts.push_back(step);
                self.attempts.push_back(Attempts::at(now));
            }
            None => self.attempts.push_back(Attempts::at(now)),
        }
        let last = self.attempts.len() - 1;
        &mut self.attempts[last]
    }

    fn fade(&mut self, now: Instant) {
        let factor = remaining(self.speed_at, now, SPEED_HALF_LIFE);
        self.first_token.fade(factor);
        self.speed.fade(factor);
        self.speed_at = self.speed_at.max(now);
        let factor = remaining(self.length_at, now, LENGTH_HALF_LIFE);
        self.lengths.fade(factor);
        self.length.fade(factor);
        self.length_at = self.length_at.max(now);
    }

    fn learn(&mut self, seen: &Observation) {
        self.first_token.add(seen.ttft_ms);
        let writing_s = (seen.elapsed_ms - seen.ttft_ms).max(0.0) / 1000.0;
        self.speed.add(seen.output_tokens, writing_s);
        self.lengths.add(float(seen.output_tokens));
        self.length.add(seen.output_tokens, writing_s);
        self.refresh();
    }

    /// Quantiles do not change as weights fade, so they are computed once an observation.
    fn refresh(&mut self) {
        let ttft = self.first_token.quantiles([0.5, 0.9, 0.95]);
        self.ttft_ms = ttft.unwrap_or_default();
        self.long = self.lengths.quantile(0.95).unwrap_or_default();
    }

    /// What is known of the model now: observations blended with the catalog's prior by the number
    /// of samples.
    pub fn live(&self, model: &Model, standing: Standing, now: Instant) -> Live {
        let prior = Live::prior(model, standing);
        let samples = self.speed.samples * remaining(self.speed_at, now, SPEED_HALF_LIFE);
        let lengths = self.length.samples * remaining(self.length_at, now, LENGTH_HALF_LIFE);
        let blend = |prior: f64, seen: f64| {
            (PRIOR_SAMPLES * prior + samples * seen) / (PRIOR_SAMPLES + samples)
        };
        let [p50, p90, p95] = self.ttft_ms;
        let [mean, long] = prior_output(model);
        let mean = (PRIOR_SAMPLES * mean + lengths * self.length.mean_tokens())
            / (PRIOR_SAMPLES + lengths);
        let long =
            (PRIOR_LONG_SAMPLES * long + lengths * self.long) / (PRIOR_LONG_SAMPLES + lengths);
        Live {
            standing,
            ttft_p50_ms: blend(prior.ttft_p50_ms, p50),
            ttft_p90_ms: blend(prior.ttft_p90_ms, p90),
            ttft_p95_ms: blend(prior.ttft_p95_ms, p95),
            tokens_per_s: self.speed.tokens_per_s(prior.tokens_per_s, samples),
            success_rate: self.success_rate(now),
            samples,
            observed: samples >= SEEN,
            output_mean: within(mean, model),
            output_p95: within(long, model),
        }
    }

    fn success_rate(&self, now: Instant) -> Option<f64> {
        let recent = self
            .attempts
            .iter()
            .filter(|step| now.saturating_duration_since(step.since) < WINDOW);
        let (succeeded, failed) = recent.fold((0.0, 0.0), |(succeeded, failed), step| {
            (
                succeeded + f64::from(step.succeeded),
                failed + f64::from(step.failed),
            )
        });
        let all: f64 = succeeded + failed;
        (all > 0.0).then(|| succeeded / all)
    }

    /// What is kept of it.
    pub fn keep(&self, now: Instant) -> KeptObserved {
        let mut faded = self.clone();
        faded.fade(now);
        KeptObserved {
            first_token: faded.first_token.keep(),
            speed: faded.speed,
            lengths: faded.lengths.keep(),
            length: faded.length,
        }
    }

    /// What was kept, this long ago. The attempts of the last minutes are not kept.
    pub fn restore(kept: &KeptObserved, age: Duration, now: Instant) -> Self {
        let mut observed = Self {
            first_token: Histogram::from(&kept.first_token),
            speed: kept.speed.checked(),
            lengths: Histogram::from(&kept.lengths),
            length: kept.length.checked(),
            ..Self::new(now)
        };
        observed.refresh();
        observed.first_token.fade(fading(age, SPEED_HALF_LIFE));
        observed.speed.fade(fading(age, SPEED_HALF_LIFE));
        observed.lengths.fade(fading(age, LENGTH_HALF_LIFE));
        observed.length.fade(fading(age, LENGTH_HALF_LIFE));
        observed
    }
}

impl Attempts {
    const fn at(since: Instant) -> Self {
        Self {
            since,
            succeeded: 0,
            failed: 0,
        }
    }
}

impl Sums {
    fn add(&mut self, tokens: u64, writing_s: f64) {
        self.samples += 1.0;
        self.tokens += float(tokens);
        self.writing_s += writing_s;
    }

    fn fade(&mut self, factor: f64) {
        self.samples *= factor;
        self.tokens *= factor;
        self.writing_s *= factor;
    }

    fn mean_tokens(&self) -> f64 {
        if self.samples > 0.0 {
            self.tokens / self.samples
        } else {
            0.0
        }
    }

    /// All tokens over all time, the prior standing in for answers of the mean length.
    fn tokens_per_s(&self, prior: f64, samples: f64) -> f64 {
        let mean = self.mean_tokens();
        if mean <= 0.0 || samples <= 0.0 {
            return prior;
        }
        let writing_s = self.writing_s / self.samples;
        let tokens = (samples + PRIOR_SAMPLES) * mean;
        let seconds = samples * writing_s + PRIOR_SAMPLES * mean / prior.max(1.0);
        (tokens / seconds.max(tokens / MOST_TOKENS_PER_S)).max(0.1)
    }

    /// The sums, or none when what was kept cannot be.
    fn checked(self) -> Self {
        let fits = |value: f64| value.is_finite() && (0.0..1e15).contains(&value);
        if fits(self.samples) && fits(self.tokens) && fits(self.writing_s) {
            self
        } else {
            Self::default()
        }
    }
}

fn remaining(at: Instant, now: Instant, half_life: Duration) -> f64 {
    fading(now.saturating_duration_since(at), half_life)
}

/// What is left of a weight of 1 after so long.
fn fading(age: Duration, half_life: Duration) -> f64 {
    (-age.as_secs_f64() / half_life.as_secs_f64()).exp2()
}

#[cfg(test)]
#[path = "observed_tests.rs"]
mod tests;
