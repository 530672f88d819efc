//! How far one request has come: who may still be asked, and what was learned on the way.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::consequence::{Next, next};
use super::further::Further;
use super::plan::Plan;
use super::trail::Trail;
use crate::actors::provider::{Refused, Turn};
use crate::catalog::{Model, ModelId, ProviderName};
use crate::routing::Candidate;
use crate::wire::{Begun, Fault, FaultClass, Opening};

/// How long one request waits at the most for a model that asked for patience.
const PATIENCE: Duration = Duration::from_secs(3);
/// Shortest wait that is taken off the patience, so that waits come to an end.
const SHORTEST_WAIT: Duration = Duration::from_millis(10);
/// Full jitter before the same model is asked again after it failed, in milliseconds.
const PAUSE_MS: std::ops::RangeInclusive<u64> = 100..=500;

/// The state of one request's failover. It outlives an answer that broke off, so that whoever goes on
/// asks nobody twice and keeps to the same number of attempts.
pub struct Progress {
    /// Who may still be asked, best first.
    pub queue: VecDeque<Candidate>,
    /// Who comes after the queue. While there may be somebody, the queue is not empty.
    further: Option<Arc<Further>>,
    /// What was learned so far.
    pub trail: Trail,
    /// Whose traffic grows again step by step: asked when nobody else is left.
    recovering: VecDeque<Candidate>,
    /// The models that failed, as often as they did.
    failed: Vec<Arc<Model>>,
    /// The model that the caller named, if one was named.
    pin: Option<ModelId>,
    started: Instant,
    /// The beginning of the answer that candidates are to go on with, after the first one broke off.
    pub begun: Option<Begun>,
    attempts: usize,
    patience: Duration,
    repeated: Repeated,
    widened: Widened,
}

/// Whether a model was asked twice already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Repeated {
    No,
    Yes,
}

/// Whether a larger window was looked for already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Widened {
    No,
    Yes,
}

impl Progress {
    /// Nobody asked yet.
    pub fn new(plan: &Plan) -> Self {
        Self {
            queue: plan.shortlist.ranked.iter().cloned().collect(),
            further: plan.further.clone(),
            trail: Trail::default(),
            recovering: VecDeque::new(),
            failed: Vec::new(),
            pin: plan.pin.clone(),
            started: Instant::now(),
            begun: None,
            attempts: 0,
            patience: PATIENCE,
            repeated: Repeated::No,
            widened: Widened::No,
        }
    }

    /// Calls that went upstream so far.
    pub fn attempts(&self) -> usize {
        self.attempts
    }

    /// Time since the request began to ask.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Whether the next call is the request's first.
    pub fn turn(&self) -> Turn {
        if self.attempts == 0 {
            Turn::First
        } else {
            Turn::Further
        }
    }

    /// Counts a call that goes upstream.
    pub fn start_attempt(&mut self) {
        self.attempts += 1;
    }

    /// Who is asked next.
    pub fn next(&mut self) -> Option<Candidate> {
        self.before_one_goes();
        self.queue
            .pop_front()
            .or_else(|| self.recovering.pop_front())
    }

    /// Takes the first that suits out of the queue.
    pub fn take(&mut self, suits: impl Fn(&Candidate) -> bool) -> Option<Candidate> {
        self.before_one_goes();
        self.has(&suits);
        let place = self.queue.iter().position(suits)?;
        self.queue.remove(place)
    }

    /// Whether somebody is left who suits.
    pub fn has(&mut self, suits: impl Fn(&Candidate) -> bool) -> bool {
        if !self.queue.iter().any(&suits) {
            self.complete();
        }
        self.queue.iter().any(suits)
    }

    /// Brings so many who are paid into the queue, if there are so many.
    pub fn look_for_paid(&mut self, most: usize) {
        let paid = self.queue.iter().filter(|c| !c.model.free);
        if paid.take(most).count() < most {
            self.complete();
        }
    }

    fn before_one_goes(&mut self) {
        if self.queue.len() <= 1 {
            self.complete();
        }
    }

    /// Brings all who are left into the queue.
    fn complete(&mut self) {
        if let Some(further) = self.further.take() {
            self.queue.extend(further.candidates(Instant::now()));
        }
    }

