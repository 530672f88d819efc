//! What can go wrong with storage, and what the operator can do about it.

use std::io;
use std::path::{Path, PathBuf};

use super::Day;
use super::book::LedgerAccount;
use crate::ids::GenerationId;

/// The storage refused or failed. None of these is a caller's fault.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The operator started two processes on one directory.
    #[error(
        "data directory {dir} is in use by another process; stop that one or choose another directory"
    )]
    InUse {
        /// The directory.
        dir: PathBuf,
    },
    /// The file system refused.
    #[error("cannot {action} {path}: {source}; check permissions and free space")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The storage engine reported an error.
    #[error("the storage engine failed: {0}; stop, check the disk, start again")]
    Engine(#[from] sled::Error),
    /// The storage engine panicked.
    #[error(
        "the storage engine broke down: {0}; the data directory may need to be restored from a backup"
    )]
    Panicked(String),
    /// Commits that were acknowledged are not in the journal any more.
    #[error(
        "the journal in {path} is damaged: commit {missing} is missing and {found} is there; restore the data directory from a backup"
    )]
    JournalBroken {
        /// Where the journal is.
        path: PathBuf,
        /// Number of the commit that should come next.
        missing: u64,
        /// Number of the one that is there.
        found: u64,
    },
    /// A write does not come to an end.
    #[error("the storage has been writing for {seconds} s; stop, check the disk, start again")]
    Stuck {
        /// For how long no write has ended.
        seconds: u64,
    },
    /// An earlier call failed, so memory and disk may disagree.
    #[error("storage failed earlier; restart the process once the disk is well")]
    Poisoned,
    /// A value is larger than the engine stores safely. A bug of ours.
    #[error("value of {key} has {bytes} bytes, more than may be stored")]
    TooLarge {
        /// Its storage key.
        key: String,
        /// Its size.
        bytes: usize,
    },
    /// A value has no stored form. A bug of ours.
    #[error("value of {key} cannot be encoded: {source}")]
    Encode {
        /// Its storage key.
        key: String,
        /// What the encoder said.
        source: postcard::Error,
    },
    /// What is stored under a key is not what was written.
    #[error("value of {key} is damaged ({reason}); restore the data directory from a backup")]
    Corrupt {
        /// The storage key.
        key: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Written by a newer version of this program.
    #[error(
        "the data directory has schema {found}, this version knows {known}; use a newer version"
    )]
    Schema {
        /// What is stored.
        found: u32,
        /// What we know.
        known: u32,
    },
    /// The secret under which all API keys are hashed is gone, but keys are stored.
    #[error("{path} is missing or damaged; restore it from a backup, or no API key will be known")]
    PepperLost {
        /// Where it belongs.
        path: PathBuf,
    },
}

impl StoreError {
    /// Wraps a file system error with what was tried on which file.
    pub(super) fn io<'a>(
        action: &'static str,
        path: &'a Path,
    ) -> impl FnOnce(io::Error) -> Self + 'a {
        move |source| Self::Io {
            action,
            path: path.to_owned(),
            source,
        }
    }
}

/// The stored ledger contradicts itself: damaged or tampered with. The remedy is to restore a
/// backup.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// Reading failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A transfer is missing or out of place.
    #[error("transfer {expected} is missing from the chain")]
    Sequence {
        /// The number that should come.
        expected: u64,
    },
    /// A transfer does not fit the one before it.
    #[error("transfer {seq} does not have the hash that its content and predecessor give")]
    Hash {
        /// The transfer.
        seq: u64,
    },
    /// A transfer breaks a rule of the ledger.
    #[error("transfer {seq} is impossible: {reason}")]
    Impossible {
        /// The transfer.
        seq: u64,
        /// The rule.
        reason: &'static str,
    },
    /// Sequence number or hash of the newest transfer differ from what was noted.
    #[error("the chain ends at transfer {found}, but {noted} is noted as its end")]
    Head {
        /// Last transfer found.
        found: u64,
        /// Last transfer noted.
        noted: u64,
    },
    /// A stored balance is not what the transfers give.
    #[error("the stored balance of {0} is not what its transfers give")]
    Balance(LedgerAccount),
    /// A stored hold is not what the transfers give.
    #[error("the stored hold of {0} is not what its transfers give")]
    Hold(GenerationId),
    /// A charge without its record, or with one of another cost.
    #[error("the record of {0} is missing or says another cost than was charged")]
    Record(GenerationId),
    /// What is stored of a day is not what its transfers come to.
    #[error("the stored takings of {} are not what its transfers come to", .0.iso())]
    Takings(Day),
    /// A row that should be there is not, or the other way round.
    #[error("{rows}: {found} rows are stored where the transfers give {derived}")]
    Rows {
        /// Which rows.
        rows: &'static str,
        /// How many are stored.
        found: u64,
        /// How many there should be.
        derived: u64,
    },
    /// A row whose key says something else than its value, or that nobody could have written.
    #[error("the row {0} does not belong there")]
    Misplaced(String),
    /// Debits and credits differ.
    #[error("the trial balance is {posted} posted and {pending} pending, not zero")]
    TrialBalance {
        /// Posted debits less posted credits, in pico-dollars.
        posted: i128,
        /// Pending debits less pending credits, in pico-dollars.
        pending: i128,
    },
}
