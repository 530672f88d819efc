//! Directories of older versions are brought up to date, and those of newer ones refused.

use serde::ser::{Serialize, SerializeTuple, Serializer};
use sha2::{Digest, Sha256};

use super::*;
use crate::ids::GenerationId;
use crate::money::Picodollars;
use crate::store::book::samples::{DAY_MS, NOON_MS, order, pico, record, usd};
use crate::store::db::Batch;
use crate::store::{Archive, Book, Day, Limits, Snapshot, verify};

/// Where the first six schemas kept a record.
fn generation(id: GenerationId) -> Vec<u8> {
    [key::GENERATIONS_V6, &id.to_bytes()].concat()
}

/// A directory as version 1 of the schema left it: no index of records, no totals of months.
fn schema_1(dir: &std::path::Path) -> (AccountId, Vec<GenerationId>) {
    let db = Db::open(dir).unwrap();
    let account = AccountId::new();
    let (mut book, _) = Book::load(&db, Limits::default(), NOON_MS).unwrap();
    book.grant(account, usd("5"), "first", "test", NOON_MS)
        .unwrap();
    let mut generations = Vec::new();
    // Noon of January 31, then of February 1 and 2.
    for at in [NOON_MS, NOON_MS + DAY_MS, NOON_MS + 2 * DAY_MS] {
        let order = order(account, usd("0.10"), pico(1));
        book.authorise(&order, at).unwrap();
        book.settle(record(&order, usd("0.02")), at).unwrap();
        generations.push(order.generation);
    }
    generations.sort();
    db.commit(book.take_batch()).unwrap();
    let mut old = Batch::default();
    for row in db.rows(key::RECORDS).unwrap() {
        let (key, value) = row.unwrap();
        let KeptRecord { record, .. } = codec::decode(&key, &value).unwrap();
        old.put(generation(record.id), &without_candidates(&record));
        old.delete(key);
    }
    for table in [
        key::MONTHS,
        key::REMEMBERED,
        key::TRANSACTIONS,
        key::TAKINGS,
    ] {
        for row in db.rows(table).unwrap() {
            old.delete(row.unwrap().0);
        }
    }
    let digest = |parts: [&[u8]; 2]| <[u8; 32]>::from(Sha256::digest(parts.concat()));
    let granted = digest([&usd("5").get().to_be_bytes(), b"test"]);
    old.put(
        [key::GRANTS_V1, &account.to_bytes(), b"/first"].concat(),
        &(account, "first", granted, usd("5"), NOON_MS + 30 * DAY_MS),
    );
    db.commit(old).unwrap();
    note(&db, 1).unwrap();
    (account, generations)
}

/// A record as it was stored before there were candidates.
fn without_candidates(record: &Generation) -> Raw {
    let record = Generation {
        candidates: None,
        ..record.clone()
    };
    let mut stored = postcard::to_stdvec(&record).unwrap();
    assert_eq!(stored.pop(), Some(0), "its last member");
    Raw(stored)
}

/// Bytes as they are.
struct Raw(Vec<u8>);

impl Serialize for Raw {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut bytes = serializer.serialize_tuple(self.0.len())?;
        for byte in &self.0 {
            bytes.serialize_element(byte)?;
        }
        bytes.end()
    }
}

fn january_to_february() -> std::ops::RangeInclusive<Month> {
    let january = Day::of(NOON_MS).month();
    january..=january.next()
}

