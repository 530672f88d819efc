//! Schema versions: a data directory that an older version wrote is brought up to date at open.

use std::collections::HashMap;

use super::book::{
    DayTotals, GrantedV1, KeyTotals, KeyTotalsV3, Link, Meta, Remembered, TakingsByDay,
};
use super::db::{Batch, Db};
use super::entry::read_day;
use super::error::StoreError;
use super::generation::KeptRecord;
use super::steps::Steps;
use super::{Day, Generation, Month, Period, codec, key};
use crate::ids::{AccountId, KeyId};
use crate::money::Picodollars;

/// Version of the key layout and of what is stored under the keys.
pub(super) const SCHEMA: u32 = 9;

/// A change of the schema. It runs while nothing else uses the storage and may be cut off at any
/// commit: run again, it must come to the same.
struct Migration {
    /// The schema that it makes out of the one before.
    to: u32,
    run: fn(&Db) -> Result<(), StoreError>,
}

/// Every migration, oldest first.
const MIGRATIONS: &[Migration] = &[
    Migration {
        to: 2,
        run: index_records_and_count_months,
    },
    Migration {
        to: 3,
        run: remember_grants_as_all_keys,
    },
    Migration {
        to: 4,
        run: count_keys_by_week_and_month,
    },
    Migration {
        to: 5,
        run: index_transactions,
    },
    Migration {
        to: 6,
        run: take_card_money,
    },
    Migration {
        to: 7,
        run: keep_records_in_one_row,
    },
    Migration {
        to: 8,
        run: sum_days,
    },
    Migration {
        to: 9,
        run: commit_to_a_journal,
    },
];

/// Brings the storage to [`SCHEMA`]; a new one gets its version.
///
/// Fails when a newer version wrote it.
pub(super) fn bring_up_to_date(db: &Db) -> Result<(), StoreError> {
    let found = match db.get(key::META)? {
        Some(bytes) => codec::decode::<Meta>(key::META, &bytes)?.schema,
        None if db.rows(b"")?.next().is_none() => return note(db, SCHEMA),
        // The first schema had no version before the first transfer or record.
        None => 1,
    };
    if found > SCHEMA {
        return Err(StoreError::Schema {
            found,
            known: SCHEMA,
        });
    }
    for migration in MIGRATIONS.iter().filter(|step| step.to > found) {
        (migration.run)(db)?;
        note(db, migration.to)?;
    }
    Ok(())
}

/// Writes the version down; the chain stays.
fn note(db: &Db, schema: u32) -> Result<(), StoreError> {
    let mut batch = Batch::default();
    let meta = Meta {
        schema,
        ..Meta::of(&Meta::read(db)?)
    };
    batch.put(key::META.to_vec(), &meta);
    db.commit_through(batch)
}

/// Schema 2 finds records by account and keeps totals of months.
fn index_records_and_count_months(db: &Db) -> Result<(), StoreError> {
    // When these were kept is not known any more; it was before everything that follows.
    const LONG_AGO: u64 = 0;
    let mut steps = Steps::new(db);
    for row in db.rows(key::GENERATIONS_V6)? {
        let (key, value) = row?;
        let record = Generation::decode(&key, &value)?;
        steps.put(key::record(record.account, record.id), &LONG_AGO)?;
    }
    let mut month: Option<(AccountId, Month, DayTotals)> = None;
    for row in db.rows(key::DAYS)? {
        let (account, day, totals) = read_day(&row?)?;
        match &mut month {
            Some((of, counted, sum)) if *of == account && *counted == day.month() => {
                sum.merge(&totals);
            }
            Some(_) | None => {
                if let Some((of, counted, sum)) = month.replace((account, day.month(), totals)) {
                    steps.put(key::month(of, counted), &sum)?;
                }
            }
        }
    }
    if let Some((of, counted, sum)) = month {
        steps.put(key::month(of, counted), &sum)?;
    }
    steps.finish()
}

