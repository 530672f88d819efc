//! Whether the ledger can be written: published for everyone, watched on a timer, and the end of the
//! process when it cannot.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use actix::{Actor, AsyncContext, Context};
use tokio::sync::Notify;

use crate::store::{Db, StoreError};

/// How often the free space is looked at.
const WATCH_PERIOD: Duration = Duration::from_secs(1);

/// Whether the ledger can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StorageState {
    /// It can.
    Well,
    /// The disk is nearly full: what runs may end, nothing that costs money begins.
    Full,
    /// A write failed. Memory and disk may differ, so nothing of it is answered any more.
    Failed,
}

/// The storage cannot do what was asked. Nobody's fault who asks; it may do later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StorageDown {
    /// The disk is nearly full.
    #[error("the disk is nearly full")]
    Full,
    /// A write failed, and the process is ending.
    #[error("the storage failed and the router restarts")]
    Failed,
}

/// The published state. The actors that write are its only writers.
#[derive(Debug, Default)]
pub struct StorageHealth {
    state: AtomicU8,
    failed: Notify,
}

const WELL: u8 = 0;
const FULL: u8 = 1;
const FAILED: u8 = 2;

impl StorageHealth {
    /// The state now.
    pub fn state(&self) -> StorageState {
        match self.state.load(Ordering::Acquire) {
            WELL => StorageState::Well,
            FULL => StorageState::Full,
            _ => StorageState::Failed,
        }
    }

    /// Whether work that costs money may begin.
    pub fn may_sell(&self) -> Result<(), StorageDown> {
        match self.state() {
            StorageState::Well => Ok(()),
            StorageState::Full => Err(StorageDown::Full),
            StorageState::Failed => Err(StorageDown::Failed),
        }
    }

    /// Whether what memory says may be answered.
    pub fn may_answer(&self) -> Result<(), StorageDown> {
        match self.state() {
            StorageState::Well | StorageState::Full => Ok(()),
            StorageState::Failed => Err(StorageDown::Failed),
        }
    }

    /// Waits until a write has failed. One waits; the process is to end then.
    pub async fn failed(&self) {
        while self.state() != StorageState::Failed {
            self.failed.notified().await;
        }
    }

    /// A write failed. Said once: what follows from it is not news.
    pub(super) fn fail(&self, error: &StoreError) -> StorageDown {
        if self.state.swap(FAILED, Ordering::AcqRel) != FAILED {
            tracing::error!(%error, "storage failed: the router stops, because what it cannot write it must not sell");
            self.failed.notify_one();
        }
        StorageDown::Failed
    }

    /// So many bytes are free; paid work needs `least`. A failure is not healed by space.
    fn space(&self, free_bytes: u64, least_bytes: u64) {
        let (from, to) = if free_bytes < least_bytes {
            (WELL, FULL)
        } else {
            (FULL, WELL)
        };
        let changed = self
            .state
            .compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire);
        match (changed, to) {
            (Ok(_), FULL) => tracing::error!(
                free_bytes,
                least_bytes,
                "the disk is nearly full: paid requests are refused until space is free"
            ),
            (Ok(_), _) => tracing::info!(free_bytes, "space is free again: paid requests go on"),
            (Err(_), _) => {}
        }
    }
}

/// Looks at the free space from time to time.
pub struct SpaceWatch {
    db: Db,
    health: Arc<StorageHealth>,
    least_bytes: u64,
}

impl SpaceWatch {
    /// A watch that wants so many bytes free. It has looked once when it is returned.
    pub fn new(db: Db, health: Arc<StorageHealth>, least_bytes: u64) -> Self {
        let watch = Self {
            db,
            health,
            least_bytes,
        };
        watch.look();
        watch
    }

    fn look(&self) {
        match self.db.free_bytes() {
            Ok(free_bytes) => self.health.space(free_bytes, self.least_bytes),
            Err(error) => {
                self.health.fail(&error);
            }
        }
    }
}

impl Actor for SpaceWatch {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.run_interval(WATCH_PERIOD, |watch, _| watch.look());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn low_space_stops_selling_until_space_returns() {
        let health = StorageHealth::default();
        health.space(100, 100);
        assert_eq!(health.may_sell(), Ok(()));
        health.space(99, 100);
        assert_eq!(health.may_sell(), Err(StorageDown::Full));
        assert_eq!(health.may_answer(), Ok(()));
        health.space(100, 100);
        assert_eq!(health.may_sell(), Ok(()));
    }

    #[actix::test]
    async fn a_failure_is_final_and_wakes_whoever_waits() {
        let health = Arc::new(StorageHealth::default());
        let waiting = Arc::clone(&health);
        let waiter = actix::spawn(async move { waiting.failed().await });
        tokio::task::yield_now().await;
        health.fail(&StoreError::Poisoned);
        health.space(100, 1);
        assert_eq!(health.may_sell(), Err(StorageDown::Failed));
        assert_eq!(health.may_answer(), Err(StorageDown::Failed));
        waiter.await.unwrap();
        health.failed().await;
    }
}
