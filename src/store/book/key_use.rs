//! What an API key has cost, by UTC day, week and month, and what its open holds may still add.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::cap::Room;
use crate::ids::KeyId;
use crate::money::Picodollars;
use crate::store::spend::Period;
use crate::store::{Day, spend};

/// What was charged to an API key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyUsage {
    /// Ever.
    pub total: Picodollars,
    /// On the current UTC day.
    pub today: Picodollars,
    /// Since Monday.
    pub week: Picodollars,
    /// Since the first of the month.
    pub month: Picodollars,
}

impl KeyUsage {
    /// In the current period.
    pub fn of(&self, period: Period) -> Picodollars {
        match period {
            Period::Day => self.today,
            Period::Week => self.week,
            Period::Month => self.month,
            Period::Total => self.total,
        }
    }
}

/// An API key's totals as they are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeyTotals {
    pub key: KeyId,
    total: Picodollars,
    /// The last day that something was counted on.
    day: Day,
    on_day: Picodollars,
    /// In that day's week; exports of the third schema do not say it.
    #[serde(default)]
    in_week: Picodollars,
    /// In that day's month; nor this.
    #[serde(default)]
    in_month: Picodollars,
}

/// The same in the first three schemas.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct KeyTotalsV3 {
    pub key: KeyId,
    total: Picodollars,
    day: Day,
    on_day: Picodollars,
}

impl KeyTotalsV3 {
    /// Whether a day is of the same week, and of the same month, as the last one that was counted.
    pub(crate) fn joins(&self, period: spend::Period, day: Day) -> bool {
        period.joins(self.day, day)
    }

    /// The present form, with what records say of the week and the month.
    pub(crate) fn with(self, in_week: Picodollars, in_month: Picodollars) -> KeyTotals {
        KeyTotals {
            key: self.key,
            total: self.total,
            day: self.day,
            on_day: self.on_day,
            in_week: in_week.max(self.on_day),
            in_month: in_month.max(self.on_day),
        }
    }
}

impl KeyTotals {
    fn new(key: KeyId, day: Day) -> Self {
        Self {
            key,
            total: Picodollars::ZERO,
            day,
            on_day: Picodollars::ZERO,
            in_week: Picodollars::ZERO,
            in_month: Picodollars::ZERO,
        }
    }

    /// What is counted for the period of its last day.
    fn counted(&self, period: Period) -> Picodollars {
        match period {
            Period::Day => self.on_day,
            Period::Week => self.in_week,
            Period::Month => self.in_month,
            Period::Total => self.total,
        }
    }

    fn counted_mut(&mut self, period: Period) -> &mut Picodollars {
        match period {
            Period::Day => &mut self.on_day,
            Period::Week => &mut self.in_week,
            Period::Month => &mut self.in_month,
            Period::Total => &mut self.total,
        }
    }

    /// Counts a charge of some day in the periods that it shares with the last day.
    fn add(&mut self, day: Day, cost: Picodollars) {
        for period in Period::ALL {
            if period.joins(self.day, day) {
                let sum = self.counted_mut(period);
                *sum = sum.saturating_add(cost);
            }
        }
    }

    /// The totals at the begin of a later day.
    fn at(&self, day: Day) -> Self {
        let mut later = Self { day, ..*self };
        for period in Period::ALL {
            if !period.joins(self.day, day) {
                *later.counted_mut(period) = Picodollars::ZERO;
            }
        }
        later
    }
}

/// The counters of one key.
#[derive(Clone, Debug)]
pub(super) struct KeyCounter {
    totals: KeyTotals,
    /// As they ended before the last day began: the last holds of a day are settled after midnight.
    before: Option<KeyTotals>,
    /// What open holds keep back, by the day of the hold.
    reserved: BTreeMap<Day, i128>,
}

impl KeyCounter {
    pub(super) fn new(key: KeyId, day: Day) -> Self {
        Self::restored(KeyTotals::new(key, day))
    }

    pub(super) fn restored(totals: KeyTotals) -> Self {
        Self {
            totals,
            before: None,
            reserved: BTreeMap::new(),
        }
    }

    /// What is to be stored.
    pub(super) fn totals(&self) -> &KeyTotals {
        &self.totals
    }

