//! What the exporter can be told and asked.

use std::sync::Arc;
use std::time::Duration;

use actix::Message;

use super::outbox::Health;
use crate::ids::AccountId;
use crate::otlp::{Delivered, Failure, Target};
use crate::spans::{RequestSpan, TraceId};

/// Who is told of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Its account.
    Account,
    /// The operator.
    Operator,
    /// Both.
    Both,
}

/// Takes a request that has ended. Nobody waits for it.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Take {
    /// The request.
    pub record: Arc<RequestSpan>,
    /// Who is told.
    pub audience: Audience,
}

/// An account's target, or why what is stored is none any more.
pub struct Aim(pub Result<Target, String>);

/// Where an account's spans go from now on; `None` is nowhere. What waits goes there too.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Retarget {
    /// Whose.
    pub account: AccountId,
    /// Where.
    pub aim: Option<Aim>,
}

/// Asks how an account's target does.
#[derive(Message)]
#[rtype(result = "Option<Health>")]
pub struct AskHealth(pub AccountId);

/// Sends one span to an account's target, past what waits, and tells what became of it.
#[derive(Message)]
#[rtype(result = "Result<TestReport, NoTest>")]
pub struct SendTest(pub AccountId);

/// What became of a test.
#[derive(Clone, Debug)]
pub struct TestReport {
    /// What the backend said.
    pub outcome: Result<Delivered, Failure>,
    /// The trace to look for.
    pub trace: TraceId,
    /// How long it took.
    pub took: Duration,
}

/// Why there was no test.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoTest {
    /// Nothing to be tested.
    #[error("no telemetry target is set; set one with PATCH /v1/account")]
    NoTarget,
    /// What is stored is none any more.
    #[error("the telemetry target cannot be used: {0}")]
    Unusable(String),
    /// One at a time.
    #[error("a test of this target is running; wait for it")]
    Running,
    /// The router ends.
    #[error("the router is being stopped")]
    Stopped,
}

/// Takes the text of `/metrics` for the operator's backend.
#[derive(Message)]
#[rtype(result = "()")]
pub struct TakeFigures(pub String);

/// Sends what waits without waiting for more; answers when nothing is left but what targets that rest
/// would get.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Finish;