/// Schema 3 remembers the keys of grants as those of every other operation.
fn remember_grants_as_all_keys(db: &Db) -> Result<(), StoreError> {
    let mut steps = Steps::new(db);
    for row in db.rows(key::GRANTS_V1)? {
        let (key, value) = row?;
        let remembered = Remembered::from(codec::decode::<GrantedV1>(&key, &value)?);
        steps.put(remembered.key(), &remembered)?;
        steps.delete(key)?;
    }
    steps.finish()
}

/// Schema 4 counts what a key has cost in its last week and month; the records still say it.
fn count_keys_by_week_and_month(db: &Db) -> Result<(), StoreError> {
    let mut old: HashMap<KeyId, KeyTotalsV3> = HashMap::new();
    for row in db.rows(key::KEY_TOTALS)? {
        let (key, value) = row?;
        // A run that was cut off has changed some of them.
        if codec::decode::<KeyTotals>(&key, &value).is_err() {
            let totals: KeyTotalsV3 = codec::decode(&key, &value)?;
            old.insert(totals.key, totals);
        }
    }
    let mut sums: HashMap<KeyId, (Picodollars, Picodollars)> = HashMap::new();
    for row in db.rows(key::GENERATIONS_V6)? {
        let (key, value) = row?;
        let record = Generation::decode(&key, &value)?;
        let Some(totals) = old.get(&record.key) else {
            continue;
        };
        let day = Day::of(record.created_ms);
        let (week, month) = sums.entry(record.key).or_default();
        for (period, sum) in [(Period::Week, week), (Period::Month, month)] {
            if totals.joins(period, day) {
                *sum = sum.saturating_add(record.cost);
            }
        }
    }
    let mut steps = Steps::new(db);
    for (id, totals) in old {
        let (week, month) = sums.remove(&id).unwrap_or_default();
        steps.put(key::key_totals(id), &totals.with(week, month))?;
    }
    steps.finish()
}

/// Schema 5 finds a customer's transfers without a walk over the chain.
fn index_transactions(db: &Db) -> Result<(), StoreError> {
    let mut steps = Steps::new(db);
    for row in db.rows(key::TRANSFERS)? {
        let (key, value) = row?;
        let link: Link = codec::decode(&key, &value)?;
        for account in link.transfer.customers() {
            steps.put(key::transaction(account, link.transfer.seq), &())?;
        }
    }
    steps.finish()
}

/// Schema 9 commits to a journal before the tree. The number keeps versions that do not know of it from
/// opening a tree that lacks the newest commits.
fn commit_to_a_journal(_: &Db) -> Result<(), StoreError> {
    Ok(())
}

/// Schema 6 has orders, saved cards and what goes back of payments. No version before it took card
/// money, so that there is nothing to change; the number keeps them from opening what they cannot
/// read.
fn take_card_money(_: &Db) -> Result<(), StoreError> {
    Ok(())
}

/// Schema 7 keeps a record in the row that was its index. It also keeps neighbours of growing tables in one
/// row, and writes none for holds that end at once: what stands there already is read as before.
fn keep_records_in_one_row(db: &Db) -> Result<(), StoreError> {
    let mut steps = Steps::new(db);
    for row in db.rows(key::GENERATIONS_V6)? {
        let (old, value) = row?;
        let record = Generation::decode(&old, &value)?;
        let key = key::record(record.account, record.id);
        let kept_at = db.get(&key)?.map(|bytes| codec::decode(&key, &bytes));
        // A run that was cut off between the two writes has changed this row already.
        if let Ok(at) = kept_at.unwrap_or(Ok(0)) {
            steps.put(key, &KeptRecord { at, record })?;
        }
        steps.delete(old)?;
    }
    steps.finish()
}

/// Schema 8 has what every day came to, and records with candidates, which those before it cannot read.
fn sum_days(db: &Db) -> Result<(), StoreError> {
    let mut days = TakingsByDay::default();
    for row in db.rows(key::TRANSFERS)? {
        let (key, value) = row?;
        let link: Link = codec::decode(&key, &value)?;
        days.count(&link.transfer);
    }
    let mut steps = Steps::new(db);
    for (day, takings) in days.into_rows() {
        steps.put(key::takings(day), &takings)?;
    }
    steps.finish()
}

#[cfg(test)]
#[path = "schema_tests.rs"]
mod tests;
