//! The journal: every commit is one write and one sync to it. The tree has the rows later, many commits at a time.
//!
//! Two files take turns. One is written anew only when the tree has, durably, all that it says.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::Change;
use super::frame::{self, PAGE_BYTES};
use crate::store::error::StoreError;

const NAMES: [&str; 2] = ["journal.0", "journal.1"];
/// How long a file grows. What is not in the tree yet fits in two of them.
const FILE_BYTES: u64 = 4 << 20;
/// By how much it grows at a time. A commit that makes its file longer takes twice as long, because the file system
/// has to write down where it goes on.
const GROWTH_BYTES: u64 = 512 << 10;

/// The open journal. Frames are numbered in the order in which they were committed.
#[derive(Debug)]
pub(super) struct Journal {
    written: Part,
    other: Part,
    next: u64,
    bytes: Vec<u8>,
}

/// A commit that the tree lacks.
#[derive(Debug)]
pub(super) struct Lacking {
    /// Counts commits, from one on, without gaps.
    pub(super) number: u64,
    /// What it changed.
    pub(super) changes: Vec<Change>,
}

/// One of the two files.
#[derive(Debug)]
struct Part {
    file: File,
    path: PathBuf,
    length: u64,
    end: u64,
    /// Number of its last frame; zero when it has none that matters.
    last: u64,
}

impl Journal {
    /// Opens or creates the journal of a directory. Returns with it the frames behind number `after`, which
    /// the tree does not have, oldest first. They must be in the tree, durably, before the first commit.
    ///
    /// Fails when one of them is missing or damaged though a later one is there. The last of all may
    /// be torn: nobody was told then that it had been committed.
    pub(super) fn open(dir: &Path, after: u64) -> Result<(Self, Vec<Lacking>), StoreError> {
        let [first, second] = NAMES.map(|name| Part::open(dir.join(name)));
        let (written, other) = (first?, second?);
        let mut frames = written.behind(after)?;
        frames.extend(other.behind(after)?);
        frames.sort_unstable_by_key(|frame| frame.number);
        let mut next = after.saturating_add(1);
        for frame in &frames {
            if frame.number != next {
                return Err(StoreError::JournalBroken {
                    path: dir.to_owned(),
                    missing: next,
                    found: frame.number,
                });
            }
            next = next.saturating_add(1);
        }
        let journal = Self {
            written,
            other,
            next,
            bytes: Vec::new(),
        };
        Ok((journal, frames))
    }

    /// Prepares a commit. Returns up to which number the tree must have everything, durably, before
    /// [`Self::append`] may be called; zero when nothing is in the way.
    ///
    /// `None`: the rows are too many for the journal.
    pub(super) fn prepare(&mut self, changes: &[Change]) -> Option<u64> {
        frame::write(self.next, changes, &mut self.bytes)?;
        let bytes = u64::try_from(self.bytes.len()).ok()?;
        if bytes > FILE_BYTES / 4 {
            return None;
        }
        if self.written.end.saturating_add(bytes) <= FILE_BYTES {
            return Some(0);
        }
        Some(self.other.last)
    }

    /// Writes and syncs what was prepared. Returns its number.
    pub(super) fn append(&mut self) -> Result<Appended, StoreError> {
        let bytes = u64::try_from(self.bytes.len()).unwrap_or(u64::MAX);
        let mut filled = 0;
        if self.written.end.saturating_add(bytes) > FILE_BYTES {
            filled = self.written.last;
            std::mem::swap(&mut self.written, &mut self.other);
            self.written.end = 0;
        }
        let (part, number) = (&mut self.written, self.next);
        part.make_room(part.end.saturating_add(bytes))
            .and_then(|()| part.file.write_all_at(&self.bytes, part.end))
            .map_err(StoreError::io("write", &part.path))?;
        part.file
            .sync_data()
            .map_err(StoreError::io("sync", &part.path))?;
        part.end = part.end.saturating_add(bytes);
        part.last = number;
        self.next = number.saturating_add(1);
        Ok(Appended { number, filled })
    }
}

/// What was written.
pub(super) struct Appended {
    /// Its number.
    pub(super) number: u64,
    /// Number of the last frame of the file that is full now; zero when none has become full.
    pub(super) filled: u64,
}

impl Part {
    fn open(path: PathBuf) -> Result<Self, StoreError> {
        let opened = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .mode(0o600)
            .open(&path)
            .and_then(|file| file.metadata().map(|of| (of.len(), file)));
        let (length, file) = opened.map_err(StoreError::io("open", &path))?;
        Ok(Self {
            file,
            path,
            length,
            end: 0,
            last: 0,
        })
    }

    /// Lets the file grow where it does not reach so far.
    fn make_room(&mut self, until: u64) -> io::Result<()> {
        if until > self.length {
            let length = until.next_multiple_of(GROWTH_BYTES);
            let zeros = vec![0; usize::try_from(length - self.length).unwrap_or_default()];
            self.file.write_all_at(&zeros, self.length)?;
            self.length = length;
        }
        Ok(())
    }

