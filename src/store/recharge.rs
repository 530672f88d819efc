//! Automatic recharge: when a saved card may be charged, and what follows from how a charge ended.

use std::collections::HashMap;

use super::charging::{Charging, Decline, RechargeState, Standing, Unclear};
use super::db::Batch;
use super::key;
use super::settings::{AutoRecharge, Switch};
use crate::ids::{AccountId, OrderId};
use crate::money::{Cents, Picodollars};

/// Charges that may begin on one UTC day.
const MOST_A_DAY: usize = 3;

/// Why a charge is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// The balance may have fallen below the threshold.
    Threshold,
    /// A request was refused for lack of credit.
    Lack,
}

/// What is known outside of the rules when a charge is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances {
    /// Why.
    pub want: Want,
    /// What the customer has set.
    pub terms: AutoRecharge,
    /// What can be spent now.
    pub available: Picodollars,
    /// Automatic charges that began today, whatever became of them.
    pub begun_today: usize,
    /// What was, or may yet be, charged automatically in this calendar month.
    pub month: Picodollars,
    /// How long a card is left alone after a decline, in milliseconds.
    pub pause_ms: u64,
}

/// Why no card is charged now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotNow {
    /// The customer does not want it.
    #[error("auto-recharge is off")]
    Off,
    /// There is credit enough.
    #[error("there is credit enough")]
    Enough,
    /// One charge at a time.
    #[error("a charge is under way")]
    UnderWay,
    /// So many a day.
    #[error("three charges began today")]
    DayIsFull,
    /// So much a month.
    #[error("the monthly cap is reached")]
    MonthIsFull,
    /// The card was declined just now.
    #[error("the card was declined a short while ago")]
    Declined,
    /// The card's bank wants to see the customer.
    #[error("the bank wants the customer to confirm a payment first")]
    Unconfirmed,
    /// Too many declines in a row.
    #[error("the card was declined three times in a row")]
    Stopped,
}

/// How all accounts stand; changes go into the batch that is passed in.
#[derive(Debug, Default)]
pub(crate) struct Recharges(HashMap<AccountId, Standing>);

impl Recharges {
    /// Takes a stored row.
    pub fn restore(&mut self, standing: Standing) {
        self.0.insert(standing.account, standing);
    }

    /// Whether a card may be charged now, and how much.
    pub fn check(
        &self,
        account: AccountId,
        facts: &Circumstances,
        now_ms: u64,
    ) -> Result<Cents, NotNow> {
        let terms = &facts.terms;
        if terms.state == Switch::Off {
            return Err(NotNow::Off);
        }
        if facts.want == Want::Threshold && facts.available >= terms.threshold {
            return Err(NotNow::Enough);
        }
        self.of(account).check(facts.pause_ms, now_ms)?;
        if facts.begun_today >= MOST_A_DAY {
            return Err(NotNow::DayIsFull);
        }
        if facts.month.saturating_add(terms.amount) > terms.monthly_cap {
            return Err(NotNow::MonthIsFull);
        }
        // What is set is in whole cents.
        Cents::of_usd(terms.amount).ok_or(NotNow::Off)
    }

    /// Begins a charge; its order goes into the same commit.
    pub fn begin(&mut self, charging: Charging, batch: &mut Batch) {
        let account = charging.account;
        self.change(account, batch, |standing| standing.begin(charging));
    }

    /// The charge of this order, while it is under way.
    pub fn charging(&self, account: AccountId, order: OrderId) -> Option<&Charging> {
        let charging = self.0.get(&account)?.charging();
        charging.filter(|charging| charging.order == order)
    }

    /// All charges under way, in no order.
    pub fn all(&self) -> impl Iterator<Item = &Charging> {
        self.0.values().filter_map(Standing::charging)
    }

    /// The money of an automatic charge came.
    pub fn paid(&mut self, account: AccountId, order: OrderId, batch: &mut Batch) {
        self.change(account, batch, |standing| standing.paid(order));
    }

    /// The card was declined.
    pub fn declined(
        &mut self,
        account: AccountId,
        order: OrderId,
        now_ms: u64,
        batch: &mut Batch,
    ) -> Decline {
        self.change(account, batch, |standing| standing.declined(order, now_ms))
    }

    /// The card's bank wants to see the customer.
    pub fn unconfirmed(&mut self, account: AccountId, order: OrderId, batch: &mut Batch) {
        self.change(account, batch, |standing| standing.unconfirmed(order));
    }

    /// Nobody knows what became of a charge.
    pub fn unclear(
        &mut self,
        account: AccountId,
        order: OrderId,
        now_ms: u64,
        batch: &mut Batch,
    ) -> Unclear {
        self.change(account, batch, |standing| standing.unclear(order, now_ms))
    }

    /// The customer was seen, with a payment or by switching auto-recharge on.
    pub fn seen(&mut self, account: AccountId, batch: &mut Batch) {
        self.change(account, batch, Standing::seen);
    }

    /// How an account stands, as its owner sees it.
    pub fn state(&self, account: AccountId) -> RechargeState {
        self.of(account).state()
    }

    /// Since when a charge is under way, in milliseconds since 1970.
    pub fn charging_since(&self, account: AccountId) -> Option<u64> {
        let charging = self.0.get(&account)?.charging()?;
        Some(charging.begun_ms)
    }

    fn of(&self, account: AccountId) -> Standing {
        let kept = self.0.get(&account).cloned();
        kept.unwrap_or_else(|| Standing::new(account))
    }

    fn change<T>(
        &mut self,
        account: AccountId,
        batch: &mut Batch,
        change: impl FnOnce(&mut Standing) -> T,
    ) -> T {
        let before = self.of(account);
        let mut standing = before.clone();
        let done = change(&mut standing);
        if standing == before {
            return done;
        }
        if standing == Standing::new(account) {
            batch.delete(key::recharge(account));
            self.0.remove(&account);
        } else {
            batch.put(key::recharge(account), &standing);
            self.0.insert(account, standing);
        }
        done
    }
}

#[cfg(test)]
#[path = "recharge_tests.rs"]
mod tests;
