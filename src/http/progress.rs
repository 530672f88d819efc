//! How far one request has come: who may still be asked, and what was learned on the way.

use std::collections::VecDeque;

use super::consequence::{Next, next};
use super::plan::Plan;
use super::trail::Trail;
use crate::catalog::ProviderName;
use crate::routing::Candidate;
use crate::wire::Fault;

/// The state of one request's failover. It outlives an answer that broke off, so that whoever goes on
/// asks nobody twice and keeps to the same number of attempts.
pub struct Progress {
    /// Who may still be asked, best first.
    pub queue: VecDeque<Candidate>,
    /// What was learned so far.
    pub trail: Trail,
    attempts: usize,
    widened: bool,
}

impl Progress {
    /// Nobody asked yet.
    pub fn new(plan: &Plan) -> Self {
        Self {
            queue: plan.shortlist.ranked.iter().cloned().collect(),
            trail: Trail::default(),
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

    /// Takes note of a failed attempt, and puts the queue into the order that the fault asks for.
    pub fn failed(&mut self, candidate: &Candidate, fault: Fault) {
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
