//! A circuit breaker: leaves a sick model alone and lets one probe find out whether it is well again.

use std::time::{Duration, Instant};

/// When a breaker trips and how long it rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Hard failures in a row that trip it.
    pub consecutive_failures: u32,
    /// First rest.
    pub rest: Duration,
    /// Longest rest.
    pub max_rest: Duration,
}

/// How one attempt ended, as far as the breaker cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Real content came.
    Success,
    /// The model or its provider failed.
    Failure,
    /// The provider asked to be left alone, or would refuse everybody, for this long.
    StayAway(Duration),
    /// Nothing can be learned: the caller's own fault, or the caller left.
    Neutral,
}

/// Where a breaker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Requests flow; this many hard failures in a row so far.
    Flowing {
        /// Failures since the last success.
        faults: u32,
    },
    /// Nobody is let through until then.
    Tripped {
        /// The end of the rest.
        until: Instant,
        /// The rest this was, before jitter; the next one is twice as long.
        rest: Duration,
    },
    /// One probe is out. Everyone else waits for its outcome.
    Probing {
        /// The rest before the probe.
        rest: Duration,
        /// When a probe that was never heard of again stops counting.
        lost_at: Instant,
    },
}

/// How an attempt was let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Like every other.
    Flow,
    /// As the one probe of a tripped breaker.
    Probe,
}

/// A probe whose lease is neither reported nor dropped for this long is given up.
const PROBE_LOST_AFTER: Duration = Duration::from_secs(900);
/// How long everyone else is told to wait while a probe is out.
const PROBE_WAIT: Duration = Duration::from_secs(1);

/// The breaker of one model at one provider. Time is an argument.
#[derive(Clone, Debug)]
pub struct Breaker {
    policy: Policy,
    state: State,
}

impl Breaker {
    /// A flowing breaker.
    pub const fn new(policy: Policy) -> Self {
        Self {
            policy,
            state: State::Flowing { faults: 0 },
        }
    }

    /// Where it stands.
    pub const fn state(&self) -> State {
        self.state
    }

    /// Lets one attempt through, or says how long to stay away.
    pub fn admit(&mut self, now: Instant) -> Result<Admission, Duration> {
        match self.state {
            State::Flowing { .. } => Ok(Admission::Flow),
            State::Tripped { until, .. } if now < until => Err(until - now),
            State::Probing { lost_at, .. } if now < lost_at => Err(PROBE_WAIT),
            State::Tripped { rest, .. } | State::Probing { rest, .. } => {
                self.state = State::Probing {
                    rest,
                    lost_at: now + PROBE_LOST_AFTER,
                };
                Ok(Admission::Probe)
            }
        }
    }

    /// Takes note of how an attempt ended.
    pub fn record(&mut self, admission: Admission, outcome: Outcome, now: Instant) {
        match admission {
            Admission::Flow => self.record_flow(outcome, now),
            Admission::Probe => self.record_probe(outcome, now),
        }
    }

    fn record_flow(&mut self, outcome: Outcome, now: Instant) {
        // Attempts that began before the trip end after it; only a flowing breaker learns from them.
        let State::Flowing { faults } = self.state else {
            return;
        };
        match outcome {
            Outcome::Success => self.state = State::Flowing { faults: 0 },
            Outcome::Neutral => {}
            Outcome::StayAway(wait) => self.rest_exactly(wait, now),
            Outcome::Failure if faults + 1 < self.policy.consecutive_failures => {
                self.state = State::Flowing { faults: faults + 1 };
            }
            Outcome::Failure => self.trip(self.policy.rest, now),
        }
    }

    fn record_probe(&mut self, outcome: Outcome, now: Instant) {
        let State::Probing { rest, .. } = self.state else {
            return;
        };
        match outcome {
            Outcome::Success => self.state = State::Flowing { faults: 0 },
            Outcome::Failure => self.trip((rest * 2).min(self.policy.max_rest), now),
            Outcome::StayAway(wait) => self.rest_exactly(wait, now),
            // The probe learned nothing; the next attempt may be the probe at once.
            Outcome::Neutral => self.state = State::Tripped { until: now, rest },
        }
    }

    /// Equal jitter: half the rest for certain, the other half by chance, so that many routers do
    /// not come back in step.
    fn trip(&mut self, rest: Duration, now: Instant) {
        let half = rest / 2;
        let jitter = half.mul_f64(rand::random_range(0.0..=1.0));
        self.state = State::Tripped {
            until: now + half + jitter,
            rest,
        };
    }

