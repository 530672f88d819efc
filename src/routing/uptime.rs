//! What came of attempts, by provider and day and by model and hour, and when something was left
//! alone: what the status page tells. Bounded; time is an argument.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use super::observation::Ended;
use super::tally::{KeptTally, Tally};
use crate::catalog::{ModelId, ProviderName};
use crate::ids::IdMap;

/// Days that are told of a provider, today among them.
pub const DAYS: u64 = 90;
/// Hours that are told of a model, the running one among them.
pub const HOURS: u64 = 24;
/// Outages that are remembered.
const MOST_OUTAGES: usize = 200;
/// An outage's model when the whole provider was left alone.
pub const WHOLE: &str = "*";

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;

/// Everything that is told.
#[derive(Clone, Debug, Default)]
pub struct Uptime {
    days: IdMap<ProviderName, BTreeMap<u64, Tally>>,
    hours: IdMap<ModelId, BTreeMap<u64, Tally>>,
    /// Oldest first.
    outages: VecDeque<Outage>,
    /// What has to be written, and what may be removed.
    changed: BTreeSet<Row>,
}

/// One row of what is kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Row {
    /// A provider's day, in days since 1970.
    Day(u64, String),
    /// A model's hour, in hours since 1970.
    Hour(u64, String),
    /// An outage, by its beginning, of a `provider/model`.
    Outage(u64, String),
}

/// The value of a row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Kept {
    /// What came of a period's attempts.
    Tally(KeptTally),
    /// An outage.
    Outage(Outage),
}

/// A time for which something was left alone because it failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outage {
    /// The provider.
    pub provider: String,
    /// The model, or [`WHOLE`].
    pub model: String,
    /// Why, in the word of `/health`.
    pub reason: String,
    /// When it began, in milliseconds since 1970.
    pub begun_ms: u64,
    /// How it ended.
    pub end: End,
}

/// How an outage ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum End {
    /// It has not.
    Open,
    /// A probe went well then, in milliseconds since 1970.
    Recovered(u64),
    /// Nobody saw: the router ended, or the provider got another key.
    Unseen,
}

impl Outage {
    fn row(&self) -> Row {
        Row::Outage(self.begun_ms, format!("{}/{}", self.provider, self.model))
    }
}

impl Uptime {
    /// What was kept, with what is too old left out. What was open then has ended unseen.
    pub fn restore(rows: impl IntoIterator<Item = (Row, Kept)>, now_ms: u64) -> Self {
        let mut uptime = Self::default();
        for (row, kept) in rows {
            match (row, kept) {
                (Row::Day(day, provider), Kept::Tally(tally)) => {
                    let days = uptime.days.entry(ProviderName::new(&provider));
                    days.or_default().insert(day, Tally::from(&tally));
                }
                (Row::Hour(hour, model), Kept::Tally(tally)) => {
                    let hours = uptime.hours.entry(ModelId::new(&model));
                    hours.or_default().insert(hour, Tally::from(&tally));
                }
                (Row::Outage(..), Kept::Outage(outage)) => uptime.outages.push_back(outage),
                // Nobody wrote such a row.
                (Row::Day(..) | Row::Hour(..), Kept::Outage(_))
                | (Row::Outage(..), Kept::Tally(_)) => {}
            }
        }
        let sorted = uptime.outages.make_contiguous();
        sorted.sort_by_key(|outage| outage.begun_ms);
        for outage in &mut uptime.outages {
            if outage.end == End::Open {
                outage.end = End::Unseen;
                uptime.changed.insert(outage.row());
            }
        }
        uptime.forget(now_ms);
        uptime
    }

    /// Takes note of how an attempt ended.
    pub fn record(&mut self, provider: &ProviderName, model: &ModelId, ended: Ended, now_ms: u64) {
        let (day, hour) = (now_ms / DAY_MS, now_ms / HOUR_MS);
        let days = self.days.entry(provider.clone()).or_default();
        days.entry(day).or_default().add(ended);
        let hours = self.hours.entry(model.clone()).or_default();
        hours.entry(hour).or_default().add(ended);
        self.changed
            .insert(Row::Day(day, provider.as_str().to_owned()));
        self.changed
            .insert(Row::Hour(hour, model.as_str().to_owned()));
    }

    /// Something is left alone from now on.
    pub fn begin(&mut self, provider: &ProviderName, model: &str, reason: &str, now_ms: u64) {
        let outage = Outage {
            provider: provider.as_str().to_owned(),
            model: model.to_owned(),
            reason: reason.to_owned(),
            begun_ms: now_ms,
            end: End::Open,
        };
        self.changed.insert(outage.row());
        self.outages.push_back(outage);
        self.forget_outages();
    }

