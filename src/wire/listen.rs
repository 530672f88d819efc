//! The outer half of every decoder over server-sent events: frames in, one dialect's meaning out.

use super::answer::{Delivered, Finish, ReasoningView};
use super::fault::{Fault, FaultClass};
use super::sse::{Item, SseDecoder};
use super::stream::Event;

/// What a dialect makes of the items of its event stream.
pub(super) trait Listener {
    /// At the beginning of a stream.
    fn new(view: ReasoningView) -> Self;
    /// Takes one event, or a line outside events.
    fn take(&mut self, item: Item<'_>, out: &mut Vec<Event>);
    /// Gives the stream up.
    fn fail(&mut self, fault: Fault, out: &mut Vec<Event>);
    /// Takes the end of the body.
    fn end(&mut self, out: &mut Vec<Event>);
    /// Whether `Done` or a fault was given out.
    fn ended(&self) -> bool;
    /// How much has come.
    fn delivered(&self) -> Delivered;
    /// Why the first choice ended and the upstream's own word for it.
    fn finish_reason(&self) -> Option<(Finish, &str)>;
}

/// The decoder's memory between two pieces of a body.
#[derive(Debug)]
pub(super) struct SseStream<L> {
    sse: SseDecoder,
    listener: L,
}

impl<L: Listener> SseStream<L> {
    pub(super) fn new(view: ReasoningView) -> Self {
        Self {
            sse: SseDecoder::default(),
            listener: L::new(view),
        }
    }

    pub(super) fn push(&mut self, bytes: &[u8], out: &mut Vec<Event>) {
        if self.ended() {
            return;
        }
        let Self { sse, listener } = self;
        if let Err(error) = sse.push(bytes, |item| listener.take(item, out)) {
            let fault = Fault::ours(FaultClass::Malformed, error.to_string());
            listener.fail(fault, out);
        }
    }

    pub(super) fn finish(&mut self, out: &mut Vec<Event>) {
        if self.ended() {
            return;
        }
        let Self { sse, listener } = self;
        if let Err(error) = sse.finish(|item| listener.take(item, out)) {
            let fault = Fault::ours(FaultClass::Malformed, error.to_string());
            listener.fail(fault, out);
        }
        listener.end(out);
    }

    pub(super) fn ended(&self) -> bool {
        self.listener.ended()
    }

    pub(super) fn delivered(&self) -> Delivered {
        self.listener.delivered()
    }

    pub(super) fn finish_reason(&self) -> Option<(Finish, &str)> {
        self.listener.finish_reason()
    }
}
