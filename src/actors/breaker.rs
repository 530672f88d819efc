//! Circuit breakers: leave alone what is sick, and let one probe find out whether it is well again.
//!
//! [`Breakers`] are all breakers of one provider with one credential. Each single [`Breaker`] flows,
//! rests or is tripped, and knows no runtime: time and chance are arguments.

mod family;
mod ramp;
mod single;
mod trip;
mod window;

use std::time::{Duration, Instant};

pub use family::{Breakers, Pass};
pub use single::Breaker;

use crate::config;

/// When breakers trip and how long they rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Hard failures in a row that trip.
    pub consecutive_failures: u32,
    /// How far back the success rate looks. Failures in a row that are further apart are forgotten.
    pub window: Duration,
    /// Attempts in the window without which there is no rate.
    pub min_samples: u32,
    /// Successes in a hundred below which it trips.
    pub min_success_percent: u32,
    /// Rests of a tripped breaker.
    pub backoff: Backoff,
    /// How long traffic grows from a tenth to all of it after a good probe.
    pub ramp: Duration,
    /// Rest after a rate limit that names no time.
    pub rate_limited_rest: Duration,
    /// Rest of a model that its provider does not know.
    pub missing_rest: Duration,
    /// Rest of a credential that was refused; it doubles with each refused probe.
    pub credential_rest: Duration,
    /// Rest of a credential without money or quota.
    pub quota_rest: Duration,
}

/// The rests of a tripped breaker: the first one, doubled with each failed probe, up to the longest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The first rest.
    pub first: Duration,
    /// The longest.
    pub most: Duration,
}

/// How long everyone else is told to wait while a probe is out or traffic grows, and the time between
/// two probes when everything is tripped.
const BEAT: Duration = Duration::from_secs(1);
/// The longest rest of a refused credential.
const LONGEST_CREDENTIAL_REST: Duration = Duration::from_secs(3_600);

impl Policy {
    /// The operator's settings.
    pub fn of(settings: &config::Breaker) -> Self {
        let first = config::ms(settings.rest_ms);
        Self {
            consecutive_failures: settings.consecutive_failures.max(1),
            window: config::ms(settings.window_ms),
            min_samples: settings.min_samples.max(1),
            min_success_percent: settings.min_success_percent,
            backoff: Backoff {
                first,
                most: config::ms(settings.max_rest_ms).max(first),
            },
            ramp: config::ms(settings.ramp_ms),
            rate_limited_rest: config::ms(settings.rate_limited_rest_ms),
            missing_rest: config::ms(settings.model_missing_rest_ms),
            credential_rest: config::ms(settings.credential_rest_ms),
            quota_rest: config::ms(settings.quota_rest_ms),
        }
    }

    /// The same for a credential, which rests longer.
    fn of_credential(self) -> Self {
        let first = self.credential_rest;
        Self {
            backoff: Backoff {
                first,
                most: LONGEST_CREDENTIAL_REST.max(first),
            },
            ..self
        }
    }
}

/// How one attempt ended, as far as breakers care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Real content came.
    Success,
    /// The provider answered, and the answer was a failure.
    Failure,
    /// Nothing came in time.
    Silence,
    /// No connection, or it broke before an answer.
    Unreachable,
    /// The provider limits our rate, for this long if it said so.
    RateLimited(Option<Duration>),
    /// The provider does not know the model.
    ModelMissing,
    /// The provider refused the credential.
    CredentialRefused,
    /// Money or quota is spent.
    QuotaSpent,
    /// Nothing can be learned: the caller's own fault, or the caller left.
    Neutral,
}

impl Outcome {
    /// Whether the attempt failed, and not through the caller.
    pub const fn is_failure(self) -> bool {
        match self {
            Self::Success | Self::Neutral => false,
            Self::Failure
            | Self::Silence
            | Self::Unreachable
            | Self::RateLimited(_)
            | Self::ModelMissing
            | Self::CredentialRefused
            | Self::QuotaSpent => true,
        }
    }
}

/// Why something is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Hard failures in a row.
    Failures,
    /// Too few successes of late.
    SuccessRate,
    /// No connection to the provider.
    Unreachable,
    /// Its provider limits our rate.
    RateLimited,
    /// Its provider does not know it.
    ModelMissing,
    /// The credential was refused.
    Credential,
    /// Money or quota is spent.
    Quota,
    /// Its traffic grows again step by step, and this request was not among the first.
    Recovering,
    /// The operator said so.
    Operator,
}

impl Reason {
    /// The word in `/health`, `/v1/models` and the logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failures => "failures",
            Self::SuccessRate => "success_rate",
            Self::Unreachable => "unreachable",
            Self::RateLimited => "rate_limited",
            Self::ModelMissing => "model_missing",
            Self::Credential => "credential",
            Self::Quota => "quota",
            Self::Recovering => "recovering",
            Self::Operator => "operator",
        }
    }

    /// Whether it is for the operator to mend.
    pub const fn is_for_operator(self) -> bool {
        match self {
            Self::ModelMissing | Self::Credential | Self::Quota => true,
            Self::Failures
            | Self::SuccessRate
            | Self::Unreachable
            | Self::RateLimited
            | Self::Recovering
            | Self::Operator => false,
        }
    }

    /// Whether it may be over at any moment, so that asking early can help.
    const fn is_outage(self) -> bool {
        match self {
            Self::Failures | Self::SuccessRate | Self::Unreachable => true,
            Self::RateLimited
            | Self::ModelMissing
            | Self::Credential
            | Self::Quota
            | Self::Recovering
            | Self::Operator => false,
        }
    }
}

/// Whether a request could go to another candidate that flows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spare {
    /// It could.
    Another,
    /// This is all it has.
    Nothing,
}

/// How an attempt was let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Like every other.
    Flow,
    /// As the one probe.
    Probe,
}

/// That an attempt was not let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// How long to stay away.
    pub wait: Duration,
    /// Why.
    pub reason: Reason,
}

/// Where a breaker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Requests flow.
    Flowing,
    /// Left alone until then; flows again by itself.
    Resting {
        /// The end of the rest.
        until: Instant,
    },
    /// Left alone until then; a probe decides.
    Tripped {
        /// The end of the rest.
        until: Instant,
    },
    /// One probe is out. Everyone else waits for its outcome.
    Probing,
}

/// Where a breaker stands, since when and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// Where.
    pub state: State,
    /// Since when.
    pub since: Instant,
    /// Why; nothing has to be explained while it flows.
    pub reason: Option<Reason>,
    /// From when every attempt passes unless this changes; `None` if it does not flow.
    pub open_from: Option<Instant>,
}

#[cfg(test)]
mod samples {
    use super::*;

    pub const S: Duration = Duration::from_secs(1);

    pub const POLICY: Policy = Policy {
        consecutive_failures: 5,
        window: Duration::from_secs(30),
        min_samples: 10,
        min_success_percent: 50,
        backoff: Backoff {
            first: Duration::from_secs(5),
            most: Duration::from_secs(300),
        },
        ramp: Duration::from_secs(30),
        rate_limited_rest: Duration::from_secs(5),
        missing_rest: Duration::from_secs(600),
        credential_rest: Duration::from_secs(60),
        quota_rest: Duration::from_secs(600),
    };
}
