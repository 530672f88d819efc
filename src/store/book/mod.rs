//! The ledger's rules: double entry over plain memory, its writes collected for a durable commit.

mod account;
mod balances;
mod cap;
mod counters;
mod credit;
mod deposit_order;
mod ended;
mod expiry;
mod extend;
mod fingerprint;
mod hold;
mod idempotency;
mod key_use;
mod kind;
mod load;
mod loss;
mod ordering;
mod overview;
mod payment;
mod recharging;
mod returns;
mod reversal;
mod settle;
mod takings;
mod transfer;
mod young;

#[cfg(test)]
mod holds_tests;
#[cfg(test)]
mod invariant_tests;
#[cfg(test)]
mod limit_tests;
#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod money_tests;
#[cfg(test)]
mod ordering_tests;
#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};

pub use account::LedgerAccount;
pub use balances::{Balance, TrialBalance};
pub use counters::DayTotals;
pub use credit::CreditError;
pub use deposit_order::{DepositOrder, OrderState, Origin};
pub use extend::Extension;
pub use fingerprint::Fingerprint;
pub use hold::{Order, Refusal, Released};
pub use idempotency::{Begun, KeyError, Outcome, Scope};
pub use key_use::KeyUsage;
pub use kind::{Cause, Kind};
pub use load::Recovered;
pub use loss::{FailedCost, Loss, LossKind};
pub use ordering::{Credited, NewOrder, OrderError, OrderPaid, Placed};
pub use overview::Overview;
pub use payment::{Deposit, Deposited, PaymentError};
pub use recharging::{Recharged, Wish};
pub use returns::Back;
pub use reversal::{Reversal, Reversed};
pub use settle::{NotHeld, Settled};
pub use takings::Takings;
pub use transfer::Transfer;

pub(super) use balances::{Balances, Hold};
pub(super) use idempotency::{GrantedV1, Remembered};
pub(super) use key_use::{KeyTotals, KeyTotalsV3};
pub(super) use load::{Meta, OpenHold, read_balance};
pub(super) use payment::Payment;
pub(super) use returns::Returns;
pub(super) use takings::TakingsByDay;
pub(super) use transfer::{Chain, Link};

use super::audit::Deed;
use super::db::Batch;
use super::recharge::Recharges;
use super::{Day, key};
use crate::ids::{AccountId, GenerationId, KeyId};
use counters::Counters;
use deposit_order::Orders;
use ended::Ended;
use expiry::Expired;
use idempotency::Memory;
use returns::AllReturns;
use takings::Today;
use transfer::Draft;
use young::Young;

/// What one customer may do at most.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Open holds of one account.
    pub holds_per_account: usize,
    /// Deposits that it may order within 24 hours.
    pub orders_per_day: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            holds_per_account: 64,
            orders_per_day: 20,
        }
    }
}

/// The ledger. Decides in memory; every change waits in a batch that the owner takes and commits
/// before it answers. When that commit fails, the book is ahead of the disk and must be dropped.
#[derive(Debug)]
pub struct Book {
    limits: Limits,
    chain: Chain,
    balances: Balances,
    deadlines: BTreeSet<(u64, GenerationId)>,
    young: Young,
    ended: Ended,
    expired: Expired,
    counters: Counters,
    memory: Memory,
    /// By the card processor's id: one short row for every deposit ever made.
    payments: HashMap<String, Payment>,
    orders: Orders,
    returns: AllReturns,
    recharges: Recharges,
    losses: Vec<Loss>,
    takings: Today,
    /// The latest time that anybody told the book. Its own time never goes back.
    latest_ms: u64,
    batch: Batch,
}

impl Book {
    fn new(limits: Limits) -> Self {
        Self {
            limits,
            chain: Chain::EMPTY,
            balances: Balances::default(),
            deadlines: BTreeSet::new(),
            young: Young::default(),
            ended: Ended::default(),
            expired: Expired::default(),
            counters: Counters::default(),
            memory: Memory::default(),
            payments: HashMap::new(),
            orders: Orders::default(),
            returns: AllReturns::default(),
            recharges: Recharges::default(),
            losses: Vec::new(),
            takings: Today::default(),
            latest_ms: 0,
            batch: Batch::default(),
        }
    }

