//! UTC calendar days, the unit of daily limits and totals.

use std::fmt;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// Seconds of the last moment the calendar knows, in the year 9999.
const LAST_SECOND: i64 = 253_402_300_799;

/// A UTC day has no leap second in Unix time.
const DAY_MS: u64 = 86_400_000;

/// A UTC day. Prints as `yyyymmdd`.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Day(i32);

impl Day {
    /// The day of a moment, in milliseconds since 1970.
    pub fn of(now_ms: u64) -> Self {
        let seconds = i64::try_from(now_ms / 1000).map_or(LAST_SECOND, |s| s.min(LAST_SECOND));
        let date = OffsetDateTime::from_unix_timestamp(seconds)
            .unwrap_or(OffsetDateTime::UNIX_EPOCH)
            .date();
        Self(date.year() * 10_000 + i32::from(u8::from(date.month())) * 100 + i32::from(date.day()))
    }

    /// Until the next UTC midnight, in milliseconds.
    pub fn ends_in_ms(now_ms: u64) -> u64 {
        DAY_MS - now_ms % DAY_MS
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
