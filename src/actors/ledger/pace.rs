//! How often the ledger commits: at once while it has little to do, and seldom enough under load that the cost
//! of a commit is shared.

use std::time::{Duration, Instant};

/// Under load, commits begin so far apart at the least. It is what a group may wait for company
/// (`money.md` of the design: 256 messages or 2 ms).
const APART: Duration = Duration::from_millis(2);
/// A group of so many decisions is load.
const BUSY: usize = 8;

/// When the last commit began, and how many decisions it had.
#[derive(Debug, Default)]
pub(super) struct Pace {
    last: Option<(Instant, usize)>,
}

impl Pace {
    /// How long the next group should wait for company.
    pub(super) fn wait(&self, now: Instant) -> Duration {
        match self.last {
            Some((began, decided)) if decided >= BUSY => {
                (began + APART).saturating_duration_since(now)
            }
            Some(_) | None => Duration::ZERO,
        }
    }

    /// Takes note of a commit.
    pub(super) fn began(&mut self, now: Instant, decided: usize) {
        self.last = Some((now, decided));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lone_decision_never_waits_and_load_shares_commits() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        let after = |us| start + Duration::from_micros(us);
        assert_eq!(pace.wait(start), Duration::ZERO);
        pace.began(start, BUSY - 1);
        assert_eq!(pace.wait(after(1)), Duration::ZERO);
        pace.began(start, BUSY);
        assert_eq!(pace.wait(after(500)), Duration::from_micros(1500));
        assert_eq!(pace.wait(after(2000)), Duration::ZERO);
        assert_eq!(pace.wait(after(9000)), Duration::ZERO, "the load is over");
    }
}
