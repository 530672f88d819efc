//! Moments of the wall clock as the pages write them, in UTC.

use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{Date, Duration, OffsetDateTime};

const MINUTE: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day] [hour]:[minute]");
const HOUR: &[BorrowedFormatItem<'_>] = format_description!("[month]-[day] [hour]:00");

/// A moment in milliseconds since 1970, to the minute.
pub fn minute(unix_ms: u64) -> String {
    at(unix_ms / 1000).format(MINUTE).unwrap_or_default()
}

/// An hour, counted since 1970.
pub fn hour(hours: u64) -> String {
    at(hours.saturating_mul(3_600))
        .format(HOUR)
        .unwrap_or_default()
}

/// A day, counted since 1970.
pub fn day(days: u64) -> String {
    let days = i64::try_from(days).unwrap_or(i64::MAX);
    let epoch = OffsetDateTime::UNIX_EPOCH.date();
    let day = Duration::days(days.min(1_000_000));
    epoch.checked_add(day).unwrap_or(Date::MAX).to_string()
}

/// A length of time, to its two largest units.
pub fn length(ms: u64) -> String {
    let (s, min, h, d) = (ms / 1_000, ms / 60_000, ms / 3_600_000, ms / 86_400_000);
    match (d, h, min) {
        (0, 0, 0) => format!("{s} s"),
        (0, 0, _) => format!("{min} min {} s", s % 60),
        (0, _, _) => format!("{h} h {} min", min % 60),
        (_, _, _) => format!("{d} d {} h", h % 24),
    }
}

fn at(unix_s: u64) -> OffsetDateTime {
    let unix_s = i64::try_from(unix_s).unwrap_or(i64::MAX);
    OffsetDateTime::from_unix_timestamp(unix_s).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_and_lengths_are_readable() {
        assert_eq!(minute(1_769_860_859_000), "2026-01-31 12:00");
        assert_eq!(hour(1_769_860_859 / 3_600), "01-31 12:00");
        assert_eq!(day(1_769_860_859 / 86_400), "2026-01-31");
        assert_eq!(day(0), "1970-01-01");
        let lengths = [900, 61_000, 3_660_000, 90_000_000].map(length);
        assert_eq!(lengths, ["0 s", "1 min 1 s", "1 h 1 min", "1 d 1 h"]);
        for far in [u64::MAX, u64::MAX / 2] {
            assert!(!minute(far).is_empty() && !hour(far).is_empty() && !day(far).is_empty());
        }
    }
}
