//! `[rate_limits]`: how many requests an account may send, with and without credit.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

/// `[rate_limits]`. An account is paying as long as it has credit. Keys may have lower limits of
/// their own.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RateLimits {
    /// Requests in a minute of an account without credit.
    pub free_per_min: NonZeroU32,
    /// Requests in a minute of one with credit.
    pub paying_per_min: NonZeroU32,
    /// Requests to free models on one UTC day, of an account without credit.
    pub free_models_per_day: NonZeroU32,
    /// The same of one with credit.
    pub paying_free_models_per_day: NonZeroU32,
}

impl Default for RateLimits {
    fn default() -> Self {
        let number = |n| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
        Self {
            free_per_min: number(6_000_000),
            paying_per_min: number(6_000_000),
            free_models_per_day: number(1_000_000_000),
            paying_free_models_per_day: number(1_000_000_000),
        }
    }
}
