//! The only file that touches sled: open, read, and commit so that a power cut loses nothing.

use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::ops::{Bound, RangeBounds};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use super::error::StoreError;
use super::{codec, dir, key, schema, strip};
use crate::ids::Pepper;

/// Page cache. Balances and holds live in memory of ours, so reads are few.
const CACHE_BYTES: u64 = 16 << 20;
/// How often sled's own thread collects garbage. Without a period it never does, and commits do
/// not wait for it.
const COLLECT_EVERY_MS: u64 = 500;
/// Largest value. Far below the size from which sled writes files that it never syncs.
const MOST_VALUE_BYTES: usize = 32 << 10;
/// One batch and its flush at a time. A flush may wait for sled's own thread to move the log on. That
/// thread takes sled's one lock of the process to read, and a second batch that waits to write would keep it
/// out for ever.
static WRITING: Mutex<()> = Mutex::new(());

/// The open storage of one data directory. Clones share it; the last one closes it.
#[derive(Clone)]
pub struct Db(Arc<Inner>);

struct Inner {
    // Fields are dropped in this order: sled closes before the lock is given back.
    tree: sled::Db,
    log: File,
    poisoned: AtomicBool,
    /// Rows read, so that a test can hold a query to its page.
    #[cfg(test)]
    rows_read: std::sync::atomic::AtomicU64,
    dir: PathBuf,
    _lock: File,
}

/// A key and its stored value.
pub(super) type Row = (Vec<u8>, Vec<u8>);

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
        let path = ledger.join("db");
        dir::wait_for_engine(&path)?;
        dir::remove_unfinished_snapshots(&ledger)?;
        let config = sled::Config::new()
            .path(&ledger)
            .cache_capacity(CACHE_BYTES)
            .flush_every_ms(Some(COLLECT_EVERY_MS));
        let tree = guarded(|| config.open())?;
        // A handle of our own sees every write-back error from here on, also one that sled's
        // thread has seen and only logged.
        let log = File::open(&path)
            .and_then(|log| log.sync_all().map(|()| log))
            .map_err(StoreError::io("sync", &path))?;
        dir::sync(&ledger)?;
        dir::sync(dir)?;
        let db = Self(Arc::new(Inner {
            tree,
            log,
            poisoned: AtomicBool::new(false),
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
        self.healthy()?;
        if batch.is_empty() {
            return Ok(());
        }
        self.poisoning(batch.into_sled().and_then(|writes| self.write(writes)))
    }

    fn write(&self, writes: sled::Batch) -> Result<(), StoreError> {
        let inner = &self.0;
        let alone = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
        guarded(|| {
            inner.tree.apply_batch(writes)?;
            inner.tree.flush()
        })?;
        drop(alone);
        // sled's flush() is sync_file_range, which neither flushes the disk's cache nor writes
        // the file's length.
        let path = inner.dir.join("ledger/db");
        inner.log.sync_all().map_err(StoreError::io("sync", &path))
    }

    /// The stored value of a key.
    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.healthy()?;
        #[cfg(test)]
        self.0.rows_read.fetch_add(1, Ordering::Relaxed);
        if !strip::may_hold(key) {
            let value = self.poisoning(self.0.tree.get(key).map_err(StoreError::from))?;
            return Ok(value.map(|value| value.to_vec()));
        }
        let found = self.floor(key)?.map(|row| strip::find(row, key));
        Ok(self.poisoning(found.transpose())?.flatten())
    }

    /// The last stored row up to a key, if it may be the strip in which the key's row stands.
    fn floor(&self, key: &[u8]) -> Result<Option<Row>, StoreError> {
        let row = self.0.tree.range(..=key).next_back().transpose();
        let row = self.poisoning(row.map_err(StoreError::from))?;
        let row = row.filter(|(first, _)| strip::stem(first) == strip::stem(key));
        Ok(row.map(|(key, value)| (key.to_vec(), value.to_vec())))
    }

    /// The rows whose key begins with `prefix`, in key order, read as they are asked for. Bound it
    /// with `take`; `rev` gives the newest first.
    pub(super) fn rows(
        &self,
        prefix: &[u8],
    ) -> Result<impl DoubleEndedIterator<Item = Result<Row, StoreError>> + '_, StoreError> {
        self.healthy()?;
        Ok(self.read(self.0.tree.scan_prefix(prefix)))
    }

    /// The rows whose keys are in a range, in the same way.
    pub(super) fn range(
        &self,
        keys: impl RangeBounds<Vec<u8>>,
    ) -> Result<impl DoubleEndedIterator<Item = Result<Row, StoreError>>, StoreError> {
        self.healthy()?;
        let (start, end) = (keys.start_bound().cloned(), keys.end_bound().cloned());
        let stored = (self.with_strip(start)?, end);
        let rows = self.read(self.0.tree.range(stored));
        // A strip may begin before the range or go on behind it.
        Ok(rows.filter(move |row| row.as_ref().map_or(true, |row| keys.contains(&row.0))))
    }

    /// A range's start, or the key of the strip that reaches into the range.
    fn with_strip(&self, start: Bound<Vec<u8>>) -> Result<Bound<Vec<u8>>, StoreError> {
        match &start {
            Bound::Included(key) | Bound::Excluded(key) if strip::may_hold(key) => {
                let floor = self.floor(key)?;
                Ok(floor.map_or(start, |(key, _)| Bound::Included(key)))
            }
            Bound::Included(_) | Bound::Excluded(_) | Bound::Unbounded => Ok(start),
        }
    }

    fn read(&self, rows: sled::Iter) -> impl DoubleEndedIterator<Item = Result<Row, StoreError>> {
        rows.flat_map(|row| {
            #[cfg(test)]
            self.0.rows_read.fetch_add(1, Ordering::Relaxed);
            let row = row.map(|(key, value)| (key.to_vec(), value.to_vec()));
            let rows = row.map_err(StoreError::from).and_then(strip::unpack);
            match self.poisoning(rows) {
                Ok(rows) => rows.into_iter().map(Ok).collect(),
                Err(error) => vec![Err(error)],
            }
        })
    }

    /// Bytes that are free for the data directory.
    pub fn free_bytes(&self) -> Result<u64, StoreError> {
        dir::free_bytes(&self.0.dir)
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

    fn healthy(&self) -> Result<(), StoreError> {
        if self.0.poisoned.load(Ordering::Acquire) {
            return Err(StoreError::Poisoned);
        }
        Ok(())
    }

    /// Passes a result on; an error ends all further use.
    fn poisoning<T>(&self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if result.is_err() {
            self.0.poisoned.store(true, Ordering::Release);
        }
        result
    }
}

