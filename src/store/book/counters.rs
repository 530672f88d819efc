//! Totals beside the ledger: per customer and UTC day and month, and per API key.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::balances::Hold;
use super::cap::Room;
use super::key_use::{KeyCounter, KeyTotals, KeyUsage};
use crate::ids::{AccountId, IdMap, KeyId};
use crate::money::Picodollars;
use crate::store::db::{Batch, Db};
use crate::store::error::StoreError;
use crate::store::spend::Period;
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

    /// Counts a record.
    pub(crate) fn count(&mut self, record: &Generation) {
        let usage = record.usage.unwrap_or_default();
        self.spent = self.spent.saturating_add(record.cost);
        self.requests = self.requests.saturating_add(1);
        self.prompt_tokens = self.prompt_tokens.saturating_add(usage.prompt_tokens);
        self.completion_tokens = self
            .completion_tokens
            .saturating_add(usage.completion_tokens);
    }
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
    days: IdMap<AccountId, BTreeMap<Day, DayUse>>,
    months: IdMap<AccountId, BTreeMap<Month, DayTotals>>,
    keys: IdMap<KeyId, KeyCounter>,
    /// Customers and keys whose totals are to be written.
    changed: BTreeSet<(AccountId, Day)>,
    changed_keys: BTreeSet<KeyId>,
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
        self.keys.insert(totals.key, KeyCounter::restored(totals));
    }

    /// Counts a record, whose cost is what was charged.
    pub(super) fn add(&mut self, record: &Generation, day: Day, batch: &mut Batch) {
        if !self.is_open(record.account, day) {
            // Older totals are forgotten when new ones are opened.
            self.write(batch);
        }
        self.open(record.account, day).totals.count(record);
        self.open_month(record.account, day.month()).count(record);
        self.open_key(record.key, day).add(day, record.cost);
        self.changed.insert((record.account, day));
        self.changed_keys.insert(record.key);
    }

    /// Puts the totals that have changed since the last call into a batch.
    pub(super) fn write(&mut self, batch: &mut Batch) {
        for (account, day) in std::mem::take(&mut self.changed) {
            if let Some(used) = self.days.get(&account).and_then(|days| days.get(&day)) {
                batch.put(key::day(account, day), &used.totals);
            }
            let (month, months) = (day.month(), self.months.get(&account));
            if let Some(totals) = months.and_then(|months| months.get(&month)) {
                batch.put(key::month(account, month), totals);
            }
        }
        for id in std::mem::take(&mut self.changed_keys) {
            if let Some(counter) = self.keys.get(&id) {
                batch.put(key::key_totals(id), counter.totals());
            }
        }
    }

    fn is_open(&self, account: AccountId, day: Day) -> bool {
        let days = self.days.get(&account);
        let months = self.months.get(&account);
        days.is_some_and(|days| days.contains_key(&day))
            && months.is_some_and(|months| months.contains_key(&day.month()))
    }

    /// Counts credit that an open hold keeps back.
    pub(super) fn reserve(&mut self, hold: &Hold, amount: Picodollars) {
        self.move_reserved(hold, i128::from(amount.get()));
    }

    /// Counts off all that a hold keeps back.
    pub(super) fn release(&mut self, hold: &Hold) {
        self.move_reserved(hold, -i128::from(hold.amount.get()));
    }

    fn move_reserved(&mut self, hold: &Hold, amount: i128) {
        self.open(hold.account, hold.day).reserved += amount;
        self.open_key(hold.key, hold.day).reserve(hold.day, amount);
    }

    /// What a daily limit leaves of a day.
    pub(super) fn room(&self, account: AccountId, day: Day, limit: Picodollars) -> Room {
        let used = self.used(account, day);
        Room::new(limit, used.totals.spent, used.reserved)
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
            let changed = &self.changed;
            days.retain(|day, used| {
                used.reserved != 0 || Some(*day) >= oldest || changed.contains(&(account, *day))
            });
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
        let counted = self.keys.get(&key);
        counted.map_or_else(KeyUsage::default, |counter| counter.usage(day))
    }

    /// What a limit of a key leaves of the period of a day.
    pub(super) fn key_room(
        &self,
        key: KeyId,
        period: Period,
        day: Day,
        limit: Picodollars,
    ) -> Room {
        match self.keys.get(&key) {
            Some(counter) => counter.room(period, day, limit),
            None => Room::new(limit, Picodollars::ZERO, 0),
        }
    }

    fn open_key(&mut self, key: KeyId, day: Day) -> &mut KeyCounter {
        let keys = self.keys.entry(key);
        keys.or_insert_with(|| KeyCounter::new(key, day))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::book::samples::{NOON_MS, order, pico, record, usd};

    #[test]
    fn what_has_changed_is_written_though_newer_days_push_it_out() {
        let (mut counters, account) = (Counters::default(), AccountId::new());
        let request = record(&order(account, usd("0.10"), pico(1)), usd("0.01"));
        let day = |number: u64| Day::of(NOON_MS + number * 24 * 3600 * 1000);
        let mut batch = Batch::default();
        counters.add(&request, day(0), &mut batch);
        for later in 1..5 {
            counters.open(account, day(later));
        }
        counters.add(&request, day(70), &mut batch);
        counters.write(&mut batch);
        for written in [
            key::day(account, day(0)),
            key::month(account, day(0).month()),
            key::day(account, day(70)),
            key::month(account, day(70).month()),
            key::key_totals(request.key),
        ] {
            assert!(batch.get(&written).is_some(), "{}", codec::show(&written));
        }
    }
}
