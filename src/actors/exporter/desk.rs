//! The rules of exporting: whose batch goes next, and when. One batch a target at a time, so that no
//! target waits for another.

use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::trace::v1::Span;

use super::messages::NoTest;
use super::outbox::{Health, Outbox, State};
use crate::ids::AccountId;
use crate::otlp::{Delivered, Failure, Target};
use crate::spans::{self, Reader, RequestSpan};

/// Batches that are under way at one time.
const AT_ONCE: usize = 512;

/// Whose target it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Owner {
    Operator,
    Account(AccountId),
}

/// How patient the desk is.
#[derive(Clone, Copy)]
pub(super) struct Terms {
    /// How long a request waits for others.
    pub flush: Duration,
    /// First rest of a target.
    pub rest: Duration,
    /// Longest rest.
    pub longest_rest: Duration,
}

/// Tells the targets of one owner apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark(u64);

/// A batch on its way.
pub(super) struct Parcel {
    pub owner: Owner,
    pub mark: (Mark, u64),
    pub target: Arc<Target>,
    records: Vec<Arc<RequestSpan>>,
}

/// All outboxes.
pub(super) struct Desk {
    terms: Terms,
    outboxes: HashMap<Owner, (Mark, Outbox)>,
    tests: HashSet<Owner>,
    marks: u64,
    hurry: bool,
}

impl Parcel {
    /// Spans that it becomes.
    pub(super) fn spans(&self) -> u64 {
        self.records.iter().map(|record| record.count()).sum()
    }

    pub(super) fn into_spans(self) -> Vec<Span> {
        let reader = match self.owner {
            Owner::Operator => Reader::Operator,
            Owner::Account(_) => Reader::Owner,
        };
        let spans = self.records.iter();
        spans
            .flat_map(|record| spans::spans(record, reader))
            .collect()
    }
}

impl Desk {
    pub(super) fn new(terms: Terms) -> Self {
        Self {
            terms,
            outboxes: HashMap::new(),
            tests: HashSet::new(),
            marks: 0,
            hurry: false,
        }
    }

    /// Where an owner's spans go from now on.
    pub(super) fn aim(&mut self, owner: Owner, target: Option<Result<Target, String>>) {
        self.marks += 1;
        let mark = Mark(self.marks);
        match (target, self.outboxes.get_mut(&owner)) {
            (None, _) => {
                self.outboxes.remove(&owner);
            }
            (Some(target), Some((old, outbox))) => {
                *old = mark;
                outbox.retarget(target.map(Arc::new));
            }
            (Some(target), None) => {
                let outbox = Outbox::new(target.map(Arc::new));
                self.outboxes.insert(owner, (mark, outbox));
            }
        }
    }

    /// Takes a request for an owner. Answers with the spans that were dropped for it, and whether a
    /// whole batch may go.
    pub(super) fn take(
        &mut self,
        owner: Owner,
        record: Arc<RequestSpan>,
        now: Instant,
    ) -> (u64, bool) {
        match self.outboxes.get_mut(&owner) {
            None => (0, false),
            Some((_, outbox)) => {
                let dropped = outbox.take(record, now);
                (dropped, outbox.is_full() && outbox.is_ready(now))
            }
        }
    }

    /// The batches that may go now, one a target at the most.
    pub(super) fn due(&mut self, now: Instant) -> Vec<Parcel> {
        let flush = if self.hurry {
            Duration::ZERO
        } else {
            self.terms.flush
        };
        let outboxes = self.outboxes.values();
        let under_way = outboxes.filter(|(_, outbox)| outbox.is_under_way()).count();
        self.outboxes
            .iter_mut()
            .filter(|(_, (_, outbox))| outbox.is_ready(now))
            .filter(|(_, (_, outbox))| outbox.is_full() || outbox.has_waited(flush, now))
            .filter_map(|(owner, (mark, outbox))| {
                let target = Arc::clone(outbox.target.as_ref().ok()?);
                let records = outbox.batch();
                let spans = records.iter().map(|record| record.count()).sum();
                Some(Parcel {
                    owner: *owner,
                    mark: (*mark, spans),
                    target,
                    records,
                })
            })
            .take(AT_ONCE.saturating_sub(under_way))
            .collect()
    }

    /// A batch has ended; says whether the next one should go at once. Those of a target that was
    /// replaced meanwhile say nothing of the new one.
    pub(super) fn ended(
        &mut self,
        owner: Owner,
        (mark, spans): (Mark, u64),
        outcome: &Result<Delivered, Failure>,
        now: Instant,
        now_ms: u64,
    ) -> bool {
        let rests = (self.terms.rest, self.terms.longest_rest);
        let hurry = self.hurry;
        let Some((current, outbox)) = self.outboxes.get_mut(&owner) else {
            return hurry;
        };
        if *current != mark {
            return hurry;
        }
        match outcome {
            Ok(delivered) => outbox.taken(spans, delivered, now_ms),
            Err(failure) => outbox.failed(spans, failure, rests, now),
        }
        hurry || outbox.is_full() && outbox.is_ready(now)
    }

    /// From now on nothing waits for others.
    pub(super) fn hurry(&mut self) {
        self.hurry = true;
    }

    /// Whether nothing is left that could be sent now.
    pub(super) fn is_idle(&self, now: Instant) -> bool {
        self.outboxes
            .values()
            .all(|(_, outbox)| outbox.is_done(now))
    }

    pub(super) fn health(&self, owner: Owner, now: Instant, now_ms: u64) -> Option<Health> {
        let (_, outbox) = self.outboxes.get(&owner)?;
        Some(outbox.health(now, now_ms))
    }

    /// How many targets are in each state.
    pub(super) fn states(&self, now: Instant) -> [(State, usize); State::ALL.len()] {
        let count = |state| {
            let outboxes = self.outboxes.values();
            outboxes
                .filter(|(_, outbox)| outbox.state(now) == state)
                .count()
        };
        State::ALL.map(|state| (state, count(state)))
    }

    /// The target to be tested, once at a time.
    pub(super) fn begin_test(&mut self, owner: Owner) -> Result<Arc<Target>, NoTest> {
        let (_, outbox) = self.outboxes.get(&owner).ok_or(NoTest::NoTarget)?;
        let target = outbox.target.clone().map_err(NoTest::Unusable)?;
        if !self.tests.insert(owner) {
            return Err(NoTest::Running);
        }
        Ok(target)
    }

    pub(super) fn end_test(&mut self, owner: Owner) {
        self.tests.remove(&owner);
    }
}

#[cfg(test)]
#[path = "desk_tests.rs"]
mod tests;
