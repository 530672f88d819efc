//! The tree behind its journal: a commit is durable once the journal has it, and moves into the tree in company.

use std::path::Path;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::Change;
use super::engine::{Alone, Engine};
use super::health::Health;
use super::journal::Journal;
use super::pending::{Pending, Rows};
use crate::store::error::StoreError;

/// Rows move into the tree when so many bytes of them have gathered.
const MOVE_BYTES: usize = 256 << 10;

/// A tree, its journal, and what is on the way from one to the other.
///
/// Locks are taken in this order: the journal's, `syncing`, [`Alone`], that of what is pending.
pub(super) struct Journaled {
    pub(super) engine: Engine,
    pub(super) health: Health,
    journal: Mutex<Journal>,
    /// Held while the tree is made durable, until it is known whether that went well.
    syncing: Mutex<()>,
    pending: Mutex<Pending>,
    /// Told when the keeper has work, and when somebody may wait no longer.
    changed: Condvar,
}

impl Journaled {
    /// Joins a tree with its journal: what the journal has and the tree lacks moves in.
    pub(super) fn open(engine: Engine, ledger: &Path) -> Result<Self, StoreError> {
        let after = engine.up_to()?;
        let (journal, frames) = Journal::open(ledger, after)?;
        let journaled = Self {
            engine,
            health: Health::default(),
            journal: Mutex::new(journal),
            syncing: Mutex::new(()),
            pending: Mutex::new(Pending::after(after)),
            changed: Condvar::new(),
        };
        for frame in frames {
            let mut pending = journaled.pending();
            pending.take_in(frame.number, frame.changes);
            let bytes = pending.bytes();
            drop(pending);
            if bytes >= MOVE_BYTES {
                journaled.bring_up(&Alone::wait())?;
            }
        }
        journaled.checkpoint()?;
        Ok(journaled)
    }

    /// Makes a commit durable: all of it or nothing.
    pub(super) fn commit(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        let mut journal = lock(&self.journal);
        match journal.prepare(&changes) {
            Some(0) => {}
            Some(number) => self.wait_until_durable(number)?,
            None => return self.write_through(&journal, changes),
        }
        let appended = self.write(|| journal.append())?;
        let mut pending = self.pending();
        pending.take_in(appended.number, changes);
        pending.want_durable(appended.filled);
        if pending.bytes() >= MOVE_BYTES || pending.wants_durable() {
            self.changed.notify_all();
        }
        Ok(())
    }

    /// The same without the journal.
    pub(super) fn commit_through(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        self.write_through(&lock(&self.journal), changes)
    }

    /// The lock of the journal keeps other commits from coming in between.
    fn write_through(
        &self,
        _: &MutexGuard<'_, Journal>,
        changes: Vec<Change>,
    ) -> Result<(), StoreError> {
        let _syncing = lock(&self.syncing);
        let alone = Alone::wait();
        self.bring_up(&alone)?;
        self.write(|| {
            let rows: Rows = changes.into_iter().collect();
            self.engine.apply(&rows, self.engine.up_to()?, &alone)?;
            self.engine.sync(alone)
        })
    }

    /// Lets the tree have all rows that are committed.
    fn bring_up(&self, alone: &Alone) -> Result<(), StoreError> {
        self.write(|| {
            let moving = self.pending().begin_to_move();
            if let Some((rows, up_to)) = moving {
                // The journal has them until the tree is durable.
                self.engine.apply_step_by_step(&rows, up_to, alone)?;
                self.pending().have_moved();
            }
            Ok(())
        })
    }

    /// Lets the tree have all rows that are committed, durably: the journal may forget them.
    pub(super) fn checkpoint(&self) -> Result<(), StoreError> {
        let _syncing = lock(&self.syncing);
        let alone = Alone::wait();
        self.bring_up(&alone)?;
        let up_to = self.write(|| {
            let up_to = self.engine.up_to()?;
            self.engine.sync(alone).map(|()| up_to)
        })?;
        self.pending().now_durable(up_to);
        self.changed.notify_all();
        Ok(())
    }

    fn wait_until_durable(&self, number: u64) -> Result<(), StoreError> {
        let mut pending = self.pending();
        pending.want_durable(number);
        self.changed.notify_all();
        while !pending.is_durable(number) {
            self.health.check()?;
            pending = self.wait(pending);
        }
        Ok(())
    }

    /// The newest value of a row that is not in the tree yet, or that it is removed there.
    pub(super) fn pending_value(&self, key: &[u8]) -> Option<Option<Vec<u8>>> {
        let pending = self.pending();
        pending.get(key).map(|value| value.map(<[u8]>::to_vec))
    }

    /// Sees to it that the tree has all rows of a range.
    pub(super) fn bring_up_if(&self, is_in: impl Fn(&Rows) -> bool) -> Result<(), StoreError> {
        if !self.pending().has_any(is_in) {
            return Ok(());
        }
        self.bring_up(&Alone::wait())
    }

    /// Moves rows into the tree as they gather, until [`Self::close`] is called or the storage fails.
    pub(super) fn keep(&self) {
        while let Some(work) = self.next_work() {
            let done = match work {
                Work::Move => self.bring_up(&Alone::wait()),
                Work::Checkpoint => self.checkpoint(),
            };
            if let Err(error) = done {
                // Nobody waits for it: the next who asks hears of it.
                self.fail(error);
                return;
            }
        }
        // The next start has less to do then. Without it nothing is lost.
        if !self.health.has_failed() {
            self.checkpoint().ok();
        }
    }

    /// What the keeper should do next; waits for it. `None`: nothing any more.
    fn next_work(&self) -> Option<Work> {
        let mut pending = self.pending();
        loop {
            if pending.is_closing() || self.health.has_failed() {
                return None;
            }
            if pending.wants_durable() {
                return Some(Work::Checkpoint);
            }
            if pending.bytes() >= MOVE_BYTES {
                return Some(Work::Move);
            }
            pending = self.wait(pending);
        }
    }

    /// Ends [`Self::keep`].
    pub(super) fn close(&self) {
        self.pending().close();
        self.changed.notify_all();
    }

    /// Ends all further use, and wakes whoever waits.
    pub(super) fn fail(&self, error: StoreError) {
        let pending = self.pending();
        self.health.fail(error);
        drop(pending);
        self.changed.notify_all();
    }

    /// Runs a write so that its end is seen, and its failure is the end of all use before anybody else can
    /// write.
    fn write<T>(&self, write: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.health.check()?;
        let running = self.health.begin();
        let done = write();
        drop(running);
        done.map_err(|error| {
            self.fail(error);
            self.health.cause()
        })
    }

    fn pending(&self) -> MutexGuard<'_, Pending> {
        lock(&self.pending)
    }

    fn wait<'a>(&self, pending: MutexGuard<'a, Pending>) -> MutexGuard<'a, Pending> {
        let woken = self.changed.wait(pending);
        woken.unwrap_or_else(PoisonError::into_inner)
    }
}

enum Work {
    Move,
    Checkpoint,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
impl Journaled {
    /// What would move into the tree now.
    pub(super) fn waiting(&self) -> Rows {
        self.pending().gathering()
    }

    /// Lets the next sync of the journal fail.
    pub(super) fn fail_to_sync(&self) {
        lock(&self.journal).fail_to_sync();
    }
}
