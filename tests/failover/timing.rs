//! The bench's clocks: as they are published, or everything that a configuration can shorten at a
//! tenth.

use std::time::Duration;

/// How the bench is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timing {
    /// A tenth of it, as far as a setting allows; a `Retry-After` stays in whole seconds.
    Fast,
    /// As published.
    Full,
}

impl Timing {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Full => "full",
        }
    }

    /// A published time in this timing.
    pub const fn of_s(self, seconds: u64) -> Duration {
        match self {
            Self::Fast => Duration::from_millis(seconds * 100),
            Self::Full => Duration::from_secs(seconds),
        }
    }

    const fn ms(self, full_ms: u64) -> u64 {
        match self {
            Self::Fast => full_ms / 10,
            Self::Full => full_ms,
        }
    }

    /// The router's settings. Two defaults are too patient for a caller with thirty seconds: a stall
    /// is noticed after ten, and a tripped model is probed at least every twenty.
    pub fn settings(self) -> String {
        format!(
            "[failover]\nattempts = 3\nfirst_token_ms = {}\nlast_first_token_ms = {}\n\
             answer_ms = {}\nidle_ms = {}\n",
            self.ms(10_000),
            self.ms(30_000),
            self.ms(60_000),
            self.ms(10_000),
        )
    }

    /// The settings of the breaker.
    pub fn breaker(self) -> String {
        format!(
            "[breaker]\nrest_ms = {}\nmax_rest_ms = {}\nramp_ms = {}\n",
            self.ms(5_000),
            self.ms(20_000),
            self.ms(30_000)
        )
    }
}
