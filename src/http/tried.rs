//! An attempt before and after it went upstream.

use std::time::Instant;

use super::attempt::Answered;
use super::clocks::Clocks;
use super::error::AttemptNote;
use crate::actors::provider::Lease;
use crate::catalog::Model;
use crate::routing::Candidate;
use crate::wire::{Encoded, Fault};

/// An attempt that may go upstream.
pub struct Ready {
    /// Who is asked.
    pub candidate: Candidate,
    /// The right to it.
    pub lease: Lease,
    /// The request in the model's dialect.
    pub encoded: Encoded,
    /// How long it may take.
    pub clocks: Clocks,
    /// When it goes upstream.
    pub dispatched: Instant,
}

/// An attempt that has ended, or whose answer has begun.
pub struct Tried {
    /// What was asked.
    pub ready: Ready,
    /// What came of it.
    pub result: Result<Answered, Fault>,
}

/// How an attempt appears in `X-Model-Router-Attempts` and in records.
pub fn attempt_note(model: &Model, code: String, status: Option<u16>) -> AttemptNote {
    AttemptNote {
        provider: model.provider.as_str().to_owned(),
        model: model.id.as_str().to_owned(),
        status,
        code,
    }
}
