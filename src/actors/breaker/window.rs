//! How many attempts went well of late. What is older than the window is forgotten.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Steps in which a window forgets.
const STEPS: u32 = 10;

/// Attempts of one step.
#[derive(Clone, Copy, Debug)]
struct Step {
    begun: Instant,
    good: u32,
    bad: u32,
}

/// A sliding count. It holds [`STEPS`] + 1 steps at the most.
#[derive(Clone, Debug)]
pub struct Window {
    span: Duration,
    steps: VecDeque<Step>,
}

impl Window {
    /// Nothing counted yet.
    pub const fn new(span: Duration) -> Self {
        Self {
            span,
            steps: VecDeque::new(),
        }
    }

    /// Counts a success.
    pub fn good(&mut self, now: Instant) {
        self.count(1, 0, now);
    }

    /// Counts a failure.
    pub fn bad(&mut self, now: Instant) {
        self.count(0, 1, now);
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.steps.clear();
    }

    /// Whether fewer than `percent` of at least `samples` attempts went well.
    pub fn is_below(&mut self, percent: u32, samples: u32, now: Instant) -> bool {
        self.forget(now);
        let count = |of: fn(&Step) -> u32| self.steps.iter().map(|step| u64::from(of(step))).sum();
        let (good, bad): (u64, u64) = (count(|step| step.good), count(|step| step.bad));
        let all = good + bad;
        all >= u64::from(samples) && good * 100 < all * u64::from(percent)
    }

    fn count(&mut self, good: u32, bad: u32, now: Instant) {
        self.forget(now);
        let length = self.span / STEPS;
        match self.steps.back_mut() {
            Some(step) if now.saturating_duration_since(step.begun) < length => {
                step.good = step.good.saturating_add(good);
                step.bad = step.bad.saturating_add(bad);
            }
            Some(_) | None => self.steps.push_back(Step {
                begun: now,
                good,
                bad,
            }),
        }
    }

    fn forget(&mut self, now: Instant) {
        let is_old = |step: &Step| now.saturating_duration_since(step.begun) >= self.span;
        while self.steps.front().is_some_and(is_old) {
            self.steps.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::S;
    use super::*;

    #[test]
    fn it_needs_enough_samples_and_forgets_what_is_old() {
        let now = Instant::now();
        let mut window = Window::new(S * 30);
        for _ in 0..9 {
            window.bad(now);
        }
        assert!(!window.is_below(50, 10, now));
        window.good(now + S * 10);
        assert!(window.is_below(50, 10, now + S * 10));
        assert!(
            !window.is_below(50, 10, now + S * 30),
            "an idle window empties itself"
        );
    }

    #[test]
    fn exactly_the_limit_is_not_below_it() {
        let now = Instant::now();
        let mut window = Window::new(S * 30);
        for _ in 0..5 {
            window.good(now);
            window.bad(now);
        }
        assert!(!window.is_below(50, 10, now));
        window.bad(now);
        assert!(window.is_below(50, 10, now));
    }

    #[test]
    fn its_memory_is_bounded() {
        let mut now = Instant::now();
        let mut window = Window::new(S * 30);
        for _ in 0..10_000 {
            now += Duration::from_millis(100);
            window.good(now);
        }
        assert!(
            window.steps.len() <= STEPS as usize + 1,
            "{}",
            window.steps.len()
        );
    }
}
