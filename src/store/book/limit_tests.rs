//! Daily limits, extensions and late ends: what a hold, a day and a balance allow together.

use super::samples::*;
use super::*;
use crate::ids::KeyId;
use crate::money::Picodollars;
use crate::store::{Period, SpendLimits};

const ZERO: Picodollars = Picodollars::ZERO;
/// The last second before midnight after [`NOON_MS`].
const EVENING_MS: u64 = NOON_MS + DAY_MS / 2 - 1000;

fn limited(account: AccountId, want: &str, least: &str, limit: &str) -> Order {
    Order {
        daily_limit: Some(usd(limit)),
        ..order(account, usd(want), usd(least))
    }
}

fn for_key(account: AccountId, key: KeyId, want: &str, limits: SpendLimits) -> Order {
    Order {
        key,
        key_limits: limits,
        ..order(account, usd(want), usd(want))
    }
}

fn extension(order: &Order, number: u32, want: &str, least: &str) -> Extension {
    Extension {
        generation: order.generation,
        number,
        want: usd(want),
        least: usd(least),
    }
}

#[test]
fn a_day_ends_at_its_limit_and_the_next_one_starts_anew() {
    let (mut book, account) = funded(usd("5"));
    let first = limited(account, "0.60", "0.10", "1");
    book.authorise(&first, NOON_MS).unwrap();
    book.settle(record(&first, usd("0.60")), NOON_MS).unwrap();
    let next = limited(account, "0.50", "0.50", "1");
    let refusal = book.authorise(&next, NOON_MS);
    let expected = Refusal::DailyLimit {
        limit: usd("1"),
        spent: usd("0.60"),
        resets_in_ms: DAY_MS / 2,
    };
    assert_eq!(refusal, Err(expected));
    assert_eq!(book.authorise(&next, NOON_MS + DAY_MS / 2), Ok(usd("0.50")));
}

#[test]
fn what_a_limit_leaves_can_be_held_when_nothing_else_runs() {
    let (mut book, account) = funded(usd("5"));
    let order = limited(account, "3", "0.10", "1");
    assert_eq!(book.authorise(&order, NOON_MS), Ok(usd("1")));
}

#[test]
fn a_limit_that_running_requests_reserve_is_bound_not_spent() {
    let (mut book, account) = funded(usd("5"));
    let running = limited(account, "0.80", "0.10", "1");
    book.authorise(&running, NOON_MS).unwrap();
    let next = limited(account, "0.50", "0.10", "1");
    let refusal = book.authorise(&next, NOON_MS).unwrap_err();
    assert_eq!(
        refusal,
        Refusal::LimitBound {
            limit: usd("1"),
            spent: ZERO
        }
    );
    assert!(refusal.is_passing());
    book.settle(record(&running, usd("0.20")), NOON_MS).unwrap();
    assert_eq!(book.authorise(&next, NOON_MS), Ok(usd("0.50")));
}

#[test]
fn a_limit_of_nothing_allows_nothing_paid() {
    let (mut book, account) = funded(usd("5"));
    let refusal = book.authorise(&limited(account, "0.10", "0", "0"), NOON_MS);
    assert!(matches!(refusal, Err(Refusal::DailyLimit { .. })));
}

#[test]
fn a_charge_counts_on_the_day_of_its_hold() {
    let (mut book, account) = funded(usd("5"));
    let morning_ms = EVENING_MS + 2000;
    let late = limited(account, "0.90", "0.10", "1");
    book.authorise(&late, EVENING_MS).unwrap();
    let early = limited(account, "0.90", "0.90", "1");
    assert_eq!(
        book.authorise(&early, morning_ms),
        Ok(usd("0.90")),
        "yesterday's hold takes nothing of today"
    );
    book.settle(record(&late, usd("0.80")), morning_ms).unwrap();
    book.settle(record(&early, usd("0.70")), morning_ms)
        .unwrap();
    assert_eq!(book.today(account, morning_ms).spent, usd("0.70"));
    let yesterday = Day::of(EVENING_MS);
    assert_eq!(book.counters.day(account, yesterday).spent, usd("0.80"));
    let key = book.key_usage(late.key, morning_ms);
    assert_eq!((key.total, key.today), (usd("0.80"), ZERO));
}

