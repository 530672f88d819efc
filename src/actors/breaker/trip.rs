//! An outage: how long its rests are.

use std::time::{Duration, Instant};

use super::{BEAT, Backoff};

/// Up to so many first rests, a doubled rest is kept to however short the outage was.
const EARLY_RESTS: u32 = 4;

/// An outage and its present rest.
#[derive(Clone, Copy, Debug)]
pub struct Trip {
    /// When the rest ends.
    pub until: Instant,
    /// When the outage began.
    pub begun: Instant,
    /// When a request that has nobody else may probe, whatever the rest.
    pub early: Instant,
    /// The rest, before jitter.
    rest: Duration,
}

impl Trip {
    /// The first rest.
    pub fn begin(backoff: Backoff, now: Instant, chance: f64) -> Self {
        Self::new(backoff.first, now, now, chance)
    }

    /// The next rest: twice as long as before, up to the longest. A long rest after a short outage
    /// would keep traffic away for longer than the outage did, so a rest is no longer than a third of
    /// the outage so far, or [`EARLY_RESTS`] first rests.
    pub fn longer(self, backoff: Backoff, now: Instant, chance: f64) -> Self {
        let outage = now.saturating_duration_since(self.begun);
        let bound = (outage / 3).max(backoff.first * EARLY_RESTS);
        let rest = (self.rest * 2).min(bound).min(backoff.most);
        Self::new(rest, self.begun, now, chance)
    }

    /// The same rest, but no probe at all before a moment that the provider named.
    pub fn not_before(self, moment: Instant) -> Self {
        Self {
            until: self.until.max(moment),
            early: moment,
            ..self
        }
    }

    /// The same rest, with another moment for a request that has nobody else.
    pub fn early(self, early: Instant) -> Self {
        Self { early, ..self }
    }

    /// Equal jitter: half the rest for certain, the other half by chance (0 to 1), so that many
    /// routers do not come back in step.
    fn new(rest: Duration, begun: Instant, now: Instant, chance: f64) -> Self {
        let half = rest / 2;
        Self {
            until: now + half + half.mul_f64(chance.clamp(0.0, 1.0)),
            begun,
            early: now + BEAT,
            rest,
        }
    }
}
