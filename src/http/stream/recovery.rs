//! When an answer breaks off after its first content: another candidate goes on with it, once.

use std::sync::Arc;

use crate::actors::provider::Lease;
use crate::catalog::{Model, OnDisconnect};
use crate::config::Failover;
use crate::http::attempt::{Answered, LiveStream};
use crate::http::metered::Meter;
use crate::http::progress::Progress;
use crate::http::relay::{Relay, Success};
use crate::routing::Candidate;
use crate::usage::Usage;
use crate::wire::{Begun, ChatRequest, Chunk, Fault, Joiner, Recovery, Transcript};

/// What it takes to go on when an answer breaks off. Only streams that may be continued hold it.
pub struct Resume {
    relay: Box<Relay>,
    progress: Progress,
    said: Transcript,
}

/// Another candidate's answer from where the first one broke off.
pub struct Continuation {
    /// Who goes on.
    pub candidate: Candidate,
    /// Reports how that ends.
    pub lease: Lease,
    /// Its events.
    pub live: Box<LiveStream>,
    /// Joins it on.
    pub joiner: Joiner,
    /// What becomes of it when the caller leaves.
    pub on_disconnect: OnDisconnect,
    /// What the caller had had before, in characters.
    pub at_chars: usize,
}

/// The first part of an answer that another model goes on with.
#[derive(Clone, Debug)]
pub struct BrokenOff {
    /// Who gave it.
    pub model: Arc<Model>,
    /// What of it is billed.
    pub usage: Usage,
    /// How much of it there is, in characters.
    pub chars: usize,
    /// Why it broke off.
    pub fault: Fault,
}

/// Whether a stream is to be continued: as the request says, else as the operator. Several choices
/// are not: each would have been cut elsewhere.
pub fn is_wanted(request: &ChatRequest, settings: &Failover) -> bool {
    match request.recovery().unwrap_or(settings.recovery) {
        Recovery::Continue => request.n() == 1,
        Recovery::Off => false,
    }
}

impl Resume {
    /// What a stream keeps until its end.
    pub fn new(relay: Box<Relay>, progress: Progress) -> Self {
        Self {
            relay,
            progress,
            said: Transcript::default(),
        }
    }

    /// Takes note of what goes to the caller.
    pub fn note(&mut self, chunk: &Chunk) {
        self.said.take(chunk);
    }

    /// Has another candidate go on. `None` when the answer is none that somebody else could go on
    /// with, or nobody does: then the fault is told, and the meter is as it was.
    pub async fn go_on(
        mut self,
        broken: &Candidate,
        fault: &Fault,
        meter: &mut Meter,
    ) -> Option<Continuation> {
        let begun = Begun::new(self.said.text()?, &self.relay.request);
        let at_chars = begun.said().chars().count();
        self.progress.broke_off(broken, fault.clone(), begun);
        let answer = self.relay.next_answer(meter, &mut self.progress).await;
        let Success {
            candidate,
            lease,
            answer,
            ..
        } = answer
            .inspect_err(|error| tracing::info!(%error, "nobody goes on with a broken answer"))
            .ok()?;
        let live = match answer {
            Answered::Stream(live) => live,
            Answered::Whole(_) => return None,
        };
        let begun = self.progress.begun.as_ref()?;
        Some(Continuation {
            joiner: Joiner::new(begun, &candidate.model),
            on_disconnect: self.relay.on_disconnect(&candidate),
            candidate,
            lease,
            live,
            at_chars,
        })
    }
}