#[test]
fn cost_beyond_the_hold_stops_at_the_limit() {
    let (mut book, account) = funded(usd("5"));
    let order = limited(account, "0.10", "0.10", "1");
    book.authorise(&order, NOON_MS).unwrap();
    let settled = book.settle(record(&order, usd("1.40")), NOON_MS).unwrap();
    assert_eq!((settled.charged, settled.overrun), (usd("1"), usd("0.40")));
    assert_eq!(book.today(account, NOON_MS).spent, usd("1"));
}

#[test]
fn what_was_held_is_charged_even_when_the_limit_was_lowered_since() {
    let (mut book, account) = funded(usd("5"));
    let order = limited(account, "0.80", "0.10", "1");
    book.authorise(&order, NOON_MS).unwrap();
    let lower = book.authorise(&limited(account, "0.01", "0.01", "0.50"), NOON_MS);
    assert!(lower.unwrap_err().is_passing());
    let settled = book.settle(record(&order, usd("0.80")), NOON_MS).unwrap();
    assert_eq!(settled.overrun, ZERO);
}

#[test]
fn a_free_record_under_a_clock_that_went_ahead_keeps_the_day_that_follows() {
    let (mut book, account) = funded(usd("5"));
    let spend = |book: &mut Book, now_ms| {
        let order = limited(account, "0.60", "0.60", "1");
        let held = book.authorise(&order, now_ms);
        held.and_then(|_| {
            book.settle(record(&order, usd("0.60")), now_ms)
                .map_err(|_| Refusal::Ended)
        })
    };
    spend(&mut book, NOON_MS).unwrap();
    let free = order(account, ZERO, ZERO);
    book.record(record(&free, ZERO), NOON_MS + DAY_MS);
    spend(&mut book, NOON_MS).unwrap();
    assert_eq!(
        book.today(account, NOON_MS).spent,
        usd("0.60"),
        "the ledger's day is tomorrow now, and stays so"
    );
    assert!(spend(&mut book, NOON_MS).is_err());
}

#[test]
fn a_clock_behind_the_ledger_does_not_expire_holds_at_once() {
    let (mut book, account) = funded(usd("5"));
    let free = order(account, ZERO, ZERO);
    book.record(record(&free, ZERO), NOON_MS + DAY_MS);
    book.authorise(&order(account, usd("1"), usd("1")), NOON_MS)
        .unwrap();
    assert!(book.expire(NOON_MS + 1000).is_empty());
    assert_eq!(book.expire(NOON_MS + DAY_MS + 660_000).len(), 1);
}

#[test]
fn an_extension_enlarges_the_hold_and_is_charged_with_it() {
    let (mut book, account) = funded(usd("5"));
    let order = order(account, usd("1"), usd("1"));
    book.authorise(&order, NOON_MS).unwrap();
    let more = extension(&order, 1, "1", "0.10");
    assert_eq!(book.extend(more, NOON_MS), Ok(usd("2")));
    assert_eq!(book.balance(account).debits_pending(), usd("2"));
    let settled = book.settle(record(&order, usd("1.70")), NOON_MS).unwrap();
    assert_eq!((settled.charged, settled.overrun), (usd("1.70"), ZERO));
    assert_eq!(book.balance(account).debits_pending(), ZERO);
    assert!(book.trial_balance().is_zero());
}

#[test]
fn an_extension_said_again_changes_nothing() {
    let (mut book, account) = funded(usd("5"));
    let order = order(account, usd("1"), usd("1"));
    book.authorise(&order, NOON_MS).unwrap();
    for (number, held) in [(1, "2"), (1, "2"), (2, "3"), (1, "3"), (2, "3")] {
        let answer = book.extend(extension(&order, number, "1", "1"), NOON_MS);
        assert_eq!(answer, Ok(usd(held)), "{number}");
    }
    book.void(order.generation, None, NOON_MS);
    let late = book.extend(extension(&order, 3, "1", "1"), NOON_MS);
    assert_eq!(late, Err(Refusal::Ended));
    assert_eq!(book.balance(account).available(), usd("5"));
}

