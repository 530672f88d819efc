//! What came of some attempts: how many went well, and how soon the first content came.

use serde::{Deserialize, Serialize};

use super::histogram::{Histogram, KeptHistogram};
use super::observation::Ended;

/// What came of the attempts of one period.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    /// Attempts with an answer.
    pub ok: u64,
    /// Attempts that failed, and not through the caller.
    pub failed: u64,
    first_token: Histogram,
}

/// A tally as it is kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct KeptTally {
    ok: u64,
    failed: u64,
    first_token: KeptHistogram,
}

impl Tally {
    /// Takes note of how an attempt ended.
    pub fn add(&mut self, ended: Ended) {
        match ended {
            Ended::Failed => self.failed += 1,
            Ended::Answered => self.ok += 1,
            Ended::Measured(seen) => {
                self.ok += 1;
                self.first_token.add(seen.ttft_ms);
            }
        }
    }

    /// Takes another tally into this one.
    pub fn absorb(&mut self, other: &Self) {
        self.ok += other.ok;
        self.failed += other.failed;
        self.first_token.absorb(&other.first_token);
    }

    /// All attempts.
    pub fn attempts(&self) -> u64 {
        self.ok + self.failed
    }

    /// Share of the attempts that went well, 0 to 1; `None` without attempts.
    pub fn success(&self) -> Option<f64> {
        #[allow(clippy::cast_precision_loss, reason = "attempts are far below 2^52")]
        let share = self.ok as f64 / self.attempts() as f64;
        (self.attempts() > 0).then_some(share)
    }

    /// Milliseconds to the first content that this share of the answers keeps to.
    pub fn first_token_ms(&self, share: f64) -> Option<f64> {
        self.first_token.quantile(share)
    }

    /// The form in which it is kept.
    pub fn keep(&self) -> KeptTally {
        KeptTally {
            ok: self.ok,
            failed: self.failed,
            first_token: self.first_token.keep(),
        }
    }
}

impl From<&KeptTally> for Tally {
    fn from(kept: &KeptTally) -> Self {
        Self {
            ok: kept.ok,
            failed: kept.failed,
            first_token: Histogram::from(&kept.first_token),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::routing::Observation;

    #[test]
    fn attempts_are_counted_and_added_up() {
        let ms = Duration::from_millis;
        let mut tally = Tally::default();
        assert_eq!((tally.success(), tally.first_token_ms(0.5)), (None, None));
        tally.add(Ended::Measured(Observation::streamed(ms(100), ms(900), 5)));
        tally.add(Ended::Answered);
        tally.add(Ended::Answered);
        tally.add(Ended::Failed);
        assert_eq!((tally.attempts(), tally.success()), (4, Some(0.75)));
        let median = tally.first_token_ms(0.5).unwrap();
        assert!((80.0..120.0).contains(&median), "{median}");
        let mut sum = Tally::from(&tally.keep());
        assert_eq!(sum, tally);
        sum.absorb(&tally);
        assert_eq!((sum.ok, sum.failed), (6, 2));
    }
}
