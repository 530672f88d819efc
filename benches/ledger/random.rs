//! Random operations on the pure book, in an order that no caller would choose.

use std::path::Path;
use std::time::{Duration, Instant};

use model_router::ids::AccountId;
use model_router::money::Picodollars;
use model_router::store::Order;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::orders::{DOLLAR, now_ms, open, order, record};

const CUSTOMERS: usize = 50;
/// Operations between two looks at the trial balance.
const LOOK: u32 = 1000;

/// Runs so many operations and says how long they took. Panics with its seed when the books do not
/// balance or a customer is below zero.
pub fn run(dir: &Path, operations: u32) -> Duration {
    let seed = now_ms();
    let mut dice = StdRng::seed_from_u64(seed);
    let (_db, mut book) = open(dir);
    let customers: Vec<AccountId> = (0..CUSTOMERS).map(|_| AccountId::new()).collect();
    let mut orders: Vec<Order> = Vec::new();
    let started = Instant::now();
    for number in 0..operations {
        let account = customers[dice.random_range(0..CUSTOMERS)];
        let now_ms = now_ms() + dice.random_range(0..1000);
        let amount = dice.random_range(0..DOLLAR / 500);
        // Of the last orders, so that most are open and some have ended.
        let recent = orders
            .len()
            .saturating_sub(dice.random_range(1..=200))
            .min(orders.len().saturating_sub(1));
        match (dice.random_range(0..10), orders.get(recent)) {
            (0, _) | (_, None) => {
                let (amount, key) = (Picodollars::new(1 + amount), number.to_string());
                book.grant(account, amount, &key, "bench", now_ms).unwrap();
                orders.push(order(account));
            }
            (1..=4, _) => {
                let order = order(account);
                book.authorise(&order, now_ms).ok();
                orders.push(order);
            }
            (5..=8, Some(order)) => drop(book.settle(record(order, amount), now_ms)),
            (_, Some(order)) => drop(book.void(order.generation, None, now_ms)),
        }
        assert!(
            book.balance(account).available() >= Picodollars::ZERO,
            "seed {seed}"
        );
        if number % LOOK == 0 {
            assert!(book.trial_balance().is_zero(), "seed {seed}");
            // Nothing of it goes to the disk: this measures the book.
            drop(book.take_batch());
            let old = orders.len().saturating_sub(1000);
            orders.drain(..old);
        }
    }
    assert!(book.trial_balance().is_zero(), "seed {seed}");
    started.elapsed()
}
