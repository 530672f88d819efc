//! Whatever comes in whatever order: one charge at a time, within its bounds, one credit for each.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::billing::Declined;
use crate::ids::OrderId;
use crate::money::Cents;
use crate::store::book::samples::{NOON_MS, funded, usd};
use crate::store::db::Db;
use crate::store::settings::Switch;
use crate::store::{Limits, verify};

const CAP: &str = "100";

fn terms() -> AutoRecharge {
    AutoRecharge {
        state: Switch::On,
        threshold: usd("5"),
        amount: usd("20"),
        monthly_cap: usd(CAP),
    }
}

fn begin(book: &mut Book, account: AccountId, now_ms: u64) -> Result<Charging, NotNow> {
    let (customer, method) = ("cus_1".parse().unwrap(), "pm_1".parse().unwrap());
    let wish = Wish {
        account,
        want: Want::Threshold,
        terms: terms(),
        customer: &customer,
        method: &method,
        pause_ms: 0,
    };
    book.begin_recharge(wish, now_ms)
}

fn intent_of(order: OrderId) -> String {
    format!("pi_{}", &order.to_string()[6..])
}

fn succeeded(charging: &Charging) -> Charge {
    Charge::Succeeded {
        intent: intent_of(charging.order).parse().unwrap(),
        amount: charging.amount,
    }
}

fn declined() -> Charge {
    Charge::Declined(Declined {
        code: "insufficient_funds".to_owned(),
        intent: None,
    })
}

/// What an event says of the charge.
fn hear(book: &mut Book, charging: &Charging, now_ms: u64) -> Credited {
    let intent = intent_of(charging.order);
    let event = format!("evt_{intent}");
    let paid = OrderPaid {
        event: &event,
        order: charging.order,
        intent: &intent,
        paid: charging.amount,
        customer: Some("cus_1"),
    };
    book.pay_order(paid, now_ms).unwrap()
}

#[test]
fn the_answer_and_the_event_credit_once_in_either_order() {
    for event_first in [true, false] {
        let (mut book, account) = funded(usd("1"));
        let charging = begin(&mut book, account, NOON_MS).unwrap();
        assert_eq!(begin(&mut book, account, NOON_MS), Err(NotNow::UnderWay));
        let paid = succeeded(&charging);
        if event_first {
            let Credited::First { .. } = hear(&mut book, &charging, NOON_MS) else {
                panic!("not credited")
            };
            let ended = book.end_recharge(&charging, &paid, NOON_MS);
            assert_eq!(ended, Recharged::Before);
        } else {
            let ended = book.end_recharge(&charging, &paid, NOON_MS);
            assert!(matches!(ended, Recharged::Credited(_)), "{ended:?}");
            assert_eq!(hear(&mut book, &charging, NOON_MS), Credited::Again);
        }
        // Twenty dollars less the fee of four percent.
        assert_eq!(book.balance(account).available(), usd("20.20"));
        assert_eq!(book.recharge_state(account), RechargeState::Ready);
    }
}

#[test]
fn a_charge_that_a_crash_cut_off_is_found_again_with_all_that_it_takes_to_ask() {
    let dir = tempfile::tempdir().unwrap();
    let db = Db::open(dir.path()).unwrap();
    let (mut book, _) = Book::load(&db, Limits::default(), NOON_MS).unwrap();
    let account = AccountId::new();
    book.grant(account, usd("1"), "k", "test", NOON_MS).unwrap();
    let charging = begin(&mut book, account, NOON_MS).unwrap();
    db.commit(book.take_batch()).unwrap();
    drop(book);
    let (mut book, _) = Book::load(&db, Limits::default(), NOON_MS).unwrap();
    assert_eq!(book.charges(), std::slice::from_ref(&charging));
    assert!(charging.may_be_asked(NOON_MS));
    assert_eq!(begin(&mut book, account, NOON_MS), Err(NotNow::UnderWay));
    book.end_recharge(&charging, &succeeded(&charging), NOON_MS);
    db.commit(book.take_batch()).unwrap();
    let (book, _) = Book::load(&db, Limits::default(), NOON_MS).unwrap();
    assert_eq!(book.charges(), []);
    assert_eq!(book.balance(account).available(), usd("20.20"));
    verify(&db).unwrap();
}

#[test]
fn requests_wait_for_a_charge_that_is_under_way_but_not_for_an_unclear_one() {
    use crate::store::Refusal;
    use crate::store::book::samples::order;
    let (mut book, account) = funded(usd("0.01"));
    let ask = |book: &mut Book, now_ms| {
        let order = order(account, usd("1"), usd("1"));
        book.authorise(&order, now_ms).unwrap_err()
    };
    let available = usd("0.01");
    let lacking = Refusal::Insufficient { available };
    assert_eq!(ask(&mut book, NOON_MS), lacking);
    let charging = begin(&mut book, account, NOON_MS).unwrap();
    let refusal = ask(&mut book, NOON_MS);
    assert_eq!(refusal, Refusal::Recharging { available });
    assert!(refusal.is_passing());
    assert_eq!(ask(&mut book, NOON_MS + SOON_MS), lacking);
    book.end_recharge(&charging, &declined(), NOON_MS);
    assert_eq!(ask(&mut book, NOON_MS), lacking);
}

