//! An export read back into an empty data directory: everything is checked, and nothing is left
//! behind when a byte of it is wrong.

use std::fs;
use std::io::{self, BufRead, Read};
use std::path::{Path, PathBuf};

use super::book::{Chain, Link, Meta, OpenHold, TakingsByDay};
use super::db::Db;
use super::entry::Entry;
use super::error::{LedgerError, StoreError};
use super::export::{ExportError, FORMAT, First, Header, Tally};
use super::replay::Replay;
use super::snapshot::Snapshot;
use super::steps::Steps;
use super::verify::Report;
use super::{dir, key};

/// Longest line, in bytes: a value has at most 32 KiB, and no form in JSON is eight times as long.
const MOST_LINE_BYTES: u64 = 256 << 10;
/// Where the ledger is built; a directory of this name is what a killed import left.
const WORKSHOP: &str = "importing";

/// Why a file was not imported. The directory is as it was before.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A ledger is there already.
    #[error(
        "{dir} has a ledger; import into an empty directory, and set MODEL_ROUTER_DATA_DIR to it"
    )]
    NotEmpty {
        /// The directory.
        dir: PathBuf,
    },
    /// A line is not what an export has there.
    #[error("line {line}: {reason}; nothing was imported, take another copy of the export")]
    Line {
        /// Its number, from 1.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// The file cannot be read.
    #[error("the export cannot be read: {0}")]
    Read(#[from] io::Error),
    /// The directory cannot be written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What was imported does not hold together.
    #[error("the export contradicts itself: {0}; nothing was imported")]
    Ledger(#[from] LedgerError),
    /// What was imported cannot be read back.
    #[error("what was imported cannot be read back: {0}; nothing was imported")]
    Readback(#[from] ExportError),
}

/// Imports an export into a directory without a ledger and reports what it holds. Calls `tick` with
/// the bytes of every line.
pub fn import(
    file: &mut impl BufRead,
    dir: &Path,
    tick: impl FnMut(u64),
) -> Result<Report, ImportError> {
    let is_new = !dir.exists();
    let imported = import_into(file, dir, tick);
    if imported.is_err() && is_new {
        // The error at hand says more than one about a directory that stays.
        fs::remove_dir_all(dir).ok();
    }
    imported
}

fn import_into(
    file: &mut impl BufRead,
    dir: &Path,
    tick: impl FnMut(u64),
) -> Result<Report, ImportError> {
    dir::create(dir)?;
    let _lock = dir::lock(dir)?;
    let (ledger, workshop) = (dir.join("ledger"), dir.join(WORKSHOP));
    if ledger.exists() {
        return Err(ImportError::NotEmpty {
            dir: dir.to_owned(),
        });
    }
    dir::remove_all(&workshop)?;
    let built = build(file, &workshop, tick);
    if built.is_ok() {
        dir::wait_for_engine(&workshop.join("ledger/db"))?;
        dir::rename(&workshop.join("ledger"), &ledger)?;
        dir::sync(dir)?;
    }
    dir::remove_all(&workshop)?;
    built
}

/// Builds and checks the ledger in a directory of its own.
fn build(
    file: &mut impl BufRead,
    workshop: &Path,
    tick: impl FnMut(u64),
) -> Result<Report, ImportError> {
    let db = Db::open(workshop)?;
    let sealed = fill(&db, file, tick)?;
    let snapshot = Snapshot::take(&db)?;
    let report = snapshot.verify(|| ())?;
    // What stands in the directory now gives the very bytes that were read.
    let mut again = LastLine::default();
    snapshot.export(&mut again, || ())?;
    if again.0 != sealed.text {
        return Err(wrong(
            sealed.number,
            "its lines are not in an export's order",
        ));
    }
    Ok(report)
}

/// A line of the file.
struct Numbered {
    number: u64,
    text: Vec<u8>,
}

/// Stores what the file says, and returns its last line.
fn fill(
    db: &Db,
    file: &mut impl BufRead,
    mut tick: impl FnMut(u64),
) -> Result<Numbered, ImportError> {
    let mut lines = Lines { file, number: 0 };
    let first = lines.next()?;
    let header = read_header(&first)?;
    let mut filling = Filling {
        steps: Steps::new(db),
        tally: Tally::default(),
        chain: Chain::EMPTY,
        replay: Replay::default(),
        takings: TakingsByDay::default(),
    };
    filling.tally.add(&first.text, None);
    loop {
        let line = lines.next()?;
        tick(u64::try_from(line.text.len()).unwrap_or(u64::MAX));
        let seal = filling
            .tally
            .seal()
            .map_err(|error| wrong(line.number, error))?;
        if line.text == seal {
            filling.finish(&header, &line)?;
            lines.expect_end()?;
            return Ok(line);
        }
        filling.take(&line)?;
    }
}

fn read_header(first: &Numbered) -> Result<Header, ImportError> {
    let First { header } = serde_json::from_slice(&first.text).map_err(|error| {
        wrong(
            first.number,
            format!("not the header of an export ({error})"),
        )
    })?;
    if header.format == FORMAT {
        return Ok(header);
    }
    Err(wrong(
        first.number,
        format!(
            "format {} is not known, this version reads {FORMAT}",
            header.format
        ),
    ))
}

/// What has been read so far.
struct Filling<'a> {
    steps: Steps<'a>,
    tally: Tally,
    chain: Chain,
    replay: Replay,
    takings: TakingsByDay,
}

impl Filling<'_> {
    fn take(&mut self, line: &Numbered) -> Result<(), ImportError> {
        if line.text.starts_with(b"{\"end\"") {
            let reason = "a byte of the file was changed: it does not have this count and checksum";
            return Err(wrong(line.number, reason));
        }
        let entry: Entry =
            serde_json::from_slice(&line.text).map_err(|error| wrong(line.number, error))?;
        if let Entry::Transfer { transfer, hash } = &entry {
            let link = Link {
                transfer: transfer.clone(),
                hash: *hash,
            };
            self.chain
                .follow(&link)
                .and_then(|()| self.replay.apply(&link))
                .map_err(|error| wrong(line.number, error))?;
            self.takings.count(transfer);
        }
        self.tally.add(&line.text, Some(entry.kind()));
        Ok(entry.store(&mut self.steps)?)
    }

    /// Stores what follows from the transfers.
    fn finish(mut self, header: &Header, last: &Numbered) -> Result<(), ImportError> {
        if (self.chain.seq, self.chain.head) != (header.transfers, header.head) {
            let reason = format!(
                "the chain ends at transfer {}, the header says {}",
                self.chain.seq, header.transfers
            );
            return Err(wrong(last.number, reason));
        }
        let balances = self
            .replay
            .finish()
            .map_err(|error| wrong(last.number, error))?;
        for (account, balance) in balances.accounts() {
            self.steps.put(key::balance(account), balance)?;
        }
        for (generation, hold) in balances.holds() {
            let open = OpenHold::of(generation, hold);
            self.steps.put(key::hold(generation), &open)?;
        }
        for (day, takings) in self.takings.into_rows() {
            self.steps.put(key::takings(day), &takings)?;
        }
        self.steps.put(key::META.to_vec(), &Meta::of(&self.chain))?;
        Ok(self.steps.finish()?)
    }
}

fn wrong(line: u64, reason: impl ToString) -> ImportError {
    ImportError::Line {
        line,
        reason: reason.to_string(),
    }
}

/// The lines of a file, each within bounds.
struct Lines<'a, R> {
    file: &'a mut R,
    number: u64,
}

impl<R: BufRead> Lines<'_, R> {
    /// The next line with its end.
    fn next(&mut self) -> Result<Numbered, ImportError> {
        self.number += 1;
        let mut text = Vec::new();
        let mut bounded = self.file.by_ref().take(MOST_LINE_BYTES);
        bounded.read_until(b'\n', &mut text)?;
        if text.last() == Some(&b'\n') {
            return Ok(Numbered {
                number: self.number,
                text,
            });
        }
        Err(wrong(
            self.number,
            if text.is_empty() {
                "the last line is missing"
            } else {
                "the line is cut off or too long"
            },
        ))
    }

    fn expect_end(&mut self) -> Result<(), ImportError> {
        if self.file.fill_buf()?.is_empty() {
            return Ok(());
        }
        Err(wrong(
            self.number + 1,
            "there is something behind the last line",
        ))
    }
}

/// Keeps the last line of what is written.
#[derive(Default)]
struct LastLine(Vec<u8>);

impl io::Write for LastLine {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        // An export writes line by line.
        self.0.clear();
        self.0.extend_from_slice(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
