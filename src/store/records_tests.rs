//! Pages, totals and pruning.

use super::*;
use crate::store::book::samples::{NOON_MS, order, pico, record, usd};
use crate::store::{Book, Limits, verify};

/// A generation whose request came at a moment.
fn generation_at(ms: u64, number: u64) -> GenerationId {
    let first = u128::from_be_bytes(GenerationId::first_at(ms).to_bytes());
    GenerationId::from_bytes((first + u128::from(number)).to_be_bytes())
}

/// A ledger with so many records of one customer, a minute apart, and as many of another.
fn sample(records: u64) -> (tempfile::TempDir, Db, AccountId) {
    let dir = tempfile::tempdir().unwrap();
    let db = Db::open(dir.path()).unwrap();
    let (mut book, _) = Book::load(&db, Limits::default(), NOON_MS).unwrap();
    let (account, other) = (AccountId::new(), AccountId::new());
    for customer in [account, other] {
        book.grant(customer, usd("5"), "first", "test", NOON_MS)
            .unwrap();
    }
    for number in 0..records {
        for customer in [account, other] {
            let at = NOON_MS + number * 60_000;
            let mut order = order(customer, usd("0.001"), pico(1));
            order.generation = generation_at(at, number);
            if customer == other {
                order.generation = generation_at(at, 1_000_000 + number);
            }
            book.authorise(&order, at).unwrap();
            book.settle(record(&order, pico(7)), at).unwrap();
        }
    }
    db.commit(book.take_batch()).unwrap();
    (dir, db, account)
}

fn always() -> RangeInclusive<Day> {
    Day::of(0)..=Day::of(u64::MAX)
}

#[test]
fn pages_follow_each_other_newest_first_and_read_no_more_rows_than_they_show() {
    let (_dir, db, account) = sample(25);
    let archive = Archive::new(db.clone());
    let (mut before, mut seen) = (None, Vec::new());
    for expected in [10, 10, 5] {
        let rows_before = db.rows_read();
        let page = archive.page(account, always(), before, 10).unwrap();
        assert_eq!(page.records.len(), expected);
        assert!(db.rows_read() - rows_before <= 10);
        assert!(page.records.iter().all(|record| record.account == account));
        seen.extend(page.records.iter().map(|record| record.id));
        before = page.before;
    }
    assert_eq!(before, None, "the last page is not full");
    assert!(seen.is_sorted_by(|newer, older| newer > older));
    assert_eq!(seen.len(), 25);
}

#[test]
fn a_page_holds_only_the_days_that_were_asked_for() {
    // From noon on, so that midnight falls behind the 720th.
    let (_dir, db, account) = sample(722);
    let archive = Archive::new(db);
    let day = Day::of(NOON_MS);
    let page = archive.page(account, day.next()..=day.next(), None, 10);
    assert_eq!(page.unwrap().records.len(), 2);
    let page = archive.page(account, day..=day, None, 1000).unwrap();
    assert_eq!(page.records.len(), 720);
    let nothing = archive.page(account, day.next()..=day, None, 10).unwrap();
    assert_eq!(nothing.records, []);
    let nobody = archive.page(AccountId::new(), always(), None, 10).unwrap();
    assert_eq!(nobody.records, []);
}

#[test]
fn pruning_goes_in_steps_and_totals_survive_it() {
    let (_dir, db, account) = sample(20);
    let archive = Archive::new(db.clone());
    let totals = archive.days(account, always(), 10).unwrap();
    let cutoff = NOON_MS + 15 * 60_000;
    let (mut next, mut gone) = (None, 0);
    loop {
        let before = db.rows_read();
        let pruned = prune(&db, next, cutoff, 12).unwrap();
        // The first row of an account says where it begins.
        assert!(db.rows_read() - before <= 2 * 12);
        gone += pruned.records;
        db.commit(pruned.batch).unwrap();
        next = pruned.next;
        if next.is_none() {
            break;
        }
    }
    assert_eq!(gone, 30);
    let page = archive.page(account, always(), None, 100).unwrap();
    assert_eq!(page.records.len(), 5);
    assert!(
        page.records
            .iter()
            .all(|r| r.id >= generation_at(cutoff, 0))
    );
    assert_eq!(archive.days(account, always(), 10).unwrap(), totals);
    assert_eq!(totals[0].1.requests, 20);
    let months = always().start().month()..=always().end().month();
    let months = archive.months(account, months, 10).unwrap();
    assert_eq!((months.len(), months[0].1), (1, totals[0].1));
    assert_eq!(verify(&db).unwrap().records, 10);
}

#[test]
fn totals_go_on_counting_after_a_restart_also_for_who_never_had_credit() {
    let dir = tempfile::tempdir().unwrap();
    let db = Db::open(dir.path()).unwrap();
    let mut accounts = crate::store::Accounts::load(&db, db.pepper().unwrap()).unwrap();
    let account = accounts.create("ada@example.com", 0).unwrap().account.id;
    db.commit(accounts.take_batch()).unwrap();
    for _ in 0..3 {
        let (mut book, _) = Book::load(&db, Limits::default(), NOON_MS).unwrap();
        let free = record(&order(account, pico(0), pico(0)), pico(0));
        book.record(free, NOON_MS);
        db.commit(book.take_batch()).unwrap();
    }
    let archive = Archive::new(db);
    let days = archive.days(account, always(), 10).unwrap();
    assert_eq!((days.len(), days[0].1.requests), (1, 3));
    let month = Day::of(NOON_MS).month();
    let months = archive.months(account, month..=month, 10).unwrap();
    assert_eq!(months[0].1.requests, 3);
}

#[test]
fn a_damaged_record_stays_and_keeps_no_other_from_going() {
    let (_dir, db, account) = sample(3);
    let damaged = generation_at(NOON_MS, 0);
    db.overwrite(&key::record(account, damaged), Some(b"damage"));
    let pruned = prune(&db, None, u64::MAX, 100).unwrap();
    assert_eq!((pruned.records, pruned.damaged), (5, 1));
    db.commit(pruned.batch).unwrap();
    let again = prune(&db, None, u64::MAX, 100).unwrap();
    assert_eq!((again.records, again.damaged), (0, 1));
    let archive = Archive::new(db);
    assert!(archive.page(account, always(), None, 10).is_err());
}
