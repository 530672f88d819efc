//! Deposits, what goes back, corrections, idempotency keys: each done once.

use super::samples::*;
use super::*;
use crate::billing::DisputeStage;
use crate::ids::OrderId;
use crate::money::{Cents, Picodollars};

const ZERO: Picodollars = Picodollars::ZERO;

const ORDER: OrderId = OrderId::from_bytes([7; 16]);

fn deposit<'a>(account: AccountId, event: &'a str, intent: &'a str, cents: u64) -> Deposit<'a> {
    Deposit {
        account,
        order: ORDER,
        event,
        intent,
        paid: Cents::new(cents),
        actor: "checkout",
    }
}

fn refund(event: &str, total_cents: u64) -> Reversal<'_> {
    Reversal {
        event,
        intent: "pi_1",
        back: Back::Refunded(Cents::new(total_cents)),
    }
}

fn dispute(event: &str, cents: u64, stage: DisputeStage) -> Reversal<'_> {
    let back = Back::Disputed {
        id: "du_1",
        amount: Cents::new(cents),
        stage,
    };
    Reversal {
        back,
        ..refund(event, 0)
    }
}

/// A book with one deposit of ten dollars.
fn paid_in() -> (Book, AccountId) {
    let (mut book, account) = (Book::new(Limits::default()), AccountId::new());
    book.deposit(deposit(account, "evt_1", "pi_1", 1000), NOON_MS)
        .unwrap();
    (book, account)
}

#[test]
fn ten_dollars_are_nine_sixty_of_credit_and_forty_cents_of_fee() {
    let (book, account) = paid_in();
    assert_eq!(book.balance(account).available(), usd("9.60"));
    let of = |account| book.ledger_balance(&account);
    assert_eq!(of(LedgerAccount::Fee).credits_posted(), usd("0.40"));
    assert_eq!(of(LedgerAccount::CashStripe).debits_posted(), usd("10"));
    assert!(book.trial_balance().is_zero());
}

#[test]
fn a_hundred_replays_are_one_credit() {
    let (mut book, account) = paid_in();
    let first = Deposited {
        credited: usd("9.60"),
        fee: usd("0.40"),
        balance: usd("9.60"),
    };
    for replay in 0..100 {
        let event = format!("evt_{}", replay % 7);
        let again = deposit(account, &event, "pi_1", 1000);
        assert_eq!(book.deposit(again, NOON_MS + replay), Ok(first));
    }
    assert_eq!(book.balance(account).credits_posted(), usd("9.60"));
    // The event is forgotten one day, the payment never.
    book.expire(NOON_MS + 100 * DAY_MS);
    book.deposit(deposit(account, "evt_1", "pi_1", 1000), NOON_MS)
        .unwrap();
    assert_eq!(book.balance(account).credits_posted(), usd("9.60"));
}

#[test]
fn a_payment_that_changed_is_not_booked() {
    let (mut book, account) = paid_in();
    for other in [
        deposit(account, "evt_2", "pi_1", 2000),
        deposit(AccountId::new(), "evt_2", "pi_1", 1000),
        deposit(account, "evt_1", "pi_2", 1000),
    ] {
        assert_eq!(book.deposit(other, NOON_MS), Err(PaymentError::Mismatch));
    }
    for bad in [
        deposit(account, "", "pi_3", 1000),
        deposit(account, "evt_3", "", 1000),
    ] {
        assert_eq!(book.deposit(bad, NOON_MS), Err(PaymentError::BadId));
    }
    let nothing = deposit(account, "evt_4", "pi_4", 0);
    assert_eq!(book.deposit(nothing, NOON_MS), Err(PaymentError::Zero));
    let absurd = deposit(account, "evt_5", "pi_5", u64::MAX);
    assert_eq!(book.deposit(absurd, NOON_MS), Err(PaymentError::TooMuch));
    assert_eq!(book.balance(account).credits_posted(), usd("9.60"));
}

