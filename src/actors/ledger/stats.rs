//! What the ledger counts while it runs, readable from anywhere without a message.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use crate::money::Picodollars;
use crate::store::{Loss, LossKind};

/// Upper ends of the classes that commits are counted in, by decisions that shared one.
pub const BATCH_CLASSES: [u64; 5] = [1, 4, 16, 64, 256];

/// Upper ends of the classes that commits are counted in, by how long they took, in microseconds.
pub const LATENCY_CLASSES_US: [u64; 8] =
    [250, 1_000, 2_500, 5_000, 10_000, 50_000, 250_000, 1_000_000];

/// Losses of one kind since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LossCount {
    /// How many.
    pub count: u64,
    /// Their sum.
    pub amount: Picodollars,
}

/// The counters at one moment, since the start of the process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LedgerStats {
    /// Cost that balance or limit did not cover.
    pub overrun: LossCount,
    /// Answers whose end nobody saw, those of the last crash included.
    pub orphan: LossCount,
    /// Orphans that were taken back, because their requests ended after all.
    pub correction: LossCount,
    /// Failed attempts that the provider billed.
    pub failed: LossCount,
    /// Refunds and disputes that balances did not cover.
    pub refund: LossCount,
    /// Groups that were committed.
    pub commits: u64,
    /// Decisions in all of them.
    pub decisions: u64,
    /// Commits by their number of decisions: at most 1, 4, 16, 64, 256.
    pub batches: [u64; BATCH_CLASSES.len()],
    /// Commits by how long they took: one class more than [`LATENCY_CLASSES_US`] has ends.
    pub latencies: [u64; LATENCY_CLASSES_US.len() + 1],
    /// How long all of them took, in microseconds.
    pub took_us: u64,
}

/// The counters, written by the ledger's actor alone.
#[derive(Debug, Default)]
pub struct Tally {
    overrun: LossTally,
    orphan: LossTally,
    correction: LossTally,
    failed: LossTally,
    refund: LossTally,
    commits: AtomicU64,
    decisions: AtomicU64,
    batches: [AtomicU64; BATCH_CLASSES.len()],
    latencies: [AtomicU64; LATENCY_CLASSES_US.len() + 1],
    took_us: AtomicU64,
}

#[derive(Debug, Default)]
struct LossTally {
    count: AtomicU64,
    amount: AtomicI64,
}

impl LossTally {
    fn add(&self, amount: Picodollars) {
        self.count.fetch_add(1, Ordering::Relaxed);
        let sum = self.read().amount.saturating_add(amount);
        self.amount.store(sum.get(), Ordering::Relaxed);
    }

    fn read(&self) -> LossCount {
        LossCount {
            count: self.count.load(Ordering::Relaxed),
            amount: Picodollars::new(self.amount.load(Ordering::Relaxed)),
        }
    }
}

impl Tally {
    /// Counts a loss.
    pub(super) fn lost(&self, loss: &Loss) {
        let tally = match loss.kind {
            LossKind::Overrun => &self.overrun,
            LossKind::Orphan => &self.orphan,
            LossKind::Correction => &self.correction,
            LossKind::Failed => &self.failed,
            LossKind::Refund => &self.refund,
        };
        tally.add(loss.amount);
    }

    /// Counts a commit of so many decisions that took so long.
    pub(super) fn committed(&self, decisions: usize, took: Duration) {
        let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let class = LATENCY_CLASSES_US.iter().position(|most| took_us <= *most);
        self.latencies[class.unwrap_or(LATENCY_CLASSES_US.len())].fetch_add(1, Ordering::Relaxed);
        self.took_us.fetch_add(took_us, Ordering::Relaxed);
        let decisions = decisions as u64;
        let class = BATCH_CLASSES.iter().position(|most| decisions <= *most);
        let class = class.unwrap_or(BATCH_CLASSES.len() - 1);
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.decisions.fetch_add(decisions, Ordering::Relaxed);
        self.batches[class].fetch_add(1, Ordering::Relaxed);
    }

    /// What was counted so far.
    pub fn read(&self) -> LedgerStats {
        LedgerStats {
            overrun: self.overrun.read(),
            orphan: self.orphan.read(),
            correction: self.correction.read(),
            failed: self.failed.read(),
            refund: self.refund.read(),
            commits: self.commits.load(Ordering::Relaxed),
            decisions: self.decisions.load(Ordering::Relaxed),
            batches: std::array::from_fn(|class| self.batches[class].load(Ordering::Relaxed)),
            latencies: std::array::from_fn(|class| self.latencies[class].load(Ordering::Relaxed)),
            took_us: self.took_us.load(Ordering::Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_and_commits_are_counted_by_kind_and_size() {
        let tally = Tally::default();
        for amount in [3, 4] {
            tally.lost(&Loss {
                kind: LossKind::Overrun,
                amount: Picodollars::new(amount),
                generation: None,
            });
        }
        for decisions in [1, 2, 256, 1000] {
            tally.committed(decisions, Duration::from_micros(decisions as u64 * 1_000));
        }
        let stats = tally.read();
        assert_eq!((stats.overrun.count, stats.overrun.amount.get()), (2, 7));
        assert_eq!(stats.orphan, LossCount::default());
        assert_eq!((stats.commits, stats.decisions), (4, 1259));
        assert_eq!(stats.batches, [1, 1, 0, 0, 2]);
        assert_eq!(stats.latencies, [0, 1, 1, 0, 0, 0, 0, 2, 0]);
        assert_eq!(stats.took_us, 1_259_000);
    }
}
