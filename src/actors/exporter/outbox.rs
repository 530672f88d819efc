//! What waits for one target, how much of it, and how the target does.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::otlp::{Delivered, Failure, Target};
use crate::spans::RequestSpan;

/// What waits for one target and is on its way to it, in bytes. What is on its way exists three times
/// for a moment: as records, as messages and as bytes.
pub const MOST_BYTES: usize = 4 << 20;
/// What goes in one batch, in bytes.
pub const BATCH_BYTES: usize = 1 << 20;
/// Requests that wait for one target.
const MOST_WAITING: usize = 4096;
/// Requests that go in one batch.
const BATCH: usize = 256;

/// Where a target stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// It takes what it is sent, or has not been sent anything.
    Flowing,
    /// It failed and is left alone for a while.
    Resting,
    /// What is stored is no target.
    Unusable,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Flowing, Self::Resting, Self::Unusable];

    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Flowing => "flowing",
            Self::Resting => "resting",
            Self::Unusable => "unusable",
        }
    }
}

/// How a target does, for its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// Where it stands.
    pub state: State,
    /// Until when it rests, in milliseconds since 1970.
    pub rests_until_ms: Option<u64>,
    /// Spans that it took since the router started.
    pub exported: u64,
    /// Spans that were dropped: for want of room, refused, or not taken in time.
    pub dropped: u64,
    /// Requests that wait.
    pub waiting: usize,
    /// When it last took something, in milliseconds since 1970.
    pub taken_ms: Option<u64>,
    /// The last thing that went wrong.
    pub error: Option<String>,
}

/// One target's queue.
pub(super) struct Outbox {
    pub(super) target: Result<Arc<Target>, String>,
    waiting: VecDeque<(Arc<RequestSpan>, Instant)>,
    waiting_bytes: usize,
    under_way_bytes: usize,
    is_under_way: bool,
    rest: Option<Rest>,
    exported: u64,
    dropped: u64,
    taken_ms: Option<u64>,
    error: Option<String>,
}

/// A target is left alone.
#[derive(Clone, Copy)]
struct Rest {
    until: Instant,
    length: Duration,
}

impl Outbox {
    pub(super) fn new(target: Result<Arc<Target>, String>) -> Self {
        Self {
            target,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            under_way_bytes: 0,
            is_under_way: false,
            rest: None,
            exported: 0,
            dropped: 0,
            taken_ms: None,
            error: None,
        }
    }

    /// Another target from now on: it starts well, with what waits.
    pub(super) fn retarget(&mut self, target: Result<Arc<Target>, String>) {
        let old = std::mem::replace(self, Self::new(target));
        self.waiting = old.waiting;
        self.waiting_bytes = old.waiting_bytes;
    }

    /// Takes a request; the oldest go for want of room. Answers with the spans that were dropped.
    pub(super) fn take(&mut self, record: Arc<RequestSpan>, now: Instant) -> u64 {
        self.waiting_bytes += record.weight();
        self.waiting.push_back((record, now));
        let mut dropped = 0;
        while self.waiting.len() > MOST_WAITING
            || self.waiting_bytes + self.under_way_bytes > MOST_BYTES
        {
            let Some((oldest, _)) = self.waiting.pop_front() else {
                break;
            };
            self.waiting_bytes -= oldest.weight();
            dropped += oldest.count();
        }
        self.dropped += dropped;
        dropped
    }

    /// Whether a whole batch waits.
    pub(super) fn is_full(&self) -> bool {
        self.waiting.len() >= BATCH || self.waiting_bytes >= BATCH_BYTES
    }

    /// Whether it may be sent to now, as far as it goes.
    pub(super) fn is_ready(&self, now: Instant) -> bool {
        let rests = self.rest.is_some_and(|rest| now < rest.until);
        !self.is_under_way && !rests && self.target.is_ok()
    }

    /// Whether a batch is on its way.
    pub(super) fn is_under_way(&self) -> bool {
        self.is_under_way
    }

    /// Whether nothing is left that could be sent now.
    pub(super) fn is_done(&self, now: Instant) -> bool {
        !self.is_under_way && (self.waiting.is_empty() || !self.is_ready(now))
    }

    /// Whether the oldest has waited for so long.
    pub(super) fn has_waited(&self, flush: Duration, now: Instant) -> bool {
        let oldest = self.waiting.front();
        oldest.is_some_and(|(_, since)| now.duration_since(*since) >= flush)
    }

    /// The next batch, which is on its way from now on.
    pub(super) fn batch(&mut self) -> Vec<Arc<RequestSpan>> {
        let mut batch = Vec::new();
        let mut bytes = 0;
        while batch.len() < BATCH
            && let Some((record, _)) = self.waiting.front()
        {
            let weight = record.weight();
            if !batch.is_empty() && bytes + weight > BATCH_BYTES {
                break;
            }
            bytes += weight;
            batch.extend(self.waiting.pop_front().map(|(record, _)| record));
        }
        self.waiting_bytes -= bytes;
        self.under_way_bytes = bytes;
        self.is_under_way = true;
        batch
    }

    /// A batch of so many spans was taken.
    pub(super) fn taken(&mut self, spans: u64, delivered: &Delivered, now_ms: u64) {
        self.is_under_way = false;
        self.under_way_bytes = 0;
        self.rest = None;
        let rejected = delivered.rejected.min(spans);
        self.exported += spans - rejected;
        self.dropped += rejected;
        self.taken_ms = Some(now_ms);
        self.error = (rejected > 0).then(|| {
            format!(
                "the backend took a batch but for {rejected} spans: {}",
                delivered.message
            )
        });
    }

    /// A batch of so many spans was not taken: the target rests, longer each time.
    pub(super) fn failed(
        &mut self,
        spans: u64,
        failure: &Failure,
        rests: (Duration, Duration),
        now: Instant,
    ) {
        self.is_under_way = false;
        self.under_way_bytes = 0;
        self.dropped += spans;
        self.error = Some(failure.message.clone());
        let (first, longest) = rests;
        let length = self
            .rest
            .map_or(first, |rest| (rest.length * 2).min(longest));
        self.rest = Some(Rest {
            until: now + length,
            length,
        });
    }

    pub(super) fn state(&self, now: Instant) -> State {
        match (&self.target, self.rest) {
            (Err(_), _) => State::Unusable,
            (Ok(_), Some(rest)) if now < rest.until => State::Resting,
            (Ok(_), _) => State::Flowing,
        }
    }

    pub(super) fn health(&self, now: Instant, now_ms: u64) -> Health {
        let rests = self
            .rest
            .map(|rest| rest.until.saturating_duration_since(now));
        let rests = rests.filter(|rest| !rest.is_zero());
        let until =
            |rest: Duration| now_ms + u64::try_from(rest.as_millis()).unwrap_or(u64::MAX / 2);
        Health {
            state: self.state(now),
            rests_until_ms: rests.map(until),
            exported: self.exported,
            dropped: self.dropped,
            waiting: self.waiting.len(),
            taken_ms: self.taken_ms,
            error: self
                .target
                .as_ref()
                .err()
                .cloned()
                .or_else(|| self.error.clone()),
        }
    }
}