impl fmt::Debug for Db {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Db").field(&self.0.dir).finish()
    }
}

/// Runs an operation of sled, which panics on some kinds of damage.
fn guarded<T>(operation: impl FnOnce() -> sled::Result<T>) -> Result<T, StoreError> {
    match catch_unwind(AssertUnwindSafe(operation)) {
        Ok(result) => Ok(result?),
        Err(panic) => Err(StoreError::Panicked(panic_text(panic.as_ref()))),
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("panic without a message")
        .to_owned()
}

/// Writes that become durable together. The last write to a key wins.
#[derive(Debug, Default)]
pub struct Batch {
    writes: HashMap<Vec<u8>, Option<Vec<u8>>>,
    /// The first value that could not be encoded; the commit reports it.
    fault: Option<StoreError>,
}

impl Batch {
    /// Whether there is nothing to commit.
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty() && self.fault.is_none()
    }

    /// Takes the writes of another batch into this one.
    pub fn merge(&mut self, other: Self) {
        self.writes.extend(other.writes);
        self.fault = self.fault.take().or(other.fault);
    }

    /// Stores a value under a key.
    pub(super) fn put<T: Serialize>(&mut self, key: Vec<u8>, value: &T) {
        match codec::encode(&key, value) {
            Ok(value) => drop(self.writes.insert(key, Some(value))),
            Err(error) => self.fail(error),
        }
    }

    /// Removes a key.
    pub(super) fn delete(&mut self, key: Vec<u8>) {
        self.writes.insert(key, None);
    }

    /// Makes the commit fail: a part of this batch could not be built.
    pub(super) fn fail(&mut self, error: StoreError) {
        self.fault.get_or_insert(error);
    }

    fn into_sled(self) -> Result<sled::Batch, StoreError> {
        if let Some(error) = self.fault {
            return Err(error);
        }
        let mut batch = sled::Batch::default();
        let mut growing = Vec::new();
        for (key, value) in self.writes {
            match value {
                Some(value) if value.len() > MOST_VALUE_BYTES => {
                    return Err(StoreError::TooLarge {
                        key: codec::show(&key),
                        bytes: value.len(),
                    });
                }
                Some(value) if strip::may_hold(&key) => growing.push((key, value)),
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        for (key, value) in strip::pack(growing) {
            batch.insert(key, value);
        }
        Ok(batch)
    }
}

#[cfg(test)]
impl Db {
    /// Rows read so far.
    pub(super) fn rows_read(&self) -> u64 {
        self.0.rows_read.load(Ordering::Relaxed)
    }

    /// The same storage, whose next sync fails: the null device cannot be synced.
    pub(crate) fn with_failing_sync(mut self) -> Self {
        let inner = Arc::get_mut(&mut self.0).unwrap();
        inner.log = File::open("/dev/null").unwrap();
        self
    }

    /// Stores raw bytes, as a tamperer or a failing disk would.
    pub(super) fn overwrite(&self, key: &[u8], value: Option<&[u8]>) {
        if strip::may_hold(key)
            && let Some(row) = self.floor(key).unwrap()
        {
            self.0.tree.remove(&row.0).unwrap();
            for (key, value) in strip::unpack(row).unwrap() {
                self.0.tree.insert(key, value).unwrap();
            }
        }
        match value {
            Some(value) => self.0.tree.insert(key, value).unwrap(),
            None => self.0.tree.remove(key).unwrap(),
        };
    }
}

#[cfg(test)]
impl Batch {
    /// The stored form that waits under a key.
    pub(super) fn get(&self, key: &[u8]) -> Option<&[u8]> {
        self.writes.get(key)?.as_deref()
    }
}

#[cfg(test)]
#[path = "db_tests.rs"]
mod tests;
