//! How much to hold for a request, and what it is expected to cost.

use super::context::Need;
use crate::catalog::{Ability, Model};
use crate::money::Picodollars;
use crate::usage::Usage;

/// Expected answer of a model before its replies were observed, in tokens.
const EXPECTED_OUTPUT: u64 = 400;
/// The same for a model that reasons first.
const EXPECTED_REASONING_OUTPUT: u64 = 1200;
/// The long answers (95 of 100 are shorter) are about three times the expected one.
const LONG_ANSWER: u64 = 3;
/// Shortest answer that is worth starting with the last of a balance.
const LEAST_OUTPUT: u64 = 16;

/// How much to hold before a paid request goes upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// Input × 1.15 and a long answer: what is held when the balance allows.
    pub want: Picodollars,
    /// Half the counted input and the shortest useful answer: with less there is no point.
    pub least: Picodollars,
}

/// Expected output of an answer, in tokens.
pub fn expected_output(model: &Model) -> u64 {
    let expected = if model.abilities.has(Ability::Reasoning) {
        EXPECTED_REASONING_OUTPUT
    } else {
        EXPECTED_OUTPUT
    };
    expected.min(u64::from(model.max_output))
}

/// List price of so many tokens, held at the top of the range.
pub fn list_cost(model: &Model, prompt_tokens: u64, completion_tokens: u64) -> Picodollars {
    let usage = Usage {
        prompt_tokens,
        completion_tokens,
        ..Usage::default()
    };
    model
        .price
        .cost(&usage)
        .map_or(Picodollars::MAX, |cost| cost.total)
}

/// The hold for one model: counted input × 1.15 × input price + a long answer × output price.
pub fn estimate(model: &Model, need: &Need, choices: u64) -> Estimate {
    let most = need
        .max_output
        .unwrap_or(u64::MAX)
        .min(u64::from(model.max_output));
    let output = (expected_output(model) * LONG_ANSWER)
        .min(most)
        .saturating_mul(choices);
    let input = need.input(model);
    let padded = input.saturating_mul(115).div_ceil(100);
    Estimate {
        want: list_cost(model, padded, output),
        least: list_cost(model, input / 2, most.min(LEAST_OUTPUT)),
    }
}

/// Output tokens that a hold smaller than wanted can pay for: the answer is cut there instead of
/// running into debt. Takes half the counted input, as [`Estimate::least`] does.
pub fn affordable_output(model: &Model, need: &Need, held: Picodollars, choices: u64) -> u64 {
    let input = need.input(model);
    let rate = model.price.rates(input).output.get();
    let left = held
        .get()
        .saturating_sub(list_cost(model, input / 2, 0).get());
    let tokens =
        left.checked_div(rate.saturating_mul(i64::try_from(choices.max(1)).unwrap_or(i64::MAX)));
    tokens
        .and_then(|tokens| u64::try_from(tokens).ok())
        .unwrap_or(u64::from(model.max_output))
        .max(1)
}