#[test]
fn an_extension_takes_what_is_left_but_not_less_than_is_worth_it() {
    let (mut book, account) = funded(usd("1.50"));
    let order = order(account, usd("1"), usd("1"));
    book.authorise(&order, NOON_MS).unwrap();
    let most = book.extend(extension(&order, 1, "1", "0.10"), NOON_MS);
    assert_eq!(most, Ok(usd("1.50")));
    let none = book.extend(extension(&order, 2, "1", "0.10"), NOON_MS);
    assert_eq!(none, Err(Refusal::Insufficient { available: ZERO }));
}

#[test]
fn an_extension_stays_within_the_limit_and_other_holds() {
    let (mut book, account) = funded(usd("5"));
    let running = limited(account, "0.60", "0.10", "1");
    book.authorise(&running, NOON_MS).unwrap();
    let more = extension(&running, 1, "0.60", "0.10");
    assert_eq!(book.extend(more, NOON_MS), Ok(usd("1")));
    let refused = book.extend(extension(&running, 2, "0.10", "0.10"), NOON_MS);
    assert!(matches!(refused, Err(Refusal::DailyLimit { .. })));

    let other = order(account, usd("4"), usd("4"));
    book.authorise(&other, NOON_MS).unwrap();
    let refused = book.extend(extension(&other, 1, "1", "1"), NOON_MS);
    assert!(matches!(refused, Err(Refusal::Bound { .. })));
}

#[test]
fn a_settle_after_expiry_charges_once_and_takes_the_loss_back() {
    let (mut book, account) = funded(usd("5"));
    let order = order(account, usd("2"), usd("2"));
    book.authorise(&order, NOON_MS).unwrap();
    let after_ms = order.expires_ms + 1;
    book.expire(after_ms);
    let settled = book.settle(record(&order, usd("1")), after_ms).unwrap();
    let expected = Settled {
        charged: usd("1"),
        overrun: ZERO,
        balance: usd("4"),
    };
    assert_eq!(settled, expected);
    assert_eq!(
        book.settle(record(&order, usd("1")), after_ms),
        Ok(expected)
    );
    assert_eq!(book.balance(account).debits_posted(), usd("1"));
    assert_eq!(book.today(account, after_ms).requests, 1, "recorded");
    let loss = book.ledger_balance(&LedgerAccount::LossOrphan);
    assert_eq!(loss.posted(), ZERO);
    let kinds: Vec<LossKind> = book.take_losses().iter().map(|loss| loss.kind).collect();
    assert_eq!(kinds, [LossKind::Orphan, LossKind::Correction]);
    assert!(book.trial_balance().is_zero());
}

#[test]
fn a_settle_after_expiry_takes_only_what_is_free() {
    let (mut book, account) = funded(usd("2"));
    let slow = order(account, usd("2"), usd("2"));
    book.authorise(&slow, NOON_MS).unwrap();
    let after_ms = slow.expires_ms;
    book.expire(after_ms);
    let mut other = order(account, usd("1.50"), usd("1.50"));
    other.expires_ms = after_ms + 1000;
    book.authorise(&other, after_ms).unwrap();
    let settled = book.settle(record(&slow, usd("2")), after_ms).unwrap();
    assert_eq!(
        (settled.charged, settled.overrun),
        (usd("0.50"), usd("1.50"))
    );
    assert_eq!(book.balance(account).available(), ZERO);
}

#[test]
fn a_void_after_expiry_takes_the_loss_back_and_charges_nothing() {
    let (mut book, account) = funded(usd("2"));
    let order = order(account, usd("2"), usd("2"));
    book.authorise(&order, NOON_MS).unwrap();
    book.expire(order.expires_ms);
    assert_eq!(book.void(order.generation, None, order.expires_ms), None);
    let late = book.settle(record(&order, usd("1")), order.expires_ms);
    assert_eq!(late, Err(NotHeld));
    let loss = book.ledger_balance(&LedgerAccount::LossOrphan);
    assert_eq!(loss.posted(), ZERO);
    assert_eq!(book.balance(account).available(), usd("2"));
}

