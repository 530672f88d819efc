//! The retry budget of one provider: when everything fails, further attempts do not multiply the load.

use std::time::{Duration, Instant};

/// One retry, in thousandths, so that no float is needed.
const WHOLE: i64 = 1_000;

/// How many retries there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// For a hundred requests.
    pub per_100_requests: u32,
    /// Beside that, in a second.
    pub per_s: u32,
}

/// A bucket of retries. Requests and time fill it, and each retry that fails takes one out. A retry
/// that succeeds costs nothing, so that a healthy provider can take over from another whatever the
/// load. It may be overdrawn by retries that ran at the same time; then it is filled up before the
/// next one.
#[derive(Clone, Debug)]
pub struct Budget {
    rate: Rate,
    saved: i64,
    filled: Instant,
}

impl Budget {
    /// A full bucket: the retries of one second.
    pub fn new(rate: Rate, now: Instant) -> Self {
        Self {
            rate,
            saved: most(rate),
            filled: now,
        }
    }

    /// A request has asked this provider first.
    pub fn deposit(&mut self, now: Instant) {
        self.fill(now);
        self.add(i64::from(self.rate.per_100_requests) * WHOLE / 100);
    }

    /// Whether a further attempt of some request may go out; else when.
    pub fn check(&mut self, now: Instant) -> Result<(), Duration> {
        self.fill(now);
        let missing = WHOLE - self.saved;
        if missing <= 0 {
            return Ok(());
        }
        let per_s = i64::from(self.rate.per_s.max(1)) * WHOLE;
        let wait_ms = (missing * 1_000 + per_s - 1) / per_s;
        Err(Duration::from_millis(wait_ms.unsigned_abs()))
    }

    /// A further attempt failed.
    pub fn withdraw(&mut self, now: Instant) {
        self.fill(now);
        self.saved = self.saved.saturating_sub(WHOLE);
    }

    fn fill(&mut self, now: Instant) {
        let elapsed = now.saturating_duration_since(self.filled);
        let elapsed_ms = i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX);
        // The part of a millisecond that is left counts next time.
        self.filled += Duration::from_millis(elapsed_ms.unsigned_abs());
        // Retries a second are thousandths of a retry a millisecond.
        self.add(elapsed_ms.saturating_mul(i64::from(self.rate.per_s)));
    }

    fn add(&mut self, more: i64) {
        self.saved = self.saved.saturating_add(more).min(most(self.rate));
    }
}

fn most(rate: Rate) -> i64 {
    i64::from(rate.per_s.max(1)) * WHOLE
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate {
        per_100_requests: 20,
        per_s: 10,
    };

    /// Calls upstream of so many requests a second for so long, when all of them fail and want a
    /// second attempt.
    fn calls(requests_per_s: u32, seconds: u32) -> u32 {
        let start = Instant::now();
        let mut budget = Budget::new(RATE, start);
        let mut calls = 0;
        for i in 0..requests_per_s * seconds {
            let now = start + Duration::from_secs(1) * i / requests_per_s;
            budget.deposit(now);
            calls += 1;
            if budget.check(now).is_ok() {
                budget.withdraw(now);
                calls += 1;
            }
        }
        calls
    }

    #[test]
    fn when_everything_fails_calls_stay_below_the_limit() {
        for (requests_per_s, seconds) in [(200, 60), (1_000, 10), (50, 60)] {
            let requests = requests_per_s * seconds;
            let limit = requests * 12 / 10 + 10 * seconds + 10;
            let calls = calls(requests_per_s, seconds);
            assert!(calls <= limit, "{calls} > {limit}");
            assert!(calls > requests * 11 / 10, "{calls}: hardly any retry");
        }
    }

    #[test]
    fn few_requests_may_always_try_again() {
        assert_eq!(calls(5, 20), 200);
    }

    #[test]
    fn retries_that_succeed_cost_nothing() {
        let now = Instant::now();
        let mut budget = Budget::new(RATE, now);
        for _ in 0..10_000 {
            assert_eq!(budget.check(now), Ok(()));
        }
    }

    #[test]
    fn an_overdrawn_budget_says_when() {
        let now = Instant::now();
        let mut budget = Budget::new(RATE, now);
        for _ in 0..20 {
            budget.withdraw(now);
        }
        let wait = budget.check(now).unwrap_err();
        assert_eq!(wait, Duration::from_millis(1_100));
        assert!(budget.check(now + wait - Duration::from_millis(1)).is_err());
        assert!(budget.check(now + wait).is_ok());
    }
}
