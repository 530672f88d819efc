//! Open, read, and commit so that a power cut loses nothing: a tree of rows, and the journal before it.

mod batch;
mod engine;
mod frame;
mod health;
mod journal;
mod journaled;
mod once;
mod pending;
mod step;

use std::fmt;
use std::fs::File;
use std::ops::{Bound, RangeBounds};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

pub use batch::Batch;
pub use health::Progress;

use super::error::StoreError;
use super::{dir, key, schema, strip};
use crate::ids::Pepper;
use engine::Engine;
use journaled::Journaled;
use once::Once;
use pending::Rows;

/// The open storage of one data directory. Clones share it; the last one closes it.
#[derive(Clone)]
pub struct Db(Arc<Inner>);

struct Inner {
    // Fields are dropped in this order: sled closes before the lock is given back.
    stored: Arc<Journaled>,
    keeper: Option<JoinHandle<()>>,
    /// Rows read, so that a test can hold a query to its page.
    #[cfg(test)]
    rows_read: std::sync::atomic::AtomicU64,
    dir: PathBuf,
    _lock: File,
}

/// A key and its stored value.
pub(super) type Row = (Vec<u8>, Vec<u8>);
/// A key and its new value; `None` removes it.
type Change = (Vec<u8>, Option<Vec<u8>>);

impl Db {
    /// Opens the data directory, creating it if need be, and brings one of an older version up to
    /// date.
    ///
    /// Fails when another process has it, when a newer version wrote it, when the disk refuses, or
    /// when it is damaged.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        dir::create(dir)?;
        let lock = dir::lock(dir)?;
        let ledger = dir.join("ledger");
        let engine = Engine::open(&ledger)?;
        let stored = Arc::new(Journaled::open(engine, &ledger)?);
        dir::sync(&ledger)?;
        dir::sync(dir)?;
        let keeping = Arc::clone(&stored);
        let keeper = thread::Builder::new()
            .name("ledger keeper".into())
            .spawn(move || keeping.keep())
            .map_err(StoreError::io("start a thread for", dir))?;
        let db = Self(Arc::new(Inner {
            stored,
            keeper: Some(keeper),
            #[cfg(test)]
            rows_read: std::sync::atomic::AtomicU64::new(0),
            dir: dir.to_owned(),
            _lock: lock,
        }));
        schema::bring_up_to_date(&db)?;
        Ok(db)
    }

    /// Writes all of the batch or nothing, durably: on return it survives a power cut.
    ///
    /// After an error memory may be ahead of the disk, so every later call is refused with
    /// [`StoreError::Poisoned`]; the process should end.
    pub fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        match self.changes(batch)? {
            changes if changes.is_empty() => Ok(()),
            changes => self.0.stored.commit(changes),
        }
    }

    /// The same without the journal: for large writes, and for those that an older version must see
    /// at once.
    pub(super) fn commit_through(&self, batch: Batch) -> Result<(), StoreError> {
        match self.changes(batch)? {
            changes if changes.is_empty() => Ok(()),
            changes => self.0.stored.commit_through(changes),
        }
    }

    fn changes(&self, batch: Batch) -> Result<Vec<Change>, StoreError> {
        self.healthy()?;
        self.poisoning(batch.into_changes())
    }

    /// The stored value of a key.
    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.healthy()?;
        #[cfg(test)]
        self.count_row();
        if let Some(value) = self.0.stored.pending_value(key) {
            return Ok(value);
        }
        let engine = &self.0.stored.engine;
        if !strip::may_hold(key) {
            return self.poisoning(engine.get(key));
        }
        let floor = self.poisoning(engine.floor(key))?;
        let found = floor.map(|row| strip::find(row, key));
        Ok(self.poisoning(found.transpose())?.flatten())
    }

    /// The rows whose key begins with `prefix`, in key order, read as they are asked for. Bound it
    /// with `take`; `rev` gives the newest first.
    pub(super) fn rows(
        &self,
        prefix: &[u8],
    ) -> Result<impl DoubleEndedIterator<Item = Result<Row, StoreError>> + '_, StoreError> {
        let end = match key::after(prefix) {
            Some(end) => Bound::Excluded(end),
            None => Bound::Unbounded,
        };
        self.range((Bound::Included(prefix.to_vec()), end))
    }

    /// The rows whose keys are in a range, in the same way.
    pub(super) fn range(
        &self,
        keys: impl RangeBounds<Vec<u8>>,
    ) -> Result<impl DoubleEndedIterator<Item = Result<Row, StoreError>>, StoreError> {
        self.healthy()?;
        let stored = &self.0.stored;
        let keys = (keys.start_bound().cloned(), keys.end_bound().cloned());
        stored.bring_up_if(|rows| has_any(rows, &keys))?;
        let strips = (self.with_strip(keys.0.clone())?, keys.1.clone());
        let rows = self.read(stored.engine.range(strips));
        // A strip may begin before the range or go on behind it.
        let rows = rows.filter(move |row| row.as_ref().map_or(true, |row| keys.contains(&row.0)));
        Ok(Once::new(rows))
    }

    /// A range's start, or the key of the strip that reaches into the range.
    fn with_strip(&self, start: Bound<Vec<u8>>) -> Result<Bound<Vec<u8>>, StoreError> {
        match &start {
            Bound::Included(key) | Bound::Excluded(key) if strip::may_hold(key) => {
                let floor = self.poisoning(self.0.stored.engine.floor(key))?;
                Ok(floor.map_or(start, |(key, _)| Bound::Included(key)))
            }
            Bound::Included(_) | Bound::Excluded(_) | Bound::Unbounded => Ok(start),
        }
    }

    fn read(
        &self,
        rows: impl DoubleEndedIterator<Item = Result<Row, StoreError>>,
    ) -> impl DoubleEndedIterator<Item = Result<Row, StoreError>> {
        rows.flat_map(|row| {
            #[cfg(test)]
            self.count_row();
            match self.poisoning(row.and_then(strip::unpack)) {
                Ok(rows) => rows.into_iter().map(Ok).collect(),
                Err(error) => vec![Err(error)],
            }
        })
    }

    /// Bytes that are free for the data directory.
    pub fn free_bytes(&self) -> Result<u64, StoreError> {
        dir::free_bytes(&self.0.dir)
    }

    /// Fails when the storage has failed, also where nobody was waiting.
    pub fn healthy(&self) -> Result<(), StoreError> {
        self.0.stored.health.check()
    }

    /// How far writing has come.
    pub fn progress(&self) -> Progress {
        self.0.stored.health.progress()
    }

    /// The installation's secret, made on first use.
    ///
    /// Fails rather than make a new one when keys were hashed under a secret that is gone.
    pub fn pepper(&self) -> Result<Pepper, StoreError> {
        let path = self.0.dir.join("pepper");
        if let Some(pepper) = dir::read_pepper(&path)? {
            return Ok(pepper);
        }
        if self.rows(key::KEYS)?.next().is_some() {
            return Err(StoreError::PepperLost { path });
        }
        dir::create_pepper(&self.0.dir, &path)
    }

    /// Passes a result on; an error ends all further use.
    fn poisoning<T>(&self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        result.map_err(|error| {
            self.0.stored.fail(error);
            self.0.stored.health.cause()
        })
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.stored.close();
        if let Some(keeper) = self.keeper.take() {
            keeper.join().ok();
        }
    }
}

