//! Published balances: what each account can spend, for readers that only rank. The ledger decides.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::ids::{AccountId, IdMap};
use crate::money::Picodollars;
use crate::store::{Balance, Switch};

/// One account's published state.
#[derive(Debug, Default)]
pub struct Purse {
    available: AtomicI64,
    posted: AtomicI64,
    running: AtomicUsize,
    alarm: AtomicI64,
    recharged: AtomicBool,
    called: AtomicBool,
}

impl Purse {
    /// What the account could spend when the ledger last said so.
    pub fn available(&self) -> Picodollars {
        Picodollars::new(self.available.load(Ordering::Relaxed))
    }

    /// The balance without regard to what running requests hold: they may give it back.
    pub fn posted(&self) -> Picodollars {
        Picodollars::new(self.posted.load(Ordering::Relaxed))
    }

    /// Below which balance somebody is to hear of it; 0 for never.
    pub fn alarm(&self) -> Picodollars {
        Picodollars::new(self.alarm.load(Ordering::Relaxed))
    }

    /// Whether a saved card is charged then.
    pub fn is_recharged(&self) -> bool {
        self.recharged.load(Ordering::Relaxed)
    }

    /// The owner's word on when credit is low, and whether a card is charged then.
    pub fn set_alarm(&self, alarm: Picodollars, recharge: Switch) {
        self.alarm.store(alarm.get(), Ordering::Relaxed);
        self.recharged
            .store(recharge == Switch::On, Ordering::Relaxed);
    }

    /// Calls for credit. Whether nobody has called since the last call was answered.
    pub fn call(&self) -> bool {
        !self.called.swap(true, Ordering::AcqRel)
    }

    /// The call was answered.
    pub fn answer(&self) {
        self.called.store(false, Ordering::Release);
    }

    /// Counts one running request that holds no credit, or refuses it at the limit.
    pub fn start(self: &Arc<Self>, limit: usize) -> Option<Running> {
        let started = self
            .running
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |n| {
                (n < limit).then_some(n + 1)
            });
        started.ok().map(|_| Running(Arc::clone(self)))
    }
}

/// A running request of an account; counts itself off when dropped.
#[derive(Debug)]
pub struct Running(Arc<Purse>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::AcqRel);
    }
}

/// The purses of all accounts. Locked only to look one up, never while anything is awaited.
#[derive(Debug, Default)]
pub struct Purses(Mutex<IdMap<AccountId, Arc<Purse>>>);

impl Purses {
    /// The purse of an account, made when it is new.
    pub fn of(&self, account: AccountId) -> Arc<Purse> {
        let mut purses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(purses.entry(account).or_default())
    }

    /// The ledger's word on what an account has.
    pub fn set(&self, account: AccountId, balance: &Balance) {
        let purse = self.of(account);
        purse
            .available
            .store(balance.available().get(), Ordering::Relaxed);
        purse
            .posted
            .store(balance.posted().get(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn running_requests_are_counted_off() {
        let purse = Purses::default().of(AccountId::new());
        let first = purse.start(1).unwrap();
        assert!(purse.start(1).is_none());
        drop(first);
        assert!(purse.start(1).is_some());
    }

    #[test]
    fn of_many_calls_for_credit_one_is_heard_until_it_is_answered() {
        let purse = Purses::default().of(AccountId::new());
        assert!(purse.call() && !purse.call());
        purse.answer();
        assert!(purse.call());
    }
}
