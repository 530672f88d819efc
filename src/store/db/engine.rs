//! The only file that runs sled: one tree, written by one at a time.

use std::any::Any;
use std::fs::File;
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use super::Row;
use super::pending::Rows;
use super::step::{self, Changed, Take};
use crate::store::error::StoreError;
use crate::store::{codec, dir, strip};

/// Page cache. Balances and holds live in memory of ours, so reads are few.
const CACHE_BYTES: u64 = 16 << 20;
/// How often sled's own thread collects garbage. Without a period it never does, and commits do
/// not wait for it.
const COLLECT_EVERY_MS: u64 = 500;
/// One writer or flush at a time. A flush may wait for sled's own thread to move the log on. That
/// thread takes sled's one lock of the process to read, and a second batch that waits to write would keep it
/// out for ever.
static WRITING: Mutex<()> = Mutex::new(());
/// After so many bytes of rows others have the processor.
const TURN_BYTES: usize = 24 << 10;
/// Says up to which commit the tree has everything. Not a row: nobody else sees it.
const UP_TO: &[u8] = b"\0";

/// The right to write the tree.
pub(super) struct Alone(
    #[expect(dead_code, reason = "held, not looked at")] MutexGuard<'static, ()>,
);

impl Alone {
    /// Waits for whoever writes now.
    pub(super) fn wait() -> Self {
        Self(WRITING.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The tree of one data directory.
pub(super) struct Engine {
    tree: sled::Db,
    log: File,
    path: PathBuf,
    blobs: PathBuf,
}

impl Engine {
    /// Opens or creates the tree in a directory.
    pub(super) fn open(ledger: &Path) -> Result<Self, StoreError> {
        let path = ledger.join("db");
        dir::wait_for_engine(&path)?;
        dir::remove_unfinished_snapshots(ledger)?;
        let config = sled::Config::new()
            .path(ledger)
            .cache_capacity(CACHE_BYTES)
            .flush_every_ms(Some(COLLECT_EVERY_MS));
        let tree = guarded(|| config.open())?;
        // A handle of our own sees every write-back error from here on, also one that sled's
        // thread has seen and only logged.
        let log = File::open(&path)
            .and_then(|log| log.sync_all().map(|()| log))
            .map_err(StoreError::io("sync", &path))?;
        // sled uses a part of its file again as soon as it has written what replaces it, without a sync. After a
        // power cut neither could be there.
        if let Err(error) = dir::write_through(&log) {
            tracing::warn!(path = %path.display(), %error, "the file system cannot write this file through: a power cut while it grows may damage it");
        }
        Ok(Self {
            tree,
            log,
            path,
            blobs: ledger.join("blobs"),
        })
    }

    /// The number of the last commit that the tree has; zero for a new one.
    pub(super) fn up_to(&self) -> Result<u64, StoreError> {
        match self.tree.get(UP_TO)? {
            Some(bytes) => codec::decode(UP_TO, &bytes),
            None => Ok(0),
        }
    }

    /// Brings all of these rows into the tree, which then has everything up to a commit, or nothing. It is not
    /// durable yet.
    pub(super) fn apply(&self, rows: &Rows, up_to: u64, _: &Alone) -> Result<(), StoreError> {
        let mut batch = sled::Batch::default();
        self.steps(rows, &mut |step| {
            join(&mut batch, step);
            Ok(())
        })?;
        batch.insert(UP_TO, codec::encode(UP_TO, &up_to)?);
        guarded(|| self.tree.apply_batch(batch))
    }

    /// The same step by step, and others have the processor in between: no request waits for all of it. A tree
    /// that got only some of the steps says that it is older: these rows must be brought again.
    pub(super) fn apply_step_by_step(
        &self,
        rows: &Rows,
        up_to: u64,
        alone: &Alone,
    ) -> Result<(), StoreError> {
        let mut bytes = 0;
        self.steps(rows, &mut |step| {
            bytes += step::size(step);
            self.bring(step, alone)?;
            if bytes >= TURN_BYTES {
                bytes = 0;
                thread::yield_now();
            }
            Ok(())
        })?;
        let up_to = codec::encode(UP_TO, &up_to)?;
        self.bring(&[(UP_TO, Some(&up_to))], alone)
    }

    /// Hands out, in their order, the steps in which rows come into the tree.
    fn steps(&self, rows: &Rows, take: &mut Take<'_>) -> Result<(), StoreError> {
        let mut stripped = Vec::new();
        for (key, value) in rows {
            let row = (key.as_slice(), value.as_deref());
            if strip::may_hold(key) {
                stripped.push(row);
            } else {
                take(&[row])?;
            }
        }
        let mut rest = stripped.as_slice();
        while let Some((first, _)) = rest.first() {
            let (strip, end) = self.gap(first)?;
            let joins = |(key, _): &Changed<'_>| {
                strip::stem(key) == strip::stem(first)
                    && end.as_ref().is_none_or(|end| *key < end.as_slice())
            };
            let (joining, later) = rest.split_at(rest.partition_point(joins));
            step::lay(&strip, joining, take)?;
            rest = later;
        }
        Ok(())
    }

    /// One row needs no batch, which sled writes out in two parts of their own.
    fn bring(&self, step: &[Changed<'_>], _: &Alone) -> Result<(), StoreError> {
        guarded(|| match step {
            [(key, Some(value))] => self.tree.insert(key, *value).map(drop),
            [(key, None)] => self.tree.remove(key).map(drop),
            together => {
                let mut batch = sled::Batch::default();
                join(&mut batch, together);
                self.tree.apply_batch(batch)
            }
        })
    }

    /// The rows of the strip that reaches over a key, none if it is between two, and the key of the next stored
    /// row of its kind: whatever comes before that belongs here.
    fn gap(&self, key: &[u8]) -> Result<(Vec<Row>, Option<Vec<u8>>), StoreError> {
        let floor = self.floor(key)?.map(strip::unpack).transpose()?;
        let reaches = |rows: &Vec<Row>| rows.last().is_some_and(|(last, _)| last.as_slice() >= key);
        let rows = floor.filter(reaches).unwrap_or_default();
        let from = rows.last().map_or(key, |(last, _)| last).to_vec();
        let next = self
            .tree
            .range((Bound::Excluded(from), Bound::Unbounded))
            .next();
        let next = next.transpose()?.map(|(next, _)| next.to_vec());
        Ok((
            rows,
            next.filter(|next| strip::stem(next) == strip::stem(key)),
        ))
    }

    /// Makes durable what the tree has.
    pub(super) fn sync(&self, alone: Alone) -> Result<(), StoreError> {
        // A page of more than 128 KiB is a file of its own, which sled never syncs. Ours are smaller.
        dir::sync_files(&self.blobs)?;
        guarded(|| self.tree.flush())?;
        drop(alone);
        // sled's flush() is sync_file_range, which neither flushes the disk's cache nor writes
        // the file's length.
        self.log
            .sync_all()
            .map_err(StoreError::io("sync", &self.path))
    }

    /// A stored value.
    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.tree.get(key)?.map(|value| value.to_vec()))
    }

    /// The last stored row up to a key, if it may be the strip in which the key's row stands.
    pub(super) fn floor(&self, key: &[u8]) -> Result<Option<Row>, StoreError> {
        let row = self.tree.range(..=key).next_back().transpose()?;
        let row = row.filter(|(first, _)| strip::stem(first) == strip::stem(key));
        Ok(row.map(|(key, value)| (key.to_vec(), value.to_vec())))
    }

    /// The stored rows in a range of keys; a strip is one of them.
    pub(super) fn range(
        &self,
        keys: (Bound<Vec<u8>>, Bound<Vec<u8>>),
    ) -> impl DoubleEndedIterator<Item = Result<Row, StoreError>> + use<> {
        let rows = self.tree.range(keys).map(|row| {
            let (key, value) = row?;
            Ok((key.to_vec(), value.to_vec()))
        });
        rows.filter(|row: &Result<Row, StoreError>| {
            row.as_ref().map_or(true, |(key, _)| key != UP_TO)
        })
    }
}

fn join(batch: &mut sled::Batch, step: &[Changed<'_>]) {
    for (key, value) in step {
        match value {
            Some(value) => batch.insert(*key, *value),
            None => batch.remove(*key),
        }
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

#[cfg(test)]
impl Engine {
    /// Takes the first steps of bringing rows.
    pub(super) fn begin_to_apply(&self, rows: &Rows, mut steps: usize, alone: &Alone) {
        let mut take = |step: &[Changed<'_>]| {
            if steps == 0 {
                return Ok(());
            }
            steps -= 1;
            self.bring(step, alone)
        };
        self.steps(rows, &mut take).unwrap();
    }

    /// Stores raw bytes, as a tamperer or a failing disk would.
    pub(super) fn overwrite(&self, key: &[u8], value: Option<&[u8]>) {
        if strip::may_hold(key)
            && let Some(row) = self.floor(key).unwrap()
        {
            self.tree.remove(&row.0).unwrap();
            for (key, value) in strip::unpack(row).unwrap() {
                self.tree.insert(key, value).unwrap();
            }
        }
        match value {
            Some(value) => self.tree.insert(key, value).unwrap(),
            None => self.tree.remove(key).unwrap(),
        };
    }
}

#[cfg(test)]
#[path = "engine_tests.rs"]
mod tests;
