//! What an answer costs: a model's price list applied to its usage, exact to the pico-dollar.

use serde::{Deserialize, Serialize};

use crate::money::{MoneyError, Picodollars, Rate};
use crate::usage::Usage;

/// Prices per token of one model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// The prices of an ordinary prompt.
    pub base: Rates,
    /// Dearer prices for long prompts, by ascending threshold.
    pub steps: Vec<Step>,
}

/// One set of prices per token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rates {
    /// Input that came from no cache.
    pub input: Rate,
    /// Output, reasoning included.
    pub output: Rate,
    /// Input read from the provider's cache.
    pub cache_read: Rate,
    /// Input written to a five-minute cache.
    pub cache_write: Rate,
    /// Input written to a one-hour cache.
    pub cache_write_1h: Rate,
}

/// Prices that hold for the whole request once its prompt is longer than a threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The prompt has more tokens than this.
    pub above_tokens: u64,
    /// The prices then.
    pub rates: Rates,
}

/// What one answer costs, part by part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Uncached input.
    pub prompt: Picodollars,
    /// Output.
    pub completion: Picodollars,
    /// Input read from a cache.
    pub cache_read: Picodollars,
    /// Input written to caches.
    pub cache_write: Picodollars,
    /// All of it.
    pub total: Picodollars,
}

impl Cost {
    /// Both together, part by part.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        let sum = |part: fn(&Self) -> Picodollars| {
            let sum = part(&self).checked_add(part(&other));
            sum.ok_or(MoneyError::OutOfRange)
        };
        Ok(Self {
            prompt: sum(|cost| cost.prompt)?,
            completion: sum(|cost| cost.completion)?,
            cache_read: sum(|cost| cost.cache_read)?,
            cache_write: sum(|cost| cost.cache_write)?,
            total: sum(|cost| cost.total)?,
        })
    }
}

impl Rates {
    /// What a (clamped) usage costs in total; more than there are numbers is the largest one. The same as
    /// [`Price::cost`] says, for those who compare many models.
    pub fn total(&self, usage: &Usage) -> Picodollars {
        let writes = usage
            .cache_write_tokens
            .saturating_add(usage.cache_write_1h_tokens);
        let uncached = usage
            .prompt_tokens
            .saturating_sub(usage.cached_tokens)
            .saturating_sub(writes);
        let caches = [
            self.cache_read.times(usage.cached_tokens),
            self.cache_write.times(usage.cache_write_tokens),
            self.cache_write_1h.times(usage.cache_write_1h_tokens),
        ];
        let rest = self.output.times(usage.completion_tokens);
        let sum = self.input.times(uncached).saturating_add(rest);
        caches.into_iter().fold(sum, Picodollars::saturating_add)
    }
}

impl Price {
    /// The prices that hold for a prompt of this length.
    pub fn rates(&self, prompt_tokens: u64) -> &Rates {
        self.steps
            .iter()
            .rev()
            .find(|step| prompt_tokens > step.above_tokens)
            .map_or(&self.base, |step| &step.rates)
    }

    /// The exact cost of a (clamped) usage.
    ///
    /// uncached input × input + cached × cache_read + writes × cache_write + output × output.
    pub fn cost(&self, usage: &Usage) -> Result<Cost, MoneyError> {
        let rates = self.rates(usage.prompt_tokens);
        let uncached = usage
            .prompt_tokens
            .saturating_sub(usage.cached_tokens)
            .saturating_sub(usage.cache_write_tokens)
            .saturating_sub(usage.cache_write_1h_tokens);
        let prompt = rates.input.of(uncached);
        let completion = rates.output.of(usage.completion_tokens);
        let cache_read = rates.cache_read.of(usage.cached_tokens);
        let cache_write = rates.cache_write.of(usage.cache_write_tokens)
            + rates.cache_write_1h.of(usage.cache_write_1h_tokens);
        Ok(Cost {
            prompt: Picodollars::from_wide(prompt)?,
            completion: Picodollars::from_wide(completion)?,
            cache_read: Picodollars::from_wide(cache_read)?,
            cache_write: Picodollars::from_wide(cache_write)?,
            total: Picodollars::from_wide(prompt + completion + cache_read + cache_write)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rate(text: &str) -> Rate {
        Rate::from_usd_per_mtok(text).unwrap()
    }

    fn rates(input: &str, output: &str, cache_read: &str) -> Rates {
        let input = rate(input);
        Rates {
            input,
            output: rate(output),
            cache_read: rate(cache_read),
            cache_write: input,
            cache_write_1h: input,
        }
    }

    #[test]
    fn cached_tokens_are_taken_out_of_the_prompt() {
        let price = Price {
            base: rates("2", "8", "0.5"),
            steps: vec![],
        };
        let usage = Usage {
            prompt_tokens: 1000,
            cached_tokens: 400,
            completion_tokens: 10,
            ..Usage::default()
        };
        let cost = price.cost(&usage).unwrap();
        assert_eq!(cost.prompt.get(), 600 * 2_000_000);
        assert_eq!(cost.cache_read.get(), 400 * 500_000);
        assert_eq!(cost.completion.get(), 10 * 8_000_000);
        assert_eq!(cost.total.to_string(), "0.00148");
    }

    #[test]
    fn a_long_prompt_is_priced_by_its_step_as_a_whole() {
        let step = Step {
            above_tokens: 200_000,
            rates: rates("2.50", "15", "0.25"),
        };
        let price = Price {
            base: rates("1.25", "10", "0.125"),
            steps: vec![step],
        };
        let at = |prompt_tokens| {
            price
                .cost(&Usage {
                    prompt_tokens,
                    ..Usage::default()
                })
                .unwrap()
                .total
                .get()
        };
        assert_eq!(at(200_000), 200_000 * 1_250_000);
        assert_eq!(at(200_001), 200_001 * 2_500_000);
    }

    prop_compose! {
        fn any_rates()(of in prop::array::uniform5(prop_oneof![Just(0), 0..=10_000_000_i64, Just(i64::MAX)])) -> Rates {
            let [input, output, cache_read, cache_write, cache_write_1h] =
                of.map(|raw| serde_json::from_value::<Rate>(raw.into()).unwrap());
            Rates { input, output, cache_read, cache_write, cache_write_1h }
        }
    }

    proptest! {
        #[test]
        fn the_total_alone_is_that_of_all_parts(
            base in any_rates(),
            tokens in prop::array::uniform5(prop_oneof![0..=2_000_000_u64, Just(1 << 40)]),
        ) {
            let [prompt_tokens, cached_tokens, cache_write_tokens, cache_write_1h_tokens, completion_tokens] = tokens;
            let usage = Usage {
                prompt_tokens,
                cached_tokens,
                cache_write_tokens,
                cache_write_1h_tokens,
                completion_tokens,
                ..Usage::default()
            };
            let price = Price { base, steps: vec![] };
            let exact = price.cost(&usage).map_or(Picodollars::MAX, |cost| cost.total);
            prop_assert_eq!(base.total(&usage), exact);
        }
    }
}