    /// Counts a charge of a day.
    pub(super) fn add(&mut self, day: Day, cost: Picodollars) {
        if day > self.totals.day {
            self.before = Some(self.totals);
            self.totals = self.totals.at(day);
        }
        self.totals.add(day, cost);
        if let Some(before) = &mut self.before {
            before.add(day, cost);
        }
    }

    pub(super) fn reserve(&mut self, day: Day, amount: i128) {
        let reserved = self.reserved.entry(day).or_default();
        *reserved += amount;
        if *reserved == 0 {
            self.reserved.remove(&day);
        }
    }

    /// What was charged in the period of a day.
    pub(super) fn spent(&self, period: Period, day: Day) -> Picodollars {
        let all = [Some(&self.totals), self.before.as_ref()];
        let mut of_period = all.into_iter().flatten();
        of_period
            .find(|totals| period.joins(totals.day, day))
            .map_or(Picodollars::ZERO, |totals| totals.counted(period))
    }

    /// What a limit leaves of the period of a day.
    pub(super) fn room(&self, period: Period, day: Day, limit: Picodollars) -> Room {
        let held = self.reserved.iter();
        let held = held.filter(|(held_on, _)| period.joins(**held_on, day));
        Room::new(
            limit,
            self.spent(period, day),
            held.map(|(_, sum)| sum).sum(),
        )
    }

    pub(super) fn usage(&self, day: Day) -> KeyUsage {
        KeyUsage {
            total: self.spent(Period::Total, day),
            today: self.spent(Period::Day, day),
            week: self.spent(Period::Week, day),
            month: self.spent(Period::Month, day),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn usd(text: &str) -> Picodollars {
        text.parse().unwrap()
    }

    #[test]
    fn each_period_starts_anew_on_its_own_day() {
        // A Saturday, the Sunday after it, the Monday after that, and the first of the next month.
        let mut key = KeyCounter::new(KeyId::new(), day("2026-02-28"));
        key.add(day("2026-02-28"), usd("1"));
        key.add(day("2026-03-01"), usd("2"));
        let sunday = key.usage(day("2026-03-01"));
        assert_eq!((sunday.today, sunday.week), (usd("2"), usd("3")));
        assert_eq!((sunday.month, sunday.total), (usd("2"), usd("3")));
        let monday = key.usage(day("2026-03-02"));
        assert_eq!((monday.today, monday.week), (usd("0"), usd("0")));
        assert_eq!((monday.month, monday.total), (usd("2"), usd("3")));
    }

    #[test]
    fn a_charge_of_yesterday_counts_on_yesterday() {
        let mut key = KeyCounter::new(KeyId::new(), day("2026-01-31"));
        key.add(day("2026-01-31"), usd("1"));
        key.add(day("2026-02-01"), usd("1"));
        key.add(day("2026-01-31"), usd("5"));
        assert_eq!(key.spent(Period::Day, day("2026-01-31")), usd("6"));
        assert_eq!(key.spent(Period::Day, day("2026-02-01")), usd("1"));
        assert_eq!(key.spent(Period::Month, day("2026-02-01")), usd("1"));
        assert_eq!(key.spent(Period::Month, day("2026-01-31")), usd("6"));
        assert_eq!(key.spent(Period::Total, day("2026-02-01")), usd("7"));
    }

    #[test]
    fn open_holds_take_room_in_every_period_of_their_day() {
        let mut key = KeyCounter::new(KeyId::new(), day("2026-01-31"));
        key.reserve(day("2026-01-31"), 7);
        let limit = Picodollars::new(10);
        let free = |key: &KeyCounter, period, on| key.room(period, day(on), limit).free;
        assert_eq!(free(&key, Period::Day, "2026-01-31"), 3);
        assert_eq!(free(&key, Period::Day, "2026-02-01"), 10);
        assert_eq!(free(&key, Period::Week, "2026-02-01"), 3);
        assert_eq!(free(&key, Period::Month, "2026-02-01"), 10);
        key.reserve(day("2026-01-31"), -7);
        assert_eq!(free(&key, Period::Total, "2026-02-01"), 10);
    }
}
