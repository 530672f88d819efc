//! A sound ledger passes; any change to what is stored is found.

use super::*;
use crate::ids::{AccountId, GenerationId};
use crate::store::book::Link;
use crate::store::book::samples::{NOON_MS, card_money, customer, order, pico, record, usd};
use crate::store::generation::KeptRecord;
use crate::store::{Book, Limits, Order, prune};

/// A ledger with a row of every kind.
pub(super) fn sample() -> (tempfile::TempDir, Db) {
    let dir = tempfile::tempdir().unwrap();
    let db = Db::open(dir.path()).unwrap();
    let account = customer(&db);
    let (mut book, _) = Book::load(&db, Limits::default(), NOON_MS).unwrap();
    book.grant(account, usd("5"), "first", "test", NOON_MS)
        .unwrap();
    for _ in 0..3 {
        let order = order(account, usd("0.10"), pico(1));
        book.authorise(&order, NOON_MS).unwrap();
        book.settle(record(&order, usd("0.02")), NOON_MS).unwrap();
    }
    book.authorise(&order(account, usd("0.30"), pico(1)), NOON_MS)
        .unwrap();
    card_money(&mut book, account);
    // By now the first hold has its row, this one has none.
    book.authorise(&order(account, usd("0.20"), pico(1)), NOON_MS + 1000)
        .unwrap();
    db.commit(book.take_batch()).unwrap();
    (dir, db)
}

pub(super) fn all_rows(db: &Db) -> Vec<Row> {
    db.rows(b"").unwrap().map(Result::unwrap).collect()
}

/// Replaces a stored value by one with a right checksum.
pub(super) fn forge<T: serde::Serialize>(db: &Db, key: &[u8], value: &T) {
    db.overwrite(key, Some(&codec::encode(key, value).unwrap()));
}

pub(super) fn link(db: &Db, seq: u64) -> Link {
    let key = key::transfer(seq);
    codec::decode(&key, &db.get(&key).unwrap().unwrap()).unwrap()
}

#[test]
fn a_sound_ledger_is_reported() {
    let (_dir, db) = sample();
    let report = verify(&db).unwrap();
    assert_eq!(
        (report.transfers, report.accounts, report.holds),
        (13, 6, 2)
    );
    assert_eq!(report.head_hash, hex::encode(link(&db, 13).hash));
}

#[test]
fn an_empty_ledger_is_sound() {
    let dir = tempfile::tempdir().unwrap();
    let report = verify(&Db::open(dir.path()).unwrap()).unwrap();
    assert_eq!((report.transfers, report.accounts, report.holds), (0, 0, 0));
}

#[test]
fn every_changed_byte_is_found() {
    let (_dir, db) = sample();
    for (key, value) in all_rows(&db) {
        for at in 0..value.len() {
            let mut changed = value.clone();
            changed[at] ^= 0x10;
            db.overwrite(&key, Some(&changed));
            assert!(verify(&db).is_err(), "{} byte {at}", codec::show(&key));
        }
        db.overwrite(&key, Some(&value));
    }
    verify(&db).unwrap();
}

#[test]
fn a_removed_row_of_the_ledger_is_found() {
    let (_dir, db) = sample();
    for (key, value) in all_rows(&db) {
        let derived = [b"a/", b"x/", b"o/", b"m/"];
        if !derived.iter().any(|prefix| key.starts_with(*prefix)) {
            continue;
        }
        db.overwrite(&key, None);
        assert!(verify(&db).is_err(), "{}", codec::show(&key));
        db.overwrite(&key, Some(&value));
    }
}

#[test]
fn a_ledger_whose_old_records_were_pruned_is_sound() {
    let dir = tempfile::tempdir().unwrap();
    let db = Db::open(dir.path()).unwrap();
    let (mut book, _) = Book::load(&db, Limits::default(), NOON_MS).unwrap();
    let account = AccountId::new();
    book.grant(account, usd("5"), "first", "test", NOON_MS)
        .unwrap();
    for at_ms in [1000, 2000, 3000] {
        let order = Order {
            generation: GenerationId::first_at(at_ms),
            ..order(account, usd("0.10"), pico(1))
        };
        book.authorise(&order, NOON_MS).unwrap();
        book.settle(record(&order, usd("0.02")), NOON_MS).unwrap();
    }
    db.commit(book.take_batch()).unwrap();
    for (before_ms, left) in [(0, 3), (1500, 2), (2500, 1), (3500, 0)] {
        db.commit(prune(&db, None, before_ms, 100).unwrap().batch)
            .unwrap();
        assert_eq!(verify(&db).unwrap().records, left);
    }
}

