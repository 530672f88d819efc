//! The ledger as lines of JSON: a header, one line for every row that no other row determines, and
//! a last line that seals all before it. [`import`](super::import()) reads it back.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::book::Link;
use super::db::Row;
use super::entry::Entry;
use super::error::{LedgerError, StoreError};
use super::key;
use super::snapshot::Snapshot;

/// Version of the format.
pub(super) const FORMAT: u32 = 1;

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct First {
    pub header: Header,
}

/// What is exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    pub format: u32,
    /// Number of the last transfer.
    pub transfers: u64,
    /// Its hash.
    #[serde(with = "crate::ids::digest")]
    pub head: [u8; 32],
}

/// The last line.
#[derive(Serialize)]
struct Last<'a> {
    end: End<'a>,
}

#[derive(Serialize)]
struct End<'a> {
    /// Lines of each kind.
    lines: &'a BTreeMap<&'static str, u64>,
    /// SHA-256 of every byte before this line.
    #[serde(with = "crate::ids::digest")]
    sha256: [u8; 32],
}

/// Why an export did not come to its end. A file without its last line cannot be imported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The ledger is damaged.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The export could not be written.
    #[error("cannot write the export: {0}")]
    Write(#[from] io::Error),
    /// A line has no form in JSON. A bug of ours.
    #[error("a line cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

impl From<StoreError> for ExportError {
    fn from(error: StoreError) -> Self {
        Self::Ledger(error.into())
    }
}

/// Counts and hashes lines.
#[derive(Default)]
pub(super) struct Tally {
    lines: BTreeMap<&'static str, u64>,
    hash: Sha256,
}

impl Tally {
    /// Takes a whole line, its end included, into account.
    pub(super) fn add(&mut self, line: &[u8], kind: Option<&'static str>) {
        self.hash.update(line);
        if let Some(kind) = kind {
            *self.lines.entry(kind).or_default() += 1;
        }
    }

    /// The last line of an export with these lines before it.
    pub(super) fn seal(&self) -> Result<Vec<u8>, serde_json::Error> {
        let end = End {
            lines: &self.lines,
            sha256: self.hash.clone().finalize().into(),
        };
        line(&Last { end })
    }
}

fn line(value: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    Ok(line)
}

impl Snapshot {
    /// Writes the ledger as of this snapshot. Calls `tick` for every transfer.
    pub fn export(&self, out: &mut impl Write, mut tick: impl FnMut()) -> Result<(), ExportError> {
        let mut export = Export {
            out,
            tally: Tally::default(),
        };
        let header = Header {
            format: FORMAT,
            transfers: self.chain.seq,
            head: self.chain.head,
        };
        export.write(&line(&First { header })?, None)?;
        for row in &self.small {
            export.row(self, row)?;
        }
        self.follow(|Link { transfer, hash }| {
            tick();
            export.entry(&Entry::Transfer { transfer, hash })
        })?;
        export.totals(self)?;
        for row in self.db.rows(key::RECORDS)? {
            export.row(self, &row?)?;
        }
        if let Some(last) = &self.last_deed {
            for row in self.db.range(key::DEEDS.to_vec()..=last.clone())? {
                export.row(self, &row?)?;
            }
        }
        let seal = export.tally.seal()?;
        export.out.write_all(&seal)?;
        Ok(export.out.flush()?)
    }
}

struct Export<'a, W> {
    out: &'a mut W,
    tally: Tally,
}

impl<W: Write> Export<'_, W> {
    /// The totals of days and months: first those that will not change any more.
    fn totals(&mut self, snapshot: &Snapshot) -> Result<(), ExportError> {
        for table in [key::DAYS, key::MONTHS] {
            for row in snapshot.db.rows(table)? {
                let row = row?;
                if !snapshot.is_counting(&row.0) {
                    self.row(snapshot, &row)?;
                }
            }
        }
        for row in &snapshot.counting {
            self.row(snapshot, row)?;
        }
        Ok(())
    }

    /// A stored row, unless it follows from others or came after the snapshot.
    fn row(&mut self, snapshot: &Snapshot, row: &Row) -> Result<(), ExportError> {
        match Entry::read(&snapshot.db, row)? {
            Some(Entry::Record { kept_at, .. }) if kept_at > snapshot.chain.seq => Ok(()),
            Some(entry) => self.entry(&entry),
            None => Ok(()),
        }
    }

    fn entry(&mut self, entry: &Entry) -> Result<(), ExportError> {
        self.write(&line(entry)?, Some(entry.kind()))
    }

    fn write(&mut self, line: &[u8], kind: Option<&'static str>) -> Result<(), ExportError> {
        self.tally.add(line, kind);
        Ok(self.out.write_all(line)?)
    }
}

#[cfg(test)]
#[path = "export_tests.rs"]
mod tests;