    /// A customer's balance; all zeros for one that never had any.
    pub fn balance(&self, account: AccountId) -> Balance {
        self.balances.of(&LedgerAccount::User(account))
    }

    /// Every customer that ever had credit.
    pub fn customers(&self) -> impl Iterator<Item = (AccountId, &Balance)> {
        self.balances
            .accounts()
            .filter_map(|(account, balance)| Some((account.customer()?, balance)))
    }

    /// The balance of any account of the ledger.
    pub fn ledger_balance(&self, account: &LedgerAccount) -> Balance {
        self.balances.of(account)
    }

    /// Debits less credits over all accounts: zero at all times.
    pub fn trial_balance(&self) -> TrialBalance {
        self.balances.trial_balance()
    }

    /// What a customer used today. [`DayTotals::read`] has earlier days.
    pub fn today(&self, account: AccountId, now_ms: u64) -> DayTotals {
        self.counters.day(account, Day::of(self.time(now_ms)))
    }

    /// What was charged to an API key.
    pub fn key_usage(&self, key: KeyId, now_ms: u64) -> KeyUsage {
        self.counters.key(key, Day::of(self.time(now_ms)))
    }

    /// Number of open holds of all customers.
    pub fn open_holds(&self) -> usize {
        self.deadlines.len()
    }

    /// The changes since the last call, for one commit.
    pub fn take_batch(&mut self) -> Batch {
        for account in self.balances.take_changed() {
            self.batch
                .put(key::balance(&account), &self.balances.of(&account));
        }
        self.counters.write(&mut self.batch);
        self.takings.write(&mut self.batch);
        if !self.batch.is_empty() {
            let (next, now_ms) = (self.chain.seq + 1, self.latest_ms);
            self.young
                .put(&self.balances, next, now_ms, &mut self.batch);
            self.batch.put(key::META.to_vec(), &Meta::of(&self.chain));
        }
        std::mem::take(&mut self.batch)
    }

    /// Number of the last transfer.
    pub fn transfers(&self) -> u64 {
        self.chain.seq
    }

    /// Writes a row of the audit log with the next commit.
    pub fn note(&mut self, deed: &Deed) {
        deed.put(&mut self.batch);
    }

    /// The losses since the last call, each one once.
    pub fn take_losses(&mut self) -> Vec<Loss> {
        std::mem::take(&mut self.losses)
    }

    /// The ledger's time when the clock says `now_ms`: the latest that was ever told.
    fn time(&self, now_ms: u64) -> u64 {
        self.chain.time(now_ms).max(self.latest_ms)
    }

    /// The same, and takes note of it.
    fn tick(&mut self, now_ms: u64) -> u64 {
        self.latest_ms = self.time(now_ms);
        self.latest_ms
    }

    /// Whether a generation was settled, given up, or lost its hold by expiry.
    fn has_ended(&self, generation: GenerationId) -> bool {
        self.ended.get(generation).is_some() || self.expired.contains(generation)
    }

    /// Writes a transfer whose effect on the balances is already made.
    fn append(&mut self, draft: Draft, now_ms: u64) {
        let now_ms = self.tick(now_ms);
        self.takings.count(&draft, now_ms, &mut self.batch);
        self.chain.append(draft, now_ms, &mut self.batch);
    }

    /// Moves money for good and writes the transfer.
    fn post(&mut self, draft: Draft, now_ms: u64) {
        self.losses.extend(Loss::of(&draft));
        self.balances
            .post(&draft.debit, &draft.credit, draft.amount);
        self.append(draft, now_ms);
    }

    /// Gives a hold back in memory and on disk; the transfer is the caller's.
    fn close(&mut self, generation: GenerationId) -> Option<Hold> {
        let hold = self.balances.close(generation)?;
        self.deadlines.remove(&(hold.expires_ms, generation));
        self.counters.release(&hold);
        if !self.young.remove(&hold) {
            self.batch.delete(key::hold(generation));
        }
        Some(hold)
    }
}