fn assert_up_to_date(db: &Db, account: AccountId, generations: &[GenerationId]) {
    let bytes = db.get(key::META).unwrap().unwrap();
    let meta: Meta = codec::decode(key::META, &bytes).unwrap();
    assert_eq!((meta.schema, meta.seq), (SCHEMA, 7));
    let (mut book, _) = Book::load(db, Limits::default(), NOON_MS).unwrap();
    let again = book.grant(account, usd("5"), "first", "test", NOON_MS);
    assert_eq!(again, Ok(usd("5")), "the key of a grant is still known");
    assert!(db.rows(key::GRANTS_V1).unwrap().next().is_none());
    let archive = Archive::new(db.clone());
    let days = Day::of(0)..=Day::of(u64::MAX);
    let page = archive.page(account, days, None, 10).unwrap();
    let mut found: Vec<GenerationId> = page.records.iter().map(|record| record.id).collect();
    found.sort();
    assert_eq!(found, generations);
    let lacks_candidates = |record: &Generation| record.candidates.is_none();
    assert!(page.records.iter().all(lacks_candidates));
    let takings = archive.takings(Day::of(0), Day::of(u64::MAX)).unwrap();
    let revenue: Vec<Picodollars> = takings.iter().map(|(_, day)| day.revenue).collect();
    assert_eq!(revenue, [usd("0.02"); 3]);
    let months = archive.months(account, january_to_february(), 10).unwrap();
    let counted: Vec<(String, Picodollars, u64)> = months
        .iter()
        .map(|(month, totals)| (month.to_string(), totals.spent, totals.requests))
        .collect();
    assert_eq!(
        counted,
        [
            ("202602".to_owned(), usd("0.04"), 2),
            ("202601".to_owned(), usd("0.02"), 1)
        ]
    );
    verify(db).unwrap();
}

#[test]
fn a_directory_of_schema_1_is_migrated_at_open() {
    let dir = tempfile::tempdir().unwrap();
    let (account, generations) = schema_1(dir.path());
    assert_up_to_date(&Db::open(dir.path()).unwrap(), account, &generations);
}

#[test]
fn a_migration_that_was_cut_off_is_taken_up_again() {
    let dir = tempfile::tempdir().unwrap();
    let (account, generations) = schema_1(dir.path());
    let db = Db::open(dir.path()).unwrap();
    // As if the process had been killed before the version was noted, with half the work done.
    let mut half = Batch::default();
    let key = key::record(account, generations[1]);
    let stored = db.get(&key).unwrap().unwrap();
    let KeptRecord { record, .. } = KeptRecord::decode(&key, &stored).unwrap();
    half.put(generation(record.id), &record);
    let key = key::record(account, generations[2]);
    let stored = db.get(&key).unwrap().unwrap();
    let KeptRecord { record, .. } = KeptRecord::decode(&key, &stored).unwrap();
    half.put(generation(record.id), &record);
    half.delete(key);
    half.put(
        key::month(account, Day::of(NOON_MS).month()),
        &DayTotals::default(),
    );
    db.commit(half).unwrap();
    note(&db, 1).unwrap();
    drop(db);
    assert_up_to_date(&Db::open(dir.path()).unwrap(), account, &generations);
}

#[test]
fn a_new_directory_has_the_newest_schema_before_anything_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let db = Db::open(dir.path()).unwrap();
    let bytes = db.get(key::META).unwrap().unwrap();
    let meta: Meta = codec::decode(key::META, &bytes).unwrap();
    assert_eq!((meta.schema, meta.seq), (SCHEMA, 0));
    assert_eq!(Snapshot::take(&db).unwrap().transfers(), 0);
}

#[test]
fn a_newer_schema_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let db = Db::open(dir.path()).unwrap();
    note(&db, SCHEMA + 1).unwrap();
    drop(db);
    for _ in 0..2 {
        let refused = Db::open(dir.path()).unwrap_err();
        assert!(
            matches!(refused, StoreError::Schema { found, known } if (found, known) == (SCHEMA + 1, SCHEMA)),
            "{refused}"
        );
    }
}

#[test]
fn migrations_lead_step_by_step_to_the_schema_of_today() {
    let steps: Vec<u32> = MIGRATIONS.iter().map(|step| step.to).collect();
    let expected: Vec<u32> = (2..=SCHEMA).collect();
    assert_eq!(steps, expected);
}
