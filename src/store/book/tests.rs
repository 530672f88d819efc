//! The ledger's rules, one by one.

use super::samples::*;
use super::*;
use crate::ids::GenerationId;
use crate::money::Picodollars;
use crate::store::generation::KeptRecord;
use crate::store::{Status, codec};

const ZERO: Picodollars = Picodollars::ZERO;

#[test]
fn a_hold_is_what_was_wanted() {
    let (mut book, account) = funded(usd("5"));
    book.authorise(&order(account, usd("0.10"), pico(1)), NOON_MS)
        .unwrap();
    let balance = book.balance(account);
    assert_eq!(balance.debits_pending(), usd("0.10"));
    assert_eq!(balance.available(), usd("4.90"));
    assert_eq!(balance.posted(), usd("5"));
    assert!(book.trial_balance().is_zero());
}

#[test]
fn the_last_credit_can_be_held_when_nothing_else_runs() {
    let (mut book, account) = funded(usd("0.05"));
    book.authorise(&order(account, usd("0.10"), usd("0.05")), NOON_MS)
        .unwrap();
    assert_eq!(book.balance(account).available(), ZERO);
}

#[test]
fn less_than_the_least_is_insufficient() {
    let (mut book, account) = funded(usd("0.05"));
    let refusal = book.authorise(&order(account, usd("0.10"), usd("0.06")), NOON_MS);
    let available = usd("0.05");
    assert_eq!(refusal, Err(Refusal::Insufficient { available }));
    let nobody = AccountId::new();
    let refusal = book.authorise(&order(nobody, usd("0.10"), ZERO), NOON_MS);
    assert_eq!(refusal, Err(Refusal::Insufficient { available: ZERO }));
    assert_eq!(book.open_holds(), 0);
}

#[test]
fn credit_that_other_requests_hold_is_bound_not_missing() {
    let (mut book, account) = funded(usd("1"));
    book.authorise(&order(account, usd("0.70"), pico(1)), NOON_MS)
        .unwrap();
    let refusal = book.authorise(&order(account, usd("0.50"), usd("0.20")), NOON_MS);
    let (available, posted) = (usd("0.30"), usd("1"));
    assert_eq!(refusal, Err(Refusal::Bound { available, posted }));
    let refusal = book.authorise(&order(account, usd("3"), usd("2")), NOON_MS);
    assert_eq!(refusal, Err(Refusal::Insufficient { available }));
}

#[test]
fn open_holds_are_limited_per_account() {
    let (mut book, account) = funded(usd("5"));
    let mut last = order(account, pico(1), pico(1));
    for _ in 0..64 {
        last = order(account, pico(1), pico(1));
        book.authorise(&last, NOON_MS).unwrap();
    }
    let next = order(account, pico(1), pico(1));
    let refusal = book.authorise(&next, NOON_MS);
    assert_eq!(refusal, Err(Refusal::TooManyHolds { open: 64 }));
    book.void(last.generation, None, NOON_MS);
    assert_eq!(book.authorise(&next, NOON_MS), Ok(pico(1)));
}

#[test]
fn authorising_again_changes_nothing() {
    let (mut book, account) = funded(usd("5"));
    let order = order(account, usd("3"), usd("3"));
    book.authorise(&order, NOON_MS).unwrap();
    book.authorise(&order, NOON_MS).unwrap();
    assert_eq!(book.balance(account).debits_pending(), usd("3"));
    book.settle(record(&order, usd("1")), NOON_MS).unwrap();
    assert_eq!(book.authorise(&order, NOON_MS), Err(Refusal::Ended));
    assert_eq!(book.open_holds(), 0);
}

#[test]
fn settling_charges_the_cost_and_gives_the_rest_back() {
    let (mut book, account) = funded(usd("5"));
    let order = order(account, usd("0.10"), pico(1));
    book.authorise(&order, NOON_MS).unwrap();
    let settled = book
        .settle(record(&order, usd("0.000214")), NOON_MS)
        .unwrap();
    let expected = Settled {
        charged: usd("0.000214"),
        overrun: ZERO,
        balance: usd("4.999786"),
    };
    assert_eq!(settled, expected);
    assert_eq!(book.balance(account).debits_pending(), ZERO);
    let served = LedgerAccount::provider("anthropic");
    assert_eq!(
        book.ledger_balance(&served).credits_posted(),
        usd("0.000214")
    );
    let held = LedgerAccount::provider("openai");
    assert_eq!(book.ledger_balance(&held), Balance::default());
    assert!(book.trial_balance().is_zero());
}

#[test]
fn settling_again_answers_the_same_and_charges_once() {
    let (mut book, account) = funded(usd("5"));
    let order = order(account, usd("0.10"), pico(1));
    book.authorise(&order, NOON_MS).unwrap();
    let first = book.settle(record(&order, usd("0.10")), NOON_MS);
    let again = book.settle(record(&order, usd("0.20")), NOON_MS);
    assert_eq!(first, again);
    assert_eq!(book.balance(account).debits_posted(), usd("0.10"));
    assert_eq!(book.today(account, NOON_MS).requests, 1);
}

