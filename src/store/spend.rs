//! Spend limits of an API key: how much it may cost in each UTC period.

use serde::{Deserialize, Serialize};

use super::Day;
use crate::money::Picodollars;

/// A UTC period of a spend limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Period {
    /// A calendar day.
    Day,
    /// A week from Monday to Sunday.
    Week,
    /// A calendar month.
    Month,
    /// For ever.
    Total,
}

impl Period {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Day, Self::Week, Self::Month, Self::Total];

    /// Its word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Total => "total",
        }
    }

    /// Whether two days lie in the same period.
    pub(super) fn joins(self, a: Day, b: Day) -> bool {
        match self {
            Self::Day => a == b,
            Self::Week => a.monday() == b.monday(),
            Self::Month => a.month() == b.month(),
            Self::Total => true,
        }
    }

    /// Until the period of this moment ends, in milliseconds; `None` for one without end.
    pub(super) fn ends_in_ms(self, now_ms: u64) -> Option<u64> {
        let today = Day::of(now_ms);
        let next = match self {
            Self::Day => today.next(),
            Self::Week => today.next_monday(),
            Self::Month => today.month().next().first_day(),
            Self::Total => return None,
        };
        Some(next.start_ms().saturating_sub(now_ms))
    }
}

/// What a key may cost in each period; `None` is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpendLimits {
    /// On a UTC day.
    pub day: Option<Picodollars>,
    /// In a week that begins on a Monday.
    pub week: Option<Picodollars>,
    /// In a calendar month.
    pub month: Option<Picodollars>,
    /// Ever.
    pub total: Option<Picodollars>,
}

impl SpendLimits {
    /// The limit of a period.
    pub fn of(&self, period: Period) -> Option<Picodollars> {
        match period {
            Period::Day => self.day,
            Period::Week => self.week,
            Period::Month => self.month,
            Period::Total => self.total,
        }
    }

    /// The limits that are set.
    pub fn set(&self) -> impl Iterator<Item = (Period, Picodollars)> {
        Period::ALL
            .into_iter()
            .filter_map(|period| Some((period, self.of(period)?)))
    }

    /// Whether each limit is as tight as the other's, or tighter.
    pub fn is_within(&self, other: &Self) -> bool {
        other
            .set()
            .all(|(period, most)| self.of(period).is_some_and(|own| own <= most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Thursday 2024-02-29, one second before midnight UTC.
    const LATE: u64 = 1_709_251_199_000;

    #[test]
    fn periods_end_at_midnight_utc() {
        assert_eq!(Period::Day.ends_in_ms(LATE), Some(1000));
        assert_eq!(Period::Month.ends_in_ms(LATE), Some(1000));
        let friday_to_sunday = 3 * 86_400_000;
        assert_eq!(Period::Week.ends_in_ms(LATE), Some(1000 + friday_to_sunday));
        assert_eq!(Period::Total.ends_in_ms(LATE), None);
    }

    #[test]
    fn days_are_of_one_week_from_monday_to_sunday() {
        let day = |text: &str| text.parse::<Day>().unwrap();
        let (sunday, monday) = (day("2024-03-03"), day("2024-03-04"));
        assert!(Period::Week.joins(Day::of(LATE), sunday));
        assert!(!Period::Week.joins(sunday, monday));
        assert!(!Period::Month.joins(Day::of(LATE), sunday));
        assert!(Period::Total.joins(Day::of(0), monday));
    }

    #[test]
    fn no_limit_is_wider_than_any() {
        let one = SpendLimits {
            day: Some(Picodollars::new(1)),
            ..SpendLimits::default()
        };
        assert!(one.is_within(&SpendLimits::default()) && one.is_within(&one));
        assert!(!SpendLimits::default().is_within(&one));
    }
}
