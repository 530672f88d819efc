//! The right to one attempt: how it is asked for, refused, and given back with what was learned.

use std::time::Duration;

use actix::{Addr, Message};

use super::Provider;
use crate::actors::breaker::{Outcome, Pass, Reason, Refusal, Spare};
use crate::catalog::ModelId;
use crate::routing::Observation;

/// Whether a request has asked somebody before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It has not.
    First,
    /// It has: this is a retry.
    Further,
}

/// Asks to send one attempt to a model. The answer is a lease, or why not.
#[derive(Message)]
#[rtype(result = "Result<Lease, Refused>")]
pub struct Acquire {
    /// The model.
    pub model: ModelId,
    /// Whether the request has another candidate that flows.
    pub spare: Spare,
    /// Whether it has asked somebody before.
    pub turn: Turn,
}

/// Why an attempt may not go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The model, its provider or the credential is left alone.
    LeftAlone(Refusal),
    /// So many retries have failed that another one would only add load. Try again after this long.
    OverBudget(Duration),
}

impl Refused {
    /// How long to stay away.
    pub fn wait(&self) -> Duration {
        match self {
            Self::LeftAlone(refusal) => refusal.wait,
            Self::OverBudget(wait) => *wait,
        }
    }

    /// The reason in error metadata.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::LeftAlone(_) => "tripped",
            Self::OverBudget(_) => "retry_budget",
        }
    }

    /// Whether the model may be asked by those who have nobody else.
    pub fn is_recovering(&self) -> bool {
        match self {
            Self::LeftAlone(refusal) => refusal.reason == Reason::Recovering,
            Self::OverBudget(_) => false,
        }
    }

    /// Whether only a rate limit stands in the way.
    pub fn is_rate_limit(&self) -> bool {
        match self {
            Self::LeftAlone(refusal) => refusal.reason == Reason::RateLimited,
            Self::OverBudget(_) => false,
        }
    }
}

/// Tells how an attempt ended. Only a lease sends it.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub(super) struct Report {
    pub(super) model: ModelId,
    pub(super) pass: Pass,
    pub(super) turn: Turn,
    pub(super) outcome: Outcome,
    pub(super) observation: Option<Observation>,
    pub(super) moment: Moment,
}

/// When something is reported of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// Content has come, and more may follow: the breakers learn from it, and it is not counted yet.
    Content,
    /// It has ended.
    End,
}

/// The right to one attempt. Reports its outcome exactly once, even when it is dropped.
pub struct Lease {
    provider: Addr<Provider>,
    report: Option<Report>,
}

impl Lease {
    /// The right that was asked for, where every attempt passes.
    pub(in crate::actors) fn at_once(provider: Addr<Provider>, ask: Acquire) -> Self {
        Self::new(provider, ask, Pass::FLOW)
    }

    /// The right that was asked for.
    pub(super) fn new(provider: Addr<Provider>, ask: Acquire, pass: Pass) -> Self {
        Self {
            provider,
            report: Some(Report {
                model: ask.model,
                pass,
                turn: ask.turn,
                outcome: Outcome::Neutral,
                observation: None,
                moment: Moment::End,
            }),
        }
    }

    /// Real content has come, though not yet all of it. A probe has found out what it was to find
    /// out: others need not wait for the end of its answer.
    pub fn content(&mut self) {
        if let Some(report) = &mut self.report
            && report.pass.is_probe()
        {
            self.provider.do_send(Report {
                outcome: Outcome::Success,
                moment: Moment::Content,
                ..report.clone()
            });
            report.pass = Pass::FLOW;
        }
    }

    /// Tells what the answer showed of the model's speed; counts with a success.
    pub fn observe(&mut self, seen: Observation) {
        if let Some(report) = &mut self.report {
            report.observation = Some(seen);
        }
    }

    /// Reports how the attempt ended and gives the lease up.
    pub fn report(mut self, outcome: Outcome) {
        if let Some(report) = &mut self.report {
            report.outcome = outcome;
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(report) = self.report.take() {
            self.provider.do_send(report);
        }
    }
}