    /// A candidate may not be asked now.
    pub fn refused(&mut self, candidate: Candidate, refused: Refused) {
        if refused.is_recovering() {
            self.recovering.push_back(candidate);
        } else {
            self.trail.left_alone(&candidate.model, refused);
        }
    }

    /// How long to wait for a model that may not be asked now: when it only asked for a moment, and
    /// the caller named it or has nobody else.
    pub fn patience_for(&mut self, candidate: &Candidate, refused: &Refused) -> Option<Duration> {
        let is_worth_it = refused.is_rate_limit() && self.is_wanted(candidate);
        let wait = refused.wait();
        if !is_worth_it || wait > self.patience {
            return None;
        }
        self.patience = self.patience.saturating_sub(wait.max(SHORTEST_WAIT));
        Some(wait)
    }

    /// Takes note of an answer that broke off after content: whoever is left goes on with it.
    pub fn broke_off(&mut self, candidate: &Candidate, fault: Fault, begun: Begun) {
        self.repeated = Repeated::Yes;
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
    /// Answers with how long to pause before the next attempt.
    pub fn failed(&mut self, candidate: &Candidate, fault: Fault) -> Duration {
        let mut pause = Duration::ZERO;
        if self.refused_prefill(candidate, &fault) {
            self.queue.push_front(candidate.clone());
            return pause;
        }
        match next(fault.class) {
            Next::Candidate => {}
            Next::OtherProvider => self.move_to_end(&candidate.model.provider),
            Next::SameModelOnce => {
                if self.is_pin(candidate) && !self.queue.is_empty() && self.repeat(candidate) {
                    pause = Duration::from_millis(rand::random_range(PAUSE_MS));
                }
            }
            // The wait is kept to when the model is asked for again.
            Next::WaitOnce => {
                let is_short = fault.retry_after.is_some_and(|wait| wait <= self.patience);
                if is_short && self.is_wanted(candidate) {
                    self.repeat(candidate);
                }
            }
            Next::LargerWindow => self.widen(candidate),
            Next::Nobody => self.keep_nobody(),
        }
        self.trail.faults.push(fault);
        self.failed.push(Arc::clone(&candidate.model));
        if self.has_failed_widely(&candidate.model.provider) {
            self.move_to_end(&candidate.model.provider);
        }
        pause
    }

    /// Whether two models of a provider failed: then it is more likely the provider than the models.
    fn has_failed_widely(&self, provider: &ProviderName) -> bool {
        let mut theirs = self.failed.iter().filter(|m| m.provider == *provider);
        let first = theirs.next();
        theirs.any(|model| first.is_some_and(|first| first.id != model.id))
    }

    /// Puts a model first again, once a request. Says whether it did.
    fn repeat(&mut self, candidate: &Candidate) -> bool {
        let may = self.repeated == Repeated::No;
        if may {
            self.repeated = Repeated::Yes;
            self.queue.push_front(candidate.clone());
        }
        may
    }

    fn widen(&mut self, candidate: &Candidate) {
        match self.widened {
            Widened::Yes => self.keep_nobody(),
            Widened::No => {
                self.widened = Widened::Yes;
                let window = candidate.model.context_window;
                self.keep(|c| c.model.context_window > window);
            }
        }
    }

    fn keep_nobody(&mut self) {
        self.further = None;
        self.keep(|_| false);
    }

    fn keep(&mut self, suits: impl Fn(&Candidate) -> bool) {
        self.complete();
        self.queue.retain(&suits);
        self.recovering.retain(&suits);
    }

    fn is_pin(&self, candidate: &Candidate) -> bool {
        self.pin.as_ref() == Some(&candidate.model.id)
    }

    fn is_wanted(&self, candidate: &Candidate) -> bool {
        self.is_pin(candidate) || self.queue.is_empty()
    }

    /// A provider that cannot be reached, or fails with one model after the other, is asked again only
    /// when nobody else is left.
    fn move_to_end(&mut self, provider: &ProviderName) {
        self.complete();
        let (theirs, others): (Vec<_>, Vec<_>) = self
            .queue
            .drain(..)
            .partition(|c| c.model.provider == *provider);
        self.queue.extend(others.into_iter().chain(theirs));
    }
}
