//! When a card may be charged, one rule after the other.

use super::super::charging::{ASK_MS, HOUR_MS, WAIT_MS};
use super::*;
use crate::store::samples::{DAY_MS, NOON_MS, usd};

fn facts() -> Circumstances {
    Circumstances {
        want: Want::Threshold,
        terms: AutoRecharge {
            state: Switch::On,
            threshold: usd("5"),
            amount: usd("20"),
            monthly_cap: usd("50"),
        },
        available: usd("4.99"),
        begun_today: 0,
        month: Picodollars::ZERO,
        pause_ms: HOUR_MS,
    }
}

/// An account with a charge under way since noon.
fn charging() -> (Recharges, AccountId, OrderId) {
    let (mut all, account, order) = (Recharges::default(), AccountId::new(), OrderId::new());
    begin(&mut all, account, order);
    (all, account, order)
}

fn begin(all: &mut Recharges, account: AccountId, order: OrderId) {
    let (customer, method) = ("cus_1".parse().unwrap(), "pm_1".parse().unwrap());
    let card = (&customer, &method);
    let charging = Charging::new(order, account, card, Cents::new(2000), NOON_MS);
    all.begin(charging, &mut Batch::default());
}

#[test]
fn a_charge_needs_all_of_its_reasons() {
    let (all, account) = (Recharges::default(), AccountId::new());
    let check = |change: &dyn Fn(&mut Circumstances)| {
        let mut facts = facts();
        change(&mut facts);
        all.check(account, &facts, NOON_MS)
    };
    assert_eq!(check(&|_| {}), Ok(Cents::new(2000)));
    assert_eq!(
        check(&|facts| facts.terms.state = Switch::Off),
        Err(NotNow::Off)
    );
    let enough = |want| {
        check(&|facts: &mut Circumstances| {
            facts.available = usd("5");
            facts.want = want;
        })
    };
    assert_eq!(enough(Want::Threshold), Err(NotNow::Enough));
    // A request that lacks credit may want more than the threshold.
    assert_eq!(enough(Want::Lack), Ok(Cents::new(2000)));
    assert_eq!(check(&|facts| facts.begun_today = 2), Ok(Cents::new(2000)));
    assert_eq!(
        check(&|facts| facts.begun_today = 3),
        Err(NotNow::DayIsFull)
    );
    assert_eq!(
        check(&|facts| facts.month = usd("30")),
        Ok(Cents::new(2000))
    );
    assert_eq!(
        check(&|facts| facts.month = usd("30.01")),
        Err(NotNow::MonthIsFull)
    );
}

#[test]
fn one_charge_at_a_time() {
    let (mut all, account, order) = charging();
    assert_eq!(all.check(account, &facts(), NOON_MS), Err(NotNow::UnderWay));
    assert_eq!(all.state(account), RechargeState::Charging);
    all.paid(account, OrderId::new(), &mut Batch::default());
    assert!(
        all.charging(account, order).is_some(),
        "another order's end is not this one's"
    );
    all.paid(account, order, &mut Batch::default());
    assert_eq!(all.check(account, &facts(), NOON_MS), Ok(Cents::new(2000)));
    assert!(
        all.0.is_empty(),
        "nothing is kept of an account that stands well"
    );
}

#[test]
fn a_declined_card_is_left_alone_for_a_while_and_for_good_after_three() {
    let (mut all, account, mut order) = charging();
    let mut batch = Batch::default();
    for declines in 1..=3 {
        let decline = all.declined(account, order, NOON_MS, &mut batch);
        if declines == 3 {
            assert_eq!(decline, Decline::Stop { declines });
            break;
        }
        assert_eq!(decline, Decline::Later);
        let early = all.check(account, &facts(), NOON_MS + HOUR_MS - 1);
        assert_eq!(early, Err(NotNow::Declined));
        assert!(all.check(account, &facts(), NOON_MS + HOUR_MS).is_ok());
        order = OrderId::new();
        begin(&mut all, account, order);
    }
    let later = all.check(account, &facts(), NOON_MS + 100 * DAY_MS);
    assert_eq!(later, Err(NotNow::Stopped));
    assert_eq!(all.state(account), RechargeState::Stopped);
    all.seen(account, &mut batch);
    assert!(all.check(account, &facts(), NOON_MS).is_ok());
}

#[test]
fn declines_count_only_in_a_row() {
    let (mut all, account, mut order) = charging();
    let mut batch = Batch::default();
    for _ in 0..5 {
        assert_eq!(
            all.declined(account, order, NOON_MS, &mut batch),
            Decline::Later
        );
        order = OrderId::new();
        begin(&mut all, account, order);
        all.paid(account, order, &mut batch);
        begin(&mut all, account, order);
    }
}

#[test]
fn a_bank_that_wants_the_customer_is_not_asked_again_until_the_customer_was_seen() {
    let (mut all, account, order) = charging();
    let mut batch = Batch::default();
    all.unconfirmed(account, order, &mut batch);
    let later = all.check(account, &facts(), NOON_MS + 100 * DAY_MS);
    assert_eq!(later, Err(NotNow::Unconfirmed));
    assert_eq!(all.state(account), RechargeState::Unconfirmed);
    all.seen(account, &mut batch);
    assert!(all.check(account, &facts(), NOON_MS).is_ok());
}

#[test]
fn an_unclear_charge_is_asked_for_as_long_as_it_cannot_happen_twice() {
    let (mut all, account, order) = charging();
    let mut batch = Batch::default();
    let mut unclear = |all: &mut Recharges, age_ms| {
        let asks = all
            .charging(account, order)
            .map(|charging| charging.may_be_asked(NOON_MS + age_ms));
        (
            asks,
            all.unclear(account, order, NOON_MS + age_ms, &mut batch),
        )
    };
    assert_eq!(unclear(&mut all, 0), (Some(true), Unclear::Ask));
    assert_eq!(unclear(&mut all, ASK_MS - 1), (Some(true), Unclear::Ask));
    assert_eq!(unclear(&mut all, ASK_MS), (Some(false), Unclear::Tell));
    assert_eq!(all.state(account), RechargeState::Unclear);
    assert_eq!(unclear(&mut all, ASK_MS + 1), (Some(false), Unclear::Wait));
    // A clock that goes back has nobody asked again.
    assert_eq!(unclear(&mut all, 0), (Some(false), Unclear::Wait));
    assert_eq!(
        all.check(account, &facts(), NOON_MS + WAIT_MS),
        Err(NotNow::UnderWay)
    );
    assert_eq!(unclear(&mut all, WAIT_MS), (Some(false), Unclear::GiveUp));
    assert_eq!(all.state(account), RechargeState::Ready);
}