#[test]
fn refunds_add_up_and_never_take_a_balance_below_zero() {
    let (mut book, account) = paid_in();
    let booked = Ok(Reversed::Booked(account));
    assert_eq!(book.reverse(refund("evt_2", 600), NOON_MS), booked);
    assert_eq!(book.balance(account).available(), usd("3.60"));
    // The same event, the same said by another one, and an earlier one that comes late.
    for (event, total) in [("evt_2", 600), ("evt_3", 600), ("evt_4", 250)] {
        let again = book.reverse(refund(event, total), NOON_MS);
        assert_eq!(again, Ok(Reversed::Again), "{event}");
    }
    let held = order(account, usd("3"), usd("3"));
    book.authorise(&held, NOON_MS).unwrap();
    assert_eq!(book.reverse(refund("evt_5", 1000), NOON_MS), booked);
    assert_eq!(book.balance(account).available(), ZERO);
    assert_eq!(book.balance(account).debits_pending(), usd("3"));
    let loss = book.ledger_balance(&LedgerAccount::LossRefund);
    assert_eq!(loss.debits_posted(), usd("3.40"));
    let cash = book.ledger_balance(&LedgerAccount::CashStripe);
    assert_eq!(cash.posted(), ZERO);
    assert!(book.trial_balance().is_zero());
}

#[test]
fn a_dispute_takes_the_money_and_gives_it_back_when_it_is_won() {
    let (mut book, account) = paid_in();
    book.grant(account, usd("5"), "k", "test", NOON_MS).unwrap();
    let (open, won) = (DisputeStage::Open, DisputeStage::Won);
    book.reverse(dispute("evt_2", 1000, open), NOON_MS).unwrap();
    assert_eq!(book.balance(account).available(), usd("4.60"));
    book.reverse(refund("evt_3", 1000), NOON_MS).unwrap();
    // Never more than was paid; the rest is ours to bear until the dispute is won.
    assert_eq!(book.balance(account).available(), usd("4.60"));
    let loss = |book: &Book| book.ledger_balance(&LedgerAccount::LossRefund).posted();
    assert_eq!(loss(&book), usd("-10"));
    book.reverse(dispute("evt_4", 1000, won), NOON_MS).unwrap();
    assert_eq!(loss(&book), ZERO);
    assert_eq!(book.balance(account).available(), usd("4.60"));
    let late = book.reverse(dispute("evt_5", 1000, open), NOON_MS);
    assert_eq!(late, Ok(Reversed::Again));
    let changed = book.reverse(dispute("evt_4", 999, won), NOON_MS);
    assert_eq!(changed, Err(PaymentError::Mismatch));
    assert!(book.trial_balance().is_zero());
}

#[test]
fn what_goes_back_before_the_payment_comes_is_booked_with_it() {
    let (mut book, account) = (Book::new(Limits::default()), AccountId::new());
    let waiting = book.reverse(refund("evt_1", 400), NOON_MS);
    assert_eq!(waiting, Ok(Reversed::Waiting));
    let paid = deposit(account, "evt_2", "pi_1", 1000);
    let deposited = book.deposit(paid, NOON_MS).unwrap();
    assert_eq!(deposited.balance, usd("9.60"));
    assert_eq!(book.balance(account).available(), usd("5.60"));
    let absurd = book.reverse(refund("evt_3", u64::MAX), NOON_MS);
    assert_eq!(absurd, Err(PaymentError::TooMuch));
    // Of a payment that never comes, nothing is kept for ever.
    let other = Reversal {
        intent: "pi_2",
        ..refund("evt_4", 1)
    };
    book.reverse(other, NOON_MS).unwrap();
    book.expire(NOON_MS + 31 * DAY_MS);
    assert!(book.returns.get("pi_2").is_none() && book.returns.get("pi_1").is_some());
}

#[test]
fn an_adjustment_goes_both_ways_but_never_below_zero() {
    let (mut book, account) = funded(usd("5"));
    let mut adjust = |amount: &str, key: &str, reason: &str| {
        book.adjust(account, usd(amount), key, reason, NOON_MS)
    };
    assert_eq!(adjust("-2", "a", "wrong"), Ok(usd("3")));
    assert_eq!(adjust("-2", "a", "wrong"), Ok(usd("3")));
    assert_eq!(adjust("0.50", "b", "right"), Ok(usd("3.50")));
    let conflict = CreditError::Key(KeyError::Conflict);
    assert_eq!(adjust("-1", "a", "wrong"), Err(conflict));
    let available = usd("3.50");
    let too_little = CreditError::TooLittle { available };
    assert_eq!(adjust("-3.51", "c", "x"), Err(too_little));
    assert_eq!(adjust("0", "c", "x"), Err(CreditError::Zero));
    assert_eq!(adjust("1", "c", " "), Err(CreditError::NoReason));
    assert_eq!(adjust("4611681", "c", "x"), Err(CreditError::TooMuch));
    assert_eq!(
        adjust("1", "", "x"),
        Err(CreditError::Key(KeyError::Unusable))
    );
    assert_eq!(book.balance(account).available(), usd("3.50"));
    assert!(book.trial_balance().is_zero());
}

