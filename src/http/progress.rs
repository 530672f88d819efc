//! How far one request has come: who may still be asked, and what was learned on the way.

use std::collections::VecDeque;

use super::consequence::{Next, next};
use super::plan::Plan;
use super::trail::Trail;
use crate::catalog::ProviderName;
use crate::routing::Candidate;
use crate::wire::{Begun, Fault, FaultClass, Opening};

/// The state of one request's failover. It outlives an answer that broke off, so that whoever goes on
/// asks nobody twice and keeps to the same number of attempts.
pub struct Progress {
    /// Who may still be asked, best first.
    pub queue: VecDeque<Candidate>,
    /// What was learned so far.
    pub trail: Trail,
    /// The beginning of the answer that candidates are to go on with, after the first one broke off.
    pub begun: Option<Begun>,
    attempts: usize,
    widened: bool,
}

impl Progress {
    /// Nobody asked yet.
    pub fn new(plan: &Plan) -> Self {
        Self {
            queue: plan.shortlist.ranked.iter().cloned().collect(),
            trail: Trail::default(),
            begun: None,
            attempts: 0,
            widened: false,
        }
    }

    /// Calls that went upstream so far.
    pub fn attempts(&self) -> usize {
        self.attempts
    }

    /// Counts a call that goes upstream.
    pub fn start_attempt(&mut self) {
        self.attempts += 1;
    }

    /// Takes note of an answer that broke off after content: whoever is left goes on with it.
    pub fn broke_off(&mut self, candidate: &Candidate, fault: Fault, begun: Begun) {
        self.failed(candidate, fault);
        self.begun = Some(begun);
    }

    /// Whether a model refused a request because it does not go on with a beginning. It is asked
    /// again then, from the start.
    fn refused_prefill(&mut self, candidate: &Candidate, fault: &Fault) -> bool {
        match &mut self.begun {
            Some(begun)
                if fault.class == FaultClass::Caller
                    && begun.opening(&candidate.model) == Opening::Prefill =>
            {
                begun.refuse_prefill(&candidate.model.id);
                true
            }
            Some(_) | None => false,
        }
    }

    /// Takes note of a failed attempt, and puts the queue into the order that the fault asks for.
    pub fn failed(&mut self, candidate: &Candidate, fault: Fault) {
        if self.refused_prefill(candidate, &fault) {
            self.queue.push_front(candidate.clone());
            return;
        }
        match next(fault.class) {
            Next::Candidate => {}
            Next::OtherProvider => move_to_end(&mut self.queue, &candidate.model.provider),
            Next::LargerWindow if !self.widened => {
                self.widened = true;
                let window = candidate.model.context_window;
                self.queue.retain(|c| c.model.context_window > window);
            }
            Next::LargerWindow | Next::Nobody => self.queue.clear(),
        }
        self.trail.faults.push(fault);
    }
}

/// A provider that cannot be reached at all is asked again only when nobody else is left.
fn move_to_end(queue: &mut VecDeque<Candidate>, provider: &ProviderName) {
    let (theirs, others): (Vec<_>, Vec<_>) =
        queue.drain(..).partition(|c| c.model.provider == *provider);
    queue.extend(others.into_iter().chain(theirs));
}
