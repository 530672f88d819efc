//! A statement lists what moved the balance, and its balances add up.

use super::*;
use crate::store::book::samples::{DAY_MS, NOON_MS, order, pico, record, usd};
use crate::store::{Book, Db, Limits};

fn items(db: &Db, account: AccountId, days: RangeInclusive<Day>) -> Vec<Item> {
    let mut items = Vec::new();
    let collect = |item| {
        items.push(item);
        Ok::<_, LedgerError>(())
    };
    Snapshot::take(db)
        .unwrap()
        .statement(account, &days, collect, || ())
        .unwrap();
    items
}

#[test]
fn bookings_carry_the_balance_after_them() {
    let dir = tempfile::tempdir().unwrap();
    let db = Db::open(dir.path()).unwrap();
    let (mut book, _) = Book::load(&db, Limits::default(), NOON_MS).unwrap();
    let (account, other) = (AccountId::new(), AccountId::new());
    for customer in [other, account] {
        book.grant(customer, usd("5"), "first", "test", NOON_MS)
            .unwrap();
    }
    for (customer, cost) in [(account, "0.02"), (other, "1"), (account, "0.03")] {
        let order = order(customer, usd("1"), pico(1));
        book.authorise(&order, NOON_MS + DAY_MS).unwrap();
        book.settle(record(&order, usd(cost)), NOON_MS + DAY_MS)
            .unwrap();
    }
    let voided = order(account, usd("1"), pico(1));
    book.authorise(&voided, NOON_MS + DAY_MS).unwrap();
    book.void(voided.generation, None, NOON_MS + DAY_MS);
    db.commit(book.take_batch()).unwrap();

    let all = items(&db, account, Day::of(0)..=Day::of(u64::MAX));
    let moved: Vec<(Picodollars, Picodollars)> =
        all.iter().map(|item| (item.amount, item.balance)).collect();
    assert_eq!(
        moved,
        [
            (usd("5"), usd("5")),
            (pico(-20_000_000_000), usd("4.98")),
            (pico(-30_000_000_000), usd("4.95")),
        ]
    );
    assert_eq!(all[0].kind, Kind::Grant);
    let first_day = Day::of(NOON_MS);
    assert_eq!(items(&db, account, first_day..=first_day).len(), 1);
    let second = items(&db, account, first_day.next()..=first_day.next());
    assert_eq!(second, all[1..]);
    assert_eq!(items(&db, AccountId::new(), first_day..=first_day), []);
}