impl fmt::Debug for Db {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Db").field(&self.0.dir).finish()
    }
}

fn has_any(rows: &Rows, keys: &(Bound<Vec<u8>>, Bound<Vec<u8>>)) -> bool {
    let from = match &keys.0 {
        Bound::Included(key) => Bound::Included(key.as_slice()),
        Bound::Excluded(key) => Bound::Excluded(key.as_slice()),
        Bound::Unbounded => Bound::Unbounded,
    };
    let first = rows.range::<[u8], _>((from, Bound::Unbounded)).next();
    first.is_some_and(|(key, _)| keys.contains(key))
}

#[cfg(test)]
impl Db {
    /// Rows read so far.
    pub(super) fn rows_read(&self) -> u64 {
        use std::sync::atomic::Ordering;
        self.0.rows_read.load(Ordering::Relaxed)
    }

    fn count_row(&self) {
        use std::sync::atomic::Ordering;
        self.0.rows_read.fetch_add(1, Ordering::Relaxed);
    }

    /// The same storage, whose next commit cannot be synced.
    pub(crate) fn with_failing_sync(self) -> Self {
        self.0.stored.fail_to_sync();
        self
    }

    /// Stores raw bytes, as a tamperer or a failing disk would.
    pub(super) fn overwrite(&self, key: &[u8], value: Option<&[u8]>) {
        self.0.stored.checkpoint().unwrap();
        self.0.stored.engine.overwrite(key, value);
    }
}

#[cfg(test)]
#[path = "db_tests.rs"]
mod tests;