    /// Every whole frame of the file behind a number. Older ones stand there until they are written over.
    fn behind(&self, after: u64) -> Result<Vec<Lacking>, StoreError> {
        let io = StoreError::io("read", &self.path);
        let bytes = std::fs::read(&self.path).map_err(io)?;
        let (mut frames, mut rest) = (Vec::new(), bytes.as_slice());
        while !rest.is_empty() {
            let length = match frame::read(rest) {
                Some((frame, length)) => {
                    if frame.number > after
                        && let Some(changes) = frame.changes()
                    {
                        let number = frame.number;
                        frames.push(Lacking { number, changes });
                    }
                    length
                }
                None => PAGE_BYTES,
            };
            rest = rest.get(length..).unwrap_or_default();
        }
        Ok(frames)
    }
}

#[cfg(test)]
impl Journal {
    /// The same journal, whose next sync fails: the null device cannot be synced.
    pub(super) fn fail_to_sync(&mut self) {
        self.written.file = OpenOptions::new().write(true).open("/dev/null").unwrap();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(value: usize) -> Vec<Change> {
        vec![(b"t/1".to_vec(), Some(vec![b'x'; value]))]
    }

    fn append(journal: &mut Journal, value: usize) -> u64 {
        assert_eq!(journal.prepare(&change(value)), Some(0));
        journal.append().unwrap().number
    }

    fn numbers(frames: &[Lacking]) -> Vec<u64> {
        frames.iter().map(|frame| frame.number).collect()
    }

    #[test]
    fn what_the_tree_lacks_is_found_again() {
        let dir = tempfile::tempdir().unwrap();
        let (mut journal, frames) = Journal::open(dir.path(), 0).unwrap();
        assert!(frames.is_empty());
        for number in 1..=5 {
            assert_eq!(append(&mut journal, 5000), number);
        }
        let (_, frames) = Journal::open(dir.path(), 0).unwrap();
        assert_eq!(numbers(&frames), [1, 2, 3, 4, 5]);
        assert_eq!(frames.last().unwrap().changes, change(5000));
        let (mut journal, frames) = Journal::open(dir.path(), 3).unwrap();
        assert_eq!(numbers(&frames), [4, 5]);
        assert_eq!(append(&mut journal, 5), 6, "numbers go on");
    }

    #[test]
    fn a_file_grows_by_much_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let (mut journal, _) = Journal::open(dir.path(), 0).unwrap();
        let length = || std::fs::metadata(dir.path().join(NAMES[0])).unwrap().len();
        for (value, steps) in [(5000, 1), (500_000, 1), (500_000, 2), (10, 2)] {
            append(&mut journal, value);
            assert_eq!(length(), steps * GROWTH_BYTES);
        }
        drop(journal);
        let (mut journal, frames) = Journal::open(dir.path(), 0).unwrap();
        assert_eq!(numbers(&frames), [1, 2, 3, 4]);
        append(&mut journal, 5000);
        assert_eq!(length(), 2 * GROWTH_BYTES);
    }

    #[test]
    fn a_torn_last_frame_was_never_committed_and_a_lost_one_in_between_is_damage() {
        let dir = tempfile::tempdir().unwrap();
        let (mut journal, _) = Journal::open(dir.path(), 0).unwrap();
        for _ in 0..3 {
            append(&mut journal, 5000);
        }
        let (path, page) = (dir.path().join(NAMES[0]), PAGE_BYTES as u64);
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        file.write_all_at(b"torn", 5 * page).unwrap();
        let (_, frames) = Journal::open(dir.path(), 0).unwrap();
        assert_eq!(numbers(&frames), [1, 2]);
        file.write_all_at(b"lost", 0).unwrap();
        let error = Journal::open(dir.path(), 0).unwrap_err();
        assert!(
            matches!(
                error,
                StoreError::JournalBroken {
                    missing: 1,
                    found: 2,
                    ..
                }
            ),
            "{error}"
        );
        assert!(Journal::open(dir.path(), 1).is_ok(), "the tree has it");
    }

    #[test]
    fn a_file_is_written_anew_only_when_the_tree_has_it() {
        let dir = tempfile::tempdir().unwrap();
        let (mut journal, _) = Journal::open(dir.path(), 0).unwrap();
        let big = 1_000_000;
        for number in 1..=4 {
            assert_eq!(append(&mut journal, big), number);
        }
        assert_eq!(journal.prepare(&change(big)), Some(0));
        assert_eq!(journal.append().unwrap().filled, 4);
        for number in 6..=8 {
            assert_eq!(append(&mut journal, big), number);
        }
        assert_eq!(journal.prepare(&change(big)), Some(4));
        assert_eq!(journal.append().unwrap().filled, 8);
        let (_, frames) = Journal::open(dir.path(), 4).unwrap();
        assert_eq!(numbers(&frames), [5, 6, 7, 8, 9]);
        assert_eq!(journal.prepare(&change(2_000_000)), None);
    }
}
