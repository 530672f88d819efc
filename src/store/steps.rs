//! Many writes in batches of bounded size: for work that may be cut off between any two of them.

use serde::Serialize;

use super::db::{Batch, Db};
use super::error::StoreError;

/// Rows in one batch.
const STEP: usize = 1000;

/// Writes that are committed whenever enough of them wait.
pub(super) struct Steps<'a> {
    db: &'a Db,
    batch: Batch,
    waiting: usize,
}

impl<'a> Steps<'a> {
    pub(super) fn new(db: &'a Db) -> Self {
        Self {
            db,
            batch: Batch::default(),
            waiting: 0,
        }
    }

    /// Stores a value, now or with a later one.
    pub(super) fn put<T: Serialize>(&mut self, key: Vec<u8>, value: &T) -> Result<(), StoreError> {
        self.batch.put(key, value);
        self.step()
    }

    /// Removes a key, now or with a later write.
    pub(super) fn delete(&mut self, key: Vec<u8>) -> Result<(), StoreError> {
        self.batch.delete(key);
        self.step()
    }

    fn step(&mut self) -> Result<(), StoreError> {
        self.waiting += 1;
        if self.waiting < STEP {
            return Ok(());
        }
        self.waiting = 0;
        self.db.commit_through(std::mem::take(&mut self.batch))
    }

    /// Commits what still waits.
    pub(super) fn finish(self) -> Result<(), StoreError> {
        self.db.commit_through(self.batch)
    }
}
