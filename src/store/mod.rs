//! What is kept: the ledger, customers, their keys and sessions, in one sled tree with durable commits.
//!
//! [`Db`] is the only door to the disk. [`Book`] and [`Accounts`] are plain structs that decide in
//! memory and collect their writes in a [`Batch`]; whoever owns them commits it. Nothing here
//! reads a clock: times are arguments, in milliseconds since 1970.

mod accounts;
mod audit;
mod book;
mod charging;
mod codec;
mod codes;
mod day;
mod db;
mod dir;
mod disposable;
mod entry;
mod error;
mod export;
mod generation;
mod gifts;
mod history;
mod import;
mod key;
mod keys;
mod models;
mod policy;
mod receipts;
mod recent;
mod recharge;
mod records;
mod replay;
mod schema;
mod seal;
mod sessions;
mod settings;
mod snapshot;
mod spend;
mod statement;
mod steps;
mod strip;
mod telemetry;
mod transactions;
mod verify;
mod visitors;
mod wallet;

pub use accounts::{Access, Account, AccountError, Accounts, Created};
pub use audit::{Action, Author, By, Deed, Deeds, Sought, prune_deeds};
pub use book::{
    Back, Balance, Begun, Book, Cause, CreditError, Credited, DayTotals, Deposit, DepositOrder,
    Deposited, Extension, FailedCost, Fingerprint, KeyError, KeyUsage, Kind, LedgerAccount, Limits,
    Loss, LossKind, NewOrder, NotHeld, Order, OrderError, OrderPaid, OrderState, Origin, Outcome,
    Overview, PaymentError, Placed, Recharged, Recovered, Refusal, Released, Reversal, Reversed,
    Scope, Settled, Takings, Transfer, TrialBalance, Wish,
};
pub use charging::{Charging, RechargeState, Unclear};
pub use codes::CODE_MS;
pub use day::{Day, Month, NotADay};
pub use db::{Batch, Db, Progress};
pub use error::{LedgerError, StoreError};
pub use export::ExportError;
pub use generation::{
    AttemptRecord, CandidateRecord, CandidateState, Delivery, Generation, Status,
};
pub use gifts::{Generosity, Gift};
pub use history::{HistoryKey, keep_history, read_history};
pub use import::{ImportError, import};
pub use keys::{Key, KeyChange, Maker};
pub use models::{About, Kept, keep_models, read_models};
pub use policy::{Beyond, KeyScope, MOST_LISTED_BYTES, MOST_NAMES, Policy, PolicyChange};
pub use receipts::{Receipt, Receipts};
pub use recent::{Pace, Recent};
pub use recharge::{NotNow, Want};
pub use records::{Archive, Page, Pruned, prune};
pub use sessions::{Opened, SESSION_MS, Session};
pub use settings::{
    AccountChange, AutoRecharge, Notifications, NotificationsChange, RechargeChange, Settings,
    Switch,
};
pub use snapshot::Snapshot;
pub use spend::{Period, SpendLimits};
pub use statement::Item;
pub use telemetry::{Telemetry, TelemetryChange, TelemetryError};
pub use transactions::{Transactions, Wanted};
pub use verify::{Report, verify};
pub use visitors::{Disposable, Newcomer, NotLetIn, Offer, Terms, Visitors, Welcome};
pub use wallet::Wallet;

#[cfg(test)]
pub(crate) use book::samples;
