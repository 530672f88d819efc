//! Totals beside the ledger: per customer and UTC day and month, and per API key.

use std::collections::{BTreeMap, HashMap};

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

/// What a customer used on one day, and what open holds may still add to it.
#[derive(Clone, Copy, Debug, Default)]
struct DayUse {
    totals: DayTotals,
    reserved: i128,
}

/// Days of one customer that are kept in memory beside those with open holds: today and the day
/// before, whose last holds are settled after midnight.
const DAYS: usize = 2;

/// The totals that are still counting.
#[derive(Debug, Default)]
pub(super) struct Counters {
    days: HashMap<AccountId, BTreeMap<Day, DayUse>>,
    months: HashMap<AccountId, BTreeMap<Month, DayTotals>>,
    keys: HashMap<KeyId, KeyTotals>,
}

impl Counters {
    /// Takes up the totals of one customer's current day.
    pub(super) fn restore_day(&mut self, account: AccountId, day: Day, totals: DayTotals) {
        self.open(account, day).totals = totals;
    }

    /// Takes up the totals of one customer's current month.
    pub(super) fn restore_month(&mut self, account: AccountId, month: Month, totals: DayTotals) {
        *self.open_month(account, month) = totals;
    }

    pub(super) fn restore_key(&mut self, totals: KeyTotals) {
        self.keys.insert(totals.key, totals);
    }

    /// Counts a record, whose cost is what was charged.
    pub(super) fn add(&mut self, record: &Generation, day: Day, batch: &mut Batch) {
        let counted = self.open(record.account, day);
        counted.totals.add(record);
        batch.put(key::day(record.account, day), &counted.totals);

        let month = day.month();
        let totals = self.open_month(record.account, month);
        totals.add(record);
        batch.put(key::month(record.account, month), totals);

        let totals = self.keys.entry(record.key).or_insert(KeyTotals {
            key: record.key,
            total: Picodollars::ZERO,
            day,
            on_day: Picodollars::ZERO,
        });
        if totals.day < day {
            (totals.day, totals.on_day) = (day, Picodollars::ZERO);
        }
        totals.total = totals.total.saturating_add(record.cost);
        if totals.day == day {
            totals.on_day = totals.on_day.saturating_add(record.cost);
        }
        batch.put(key::key_totals(record.key), totals);
    }

    /// Counts credit that an open hold of this day keeps back.
    pub(super) fn reserve(&mut self, account: AccountId, day: Day, amount: Picodollars) {
        self.open(account, day).reserved += i128::from(amount.get());
    }

    /// Counts it off again.
    pub(super) fn release(&mut self, account: AccountId, day: Day, amount: Picodollars) {
        self.open(account, day).reserved -= i128::from(amount.get());
    }

    /// What a daily limit leaves of a day: without regard to open holds, and less what they keep
    /// back. Negative when the limit was lowered below what is spent.
    pub(super) fn room(&self, account: AccountId, day: Day, limit: Picodollars) -> Room {
        let used = self.used(account, day);
        let unspent = i128::from(limit.get()) - i128::from(used.totals.spent.get());
        Room {
            spent: used.totals.spent,
            unspent,
            free: unspent - used.reserved,
        }
    }

    pub(super) fn day(&self, account: AccountId, day: Day) -> DayTotals {
        self.used(account, day).totals
    }

    /// The day that something of `wanted` counts on: that day, as long as it is in memory.
    pub(super) fn countable(&self, account: AccountId, wanted: Day, today: Day) -> Day {
        let kept = self.days.get(&account);
        if kept.is_some_and(|days| days.contains_key(&wanted)) {
            wanted
        } else {
            today
        }
    }

    fn used(&self, account: AccountId, day: Day) -> DayUse {
        let days = self.days.get(&account);
        days.and_then(|days| days.get(&day))
            .copied()
            .unwrap_or_default()
    }

    /// The counters of a day, made when it is new; older days are then forgotten.
    fn open(&mut self, account: AccountId, day: Day) -> &mut DayUse {
        let days = self.days.entry(account).or_default();
        if !days.contains_key(&day) {
            let oldest = days.keys().rev().nth(DAYS - 2).copied();
            days.retain(|day, used| used.reserved != 0 || Some(*day) >= oldest);
        }
        days.entry(day).or_default()
    }

    /// The totals of a month, made when it is new; months before the last one are then forgotten.
    fn open_month(&mut self, account: AccountId, month: Month) -> &mut DayTotals {
        let months = self.months.entry(account).or_default();
        if !months.contains_key(&month) {
            let last = months.keys().next_back().copied();
            months.retain(|month, _| Some(*month) >= last);
        }
        months.entry(month).or_default()
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

/// What a daily limit leaves, in pico-dollars.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    /// What was charged on the day.
    pub spent: Picodollars,
    /// The limit less what was charged.
    pub unspent: i128,
    /// The same, less what open holds of the day keep back.
    pub free: i128,
}
