//! What is known now about a model: its standing with its provider, its speed, how long it answers.

use std::time::Duration;

use crate::catalog::{Ability, Model};

/// Expected answer of a model before its replies were observed, in tokens.
const EXPECTED_OUTPUT: u32 = 400;
/// The same for a model that reasons first.
const EXPECTED_REASONING_OUTPUT: u32 = 1200;
/// The long answers (95 of 100 are shorter) are about three times the expected one.
const LONG_ANSWER: f64 = 3.0;
/// How much later than in the middle case the first token comes in one case of ten, and of twenty.
const LATE_FIRST_TOKEN: [f64; 2] = [2.0, 3.0];

/// What is known now about a model. Observations are blended with the catalog's prior.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Live {
    /// The breaker's state.
    pub standing: Standing,
    /// Milliseconds to the first token that half of the answers keep to.
    pub ttft_p50_ms: f64,
    /// The same for nine answers of ten.
    pub ttft_p90_ms: f64,
    /// The same for 95 of 100.
    pub ttft_p95_ms: f64,
    /// Output tokens a second.
    pub tokens_per_s: f64,
    /// Share of attempts that succeeded in the last five minutes; `None` when there were none.
    pub success_rate: Option<f64>,
    /// Answers whose speed was observed, counted less and less as they age; 0 for none.
    pub samples: f64,
    /// Whether the speed rests on observations at all.
    pub observed: bool,
    /// Mean length of its answers in tokens, reasoning included.
    pub output_mean: u64,
    /// Length that 95 of 100 answers keep to.
    pub output_p95: u64,
}

impl Live {
    /// What the catalog says, before anything was observed.
    pub fn prior(model: &Model, standing: Standing) -> Self {
        let ttft_ms = f64::from(model.ttft_ms);
        let [late, later] = LATE_FIRST_TOKEN;
        let [output_mean, output_p95] = prior_output(model).map(|tokens| within(tokens, model));
        Self {
            standing,
            ttft_p50_ms: ttft_ms,
            ttft_p90_ms: ttft_ms * late,
            ttft_p95_ms: ttft_ms * later,
            tokens_per_s: f64::from(model.tokens_per_s),
            success_rate: None,
            samples: 0.0,
            observed: false,
            output_mean,
            output_p95,
        }
    }
}

/// Mean and 95th percentile of an answer's length in tokens, before any was observed.
pub fn prior_output(model: &Model) -> [f64; 2] {
    let mean = f64::from(if model.abilities.has(Ability::Reasoning) {
        EXPECTED_REASONING_OUTPUT
    } else {
        EXPECTED_OUTPUT
    });
    [mean, mean * LONG_ANSWER]
}

/// A length in whole tokens that the model can answer in.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "bounded by the model's maximum, and not negative"
)]
pub fn within(tokens: f64, model: &Model) -> u64 {
    (tokens.ceil().max(1.0) as u64).min(u64::from(model.max_output))
}

/// Where a provider stands with all of its models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// Requests to all of them flow.
    Calm,
    /// To some of them they may not.
    Troubled,
    /// All of them are left alone.
    Out,
}

/// A model's standing with its provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The provider has no key here, or speaks a dialect that is not spoken yet.
    Unconfigured,
    /// Requests flow.
    Flowing,
    /// Left alone for this long.
    Tripped(Duration),
    /// One probe is out, or may go out now.
    Probing,
}

impl Standing {
    /// The name in `/v1/route`, `/v1/models` and `/health`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unconfigured => "unconfigured",
            Self::Flowing => "flowing",
            Self::Tripped(_) => "tripped",
            Self::Probing => "probing",
        }
    }
}
