//! One breaker: the rules of a single model, credential or provider.

use std::time::{Duration, Instant};

use super::ramp::Ramp;
use super::trip::Trip;
use super::window::Window;
use super::{Admission, BEAT, Policy, Reason, Refusal, Spare, State, Status};

/// A probe whose lease is neither reported nor dropped for this long is given up.
const PROBE_LOST_AFTER: Duration = Duration::from_secs(900);
/// Shortest and longest rest of a rate limit.
const COOLING: (Duration, Duration) = (BEAT, Duration::from_secs(300));

/// How far a breaker has come.
#[derive(Clone, Copy, Debug)]
enum Mode {
    Flowing,
    Resting { until: Instant },
    Tripped(Trip),
    Probing { trip: Trip, lost_at: Instant },
}

/// A breaker. Time and chance are arguments.
#[derive(Clone, Debug)]
pub struct Breaker {
    policy: Policy,
    mode: Mode,
    since: Instant,
    reason: Option<Reason>,
    faults: u32,
    last_fault: Instant,
    window: Window,
    ramp: Option<(Ramp, Trip)>,
}

impl Breaker {
    /// A flowing breaker.
    pub const fn new(policy: Policy, now: Instant) -> Self {
        Self {
            policy,
            mode: Mode::Flowing,
            since: now,
            reason: None,
            faults: 0,
            last_fault: now,
            window: Window::new(policy.window),
            ramp: None,
        }
    }

    /// Where it stands, since when and why.
    pub fn status(&self) -> Status {
        let open_from = match (self.mode, &self.ramp) {
            (Mode::Flowing, Some((ramp, _))) => Some(ramp.end()),
            (Mode::Flowing, None) => Some(self.since),
            (Mode::Resting { .. } | Mode::Tripped(_) | Mode::Probing { .. }, _) => None,
        };
        let state = match self.mode {
            Mode::Flowing => State::Flowing,
            Mode::Resting { until } => State::Resting { until },
            Mode::Tripped(trip) => State::Tripped { until: trip.until },
            Mode::Probing { .. } => State::Probing,
        };
        Status {
            state,
            since: self.since,
            reason: self.reason,
            open_from,
        }
    }

    /// Whether an attempt may pass now. [`Breaker::enter`] lets it.
    pub fn check(&mut self, spare: Spare, now: Instant) -> Result<(), Refusal> {
        let wait = match self.mode {
            Mode::Flowing => return self.check_ramp(spare, now),
            Mode::Resting { until } => until.saturating_duration_since(now),
            Mode::Tripped(trip) if self.may_probe_early(trip, spare, now) => Duration::ZERO,
            Mode::Tripped(trip) => trip.until.saturating_duration_since(now),
            Mode::Probing { lost_at, .. } if now < lost_at => BEAT,
            Mode::Probing { .. } => Duration::ZERO,
        };
        if wait.is_zero() {
            return Ok(());
        }
        let reason = self.reason.unwrap_or(Reason::Failures);
        Err(Refusal { wait, reason })
    }

    fn check_ramp(&mut self, spare: Spare, now: Instant) -> Result<(), Refusal> {
        self.forget_ended_ramp(now);
        let passes = match (&mut self.ramp, spare) {
            (Some((ramp, _)), Spare::Another) => ramp.takes(now),
            (Some(_) | None, Spare::Another | Spare::Nothing) => true,
        };
        if passes {
            return Ok(());
        }
        Err(Refusal {
            wait: BEAT,
            reason: Reason::Recovering,
        })
    }

    /// Nobody may have been checked since its end.
    fn forget_ended_ramp(&mut self, now: Instant) {
        if self.ramp.is_some_and(|(ramp, _)| ramp.is_over(now)) {
            self.ramp = None;
        }
    }

    /// When everything a request could ask is tripped, one probe a second goes out: the rest only
    /// makes sense while others serve. Who named a time itself is not asked early.
    fn may_probe_early(&self, trip: Trip, spare: Spare, now: Instant) -> bool {
        spare == Spare::Nothing && now >= trip.early && self.reason.is_some_and(Reason::is_outage)
    }

    /// Lets an attempt pass that was checked at the same moment.
    pub fn enter(&mut self, now: Instant) -> Admission {
        match self.mode {
            Mode::Flowing => Admission::Flow,
            // The window goes on: a rest that only a rate limit asked for proves nothing.
            Mode::Resting { .. } => {
                self.stand_up(now);
                Admission::Flow
            }
            Mode::Tripped(trip) | Mode::Probing { trip, .. } => {
                self.mode = Mode::Probing {
                    trip,
                    lost_at: now + PROBE_LOST_AFTER,
                };
                self.since = now;
                Admission::Probe
            }
        }
    }

    /// An attempt went well.
    pub fn success(&mut self, admission: Admission, now: Instant) {
        match (admission, self.mode) {
            (Admission::Flow, Mode::Flowing) => {
                self.faults = 0;
                self.window.good(now);
            }
            (Admission::Probe, Mode::Probing { trip, .. }) => {
                self.stand_up(now);
                self.faults = 0;
                self.window.clear();
                self.ramp = Some((Ramp::new(self.policy.ramp, now), trip));
            }
            // Attempts that began before the trip end after it; only the probe's word counts then.
            (Admission::Flow | Admission::Probe, _) => {}
        }
    }

