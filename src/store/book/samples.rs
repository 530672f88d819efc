//! Orders and records for tests.

use super::{Book, Limits, Order};
use crate::billing::DisputeStage;
use crate::catalog::Tier;
use crate::ids::{AccountId, GenerationId, KeyId, RequestId};
use crate::money::{Cents, Picodollars};
use crate::store::{
    AccountChange, Accounts, Action, AttemptRecord, Author, AutoRecharge, Back, CandidateRecord,
    CandidateState, Db, Deed, Delivery, Generation, NewOrder, OrderPaid, Origin, Placed, Reversal,
    SpendLimits, Status, Switch, TelemetryChange, Want, Wish,
};
use crate::usage::Usage;

/// 2026-01-31, noon UTC.
pub(crate) const NOON_MS: u64 = 1_769_860_800_000;
pub(crate) const DAY_MS: u64 = 86_400_000;

pub(crate) fn usd(text: &str) -> Picodollars {
    text.parse().unwrap()
}

pub(crate) fn pico(amount: i64) -> Picodollars {
    Picodollars::new(amount)
}

/// A book and a customer with this much credit.
pub(crate) fn funded(credit: Picodollars) -> (Book, AccountId) {
    let (mut book, account) = (Book::new(Limits::default()), AccountId::new());
    book.grant(account, credit, "sample", "test", NOON_MS)
        .unwrap();
    (book, account)
}

/// A customer with a row of every kind that accounts have.
pub(crate) fn customer(db: &Db) -> AccountId {
    let mut accounts = Accounts::load(db, db.pepper().unwrap()).unwrap();
    let account = accounts.create("ada@example.com", 0).unwrap().account.id;
    accounts.set_daily_limit(account, Some(usd("9"))).unwrap();
    let first = accounts.keys_of(account).next().unwrap().id;
    accounts.touch_key(first, NOON_MS);
    let change = AccountChange {
        default_tier: Some(Some(Tier::Economy)),
        telemetry: Some(Some(TelemetryChange {
            endpoint: Some("https://otlp.example".to_owned()),
            headers: Some(vec![("x-key".to_owned(), Some("hunter2".to_owned()))]),
            ..TelemetryChange::default()
        })),
        ..AccountChange::default()
    };
    accounts.change_account(account, change).unwrap();
    let deed = Deed::new(
        Author::ROUTER,
        Action::AccountChanged,
        Some(account),
        NOON_MS,
    );
    accounts.note(&deed.with("why", "test"));
    let customer = "cus_1".parse().unwrap();
    accounts.keep_customer(account, customer).unwrap();
    db.commit(accounts.take_batch()).unwrap();
    account
}

/// A deposit that was ordered and paid, a refund of a part of it, a dispute of a payment that never
/// came, and a correction.
pub(crate) fn card_money(book: &mut Book, account: AccountId) {
    let new = NewOrder {
        account,
        paid: Cents::new(1000),
        origin: Origin::Checkout,
        customer: Some("cus_1"),
        request: Some("once"),
    };
    let Ok(Placed::Order(placed)) = book.place_order(new, NOON_MS) else {
        panic!("nothing was ordered")
    };
    book.answer_order(placed.id, "cus_1", "pay there");
    let paid = OrderPaid {
        event: "evt_1",
        order: placed.id,
        intent: "pi_1",
        paid: Cents::new(1000),
        customer: Some("cus_1"),
    };
    book.pay_order(paid, NOON_MS).unwrap();
    let refund = Reversal {
        event: "evt_2",
        intent: "pi_1",
        back: Back::Refunded(Cents::new(1)),
    };
    book.reverse(refund, NOON_MS).unwrap();
    let dispute = Reversal {
        event: "evt_3",
        intent: "pi_9",
        back: Back::Disputed {
            id: "du_1",
            amount: Cents::new(7),
            stage: DisputeStage::Open,
        },
    };
    book.reverse(dispute, NOON_MS).unwrap();
    book.adjust(account, pico(-3), "second", "test", NOON_MS)
        .unwrap();
    let terms = AutoRecharge {
        state: Switch::On,
        threshold: usd("100"),
        amount: usd("20"),
        monthly_cap: usd("100"),
    };
    let (customer, method) = ("cus_1".parse().unwrap(), "pm_1".parse().unwrap());
    let wish = Wish {
        account,
        want: Want::Threshold,
        terms,
        customer: &customer,
        method: &method,
        pause_ms: 0,
    };
    book.begin_recharge(wish, NOON_MS).unwrap();
}

pub(crate) fn order(account: AccountId, want: Picodollars, least: Picodollars) -> Order {
    Order {
        generation: GenerationId::new(),
        account,
        key: KeyId::new(),
        provider: "openai".to_owned(),
        model: "gpt-4.1-mini".to_owned(),
        want,
        least,
        price_version: "2026-01".to_owned(),
        daily_limit: None,
        key_limits: SpendLimits::default(),
        expires_ms: NOON_MS + 660_000,
    }
}

pub(crate) fn record(order: &Order, cost: Picodollars) -> Generation {
    Generation {
        id: order.generation,
        request_id: RequestId::new(),
        account: order.account,
        key: order.key,
        created_ms: NOON_MS,
        model: order.model.clone(),
        provider: "anthropic".to_owned(),
        tier: Some("standard".to_owned()),
        prefer: "balanced".to_owned(),
        auto_score: Some(40),
        streamed: Delivery::Stream,
        finish_reason: Some("stop".to_owned()),
        native_finish_reason: Some("end_turn".to_owned()),
        usage: Some(Usage {
            prompt_tokens: 100,
            completion_tokens: 20,
            ..Usage::default()
        }),
        cost,
        ttft_ms: Some(210),
        latency_ms: 900,
        attempts: vec![AttemptRecord {
            provider: "anthropic".to_owned(),
            model: order.model.clone(),
            outcome: "ok".to_owned(),
        }],
        status: Status::Ok,
        price_version: order.price_version.clone(),
        candidates: Some(vec![CandidateRecord {
            model: order.model.clone(),
            cost,
            ttft_ms: 200,
            state: CandidateState::Flowing,
        }]),
    }
}
