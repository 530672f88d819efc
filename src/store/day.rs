//! UTC calendar days and months, the units of daily limits and totals.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{Date, Month as MonthOfYear, OffsetDateTime, Time};

/// Seconds of the last moment the calendar knows, in the year 9999.
const LAST_SECOND: i64 = 253_402_300_799;
const DAY_FORMAT: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");

/// A UTC day has no leap second in Unix time.
const DAY_MS: u64 = 86_400_000;

/// A UTC day. Prints as `yyyymmdd`.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Day(i32);

/// A UTC month. Prints as `yyyymm`.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Month(i32);

/// The text is not a day of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a day such as 2026-01-31")]
pub struct NotADay;

impl Day {
    /// The day of a moment, in milliseconds since 1970.
    pub fn of(now_ms: u64) -> Self {
        let seconds = i64::try_from(now_ms / 1000).map_or(LAST_SECOND, |s| s.min(LAST_SECOND));
        let moment =
            OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        Self::from_date(moment.date())
    }

    /// Its month.
    pub fn month(self) -> Month {
        Month(self.0 / 100)
    }

    /// When it begins, in milliseconds since 1970.
    pub fn start_ms(self) -> u64 {
        let start = self.date().with_time(Time::MIDNIGHT).assume_utc();
        u64::try_from(start.unix_timestamp()).unwrap_or(0) * 1000
    }

    /// The next day; the calendar's last day stays.
    #[must_use]
    pub fn next(self) -> Self {
        self.date().next_day().map_or(self, Self::from_date)
    }

    /// The Monday of its week.
    pub(super) fn monday(self) -> Self {
        let date = self.date();
        let days = i64::from(date.weekday().number_days_from_monday());
        Self::from_date(date.saturating_sub(time::Duration::days(days)))
    }

    /// The Monday of the next week.
    pub(super) fn next_monday(self) -> Self {
        let monday = self.monday().date();
        Self::from_date(monday.saturating_add(time::Duration::days(7)))
    }

    /// As ISO 8601 writes it, `yyyy-mm-dd`.
    pub fn iso(self) -> String {
        self.date().format(DAY_FORMAT).unwrap_or_default()
    }

    /// Reads back how it prints.
    pub(super) fn from_digits(digits: &str) -> Option<Self> {
        let number: i32 = digits.parse().ok()?;
        let day = Self(number);
        (Self::from_date(day.date()) == day && day.to_string() == digits).then_some(day)
    }

    fn from_date(date: Date) -> Self {
        Self(date.year() * 10_000 + i32::from(u8::from(date.month())) * 100 + i32::from(date.day()))
    }

    /// Until the next UTC midnight, in milliseconds.
    pub fn ends_in_ms(now_ms: u64) -> u64 {
        DAY_MS - now_ms % DAY_MS
    }

    fn date(self) -> Date {
        date(self.0 / 100, self.0 % 100)
    }
}

impl Month {
    /// The next month.
    #[must_use]
    pub fn next(self) -> Self {
        match self.0 % 100 {
            12 => Self(self.0 + 89),
            _ => Self(self.0 + 1),
        }
    }

    /// Its first day.
    pub fn first_day(self) -> Day {
        Day(self.0 * 100 + 1)
    }

    /// Reads back how it prints.
    pub(super) fn from_digits(digits: &str) -> Option<Self> {
        let month = Self(digits.parse().ok()?);
        let is_month = (1..=12).contains(&(month.0 % 100)) && month.0 / 100 >= 1970;
        (is_month && month.to_string() == digits).then_some(month)
    }

    /// As ISO 8601 writes it, `yyyy-mm`.
    pub fn iso(self) -> String {
        format!("{:04}-{:02}", self.0 / 100, self.0 % 100)
    }
}

/// The day of a month `yyyymm`; a number that is no date is taken for the first day of 1970.
fn date(month: i32, day: i32) -> Date {
    let parts = || {
        let of_year = MonthOfYear::try_from(u8::try_from(month % 100).ok()?).ok()?;
        Date::from_calendar_date(month / 100, of_year, u8::try_from(day).ok()?).ok()
    };
    parts().unwrap_or(OffsetDateTime::UNIX_EPOCH.date())
}

impl FromStr for Day {
    type Err = NotADay;

    /// Reads `yyyy-mm-dd`, from 1970 on.
    fn from_str(text: &str) -> Result<Self, NotADay> {
        match Date::parse(text, DAY_FORMAT) {
            Ok(date) if date.year() >= 1970 => Ok(Self::from_date(date)),
            Ok(_) | Err(_) => Err(NotADay),
        }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08}", self.0)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:06}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn days_change_at_midnight_utc() {
        assert_eq!(Day::of(0).to_string(), "19700101");
        assert_eq!(Day::of(86_399_999).to_string(), "19700101");
        assert_eq!(Day::of(86_400_000).to_string(), "19700102");
        assert_eq!(Day::of(1_709_208_000_000).to_string(), "20240229");
        assert_eq!(
            (Day::ends_in_ms(1), Day::ends_in_ms(86_400_000)),
            (86_399_999, 86_400_000)
        );
        assert_eq!(Day::of(u64::MAX).to_string(), "99991231");
    }

    #[test]
    fn months_follow_each_other() {
        let december = Day::of(1_735_600_000_000).month();
        assert_eq!(december.iso(), "2024-12");
        assert_eq!(december.next().to_string(), "202501");
        assert_eq!(december.next().next().iso(), "2025-02");
    }

    #[test]
    fn only_days_of_the_calendar_are_read() {
        assert_eq!("2024-02-29".parse::<Day>().unwrap().to_string(), "20240229");
        for bad in ["2023-02-29", "2024-2-1", "20240229", "1969-12-31", "", "x"] {
            assert!(bad.parse::<Day>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_day_holds_the_moments_from_its_start_to_the_next(now_ms in 0_u64..4_000_000_000_000) {
            let day = Day::of(now_ms);
            prop_assert!(day.start_ms() <= now_ms && now_ms < day.next().start_ms());
            prop_assert_eq!(day.iso().parse::<Day>(), Ok(day));
        }
    }
}
