//! Whether the storage can be used, and whether its writes come to an end.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::store::error::StoreError;

/// Well until something fails, and never again after that.
#[derive(Debug, Default)]
pub(super) struct Health {
    failed: AtomicBool,
    /// What failed, until somebody has heard of it.
    fault: Mutex<Option<StoreError>>,
    begun: AtomicU64,
    ended: AtomicU64,
}

/// How far the writes of a storage have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Writes that were begun and have not ended.
    pub running: u64,
    /// Writes that have ended since the storage was opened.
    pub ended: u64,
}

/// A write that runs.
pub(super) struct Running<'a>(&'a AtomicU64);

impl Health {
    pub(super) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    /// Fails once anything has failed.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        if self.has_failed() {
            return Err(self.cause());
        }
        Ok(())
    }

    /// Why it failed: the first who asks hears it.
    pub(super) fn cause(&self) -> StoreError {
        let mut fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        fault.take().unwrap_or(StoreError::Poisoned)
    }

    /// Ends all further use.
    pub(super) fn fail(&self, error: StoreError) {
        let mut fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        fault.get_or_insert(error);
        self.failed.store(true, Ordering::Release);
    }

    /// A write begins, and goes on until what is returned is dropped.
    pub(super) fn begin(&self) -> Running<'_> {
        self.begun.fetch_add(1, Ordering::AcqRel);
        Running(&self.ended)
    }

    pub(super) fn progress(&self) -> Progress {
        let ended = self.ended.load(Ordering::Acquire);
        Progress {
            running: self.begun.load(Ordering::Acquire).saturating_sub(ended),
            ended,
        }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_who_asks_hears_why() {
        let health = Health::default();
        assert!(health.check().is_ok());
        health.fail(StoreError::Panicked("why".into()));
        assert!(matches!(health.check(), Err(StoreError::Panicked(_))));
        assert!(matches!(health.check(), Err(StoreError::Poisoned)));
    }

    #[test]
    fn a_write_is_seen_to_begin_and_to_end() {
        let health = Health::default();
        let running = health.begin();
        let at = |running, ended| Progress { running, ended };
        assert_eq!(health.progress(), at(1, 0));
        drop(running);
        assert_eq!(health.progress(), at(0, 1));
    }
}
