//! The ledger's rules: double entry over plain memory, its writes collected for a durable commit.

mod account;
mod balances;
mod counters;
mod ended;
mod grant;
mod hold;
mod load;
mod settle;
mod transfer;

#[cfg(test)]
mod model_tests;
#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

pub use account::LedgerAccount;
pub use balances::{Balance, TrialBalance};
pub use counters::{DayTotals, KeyUsage};
pub use grant::GrantError;
pub use hold::{Order, Refusal, Released};
pub use load::Recovered;
pub use settle::{NotHeld, Settled};
pub use transfer::{Cause, Kind, Transfer};

pub(super) use balances::{Balances, Hold};
pub(super) use counters::KeyTotals;
pub(super) use grant::Granted;
pub(super) use load::{Meta, OpenHold, read_balance};
pub(super) use transfer::{Chain, Link};

use super::db::Batch;
use super::{Day, key};
use crate::ids::{AccountId, GenerationId, KeyId};
use counters::Counters;
use ended::Ended;
use grant::Grants;
use transfer::Draft;

/// What one customer may do at most.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Open holds of one account.
    pub holds_per_account: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            holds_per_account: 64,
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
    ended: Ended,
    counters: Counters,
    grants: Grants,
    batch: Batch,
}

impl Book {
    fn new(limits: Limits) -> Self {
        Self {
            limits,
            chain: Chain::EMPTY,
            balances: Balances::default(),
            deadlines: BTreeSet::new(),
            ended: Ended::default(),
            counters: Counters::default(),
            grants: Grants::default(),
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
        self.counters.day(account, self.day(now_ms))
    }

    /// What was charged to an API key.
    pub fn key_usage(&self, key: KeyId, now_ms: u64) -> KeyUsage {
        self.counters.key(key, self.day(now_ms))
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
        if !self.batch.is_empty() {
            self.batch.put(key::META.to_vec(), &Meta::of(&self.chain));
        }
        std::mem::take(&mut self.batch)
    }

    fn day(&self, now_ms: u64) -> Day {
        Day::of(self.chain.time(now_ms))
    }

    /// Writes a transfer whose effect on the balances is already made.
    fn append(&mut self, draft: Draft, now_ms: u64) {
        self.chain.append(draft, now_ms, &mut self.batch);
    }

    /// Moves money for good and writes the transfer.
    fn post(&mut self, draft: Draft, now_ms: u64) {
        self.balances
            .post(&draft.debit, &draft.credit, draft.amount);
        self.append(draft, now_ms);
    }

    /// Gives a hold back in memory and on disk; the transfer is the caller's.
    fn close(&mut self, generation: GenerationId) -> Option<Hold> {
        let hold = self.balances.close(generation)?;
        self.deadlines.remove(&(hold.expires_ms, generation));
        self.batch.delete(key::hold(generation));
        Some(hold)
    }
}
