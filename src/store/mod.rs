//! What is kept: the ledger, customers and their keys, in one sled tree with durable commits.
//!
//! [`Db`] is the only door to the disk. [`Book`] and [`Accounts`] are plain structs that decide in
//! memory and collect their writes in a [`Batch`]; whoever owns them commits it. Nothing here
//! reads a clock: times are arguments, in milliseconds since 1970.

mod accounts;
mod book;
mod codec;
mod day;
mod db;
mod dir;
mod entry;
mod error;
mod export;
mod generation;
mod import;
mod key;
mod records;
mod replay;
mod schema;
mod snapshot;
mod statement;
mod steps;
mod verify;

pub use accounts::{Account, AccountError, Accounts, Created, Key};
pub use book::{
    Balance, Begun, Book, Cause, CreditError, DayTotals, Deposit, Deposited, Extension, FailedCost,
    Fingerprint, KeyError, KeyUsage, Kind, LedgerAccount, Limits, Loss, LossKind, NotHeld, Order,
    Outcome, PaymentError, Recovered, Refusal, Released, Reversal, ReversalKind, Reversed, Scope,
    Settled, Transfer, TrialBalance,
};
pub use day::{Day, Month, NotADay};
pub use db::{Batch, Db};
pub use error::{LedgerError, StoreError};
pub use export::ExportError;
pub use generation::{AttemptRecord, Delivery, Generation, Status};
pub use import::{ImportError, import};
pub use records::{Archive, Page, Pruned, prune};
pub use snapshot::Snapshot;
pub use statement::Item;
pub use verify::{Report, verify};

#[cfg(test)]
pub(crate) use book::samples;
