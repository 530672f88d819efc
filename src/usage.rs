//! Token usage in one normal form, whatever a provider's own counting is.

use serde::{Deserialize, Serialize};

/// Tokens of one answer. Prompt counts include cache reads and writes; completion counts include
/// reasoning. A missing usage is `Option::None` around this, never a zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Input tokens, cached ones and cache writes included.
    pub prompt_tokens: u64,
    /// The part of the prompt read from the provider's cache.
    pub cached_tokens: u64,
    /// The part of the prompt written to a cache that lives five minutes (or the only kind).
    pub cache_write_tokens: u64,
    /// The part of the prompt written to a cache that lives an hour.
    pub cache_write_1h_tokens: u64,
    /// Output tokens, reasoning included.
    pub completion_tokens: u64,
    /// The part of the output that was reasoning.
    pub reasoning_tokens: u64,
    /// Counted by us because the provider did not say.
    pub estimated: bool,
}

/// Counts above this are nonsense from an upstream: no model reads or writes a billion tokens.
const MOST_TOKENS: u64 = 1_000_000_000;

impl Usage {
    /// Brings parts back inside their wholes, so that a nonsense count is never a credit.
    /// Says whether anything had to be changed.
    pub fn clamp(self) -> (Self, bool) {
        let prompt_tokens = self.prompt_tokens.min(MOST_TOKENS);
        let completion_tokens = self.completion_tokens.min(MOST_TOKENS);
        let cached_tokens = self.cached_tokens.min(prompt_tokens);
        let cache_write_tokens = self.cache_write_tokens.min(prompt_tokens - cached_tokens);
        let rest = prompt_tokens - cached_tokens - cache_write_tokens;
        let clamped = Self {
            prompt_tokens,
            cached_tokens,
            cache_write_tokens,
            cache_write_1h_tokens: self.cache_write_1h_tokens.min(rest),
            completion_tokens,
            reasoning_tokens: self.reasoning_tokens.min(completion_tokens),
            estimated: self.estimated,
        };
        (clamped, clamped != self)
    }

    /// Both together, as the parts of one answer.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let sum = |part: fn(&Self) -> u64| part(&self).saturating_add(part(&other));
        Self {
            prompt_tokens: sum(|usage| usage.prompt_tokens),
            cached_tokens: sum(|usage| usage.cached_tokens),
            cache_write_tokens: sum(|usage| usage.cache_write_tokens),
            cache_write_1h_tokens: sum(|usage| usage.cache_write_1h_tokens),
            completion_tokens: sum(|usage| usage.completion_tokens),
            reasoning_tokens: sum(|usage| usage.reasoning_tokens),
            estimated: self.estimated || other.estimated,
        }
    }

    /// Prompt and completion together.
    pub fn total_tokens(&self) -> u64 {
        self.prompt_tokens.saturating_add(self.completion_tokens)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonsense_is_clamped_and_flagged() {
        let sane = Usage {
            prompt_tokens: 10,
            cached_tokens: 4,
            completion_tokens: 3,
            ..Usage::default()
        };
        assert_eq!(sane.clamp(), (sane, false));
        let (clamped, changed) = Usage {
            prompt_tokens: 10,
            cached_tokens: 99,
            completion_tokens: u64::MAX,
            reasoning_tokens: u64::MAX,
            ..Usage::default()
        }
        .clamp();
        assert!(changed);
        assert_eq!(
            (clamped.cached_tokens, clamped.completion_tokens),
            (10, MOST_TOKENS)
        );
        assert_eq!(clamped.reasoning_tokens, MOST_TOKENS);
    }
}