#[test]
fn credit_that_is_held_cannot_be_taken_away() {
    let (mut book, account) = funded(usd("5"));
    book.authorise(&order(account, usd("4"), usd("4")), NOON_MS)
        .unwrap();
    let available = usd("1");
    assert_eq!(
        book.adjust(account, usd("-2"), "k", "x", NOON_MS),
        Err(CreditError::TooLittle { available })
    );
}

#[test]
fn a_key_is_running_then_done_and_forgotten_after_its_time() {
    let (mut book, account) = funded(usd("1"));
    let scope = || Scope::Route(account);
    let print = Fingerprint::of(&[b"charge", b"10"]);
    let begin = |book: &mut Book, print, now_ms| book.begin(scope(), "k", print, 0, now_ms);
    assert_eq!(begin(&mut book, print, NOON_MS), Ok(Begun::First));
    assert_eq!(begin(&mut book, print, NOON_MS), Err(KeyError::Running));
    let other = Fingerprint::of(&[b"charge", b"11"]);
    assert_eq!(begin(&mut book, other, NOON_MS), Err(KeyError::Conflict));
    let answer = Outcome::Answer("paid".to_owned());
    book.finish(&scope(), "k", answer.clone());
    book.finish(&scope(), "k", Outcome::Balance(ZERO));
    let done = Ok(Begun::Done(answer));
    assert_eq!(begin(&mut book, print, NOON_MS), done);
    book.expire(NOON_MS + DAY_MS - 1);
    assert_eq!(begin(&mut book, print, NOON_MS), done);
    book.expire(NOON_MS + DAY_MS);
    assert_eq!(begin(&mut book, print, NOON_MS), Ok(Begun::First));
}

#[test]
fn parameters_are_told_apart_by_their_borders() {
    let of = Fingerprint::of;
    assert_ne!(of(&[b"ab", b"c"]), of(&[b"a", b"bc"]));
    assert_eq!(of(&[b"ab"]), of(&[b"ab"]));
}

#[test]
fn what_is_remembered_survives_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let db = crate::store::Db::open(dir.path()).unwrap();
    let (mut book, _) = Book::load(&db, Limits::default(), NOON_MS).unwrap();
    let account = AccountId::new();
    let paid = deposit(account, "evt_1", "pi_1", 1000);
    let first = book.deposit(paid, NOON_MS).unwrap();
    book.reverse(refund("evt_2", 900), NOON_MS).unwrap();
    let print = Fingerprint::of(&[]);
    let scope = Scope::Route(account);
    book.begin(scope.clone(), "k", print, 0, NOON_MS).unwrap();
    let mut running = order(account, usd("0.10"), usd("0.10"));
    running.daily_limit = Some(usd("1"));
    book.authorise(&running, NOON_MS).unwrap();
    let more = Extension {
        generation: running.generation,
        number: 1,
        want: usd("0.05"),
        least: usd("0.05"),
    };
    book.extend(more, NOON_MS).unwrap();
    db.commit(book.take_batch()).unwrap();
    crate::store::verify(&db).unwrap();

    let (mut again, recovered) = Book::load(&db, Limits::default(), NOON_MS).unwrap();
    assert_eq!((recovered.orphans, recovered.loss), (1, usd("0.15")));
    assert_eq!(again.deposit(paid, NOON_MS), Ok(first));
    for event in ["evt_2", "evt_3"] {
        let heard = again.reverse(refund(event, 900), NOON_MS);
        assert_eq!(heard, Ok(Reversed::Again));
    }
    let other = again.begin(scope.clone(), "k", Fingerprint::of(&[b"x"]), 0, NOON_MS);
    assert_eq!(other, Err(KeyError::Conflict));
    // Who ran it is gone, so it is not refused as running for a day.
    let begin = |book: &mut Book| book.begin(scope.clone(), "k", print, 0, NOON_MS);
    again.finish(&scope, "k", Outcome::Balance(ZERO));
    assert_eq!(begin(&mut again), Ok(Begun::Again));
    assert_eq!(begin(&mut again), Err(KeyError::Running));
    again.finish(&scope, "k", Outcome::Balance(ZERO));
    assert_eq!(begin(&mut again), Ok(Begun::Done(Outcome::Balance(ZERO))));
    assert_eq!(again.balance(account).available(), usd("0.60"));
    crate::store::verify(&db).unwrap();
}
