//! Whether the ledger can be written: published for everyone, watched on a timer, and the end of the
//! process when it cannot.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use actix::{Actor, AsyncContext, Context};
use tokio::sync::Notify;

use crate::store::{Db, Progress, StoreError};

/// How often the free space is looked at.
const WATCH_PERIOD: Duration = Duration::from_secs(1);
/// A write of which nothing has been heard for so long will not end. A slow disk takes seconds.
const MOST_STUCK: Duration = Duration::from_secs(60);

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

/// Looks from time to time at the free space, and at whether writes end.
pub struct SpaceWatch {
    db: Db,
    health: Arc<StorageHealth>,
    least_bytes: u64,
    stuck: Stuck,
}

/// For how long no write has ended though one runs.
#[derive(Debug, Default)]
struct Stuck {
    seen: Option<Progress>,
    looks: u32,
}

impl Stuck {
    /// Looks again, a [`WATCH_PERIOD`] after the last time.
    fn look(&mut self, now: Progress) -> Result<(), StoreError> {
        if now.running == 0 || self.seen != Some(now) {
            self.seen = Some(now);
            self.looks = 0;
            return Ok(());
        }
        self.looks = self.looks.saturating_add(1);
        let stuck = WATCH_PERIOD.saturating_mul(self.looks);
        if stuck < MOST_STUCK {
            return Ok(());
        }
        Err(StoreError::Stuck {
            seconds: stuck.as_secs(),
        })
    }
}

impl SpaceWatch {
    /// A watch that wants so many bytes free. It has looked once when it is returned.
    pub fn new(db: Db, health: Arc<StorageHealth>, least_bytes: u64) -> Self {
        let mut watch = Self {
            db,
            health,
            least_bytes,
            stuck: Stuck::default(),
        };
        watch.look();
        watch
    }

    fn look(&mut self) {
        let looked = self
            .db
            .healthy()
            .and_then(|()| self.stuck.look(self.db.progress()))
            .and_then(|()| self.db.free_bytes());
        match looked {
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

    #[test]
    fn a_write_that_does_not_end_is_a_failure_and_a_slow_one_is_not() {
        let mut stuck = Stuck::default();
        let at = |running, ended| Progress { running, ended };
        let looks = u32::try_from(MOST_STUCK.as_secs() / WATCH_PERIOD.as_secs()).unwrap();
        for ended in 0..3 {
            for _ in 0..looks {
                assert!(stuck.look(at(1, ended)).is_ok());
            }
        }
        assert!(matches!(
            stuck.look(at(1, 2)),
            Err(StoreError::Stuck { seconds: 60 })
        ));
        for _ in 0..=looks {
            assert!(stuck.look(at(0, 3)).is_ok());
        }
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
