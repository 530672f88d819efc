//! Totals beside the ledger: per customer and UTC day and month, and per API key.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::ids::{AccountId, KeyId};
use crate::money::Picodollars;
use crate::store::db::{Batch, Db};
use crate::store::error::StoreError;
use crate::store::{Day, Generation, Month, codec, key};

/// What a customer used on one UTC day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayTotals {
    /// What was charged.
    pub spent: Picodollars,
    /// Generations, failed and free ones included.
    pub requests: u64,
    /// Input tokens.
    pub prompt_tokens: u64,
    /// Output tokens.
    pub completion_tokens: u64,
}

impl DayTotals {
    /// Reads what is stored for a day; nothing used is all zeros.
    pub fn read(db: &Db, account: AccountId, day: Day) -> Result<Self, StoreError> {
        let key = key::day(account, day);
        match db.get(&key)? {
            Some(bytes) => codec::decode(&key, &bytes),
            None => Ok(Self::default()),
        }
    }

    /// Reads what is stored for a month; nothing used is all zeros.
    pub fn read_month(db: &Db, account: AccountId, month: Month) -> Result<Self, StoreError> {
        let key = key::month(account, month);
        match db.get(&key)? {
            Some(bytes) => codec::decode(&key, &bytes),
            None => Ok(Self::default()),
        }
    }

    /// Adds another period's totals.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.spent = self.spent.saturating_add(other.spent);
        self.requests = self.requests.saturating_add(other.requests);
        self.prompt_tokens = self.prompt_tokens.saturating_add(other.prompt_tokens);
        self.completion_tokens = self
            .completion_tokens
            .saturating_add(other.completion_tokens);
    }

    fn add(&mut self, record: &Generation) {
        let usage = record.usage.unwrap_or_default();
        self.spent = self.spent.saturating_add(record.cost);
        self.requests = self.requests.saturating_add(1);
        self.prompt_tokens = self.prompt_tokens.saturating_add(usage.prompt_tokens);
        self.completion_tokens = self
            .completion_tokens
            .saturating_add(usage.completion_tokens);
    }
}

/// What was charged to an API key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyUsage {
    /// Ever.
    pub total: Picodollars,
    /// On the current UTC day.
    pub today: Picodollars,
}

/// An API key's totals as they are stored.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct KeyTotals {
    pub key: KeyId,
    total: Picodollars,
    day: Day,
    on_day: Picodollars,
}

/// The totals that are still counting.
#[derive(Debug, Default)]
pub(super) struct Counters {
    days: HashMap<AccountId, (Day, DayTotals)>,
    months: HashMap<AccountId, (Month, DayTotals)>,
    keys: HashMap<KeyId, KeyTotals>,
}

impl Counters {
    /// Takes up the totals of one customer's current day.
    pub(super) fn restore_day(&mut self, account: AccountId, day: Day, totals: DayTotals) {
        self.days.insert(account, (day, totals));
    }

    /// Takes up the totals of one customer's current month.
    pub(super) fn restore_month(&mut self, account: AccountId, month: Month, totals: DayTotals) {
        self.months.insert(account, (month, totals));
    }

    pub(super) fn restore_key(&mut self, totals: KeyTotals) {
        self.keys.insert(totals.key, totals);
    }

    /// Counts a record, whose cost is what was charged.
    pub(super) fn add(&mut self, record: &Generation, day: Day, batch: &mut Batch) {
        let (counted, totals) = self.days.entry(record.account).or_default();
        if *counted != day {
            (*counted, *totals) = (day, DayTotals::default());
        }
        totals.add(record);
        batch.put(key::day(record.account, day), totals);

        let month = day.month();
        let (counted, totals) = self.months.entry(record.account).or_default();
        if *counted != month {
            (*counted, *totals) = (month, DayTotals::default());
        }
        totals.add(record);
        batch.put(key::month(record.account, month), totals);

        let totals = self.keys.entry(record.key).or_insert(KeyTotals {
            key: record.key,
            total: Picodollars::ZERO,
            day,
            on_day: Picodollars::ZERO,
        });
        if totals.day != day {
            (totals.day, totals.on_day) = (day, Picodollars::ZERO);
        }
        totals.total = totals.total.saturating_add(record.cost);
        totals.on_day = totals.on_day.saturating_add(record.cost);
        batch.put(key::key_totals(record.key), totals);
    }

    pub(super) fn day(&self, account: AccountId, day: Day) -> DayTotals {
        match self.days.get(&account) {
            Some((counted, totals)) if *counted == day => *totals,
            Some(_) | None => DayTotals::default(),
        }
    }

    pub(super) fn key(&self, key: KeyId, day: Day) -> KeyUsage {
        let Some(totals) = self.keys.get(&key) else {
            return KeyUsage::default();
        };
        KeyUsage {
            total: totals.total,
            today: if totals.day == day {
                totals.on_day
            } else {
                Picodollars::ZERO
            },
        }
    }
}