#[test]
fn without_a_hold_nothing_is_charged() {
    let (mut book, account) = funded(usd("5"));
    let order = order(account, usd("0.10"), pico(1));
    let unknown = book.settle(record(&order, usd("0.10")), NOON_MS);
    assert_eq!(unknown, Err(NotHeld));
    book.authorise(&order, NOON_MS).unwrap();
    book.void(order.generation, None, NOON_MS);
    let voided = book.settle(record(&order, usd("0.10")), NOON_MS);
    assert_eq!(voided, Err(NotHeld));
    assert_eq!(book.balance(account).available(), usd("5"));
}

#[test]
fn cost_beyond_the_hold_takes_the_balance_but_no_other_hold() {
    let (mut book, account) = funded(usd("1"));
    let (long, other) = (
        order(account, usd("0.10"), pico(1)),
        order(account, usd("0.60"), pico(1)),
    );
    book.authorise(&long, NOON_MS).unwrap();
    book.authorise(&other, NOON_MS).unwrap();
    let settled = book.settle(record(&long, usd("0.75")), NOON_MS).unwrap();
    let expected = Settled {
        charged: usd("0.40"),
        overrun: usd("0.35"),
        balance: ZERO,
    };
    assert_eq!(settled, expected);
    let loss = book.ledger_balance(&LedgerAccount::LossOverrun);
    assert_eq!(loss.debits_posted(), usd("0.35"));
    let provider = book.ledger_balance(&LedgerAccount::provider("anthropic"));
    assert_eq!(provider.credits_posted(), usd("0.75"));
    let settled = book.settle(record(&other, usd("0.60")), NOON_MS).unwrap();
    assert_eq!((settled.charged, settled.balance), (usd("0.60"), ZERO));
    assert!(book.trial_balance().is_zero());
}

#[test]
fn an_absurd_cost_is_our_loss_and_breaks_nothing() {
    let (mut book, account) = funded(usd("1"));
    for _ in 0..3 {
        let order = order(account, ZERO, pico(1));
        book.authorise(&order, NOON_MS).unwrap();
        book.settle(record(&order, Picodollars::MAX), NOON_MS)
            .unwrap();
    }
    assert_eq!(book.balance(account).available(), ZERO);
    assert!(book.trial_balance().is_zero());
    let negative = order(account, ZERO, pico(1));
    book.authorise(&negative, NOON_MS).unwrap();
    let settled = book.settle(record(&negative, pico(-5)), NOON_MS).unwrap();
    assert_eq!((settled.charged, settled.balance), (ZERO, ZERO));
}

#[test]
fn a_thousand_requests_of_ten_cents_against_five_dollars_serve_fifty() {
    let (mut book, account) = funded(usd("5"));
    book.limits.holds_per_account = 1000;
    let orders: Vec<Order> = (0..1000)
        .map(|_| order(account, usd("0.10"), usd("0.10")))
        .collect();
    let served: Vec<&Order> = orders
        .iter()
        .filter(|order| book.authorise(order, NOON_MS).is_ok())
        .collect();
    assert_eq!(served.len(), 50);
    for order in served {
        book.settle(record(order, usd("0.10")), NOON_MS).unwrap();
    }
    let balance = book.balance(account);
    assert_eq!(
        (balance.debits_posted(), balance.available()),
        (usd("5"), ZERO)
    );
}

#[test]
fn voiding_gives_all_of_it_back_once() {
    let (mut book, account) = funded(usd("5"));
    let order = order(account, usd("2"), pico(1));
    book.authorise(&order, NOON_MS).unwrap();
    let mut failed = record(&order, usd("1"));
    failed.status = Status::Failed;
    let released = book.void(order.generation, Some(failed.clone()), NOON_MS);
    assert_eq!(released.map(|released| released.amount), Some(usd("2")));
    assert_eq!(
        book.void(order.generation, Some(failed.clone()), NOON_MS),
        None
    );
    assert_eq!(book.balance(account).available(), usd("5"));
    assert_eq!(
        book.today(account, NOON_MS).requests,
        1,
        "recorded, but once"
    );
    assert_eq!(book.today(account, NOON_MS).spent, ZERO);
}

#[test]
fn holds_expire_at_their_deadline() {
    let (mut book, account) = funded(usd("5"));
    let order = order(account, usd("2"), pico(1));
    book.authorise(&order, NOON_MS).unwrap();
    assert!(book.expire(order.expires_ms - 1).is_empty());
    let released = book.expire(order.expires_ms);
    let expected = Released {
        generation: order.generation,
        account,
        amount: usd("2"),
    };
    assert_eq!(released, [expected]);
    assert_eq!(book.balance(account).available(), usd("5"));
    let loss = book.ledger_balance(&LedgerAccount::LossOrphan);
    assert_eq!(loss.debits_posted(), usd("2"));
    assert_eq!(book.authorise(&order, NOON_MS), Err(Refusal::Ended));
    assert!(book.trial_balance().is_zero());
}

