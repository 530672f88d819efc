//! Schema versions: a data directory that an older version wrote is brought up to date at open.

use serde::Deserialize;

use super::book::{DayTotals, Meta, Remembered};
use super::db::{Batch, Db};
use super::entry::read_day;
use super::error::StoreError;
use super::steps::Steps;
use super::{Generation, Month, codec, key};
use crate::ids::AccountId;
use crate::money::Picodollars;

/// Version of the key layout and of what is stored under the keys.
pub(super) const SCHEMA: u32 = 2;

/// A change of the schema. It runs while nothing else uses the storage and may be cut off at any
/// commit: run again, it must come to the same.
struct Migration {
    /// The schema that it makes out of the one before.
    to: u32,
    run: fn(&Db) -> Result<(), StoreError>,
}

/// Every migration, oldest first.
const MIGRATIONS: &[Migration] = &[Migration {
    to: 2,
    run: to_schema_2,
}];

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
    db.commit(batch)
}

/// Schema 2 finds records by account, keeps totals of months, and remembers idempotency keys of more
/// than grants.
fn to_schema_2(db: &Db) -> Result<(), StoreError> {
    let mut steps = Steps::new(db);
    index_records(db, &mut steps)?;
    count_months(db, &mut steps)?;
    rename_grants(db, &mut steps)?;
    steps.finish()
}

fn index_records(db: &Db, steps: &mut Steps<'_>) -> Result<(), StoreError> {
    // When these were kept is not known any more; it was before everything that follows.
    const LONG_AGO: u64 = 0;
    for row in db.rows(key::GENERATIONS)? {
        let (key, value) = row?;
        let record: Generation = codec::decode(&key, &value)?;
        steps.put(key::record(record.account, record.id), &LONG_AGO)?;
    }
    Ok(())
}

fn count_months(db: &Db, steps: &mut Steps<'_>) -> Result<(), StoreError> {
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
    Ok(())
}

/// A grant as the first schema stored it, under `i/grant/<16 bytes of the account>/<key>`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
struct GrantOfSchema1 {
    account: AccountId,
    idempotency_key: String,
    fingerprint: [u8; 32],
    balance: Picodollars,
    expires_ms: u64,
}

const GRANTS_OF_SCHEMA_1: &[u8] = b"i/grant/";

fn rename_grants(db: &Db, steps: &mut Steps<'_>) -> Result<(), StoreError> {
    for row in db.rows(GRANTS_OF_SCHEMA_1)? {
        let (key, value) = row?;
        // One that was renamed before the work was cut off has the account as text in its key.
        if key[GRANTS_OF_SCHEMA_1.len()..].starts_with(b"acct_") {
            continue;
        }
        let old: GrantOfSchema1 = codec::decode(&key, &value)?;
        let new = Remembered::grant_of_schema_1(
            old.account,
            old.idempotency_key,
            old.fingerprint,
            old.balance,
            old.expires_ms,
        );
        steps.put(new.key(), &new)?;
        steps.delete(key)?;
    }
    Ok(())
}

#[cfg(test)]
#[path = "schema_tests.rs"]
mod tests;
