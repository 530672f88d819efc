//! How often something happened lately: its times within a window, never more than the limit.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// So many times within any window of that length.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How often.
    pub most: usize,
    /// Within which time, in milliseconds.
    pub window_ms: u64,
}

/// The times, oldest first, of what was admitted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recent(VecDeque<u64>);

impl Recent {
    /// Counts one more, or says how many milliseconds to wait until there is room.
    pub fn admit(&mut self, pace: Pace, now_ms: u64) -> Result<(), u64> {
        self.forget(pace, now_ms);
        if self.0.len() < pace.most {
            self.0.push_back(now_ms);
            return Ok(());
        }
        let oldest = self.0.front().copied().unwrap_or(now_ms);
        Err(oldest
            .saturating_add(pace.window_ms)
            .saturating_sub(now_ms)
            .max(1))
    }

    /// Whether nothing has happened within the window.
    pub fn is_over(&self, pace: Pace, now_ms: u64) -> bool {
        self.0
            .back()
            .is_none_or(|last| last.saturating_add(pace.window_ms) <= now_ms)
    }

    fn forget(&mut self, pace: Pace, now_ms: u64) {
        while let Some(oldest) = self.0.front()
            && oldest.saturating_add(pace.window_ms) <= now_ms
        {
            self.0.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PACE: Pace = Pace {
        most: 3,
        window_ms: 100,
    };

    #[test]
    fn room_comes_back_when_the_oldest_is_out_of_the_window() {
        let mut recent = Recent::default();
        for now in [0, 10, 20] {
            assert_eq!(recent.admit(PACE, now), Ok(()));
        }
        assert_eq!(recent.admit(PACE, 30), Err(70));
        assert_eq!(recent.admit(PACE, 99), Err(1));
        assert_eq!(recent.admit(PACE, 100), Ok(()));
        assert_eq!(recent.admit(PACE, 100), Err(10));
        assert!(!recent.is_over(PACE, 199));
        assert!(recent.is_over(PACE, 200));
    }

    proptest! {
        #[test]
        fn no_window_ever_holds_more_than_the_limit(steps in prop::collection::vec(0_u64..60, 1..80)) {
            let mut recent = Recent::default();
            let mut admitted: Vec<u64> = Vec::new();
            let mut now = 0;
            for step in steps {
                now += step;
                if recent.admit(PACE, now).is_ok() {
                    admitted.push(now);
                }
                let within = admitted.iter().filter(|at| **at + PACE.window_ms > now).count();
                prop_assert!(within <= PACE.most);
                prop_assert!(recent.0.len() <= PACE.most);
            }
        }
    }
}
