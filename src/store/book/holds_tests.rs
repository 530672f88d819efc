//! Holds as they are estimated for real models, against small balances.

use std::collections::VecDeque;

use super::samples::{NOON_MS, funded, order, record, usd};
use super::{Book, Order, Refusal};
use crate::catalog::{Catalog, Layer};
use crate::ids::AccountId;
use crate::money::Picodollars;
use crate::routing::context::Need;
use crate::routing::{Live, Standing, hold};

/// The hold and the cost of a call with 300 tokens in and 200 out, on a cheap model.
fn call() -> (hold::Estimate, Picodollars) {
    let catalog = Catalog::load(&[Layer::builtin()]).unwrap();
    let model = catalog.model("gpt-4.1-mini").unwrap();
    let live = Live::prior(model, Standing::Flowing);
    let need = Need::of_tokens(300, None);
    let estimate = hold::estimate(model, &live, &need, 1);
    (estimate, hold::list_cost(model, 300, 200))
}

#[test]
fn five_cents_hold_a_whole_short_answer() {
    let (estimate, cost) = call();
    let (mut book, account) = funded(usd("0.05"));
    let held = book.authorise(&order(account, estimate.want, estimate.least), NOON_MS);
    assert_eq!(held, Ok(estimate.want), "not cut to the balance");
    assert!(estimate.want >= cost);
}

/// One of many calls that an account makes at one time.
fn start(book: &mut Book, account: AccountId) -> Result<Order, Refusal> {
    let (estimate, _) = call();
    let order = order(account, estimate.want, estimate.least);
    book.authorise(&order, NOON_MS).map(|_| order)
}

#[test]
fn holds_of_many_calls_starve_no_account_that_can_pay_for_all_of_them() {
    let (_, cost) = call();
    let calls = 100;
    let budget = Picodollars::new(cost.get() * calls);
    let (mut book, account) = funded(budget);
    let (mut running, mut waiting, mut served) = (VecDeque::new(), calls, 0);
    while served < calls {
        while waiting > 0 {
            match start(&mut book, account) {
                Ok(order) => {
                    running.push_back(order);
                    waiting -= 1;
                }
                Err(Refusal::Bound { .. }) => break,
                Err(refusal) => panic!("call {served}: {refusal}"),
            }
        }
        // The oldest ends; whoever waits may then try again.
        let ended = running.pop_front().expect("calls wait and none is running");
        let settled = book.settle(record(&ended, cost), NOON_MS).unwrap();
        assert_eq!(
            (settled.charged, settled.overrun),
            (cost, Picodollars::ZERO)
        );
        served += 1;
    }
    assert_eq!(book.balance(account).available(), Picodollars::ZERO);
}