    /// Something flows again.
    pub fn recover(&mut self, provider: &ProviderName, model: &str, now_ms: u64) {
        self.close(End::Recovered(now_ms), |outage| {
            outage.provider == provider.as_str() && outage.model == model
        });
    }

    /// Nobody will see how a provider's outages end.
    pub fn lose_sight(&mut self, provider: &ProviderName) {
        self.close(End::Unseen, |outage| outage.provider == provider.as_str());
    }

    fn close(&mut self, end: End, is_meant: impl Fn(&Outage) -> bool) {
        for outage in &mut self.outages {
            if outage.end == End::Open && is_meant(outage) {
                outage.end = end;
                self.changed.insert(outage.row());
            }
        }
    }

    /// A provider's last [`DAYS`] days, oldest first; `None` for a day without attempts.
    pub fn days(&self, provider: &ProviderName, now_ms: u64) -> Vec<(u64, Option<&Tally>)> {
        let days = self.days.get(provider);
        last(DAYS, now_ms / DAY_MS)
            .map(|day| (day, days.and_then(|days| days.get(&day))))
            .collect()
    }

    /// The last [`HOURS`] hours of some models together, oldest first.
    pub fn hours<'a>(
        &self,
        models: impl Iterator<Item = &'a ModelId> + Clone,
        now_ms: u64,
    ) -> Vec<(u64, Tally)> {
        let sum = |hour| {
            let mut sum = Tally::default();
            for model in models.clone() {
                if let Some(tally) = self.hours.get(model).and_then(|hours| hours.get(&hour)) {
                    sum.absorb(tally);
                }
            }
            (hour, sum)
        };
        last(HOURS, now_ms / HOUR_MS).map(sum).collect()
    }

    /// Outages, newest first.
    pub fn outages(&self) -> impl Iterator<Item = &Outage> {
        self.outages.iter().rev()
    }

    /// What has changed since the last time; a row without a value is to be removed.
    pub fn take_changes(&mut self, now_ms: u64) -> Vec<(Row, Option<Kept>)> {
        self.forget(now_ms);
        let changed = std::mem::take(&mut self.changed);
        changed
            .into_iter()
            .map(|row| {
                let kept = self.kept(&row);
                (row, kept)
            })
            .collect()
    }

    fn kept(&self, row: &Row) -> Option<Kept> {
        let tally = |tally: &Tally| Kept::Tally(tally.keep());
        match row {
            Row::Day(day, provider) => {
                let days = self.days.get(&ProviderName::new(provider))?;
                days.get(day).map(tally)
            }
            Row::Hour(hour, model) => {
                let hours = self.hours.get(&ModelId::new(model))?;
                hours.get(hour).map(tally)
            }
            Row::Outage(..) => {
                let outage = self.outages.iter().find(|outage| outage.row() == *row);
                outage.cloned().map(Kept::Outage)
            }
        }
    }

    /// Drops what is no longer told.
    fn forget(&mut self, now_ms: u64) {
        let (day, hour) = (now_ms / DAY_MS, now_ms / HOUR_MS);
        let changed = &mut self.changed;
        self.days.retain(|provider, days| {
            drop_before(days, (day + 1).saturating_sub(DAYS), |day| {
                changed.insert(Row::Day(day, provider.as_str().to_owned()));
            })
        });
        self.hours.retain(|model, hours| {
            drop_before(hours, (hour + 1).saturating_sub(HOURS), |hour| {
                changed.insert(Row::Hour(hour, model.as_str().to_owned()));
            })
        });
        let oldest = (day + 1).saturating_sub(DAYS) * DAY_MS;
        while let Some(outage) = self
            .outages
            .pop_front_if(|outage| outage.begun_ms < oldest && outage.end != End::Open)
        {
            self.changed.insert(outage.row());
        }
        self.forget_outages();
    }

    fn forget_outages(&mut self) {
        while self.outages.len() > MOST_OUTAGES {
            if let Some(outage) = self.outages.pop_front() {
                self.changed.insert(outage.row());
            }
        }
    }
}

/// Drops the periods before the first that is told; whether any is left.
fn drop_before(
    periods: &mut BTreeMap<u64, Tally>,
    first: u64,
    mut dropped: impl FnMut(u64),
) -> bool {
    let told = periods.split_off(&first);
    std::mem::replace(periods, told)
        .into_keys()
        .for_each(&mut dropped);
    !periods.is_empty()
}

/// So many periods up to the running one, oldest first.
fn last(count: u64, running: u64) -> impl Iterator<Item = u64> {
    (running + 1).saturating_sub(count)..=running
}

#[cfg(test)]
#[path = "uptime_tests.rs"]
mod tests;
