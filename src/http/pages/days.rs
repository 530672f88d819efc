//! UTC days in a row, as the charts of pages draw them.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use crate::money::Picodollars;
use crate::pages::columns::Amount;
use crate::store::Day;

/// Columns of one chart at the most.
const MOST_COLUMNS: usize = 366;
const DAY_MS: u64 = 86_400_000;

/// So many days, of which this is the last.
pub fn last(days: u64, now_ms: u64) -> RangeInclusive<Day> {
    let first = now_ms.saturating_sub(days.saturating_sub(1).saturating_mul(DAY_MS));
    Day::of(first)..=Day::of(now_ms)
}

/// Every day of the range that has a column, oldest first.
pub fn drawn<T: Copy + Default>(range: &RangeInclusive<Day>, found: &[(Day, T)]) -> Vec<(Day, T)> {
    let found: HashMap<Day, T> = found.iter().copied().collect();
    let mut days = Vec::new();
    let mut day = *range.start();
    while day <= *range.end() && days.len() < MOST_COLUMNS {
        days.push((day, found.get(&day).copied().unwrap_or_default()));
        day = day.next();
    }
    days
}

/// What the days amount to: how great it is, and how it reads.
pub fn amounts<T>(days: &[(Day, T)], of: impl Fn(&T) -> (u64, String)) -> Vec<Amount> {
    let amount = |(day, it): &(Day, T)| {
        let (size, text) = of(it);
        Amount {
            name: day.iso(),
            size,
            text,
        }
    };
    days.iter().map(amount).collect()
}

/// An amount of money. What is below zero has no column.
pub fn usd(amount: Picodollars) -> (u64, String) {
    let size = u64::try_from(amount.get()).unwrap_or(0);
    (size, format!("${amount}"))
}