#[test]
fn forged_rows_with_right_checksums_are_found() {
    let (_dir, db) = sample();
    let honest = all_rows(&db);
    let restore = || {
        for (key, value) in &honest {
            db.overwrite(key, Some(value));
        }
    };

    let mut cheaper = link(&db, 3);
    cheaper.transfer.amount = pico(1);
    forge(&db, &key::transfer(3), &cheaper);
    assert!(matches!(verify(&db), Err(LedgerError::Hash { seq: 3 })));
    restore();

    let balances = honest.iter().filter(|row| row.0.starts_with(b"a/user"));
    for row in balances {
        let (_, mut balance) = read_balance(row).unwrap();
        balance.credits_posted += 1;
        forge(&db, &row.0, &balance);
        assert!(matches!(verify(&db), Err(LedgerError::Balance(_))));
    }
    restore();

    let records = honest.iter().filter(|row| row.0.starts_with(key::RECORDS));
    for (key, value) in records {
        let mut kept = KeptRecord::decode(key, value).unwrap();
        kept.record.cost = pico(kept.record.cost.get() - 1);
        forge(&db, key, &kept);
        assert!(
            matches!(verify(&db), Err(LedgerError::Record(id)) if id == kept.record.id),
            "{}",
            kept.record.id
        );
        restore();
    }

    let stray = key::record(AccountId::new(), GenerationId::new());
    let (_, other) = honest
        .iter()
        .find(|row| row.0.starts_with(key::RECORDS))
        .unwrap();
    db.overwrite(&stray, Some(other));
    assert!(matches!(verify(&db), Err(LedgerError::Store(_))));
    db.overwrite(&stray, None);

    db.overwrite(b"?/what", Some(b"ever"));
    assert!(matches!(verify(&db), Err(LedgerError::Misplaced(_))));
    db.overwrite(b"?/what", None);
    verify(&db).unwrap();
}

#[test]
fn a_cut_chain_is_found_by_verify_and_at_start() {
    let (_dir, db) = sample();
    db.overwrite(&key::transfer(13), None);
    let cut = |error| {
        matches!(
            error,
            LedgerError::Head {
                found: 12,
                noted: 13
            }
        )
    };
    assert!(cut(verify(&db).unwrap_err()));
    assert!(cut(Book::load(&db, Limits::default(), NOON_MS).unwrap_err()));
}

#[test]
fn a_start_refuses_a_changed_balance() {
    let (_dir, db) = sample();
    let rows = all_rows(&db);
    let row = rows
        .iter()
        .find(|row| row.0.starts_with(b"a/goodwill"))
        .unwrap();
    let (_, mut balance) = read_balance(row).unwrap();
    balance.debits_posted += 1;
    forge(&db, &row.0, &balance);
    let refused = Book::load(&db, Limits::default(), NOON_MS).unwrap_err();
    assert!(matches!(
        refused,
        LedgerError::TrialBalance { posted: 1, .. }
    ));
}

#[test]
fn a_start_checks_the_end_of_a_long_chain() {
    let dir = tempfile::tempdir().unwrap();
    let db = Db::open(dir.path()).unwrap();
    let (mut book, _) = Book::load(&db, Limits::default(), NOON_MS).unwrap();
    let account = AccountId::new();
    for grant in 0..1200 {
        book.grant(account, pico(1), &grant.to_string(), "", NOON_MS)
            .unwrap();
    }
    db.commit(book.take_batch()).unwrap();
    let (again, recovered) = Book::load(&db, Limits::default(), NOON_MS).unwrap();
    assert_eq!(recovered.transfers, 1200);
    assert_eq!(again.balance(account).available(), pico(1200));
    let mut forged = link(&db, 700);
    forged.transfer.amount = pico(2);
    forge(&db, &key::transfer(700), &forged);
    let refused = Book::load(&db, Limits::default(), NOON_MS).unwrap_err();
    assert!(matches!(refused, LedgerError::Hash { seq: 700 }));
}
