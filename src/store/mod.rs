//! What is kept: the ledger, customers, their keys and sessions, in one sled tree with durable commits.
//!
//! [`Db`] is the only door to the disk. [`Book`] and [`Accounts`] are plain structs that decide in
//! memory and collect their writes in a [`Batch`]; whoever owns them commits it. Nothing here
//! reads a clock: times are arguments, in milliseconds since 1970.

mod accounts;
mod book;
mod codec;
mod codes;
mod day;
mod db;
mod dir;
mod disposable;
mod error;
mod generation;
mod gifts;
mod key;
mod recent;
mod sessions;
mod verify;
mod visitors;

pub use accounts::{Account, AccountError, Accounts, Created, Key};
pub use book::{
    Balance, Book, Cause, DayTotals, GrantError, KeyUsage, Kind, LedgerAccount, Limits, NotHeld,
    Order, Recovered, Refusal, Released, Settled, Transfer, TrialBalance,
};
pub use codes::CODE_MS;
pub use day::Day;
pub use db::{Batch, Db};
pub use error::{LedgerError, StoreError};
pub use generation::{AttemptRecord, Delivery, Generation, Status};
pub use gifts::{Generosity, Gift};
pub use recent::{Pace, Recent};
pub use sessions::{Opened, SESSION_MS, Session};
pub use verify::{Report, verify};
pub use visitors::{Disposable, Newcomer, NotLetIn, Offer, Terms, Visitors, Welcome};
