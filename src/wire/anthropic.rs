//! Anthropic's Messages API.

use super::answer::{Answer, Delivered, Finish, ReasoningView};
use super::chat::ChatRequest;
use super::fault::{Fault, FaultClass};
use super::stream::Event;
use super::{CannotEncode, Context, Encoded, Warning};
use crate::catalog::{Dialect, Model, Provider};

/// Whether this dialect is spoken.
pub(super) const SPOKEN: bool = false;

/// Writes the request.
pub(super) fn encode(
    _request: &ChatRequest,
    _model: &Model,
    _provider: &Provider,
    _context: &Context<'_>,
) -> Result<Encoded, CannotEncode> {
    Err(CannotEncode::Unspoken(Dialect::Anthropic))
}

/// The caller's top-level fields that the upstream does not get.
pub(super) fn left_out(
    _request: &ChatRequest,
    _model: &Model,
    _provider: &Provider,
) -> Vec<Warning> {
    Vec::new()
}

/// Reads a whole answer.
pub(super) fn decode_answer(_body: &[u8], _view: ReasoningView) -> Result<Answer, Fault> {
    Err(unspoken())
}

fn unspoken() -> Fault {
    Fault::ours(FaultClass::Malformed, "the dialect is not spoken")
}

/// Reads a stream.
#[derive(Debug)]
pub(super) struct Stream {
    ended: bool,
}

impl Stream {
    pub(super) fn new(_view: ReasoningView) -> Self {
        Self { ended: false }
    }

    pub(super) fn push(&mut self, _bytes: &[u8], out: &mut Vec<Event>) {
        self.finish(out);
    }

    pub(super) fn finish(&mut self, out: &mut Vec<Event>) {
        self.ended = true;
        out.push(Event::Fault(unspoken()));
    }

    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    pub(super) fn delivered(&self) -> Delivered {
        Delivered::default()
    }

    pub(super) fn finish_reason(&self) -> Option<(Finish, &str)> {
        None
    }
}
