//! After a good probe, traffic comes back step by step: whoever has just got up is not run over.

use std::time::{Duration, Instant};

/// A whole attempt, in thousandths.
const WHOLE: u64 = 1_000;
/// The share at the beginning, in thousandths.
const FIRST_SHARE: u64 = 100;
/// However small the share, one attempt passes in this time.
const TRICKLE: Duration = Duration::from_secs(1);

/// Lets a growing share of attempts through, evenly and without chance.
#[derive(Clone, Copy, Debug)]
pub struct Ramp {
    begun: Instant,
    length: Duration,
    /// What is left of the shares so far, in thousandths of an attempt.
    saved: u64,
    last: Instant,
}

impl Ramp {
    /// Begins with a tenth.
    pub const fn new(length: Duration, now: Instant) -> Self {
        Self {
            begun: now,
            length,
            saved: 0,
            last: now,
        }
    }

    /// When all of the traffic flows again.
    pub fn end(&self) -> Instant {
        self.begun + self.length
    }

    /// Whether all of the traffic flows again.
    pub fn is_over(&self, now: Instant) -> bool {
        now >= self.end()
    }

    /// Whether this attempt is among those that pass.
    pub fn takes(&mut self, now: Instant) -> bool {
        self.saved += self.share(now);
        if self.saved < WHOLE && now.saturating_duration_since(self.last) < TRICKLE {
            return false;
        }
        self.saved = self.saved.saturating_sub(WHOLE);
        self.last = now;
        true
    }

    fn share(&self, now: Instant) -> u64 {
        let elapsed = now.saturating_duration_since(self.begun).as_millis();
        let grown = (WHOLE - FIRST_SHARE) as u128 * elapsed / self.length.as_millis().max(1);
        (FIRST_SHARE + u64::try_from(grown).unwrap_or(WHOLE)).min(WHOLE)
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::S;
    use super::*;

    fn passed(ramp: &mut Ramp, now: Instant) -> usize {
        (0..100).filter(|_| ramp.takes(now)).count()
    }

    #[test]
    fn the_share_grows_from_a_tenth_to_all() {
        let now = Instant::now();
        let mut ramp = Ramp::new(S * 30, now);
        assert_eq!(passed(&mut ramp, now), 10);
        assert_eq!(passed(&mut ramp, now + S * 15), 55);
        assert!(!ramp.is_over(now + S * 29));
        assert_eq!(passed(&mut ramp, now + S * 30), 100);
        assert!(ramp.is_over(now + S * 30));
    }

    #[test]
    fn little_traffic_passes_whole() {
        let mut now = Instant::now();
        let mut ramp = Ramp::new(S * 30, now);
        for _ in 0..10 {
            now += S;
            assert!(ramp.takes(now));
        }
    }
}