#[test]
fn free_generations_are_recorded_and_cost_nothing() {
    let mut book = Book::new(Limits::default());
    let account = AccountId::new();
    let order = order(account, ZERO, ZERO);
    book.record(record(&order, usd("1")), NOON_MS);
    book.record(record(&order, usd("1")), NOON_MS);
    let today = book.today(account, NOON_MS);
    assert_eq!(
        (today.requests, today.prompt_tokens, today.spent),
        (1, 100, ZERO)
    );
    let key = crate::store::key::record(account, order.generation);
    let batch = book.take_batch();
    let stored: KeptRecord = codec::decode(&key, batch.get(&key).unwrap()).unwrap();
    assert_eq!(stored.record.cost, ZERO);
}

#[test]
fn grants_are_made_once_per_key() {
    let mut book = Book::new(Limits::default());
    let account = AccountId::new();
    let mut grant = |amount, key: &str| book.grant(account, amount, key, "admin", NOON_MS);
    assert_eq!(grant(usd("5"), "a"), Ok(usd("5")));
    assert_eq!(grant(usd("1"), "b"), Ok(usd("6")));
    assert_eq!(grant(usd("5"), "a"), Ok(usd("5")));
    assert_eq!(
        grant(usd("6"), "a"),
        Err(CreditError::Key(KeyError::Conflict))
    );
    assert_eq!(grant(ZERO, "c"), Err(CreditError::NotPositive));
    assert_eq!(grant(pico(-1), "c"), Err(CreditError::NotPositive));
    assert_eq!(
        grant(usd("1"), ""),
        Err(CreditError::Key(KeyError::Unusable))
    );
    assert_eq!(grant(Picodollars::MAX, "c"), Err(CreditError::TooMuch));
    assert_eq!(grant(usd("4611681"), "c"), Err(CreditError::TooMuch));
    assert_eq!(book.balance(account).available(), usd("6"));
    let gave = book.ledger_balance(&LedgerAccount::Goodwill);
    assert_eq!(gave.debits_posted(), usd("6"));
}

#[test]
fn a_grant_key_is_forgotten_after_thirty_days() {
    let (mut book, account) = funded(usd("5"));
    let mut again = |now_ms| {
        book.expire(now_ms);
        book.grant(account, usd("5"), "sample", "test", now_ms)
    };
    assert_eq!(again(NOON_MS + 29 * DAY_MS), Ok(usd("5")));
    assert_eq!(again(NOON_MS + 30 * DAY_MS), Ok(usd("10")));
}

#[test]
fn totals_are_per_utc_day_and_key() {
    let (mut book, account) = funded(usd("5"));
    let mut spend = |cost: &str, now_ms| {
        let mut order = order(account, usd("0.50"), pico(1));
        order.key = KeyId::default();
        let key = order.key;
        book.authorise(&order, now_ms).unwrap();
        book.settle(record(&order, usd(cost)), now_ms).unwrap();
        (book.today(account, now_ms), book.key_usage(key, now_ms))
    };
    assert_eq!(spend("0.10", NOON_MS).0.spent, usd("0.10"));
    assert_eq!(spend("0.20", NOON_MS).0.spent, usd("0.30"));
    let (today, key) = spend("0.25", NOON_MS + DAY_MS);
    assert_eq!((today.spent, today.requests), (usd("0.25"), 1));
    assert_eq!((key.total, key.today), (usd("0.25"), usd("0.25")));
    assert_eq!(book.today(account, NOON_MS + 2 * DAY_MS).spent, ZERO);
}

#[test]
fn a_clock_that_goes_back_does_not_reopen_yesterday() {
    let (mut book, account) = funded(usd("5"));
    for now_ms in [NOON_MS + DAY_MS, NOON_MS] {
        let order = order(account, usd("0.50"), pico(1));
        book.authorise(&order, now_ms).unwrap();
        book.settle(record(&order, usd("0.10")), now_ms).unwrap();
    }
    assert_eq!(book.today(account, NOON_MS).spent, usd("0.20"));
}

#[test]
fn stored_values_are_small() {
    let (mut book, account) = funded(usd("5"));
    let order = order(account, usd("0.10"), pico(1));
    book.authorise(&order, NOON_MS).unwrap();
    let mut huge = record(&order, usd("0.10"));
    huge.model = "é".repeat(100_000);
    huge.finish_reason = Some("x".repeat(100_000));
    huge.attempts = vec![huge.attempts[0].clone(); 1000];
    book.settle(huge, NOON_MS).unwrap();
    let batch = book.take_batch();
    let size = |key: &[u8]| batch.get(key).unwrap().len();
    assert!(size(&crate::store::key::transfer(2)) < 180);
    assert!(size(&crate::store::key::record(account, order.generation)) < 4096);
}

#[test]
fn an_untouched_book_has_nothing_to_commit() {
    let (mut book, account) = funded(usd("5"));
    assert!(!book.take_batch().is_empty());
    assert!(book.take_batch().is_empty());
    let refused = book.authorise(&order(account, usd("9"), usd("9")), NOON_MS);
    assert!(refused.is_err());
    book.void(GenerationId::new(), None, NOON_MS);
    assert!(book.take_batch().is_empty());
}