    /// The provider named the time itself: no jitter, no doubling.
    fn rest_exactly(&mut self, wait: Duration, now: Instant) {
        let wait = wait.clamp(Duration::from_secs(1), Duration::from_secs(600));
        self.state = State::Tripped {
            until: now + wait,
            rest: self.policy.rest,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: Policy = Policy {
        consecutive_failures: 3,
        rest: Duration::from_secs(4),
        max_rest: Duration::from_secs(10),
    };

    fn tripped(now: Instant) -> Breaker {
        let mut breaker = Breaker::new(POLICY);
        for _ in 0..POLICY.consecutive_failures {
            breaker.record(Admission::Flow, Outcome::Failure, now);
        }
        breaker
    }

    fn rest_of(breaker: &Breaker) -> Duration {
        match breaker.state() {
            State::Tripped { rest, .. } | State::Probing { rest, .. } => rest,
            State::Flowing { .. } => Duration::ZERO,
        }
    }

    #[test]
    fn only_failures_in_a_row_trip_it() {
        let now = Instant::now();
        let mut breaker = Breaker::new(POLICY);
        for outcome in [
            Outcome::Failure,
            Outcome::Failure,
            Outcome::Success,
            Outcome::Failure,
            Outcome::Neutral,
        ] {
            breaker.record(Admission::Flow, outcome, now);
        }
        assert_eq!(breaker.state(), State::Flowing { faults: 1 });
        assert_eq!(breaker.admit(now), Ok(Admission::Flow));
    }

    #[test]
    fn a_tripped_one_says_how_long_and_rests_at_least_half() {
        let now = Instant::now();
        let mut breaker = tripped(now);
        let wait = breaker.admit(now).unwrap_err();
        assert!(
            (Duration::from_secs(2)..=Duration::from_secs(4)).contains(&wait),
            "{wait:?}"
        );
        assert!(breaker.admit(now + Duration::from_millis(1999)).is_err());
    }

    #[test]
    fn exactly_one_probe_goes_out_and_a_success_lets_it_flow() {
        let start = Instant::now();
        let mut breaker = tripped(start);
        let now = start + Duration::from_secs(5);
        assert_eq!(breaker.admit(now), Ok(Admission::Probe));
        assert_eq!(breaker.admit(now), Err(PROBE_WAIT));
        breaker.record(Admission::Flow, Outcome::Success, now);
        assert!(
            breaker.admit(now).is_err(),
            "a straggler's success is not the probe's"
        );
        breaker.record(Admission::Probe, Outcome::Success, now);
        assert_eq!(breaker.state(), State::Flowing { faults: 0 });
    }

    #[test]
    fn a_failed_probe_doubles_the_rest_up_to_the_limit() {
        let mut now = Instant::now();
        let mut breaker = tripped(now);
        for expected in [8, 10, 10] {
            now += Duration::from_secs(11);
            assert_eq!(breaker.admit(now), Ok(Admission::Probe));
            breaker.record(Admission::Probe, Outcome::Failure, now);
            assert_eq!(rest_of(&breaker), Duration::from_secs(expected));
        }
    }

    #[test]
    fn a_probe_that_taught_nothing_is_repeated_at_once() {
        let start = Instant::now();
        let mut breaker = tripped(start);
        let now = start + Duration::from_secs(5);
        assert_eq!(breaker.admit(now), Ok(Admission::Probe));
        breaker.record(Admission::Probe, Outcome::Neutral, now);
        assert_eq!(breaker.admit(now), Ok(Admission::Probe));
    }

    #[test]
    fn a_probe_that_is_never_heard_of_is_given_up() {
        let start = Instant::now();
        let mut breaker = tripped(start);
        let now = start + Duration::from_secs(5);
        assert_eq!(breaker.admit(now), Ok(Admission::Probe));
        assert_eq!(breaker.admit(now + PROBE_LOST_AFTER), Ok(Admission::Probe));
    }

    #[test]
    fn a_named_wait_is_kept_to() {
        let now = Instant::now();
        let mut breaker = Breaker::new(POLICY);
        breaker.record(
            Admission::Flow,
            Outcome::StayAway(Duration::from_secs(7)),
            now,
        );
        assert_eq!(breaker.admit(now), Err(Duration::from_secs(7)));
        assert_eq!(
            breaker.admit(now + Duration::from_secs(7)),
            Ok(Admission::Probe)
        );
    }
}
