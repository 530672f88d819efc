//! The only file that runs sled: one tree, written in whole batches, one batch at a time.

use std::any::Any;
use std::fs::File;
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use super::Row;
use super::pending::Rows;
use super::piece::Piece;
use crate::store::error::StoreError;
use crate::store::{codec, dir, strip};

/// Page cache. Balances and holds live in memory of ours, so reads are few.
const CACHE_BYTES: u64 = 16 << 20;
/// How often sled's own thread collects garbage. Without a period it never does, and commits do
/// not wait for it.
const COLLECT_EVERY_MS: u64 = 500;
/// One batch or flush at a time. A flush may wait for sled's own thread to move the log on. That
/// thread takes sled's one lock of the process to read, and a second batch that waits to write would keep it
/// out for ever.
static WRITING: Mutex<()> = Mutex::new(());
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
    pub(super) fn apply(&self, rows: &Rows, up_to: u64, alone: &Alone) -> Result<(), StoreError> {
        self.bring_all(Piece::whole(), rows, up_to, alone)
    }

    /// The same piece by piece, and others have the processor in between: no request waits for all of it. A tree
    /// that got only some of the pieces says that it is older: these rows must be brought again.
    pub(super) fn apply_in_pieces(
        &self,
        rows: &Rows,
        up_to: u64,
        alone: &Alone,
    ) -> Result<(), StoreError> {
        self.bring_all(Piece::small(), rows, up_to, alone)
    }

    fn bring_all(
        &self,
        mut piece: Piece,
        rows: &Rows,
        up_to: u64,
        alone: &Alone,
    ) -> Result<(), StoreError> {
        let mut stripped = Vec::new();
        for (key, value) in rows {
            if strip::may_hold(key) {
                stripped.push((key, value));
            } else {
                piece.change(key, value.as_deref());
                if piece.is_full() {
                    piece = self.bring_small(piece, alone)?;
                }
            }
        }
        let mut rest = stripped.as_slice();
        while let Some((first, _)) = rest.split_first() {
            let (gap, end) = self.gap(first.0)?;
            let joins = |row: &(&Vec<u8>, _)| {
                strip::stem(row.0) == strip::stem(first.0)
                    && end.as_ref().is_none_or(|end| row.0 < end)
            };
            let (joining, _) = rest.split_at(rest.partition_point(joins));
            let (here, later) = rest.split_at(piece.room_for(joining));
            piece.merge(&gap, here);
            // The strip is read again for the others that join it: as it is now.
            let has_parted = here.len() < joining.len();
            if has_parted || piece.is_full() {
                piece = self.bring_small(piece, alone)?;
            }
            rest = later;
        }
        piece.change(UP_TO, Some(&codec::encode(UP_TO, &up_to)?));
        self.bring(piece.into_batch(), alone)
    }

    /// Brings a piece, and lets others work. Returns the next one.
    fn bring_small(&self, piece: Piece, alone: &Alone) -> Result<Piece, StoreError> {
        self.bring(piece.into_batch(), alone)?;
        thread::yield_now();
        Ok(Piece::small())
    }

    fn bring(&self, batch: sled::Batch, _: &Alone) -> Result<(), StoreError> {
        guarded(|| self.tree.apply_batch(batch))
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
mod tests {
    use std::fs;
    use std::os::unix::fs::MetadataExt;

    use super::*;
    use crate::ids::{AccountId, GenerationId};
    use crate::store::key;

    #[test]
    fn full_pages_of_full_strips_are_not_files_of_their_own() {
        let dir = tempfile::tempdir().unwrap();
        let engine = Engine::open(dir.path()).unwrap();
        for commit in 0..100_u64 {
            let transfer = |of| (key::transfer(commit * 100 + of), Some(vec![b'x'; 200]));
            let rows: Rows = (0..100).map(transfer).collect();
            engine.apply(&rows, commit, &Alone::wait()).unwrap();
        }
        engine.sync(Alone::wait()).unwrap();
        let strips = engine.range((Bound::Unbounded, Bound::Unbounded));
        assert!(strips.count() > 300);
        assert_eq!(fs::read_dir(&engine.blobs).unwrap().count(), 0);
    }

    #[test]
    fn a_strip_that_many_rows_come_late_to_keeps_all_of_them() {
        let dir = tempfile::tempdir().unwrap();
        let engine = Engine::open(dir.path()).unwrap();
        let rows = |numbers: &mut dyn Iterator<Item = u64>| -> Rows {
            let account = AccountId::from_bytes([1; 16]);
            let id = |number: u64| GenerationId::from_bytes(u128::from(number).to_be_bytes());
            let row = |number| (key::record(account, id(number)), Some(vec![b'x'; 3]));
            numbers.map(row).collect()
        };
        let bring = |rows: &Rows| engine.apply_in_pieces(rows, 1, &Alone::wait()).unwrap();
        // One strip that reaches over everything, then many rows in its midst which are more key than value.
        bring(&rows(&mut (0..100).map(|number| number * 100)));
        bring(&rows(&mut (0..9_900).filter(|number| number % 100 != 0)));
        let strips = engine.range((Bound::Unbounded, Bound::Unbounded));
        let found = strips.flat_map(|strip| strip::unpack(strip.unwrap()).unwrap());
        let numbers: Vec<Vec<u8>> = found.map(|(key, _)| key).collect();
        let expected = rows(&mut (0..9_901));
        assert!(numbers.iter().eq(expected.keys()), "{} rows", numbers.len());
    }

    #[test]
    fn what_is_synced_is_the_file_that_sled_writes() {
        let dir = tempfile::tempdir().unwrap();
        let engine = Engine::open(dir.path()).unwrap();
        let synced = engine.log.metadata().unwrap();
        let written = || fs::metadata(dir.path().join("db")).unwrap();
        let file = |of: &fs::Metadata| (of.dev(), of.ino());
        assert_eq!(file(&synced), file(&written()));
        // More than a segment of its log: it grows the same file.
        for number in 1..40_u8 {
            let rows = Rows::from([(vec![b't', number], Some(vec![b'x'; 30_000]))]);
            engine.apply(&rows, number.into(), &Alone::wait()).unwrap();
            engine.sync(Alone::wait()).unwrap();
        }
        assert_eq!(file(&synced), file(&written()));
        assert!(written().len() > synced.len());
        assert_eq!(engine.up_to().unwrap(), 39);
    }
}
