//! Records of requests and totals, by account and time: read by the page, pruned in small steps.

use std::ops::RangeInclusive;

use super::book::DayTotals;
use super::db::{Batch, Db};
use super::entry::{read_day, read_month};
use super::error::StoreError;
use super::generation::KeptRecord;
use super::{Day, Generation, Month, key};
use crate::ids::{AccountId, GenerationId};

/// Reads what is kept of requests, beside whoever writes it.
#[derive(Clone, Debug)]
pub struct Archive(Db);

/// A page of records, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The records.
    pub records: Vec<Generation>,
    /// Where the next page begins; `None` when there is no older one.
    pub before: Option<GenerationId>,
}

impl Archive {
    /// An archive over an opened storage.
    pub fn new(db: Db) -> Self {
        Self(db)
    }

    pub(super) fn db(&self) -> &Db {
        &self.0
    }

    /// An account's records of some days, newest first, at most `limit` of them, all older than
    /// `before`. Reads no more rows than the page has.
    pub fn page(
        &self,
        account: AccountId,
        days: RangeInclusive<Day>,
        before: Option<GenerationId>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        let first = GenerationId::first_at(days.start().start_ms());
        let end = GenerationId::first_at(days.end().next().start_ms());
        let end = before.map_or(end, |before| before.min(end));
        let mut page = Page {
            records: Vec::new(),
            before: None,
        };
        if first >= end {
            return Ok(page);
        }
        let range = key::record(account, first)..key::record(account, end);
        let mut rows = 0;
        for row in self.0.range(range)?.rev().take(limit) {
            let (key, value) = row?;
            let KeptRecord { record, .. } = KeptRecord::decode(&key, &value)?;
            rows += 1;
            page.before = (rows == limit).then_some(record.id);
            page.records.push(record);
        }
        Ok(page)
    }

    /// An account's totals of the days on which it was used, newest first, at most `limit`.
    pub fn days(
        &self,
        account: AccountId,
        days: RangeInclusive<Day>,
        limit: usize,
    ) -> Result<Vec<(Day, DayTotals)>, StoreError> {
        if days.is_empty() {
            return Ok(Vec::new());
        }
        let range = key::day(account, *days.start())..=key::day(account, *days.end());
        let rows = self.0.range(range)?.rev().take(limit);
        rows.map(|row| read_day(&row?).map(|(_, day, totals)| (day, totals)))
            .collect()
    }

    /// The same by month.
    pub fn months(
        &self,
        account: AccountId,
        months: RangeInclusive<Month>,
        limit: usize,
    ) -> Result<Vec<(Month, DayTotals)>, StoreError> {
        if months.is_empty() {
            return Ok(Vec::new());
        }
        let range = key::month(account, *months.start())..=key::month(account, *months.end());
        let rows = self.0.range(range)?.rev().take(limit);
        rows.map(|row| read_month(&row?).map(|(_, month, totals)| (month, totals)))
            .collect()
    }
}

/// What a step of pruning found.
#[derive(Debug, Default)]
pub struct Pruned {
    /// Records that go.
    pub records: usize,
    /// Records that cannot be read. They stay, for `ledger verify` to name.
    pub damaged: usize,
    /// Their removal, to be committed.
    pub batch: Batch,
    /// Where the next step goes on; `None` when all accounts were looked at.
    pub next: Option<AccountId>,
}

/// One step of pruning: records from before a moment, account after account from `from` on. At most `most`
/// rows and accounts are looked at. Totals stay.
pub fn prune(
    db: &Db,
    from: Option<AccountId>,
    before_ms: u64,
    most: usize,
) -> Result<Pruned, StoreError> {
    let oldest = GenerationId::first_at(0);
    let end = GenerationId::first_at(before_ms);
    let mut pruned = Pruned::default();
    let mut start = from.map_or(key::RECORDS.to_vec(), |from| key::record(from, oldest));
    let mut looked = 0;
    while let Some(account) = first_account(db, start)? {
        let old = key::record(account, oldest)..key::record(account, end);
        for row in db.range(old)?.take(most.saturating_sub(looked)) {
            let (key, value) = row?;
            looked += 1;
            if KeptRecord::decode(&key, &value).is_err() {
                pruned.damaged += 1;
                continue;
            }
            pruned.batch.delete(key);
            pruned.records += 1;
        }
        looked += 1;
        if looked >= most {
            pruned.next = Some(account);
            break;
        }
        start = key::after_records(account);
    }
    Ok(pruned)
}

/// The first account that has a record at or behind a key.
fn first_account(db: &Db, start: Vec<u8>) -> Result<Option<AccountId>, StoreError> {
    let first = db.range(start..)?.next().transpose()?;
    Ok(first.and_then(|(key, _)| Some(key::recorded(&key)?.0)))
}

#[cfg(test)]
#[path = "records_tests.rs"]
mod tests;
