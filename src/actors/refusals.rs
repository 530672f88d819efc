//! How often something is refused, told at most once a minute: a guesser must not fill the disk.

use std::sync::atomic::{AtomicU64, Ordering};

/// How often it is told, in milliseconds.
const PERIOD_MS: u64 = 60_000;

/// Refusals of one kind. Shared by all workers; nobody waits.
#[derive(Debug, Default)]
pub struct Refusals {
    untold: AtomicU64,
    /// When it was last told, in milliseconds since 1970; 0 for never.
    told_ms: AtomicU64,
}

impl Refusals {
    /// Counts one more. When it is to be told now: how many have come since it was told last.
    pub fn count(&self, now_ms: u64) -> Option<u64> {
        self.untold.fetch_add(1, Ordering::AcqRel);
        let told_ms = self.told_ms.load(Ordering::Acquire);
        if told_ms != 0 && now_ms < told_ms.saturating_add(PERIOD_MS) {
            return None;
        }
        // Of those who come at the same moment, one tells.
        self.told_ms
            .compare_exchange(told_ms, now_ms.max(1), Ordering::AcqRel, Ordering::Acquire)
            .ok()
            .map(|_| self.untold.swap(0, Ordering::AcqRel))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_told_at_once_and_the_others_once_a_minute() {
        let refusals = Refusals::default();
        assert_eq!(refusals.count(1000), Some(1));
        for now_ms in 1001..1100 {
            assert_eq!(refusals.count(now_ms), None);
        }
        assert_eq!(refusals.count(1000 + PERIOD_MS), Some(100));
        assert_eq!(refusals.count(1001 + PERIOD_MS), None);
    }
}