#[test]
fn failed_attempts_are_our_loss_and_booked_once() {
    let (mut book, account) = funded(usd("2"));
    let order = order(account, usd("1"), usd("1"));
    book.authorise(&order, NOON_MS).unwrap();
    let cost = FailedCost {
        provider: "groq".to_owned(),
        model: "m".to_owned(),
        price_version: "1".to_owned(),
        amount: usd("0.03"),
    };
    for _ in 0..3 {
        book.book_failed(order.generation, std::slice::from_ref(&cost), NOON_MS);
        book.settle(record(&order, usd("0.10")), NOON_MS).unwrap();
    }
    let loss = book.ledger_balance(&LedgerAccount::LossFailed);
    assert_eq!(loss.debits_posted(), usd("0.03"));
    let owed = book.ledger_balance(&LedgerAccount::provider("groq"));
    assert_eq!(owed.credits_posted(), usd("0.03"));
    assert_eq!(book.balance(account).available(), usd("1.90"));
}

#[test]
fn a_daily_limit_holds_on_both_sides_of_midnight_against_many_at_one_time() {
    let (mut book, account) = funded(usd("50"));
    let mut running = Vec::new();
    for n in 0..200_u64 {
        // One request every 10 ms, the hundredth one at midnight.
        let at = EVENING_MS + n * 10;
        let order = limited(account, "0.07", "0.07", "1");
        if book.authorise(&order, at).is_ok() {
            running.push(order);
        }
    }
    assert_eq!(running.len(), 28, "14 on each day");
    let morning = EVENING_MS + 2000;
    for order in &running {
        // Each costs more than was held for it.
        book.settle(record(order, usd("0.09")), morning).unwrap();
    }
    let days = [
        book.today(account, EVENING_MS),
        book.counters.day(account, Day::of(EVENING_MS)),
    ];
    for day in days {
        assert!(day.spent <= usd("1") && day.spent > usd("0.95"), "{day:?}");
    }
}

#[test]
fn a_keys_limits_are_checked_together_with_the_balance() {
    let (mut book, account) = funded(usd("5"));
    let key = KeyId::new();
    let limits = SpendLimits {
        week: Some(usd("1")),
        total: Some(usd("1.50")),
        ..SpendLimits::default()
    };
    let first = for_key(account, key, "0.80", limits);
    book.authorise(&first, NOON_MS).unwrap();
    let next = for_key(account, key, "0.50", limits);
    let bound = Refusal::KeyLimitBound {
        period: Period::Week,
        limit: usd("1"),
        spent: ZERO,
    };
    assert_eq!(book.authorise(&next, NOON_MS), Err(bound));
    let other = for_key(account, KeyId::new(), "0.50", limits);
    book.authorise(&other, NOON_MS).unwrap();
    book.settle(record(&first, usd("0.80")), NOON_MS).unwrap();
    // Saturday noon: the week ends a day and a half later.
    let spent = Refusal::KeyLimit {
        period: Period::Week,
        limit: usd("1"),
        spent: usd("0.80"),
        resets_in_ms: Some(DAY_MS * 3 / 2),
    };
    assert_eq!(book.authorise(&next, NOON_MS), Err(spent));
    let monday = NOON_MS + 2 * DAY_MS;
    book.authorise(&next, monday).unwrap();
    book.settle(record(&next, usd("0.50")), monday).unwrap();
    let last = for_key(account, key, "0.50", limits);
    let total = Refusal::KeyLimit {
        period: Period::Total,
        limit: usd("1.50"),
        spent: usd("1.30"),
        resets_in_ms: None,
    };
    assert_eq!(book.authorise(&last, monday), Err(total));
}

#[test]
fn a_keys_limit_bounds_extensions_and_overruns() {
    let (mut book, account) = funded(usd("5"));
    let limits = SpendLimits {
        day: Some(usd("1")),
        ..SpendLimits::default()
    };
    let running = for_key(account, KeyId::new(), "0.60", limits);
    book.authorise(&running, NOON_MS).unwrap();
    let more = extension(&running, 1, "0.30", "0.30");
    assert_eq!(book.extend(more, NOON_MS), Ok(usd("0.90")));
    let more = extension(&running, 2, "0.30", "0.30");
    assert!(matches!(
        book.extend(more, NOON_MS),
        Err(Refusal::KeyLimit { .. })
    ));
    let settled = book.settle(record(&running, usd("1.40")), NOON_MS).unwrap();
    assert_eq!((settled.charged, settled.overrun), (usd("1"), usd("0.40")));
}
