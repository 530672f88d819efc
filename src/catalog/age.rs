//! How near a model is to its provider's last day for it.

use time::Date;

use super::model::Model;

/// Days before a model's last day from which operators and callers are warned.
const NOTICE_DAYS: i64 = 30;

/// How near a model is to its last day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Age {
    /// No day is named, or it is far.
    Current,
    /// The day is so many days ahead, at most thirty.
    Ending {
        /// 0 on the last day itself.
        days_left: i64,
    },
    /// The day is past.
    Retired {
        /// The last day.
        since: Date,
    },
}

impl Model {
    /// How near the model is to its last day.
    pub fn age(&self, today: Date) -> Age {
        let Some(last) = self.deprecation_date else {
            return Age::Current;
        };
        match (last - today).whole_days() {
            ..0 => Age::Retired { since: last },
            days_left @ 0..=NOTICE_DAYS => Age::Ending { days_left },
            _ => Age::Current,
        }
    }

    /// Whether its provider's last day for it is past.
    pub fn is_retired(&self, today: Date) -> bool {
        match self.age(today) {
            Age::Retired { .. } => true,
            Age::Current | Age::Ending { .. } => false,
        }
    }

    /// A sentence for operators and callers about a model that ends or has ended.
    pub fn notice(&self, today: Date) -> Option<String> {
        let told = match self.age(today) {
            Age::Current => return None,
            Age::Ending { days_left: 0 } => "is retired by its provider after today".to_owned(),
            Age::Ending { days_left: 1 } => "is retired by its provider after tomorrow".to_owned(),
            Age::Ending { days_left } => {
                format!("is retired by its provider in {days_left} days")
            }
            Age::Retired { since } => format!("was retired by its provider on {since}"),
        };
        let instead = self.replacement.as_ref();
        let instead = instead.map_or_else(String::new, |id| format!("; use {id}"));
        Some(format!("{} {told}{instead}", self.id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Catalog, Layer};
    use time::macros::date;

    #[test]
    fn the_last_day_itself_still_serves() {
        let catalog = Catalog::load(&[Layer::builtin()]).unwrap();
        let o3 = catalog.model("o3").unwrap();
        let since = date!(2026 - 12 - 11);
        for (today, age) in [
            (date!(2026 - 11 - 10), Age::Current),
            (date!(2026 - 11 - 11), Age::Ending { days_left: 30 }),
            (date!(2026 - 12 - 11), Age::Ending { days_left: 0 }),
            (date!(2026 - 12 - 12), Age::Retired { since }),
        ] {
            assert_eq!(o3.age(today), age, "{today}");
        }
        assert_eq!(
            o3.notice(date!(2026 - 12 - 12)).unwrap(),
            "o3 was retired by its provider on 2026-12-11; use gpt-5.4"
        );
        let current = catalog.model("gpt-5.4").unwrap();
        assert_eq!(current.notice(date!(2999 - 01 - 01)), None);
    }
}