    /// An attempt failed hard.
    pub fn failure(&mut self, admission: Admission, now: Instant, chance: f64) {
        match (admission, self.mode) {
            (Admission::Flow, Mode::Flowing) => {
                self.window.bad(now);
                let is_apart = now.saturating_duration_since(self.last_fault) >= self.policy.window;
                self.faults = if is_apart { 1 } else { self.faults + 1 };
                self.last_fault = now;
                if self.faults >= self.policy.consecutive_failures {
                    self.trip(Reason::Failures, now, chance);
                } else if self.is_rate_low(now) {
                    self.trip(Reason::SuccessRate, now, chance);
                }
            }
            (Admission::Probe, Mode::Probing { trip, .. }) => self.probe_failed(trip, now, chance),
            (Admission::Flow | Admission::Probe, _) => {}
        }
    }

    /// The provider limits our rate. That is no failure, but too much of it is.
    pub fn cool(
        &mut self,
        admission: Admission,
        wait: Option<Duration>,
        now: Instant,
        chance: f64,
    ) {
        let wait = wait.unwrap_or(self.policy.rate_limited_rest);
        let until = now + wait.clamp(COOLING.0, COOLING.1);
        match (admission, self.mode) {
            (Admission::Flow, Mode::Flowing) => {
                self.window.bad(now);
                if self.is_rate_low(now) {
                    self.trip(Reason::SuccessRate, now, chance);
                    self.prolong(until);
                } else {
                    self.rest(until, Reason::RateLimited, now);
                }
            }
            // The last of several answers knows best.
            (Admission::Flow, Mode::Resting { until: before })
                if self.reason == Some(Reason::RateLimited) =>
            {
                self.window.bad(now);
                self.mode = Mode::Resting {
                    until: until.max(before),
                };
            }
            (Admission::Probe, Mode::Probing { trip, .. }) => {
                self.lie(trip.not_before(until));
            }
            (Admission::Flow | Admission::Probe, _) => {}
        }
    }

    /// Leaves it alone for a fixed time, after which it flows again by itself.
    pub fn rest_for(&mut self, rest: Duration, reason: Reason, now: Instant) {
        match self.mode {
            Mode::Flowing | Mode::Tripped(_) | Mode::Probing { .. } => {
                self.rest(now + rest, reason, now);
            }
            Mode::Resting { until } if until < now + rest => self.rest(now + rest, reason, now),
            Mode::Resting { .. } => {}
        }
    }

    /// Leaves it alone for a time that nothing but [`Breaker::resume`] shortens: the operator's.
    pub fn rest_by_hand(&mut self, rest: Duration, now: Instant) {
        self.rest(now + rest, Reason::Operator, now);
    }

    /// Lets everything through again and forgets what was held against it.
    pub fn resume(&mut self, now: Instant) {
        *self = Self::new(self.policy, now);
    }

    /// Trips it at once, or prolongs its rest when its own probe says so.
    pub fn refuse(&mut self, admission: Admission, reason: Reason, now: Instant, chance: f64) {
        match (admission, self.mode) {
            (Admission::Flow, Mode::Flowing) => self.trip(reason, now, chance),
            (Admission::Probe, Mode::Probing { trip, .. }) => {
                self.reason = Some(reason);
                self.probe_failed(trip, now, chance);
            }
            (Admission::Flow | Admission::Probe, _) => {}
        }
    }

    /// An attempt taught nothing: the next one may be the probe at once.
    pub fn neutral(&mut self, admission: Admission, now: Instant) {
        if let (Admission::Probe, Mode::Probing { trip, .. }) = (admission, self.mode) {
            self.lie(trip.early(now));
        }
    }

    fn is_rate_low(&mut self, now: Instant) -> bool {
        let Policy {
            min_success_percent,
            min_samples,
            ..
        } = self.policy;
        self.window.is_below(min_success_percent, min_samples, now)
    }

    fn stand_up(&mut self, now: Instant) {
        self.mode = Mode::Flowing;
        self.since = now;
        self.reason = None;
    }

    fn rest(&mut self, until: Instant, reason: Reason, now: Instant) {
        self.mode = Mode::Resting { until };
        self.since = now;
        self.reason = Some(reason);
    }

    /// Trips a flowing breaker. Who falls again while getting up goes on where it was.
    fn trip(&mut self, reason: Reason, now: Instant, chance: f64) {
        self.reason = Some(reason);
        let backoff = self.policy.backoff;
        self.forget_ended_ramp(now);
        let trip = match self.ramp.take() {
            Some((_, trip)) => trip.longer(backoff, now, chance),
            None => Trip::begin(backoff, now, chance),
        };
        self.lie(trip);
    }

    /// After an early probe the rest goes on as it was.
    fn probe_failed(&mut self, trip: Trip, now: Instant, chance: f64) {
        if now < trip.until {
            self.lie(trip.early(now + BEAT));
        } else {
            self.lie(trip.longer(self.policy.backoff, now, chance));
        }
    }

    fn lie(&mut self, trip: Trip) {
        self.mode = Mode::Tripped(trip);
        self.since = trip.begun;
    }

    fn prolong(&mut self, until: Instant) {
        if let Mode::Tripped(trip) = self.mode {
            self.mode = Mode::Tripped(trip.not_before(until));
        }
    }
}

#[cfg(test)]
mod tests;