#[test]
fn a_payment_on_the_processors_page_ends_a_row_of_declines() {
    let (mut book, account) = funded(usd("1"));
    for _ in 0..2 {
        let charging = begin(&mut book, account, NOON_MS).unwrap();
        book.end_recharge(&charging, &declined(), NOON_MS);
    }
    assert_eq!(book.recharge_state(account), RechargeState::Declined);
    let new = NewOrder {
        account,
        paid: Cents::new(500),
        origin: Origin::Checkout,
        customer: Some("cus_1"),
        request: None,
    };
    let Ok(Placed::Order(order)) = book.place_order(new, NOON_MS) else {
        panic!("nothing was ordered")
    };
    let paid = OrderPaid {
        event: "evt_page",
        order: order.id,
        intent: "pi_page",
        paid: Cents::new(500),
        customer: Some("cus_1"),
    };
    book.pay_order(paid, NOON_MS).unwrap();
    assert_eq!(book.recharge_state(account), RechargeState::Ready);
}

/// Something that may happen.
#[derive(Clone, Debug)]
enum Step {
    Want,
    Answer(Outcome),
    Event,
    /// Credit is spent, all of it.
    Spend,
    Hours(u64),
    /// The customer switches it on again.
    Seen,
    Restart,
}

#[derive(Clone, Copy, Debug)]
enum Outcome {
    Paid,
    Declined,
    Unconfirmed,
    Unclear,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Want),
        3 => Just(Step::Answer(Outcome::Paid)),
        2 => Just(Step::Answer(Outcome::Declined)),
        1 => Just(Step::Answer(Outcome::Unconfirmed)),
        1 => Just(Step::Answer(Outcome::Unclear)),
        1 => Just(Step::Event),
        3 => Just(Step::Spend),
        3 => (1_u64..40).prop_map(Step::Hours),
        1 => Just(Step::Seen),
        1 => Just(Step::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn no_order_of_things_charges_beyond_the_bounds_or_credits_twice(
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(dir.path()).unwrap();
        let (mut book, _) = Book::load(&db, Limits::default(), NOON_MS).unwrap();
        let account = AccountId::new();
        book.grant(account, usd("1"), "k", "test", NOON_MS).unwrap();
        let mut now_ms = NOON_MS;
        // What the processor really took, by order; what has begun by day; declines in a row.
        let mut taken: BTreeSet<OrderId> = BTreeSet::new();
        let mut begun: BTreeMap<String, usize> = BTreeMap::new();
        let mut month: BTreeMap<String, u64> = BTreeMap::new();
        let (mut last, mut declines, mut spent): (Option<Charging>, u8, usize) = (None, 0, 0);
        for step in steps {
            let day = Day::of(now_ms);
            match step {
                Step::Want => {
                    if let Ok(charging) = begin(&mut book, account, now_ms) {
                        prop_assert!(declines < 3);
                        *begun.entry(day.iso()).or_default() += 1;
                        *month.entry(day.month().iso()).or_default() += charging.amount.get();
                        last = Some(charging);
                    }
                }
                Step::Answer(outcome) => {
                    let Some(charging) = &last else { continue };
                    let was_taken = taken.contains(&charging.order);
                    let charge = match outcome {
                        // The same key gets the same answer.
                        _ if was_taken => succeeded(charging),
                        Outcome::Paid => succeeded(charging),
                        Outcome::Declined => declined(),
                        Outcome::Unconfirmed => Charge::NeedsAuthentication { intent: None },
                        Outcome::Unclear => Charge::Unclear,
                    };
                    let is_open = book.charges().iter().any(|open| open.order == charging.order);
                    if !is_open && !was_taken {
                        continue;
                    }
                    match book.end_recharge(charging, &charge, now_ms) {
                        Recharged::Credited(_) => {
                            taken.insert(charging.order);
                            declines = 0;
                        }
                        Recharged::Declined { .. } | Recharged::Stopped { .. } => declines += 1,
                        Recharged::Before
                        | Recharged::Unconfirmed
                        | Recharged::Unclear(_) => {}
                        Recharged::Odd(error) => prop_assert!(false, "{error}"),
                    }
                    let failed = matches!(charge, Charge::Declined(_) | Charge::NeedsAuthentication { .. })
                        || (matches!(charge, Charge::Unclear) && book.charges().is_empty());
                    if failed {
                        let of = Day::of(charging.begun_ms).month().iso();
                        *month.entry(of).or_default() -= charging.amount.get();
                    }
                }
                Step::Event => {
                    let Some(charging) = &last else { continue };
                    let is_open = book.charges().iter().any(|open| open.order == charging.order);
                    if is_open {
                        hear(&mut book, charging, now_ms);
                        taken.insert(charging.order);
                        declines = 0;
                    }
                }
                Step::Spend => {
                    let all = book.balance(account).available();
                    if all.is_positive() {
                        let less = Picodollars::ZERO.checked_sub(all).unwrap();
                        spent += 1;
                        book.adjust(account, less, &format!("s{spent}"), "spent", now_ms).unwrap();
                    }
                }
                Step::Hours(hours) => now_ms += hours * 3_600_000,
                Step::Seen => {
                    book.forget_declines(account);
                    declines = 0;
                }
                Step::Restart => {
                    db.commit(book.take_batch()).unwrap();
                    (book, _) = Book::load(&db, Limits::default(), now_ms).unwrap();
                }
            }
            prop_assert!(book.charges().len() <= 1);
            prop_assert!(begun.values().all(|n| *n <= 3), "{begun:?}");
            prop_assert!(month.values().all(|cents| *cents <= 10_000), "{month:?}");
            prop_assert!(book.trial_balance().is_zero());
        }
        let cash = book.ledger_balance(&crate::store::LedgerAccount::CashStripe);
        let paid = usd("20").get() * i64::try_from(taken.len()).unwrap();
        prop_assert_eq!(cash.debits_posted, i128::from(paid));
        db.commit(book.take_batch()).unwrap();
        verify(&db).unwrap();
    }
}
