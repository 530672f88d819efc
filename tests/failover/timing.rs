//! The bench's clocks: as they are published, or everything that a configuration can shorten at a
//! tenth.

use std::time::Duration;

use super::run::Recovery;

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

    /// What `[failover]` says beside the defaults. Who does not want an answer continued has to be told
    /// of a stall while its caller, with thirty seconds, is still there.
    pub fn failover(self, recovery: Recovery) -> String {
        let idle = match recovery {
            Recovery::Off => format!("idle_ms = {}\n", self.ms(10_000)),
            Recovery::Continue => String::new(),
        };
        let clocks = match self {
            Self::Full => String::new(),
            Self::Fast => format!(
                "first_token_ms = {}\nlast_first_token_ms = {}\nanswer_ms = {}\nstall_ms = {}\n",
                self.ms(10_000),
                self.ms(30_000),
                self.ms(60_000),
                self.ms(10_000),
            ),
        };
        format!(
            "[failover]\nrecovery = \"{}\"\n{idle}{clocks}",
            recovery.name()
        )
    }

    /// The section `[breaker]`, where it differs from the defaults.
    pub fn breaker(self) -> String {
        match self {
            Self::Full => String::new(),
            Self::Fast => format!(
                "[breaker]\nrest_ms = {}\nramp_ms = {}\n",
                self.ms(5_000),
                self.ms(30_000)
            ),
        }
    }
}
