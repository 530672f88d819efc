//! How much to hold for a request, and what it is expected to cost.

use super::ask::{Ask, CacheMarks};
use super::context::Need;
use super::live::Live;
use crate::catalog::{Model, Rates};
use crate::money::Picodollars;
use crate::usage::Usage;

/// Shortest answer that is worth starting with the last of a balance.
const LEAST_OUTPUT: u64 = 16;

/// How much to hold before a paid request goes upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// Input × 1.15 and a long answer (the 95th percentile of the model's): what is held when the
    /// balance allows.
    pub want: Picodollars,
    /// Half the counted input and the shortest useful answer: with less there is no point.
    pub least: Picodollars,
}

/// List price of so many tokens, held at the top of the range.
pub fn list_cost(model: &Model, prompt_tokens: u64, completion_tokens: u64) -> Picodollars {
    let usage = Usage {
        prompt_tokens,
        completion_tokens,
        ..Usage::default()
    };
    total(model, &usage)
}

/// What of a cost at list price the caller pays: nothing for a free model.
pub fn charge(model: &Model, cost: Picodollars) -> Picodollars {
    if model.free { Picodollars::ZERO } else { cost }
}

fn total(model: &Model, usage: &Usage) -> Picodollars {
    model.price.rates(usage.prompt_tokens).total(usage)
}

/// Expected cost of a request at list price, with answers of this length: the part of the prompt that
/// is warm at the model is read at the cached rate, and what the caller marked is written to a cache.
pub fn expected_cost(model: &Model, ask: &Ask, answer_tokens: u64) -> Picodollars {
    let prompt_tokens = ask.need.input(model);
    let warm = ask.warm.as_ref().filter(|warm| warm.model == model.id);
    let cached_tokens = warm.map_or(0, |warm| warm.tokens.min(prompt_tokens));
    let usage = expected_usage(ask, prompt_tokens, cached_tokens, answer_tokens);
    total(model, &usage)
}

fn expected_usage(ask: &Ask, prompt_tokens: u64, cached_tokens: u64, answer_tokens: u64) -> Usage {
    let fresh = prompt_tokens - cached_tokens;
    let (cache_write_tokens, cache_write_1h_tokens) = match ask.marks {
        CacheMarks::None => (0, 0),
        CacheMarks::FiveMinutes => (fresh, 0),
        CacheMarks::OneHour => (0, fresh),
    };
    Usage {
        prompt_tokens,
        cached_tokens,
        cache_write_tokens,
        cache_write_1h_tokens,
        completion_tokens: answer_tokens.saturating_mul(u64::from(ask.answers)),
        ..Usage::default()
    }
}

/// The same at these rates, where nothing of the prompt is warm and one answer costs so much.
pub(super) fn cold_cost(
    rates: &Rates,
    ask: &Ask,
    prompt_tokens: u64,
    answer: Picodollars,
) -> Picodollars {
    let rate = match ask.marks {
        CacheMarks::None => rates.input,
        CacheMarks::FiveMinutes => rates.cache_write,
        CacheMarks::OneHour => rates.cache_write_1h,
    };
    let answers = answer.saturating_mul(ask.answers.into());
    rate.times(prompt_tokens).saturating_add(answers)
}

/// The hold for one model: counted input × 1.15 × input price + a long answer × output price.
pub fn estimate(model: &Model, live: &Live, need: &Need, choices: u64) -> Estimate {
    let most = most_output(model, need);
    let output = long_answer(model, live, need).saturating_mul(choices);
    let input = need.input(model);
    let padded = input.saturating_mul(115).div_ceil(100);
    Estimate {
        want: list_cost(model, padded, output),
        least: list_cost(model, input / 2, most.min(LEAST_OUTPUT)),
    }
}

/// Tokens of a long answer: the 95th percentile of the model's, within what the request allows.
pub fn long_answer(model: &Model, live: &Live, need: &Need) -> u64 {
    live.output_p95.min(most_output(model, need))
}

fn most_output(model: &Model, need: &Need) -> u64 {
    let asked = need.max_output.unwrap_or(u64::MAX);
    asked.min(u64::from(model.max_output))
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
