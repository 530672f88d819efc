//! How long a start takes with a long ledger behind it.

use std::path::Path;
use std::time::{Duration, Instant};

use model_router::ids::AccountId;
use model_router::money::Picodollars;

use crate::orders::{DOLLAR, now_ms, open, order, record};

/// Requests a commit.
const GROUP: u64 = 250;
/// Customers among whom they are spread.
const CUSTOMERS: usize = 200;

/// Fills a ledger with so many transfers and opens it again three times; the middle one.
pub fn open_with(dir: &Path, transfers: u64) -> Duration {
    fill(dir, transfers);
    let mut each = [(); 3].map(|()| {
        let started = Instant::now();
        let (_db, book) = open(dir);
        let took = started.elapsed();
        assert_eq!(book.open_holds(), 0);
        took
    });
    each.sort_unstable();
    each[1]
}

fn fill(dir: &Path, transfers: u64) {
    let (db, mut book) = open(dir);
    let customers: Vec<AccountId> = (0..CUSTOMERS).map(|_| AccountId::new()).collect();
    for (number, account) in customers.iter().enumerate() {
        let (amount, key) = (Picodollars::new(1_000 * DOLLAR), number.to_string());
        book.grant(*account, amount, &key, "bench", now_ms())
            .unwrap();
    }
    // A request is two transfers: its hold and its charge.
    let requests = (transfers - CUSTOMERS as u64) / 2;
    for (number, account) in (0..requests).zip(customers.iter().cycle()) {
        let order = order(*account);
        book.authorise(&order, now_ms()).unwrap();
        book.settle(record(&order, DOLLAR / 2000), now_ms())
            .unwrap();
        if number % GROUP == 0 {
            db.commit(book.take_batch()).unwrap();
        }
    }
    db.commit(book.take_batch()).unwrap();
}
