//! Events as Stripe sends them, read as far as they concern us.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::billing::ORDER;

fn event(kind: &str, object: &Value) -> Event {
    let body = json!({
        "id": "evt_1", "object": "event", "type": kind, "created": 7, "livemode": false,
        "api_version": "2099-01-01", "data": { "object": object }, "request": {},
    });
    Event::parse(body.to_string().as_bytes()).unwrap()
}

fn with(base: &Value, name: &str, value: Value) -> Value {
    let mut changed = base.clone();
    changed[name] = value;
    changed
}

#[test]
fn a_session_counts_when_it_is_paid_and_carries_an_order() {
    let order = OrderId::new();
    let session = json!({
        "id": "cs_1", "payment_status": "paid", "payment_intent": "pi_1",
        "amount_total": 1000, "currency": "usd", "customer": "cus_1",
        "metadata": { ORDER: order.to_string(), "more": "x" },
    });
    let paid = Notice::Paid(Paid {
        order,
        intent: "pi_1".parse().unwrap(),
        amount: Cents::new(1000),
        currency: Currency::Usd,
        customer: Some("cus_1".parse().unwrap()),
    });
    for kind in [
        "checkout.session.completed",
        "checkout.session.async_payment_succeeded",
    ] {
        assert_eq!(event(kind, &session).notice, paid);
    }
    let whole = with(&session, "payment_intent", json!({ "id": "pi_1", "x": 1 }));
    let completed = "checkout.session.completed";
    assert_eq!(event(completed, &whole).notice, paid);
    for (name, value) in [
        ("payment_status", json!("unpaid")),
        ("metadata", json!({})),
        ("metadata", Value::Null),
        ("metadata", json!({ ORDER: "someone else's" })),
        ("payment_intent", Value::Null),
    ] {
        let other = with(&session, name, value);
        assert_eq!(event(completed, &other).notice, Notice::Other, "{name}");
    }
    let unknown = event("customer.created", &json!({ "id": 5 }));
    assert_eq!(unknown.notice, Notice::Other);
    assert_eq!((unknown.created_s, unknown.mode), (7, Mode::Test));
}

#[test]
fn payments_and_charges_carry_their_order_too() {
    let order = OrderId::new();
    let intent = json!({
        "id": "pi_1", "amount": 1000, "amount_received": 1000, "currency": "eur",
        "customer": null, "metadata": { ORDER: order.to_string() },
        "last_payment_error": { "code": "card_declined", "decline_code": "lost_card" },
    });
    let Notice::Paid(paid) = event("payment_intent.succeeded", &intent).notice else {
        panic!("not paid")
    };
    assert_eq!((paid.currency, paid.customer), (Currency::Other, None));
    let failed = Notice::Failed {
        order,
        intent: "pi_1".parse().unwrap(),
        code: "lost_card".to_owned(),
    };
    assert_eq!(
        event("payment_intent.payment_failed", &intent).notice,
        failed
    );
    let charge = json!({
        "id": "ch_1", "currency": "usd", "customer": "cus_1", "payment_intent": "pi_1",
        "payment_method": "pm_1", "amount": 1000, "amount_refunded": 250,
        "payment_method_details": { "card": {
            "brand": "visa", "last4": "4242", "exp_month": 4, "exp_year": 2030,
        } },
        "metadata": { ORDER: order.to_string() },
    });
    let charged = Notice::Charged {
        order,
        customer: "cus_1".parse().unwrap(),
        card: Card::new("pm_1".parse().unwrap(), "visa", "4242", 4, 2030).unwrap(),
    };
    assert_eq!(event("charge.succeeded", &charge).notice, charged);
    let refunded = Notice::Refunded {
        intent: "pi_1".parse().unwrap(),
        total: Cents::new(250),
        currency: Currency::Usd,
    };
    assert_eq!(event("charge.refunded", &charge).notice, refunded);
}

#[test]
fn a_dispute_moves_money_unless_it_only_asks() {
    let dispute = json!({
        "id": "du_1", "amount": 1000, "currency": "usd", "charge": "ch_1",
        "payment_intent": "pi_1", "status": "needs_response",
    });
    let stage = |kind: &str, status: &str| {
        let dispute = with(&dispute, "status", json!(status));
        let event = event(&format!("charge.dispute.{kind}"), &dispute);
        if let Notice::Disputed { stage, .. } = event.notice {
            Some(stage)
        } else {
            None
        }
    };
    assert_eq!(stage("created", "needs_response"), Some(DisputeStage::Open));
    assert_eq!(stage("closed", "lost"), Some(DisputeStage::Lost));
    assert_eq!(stage("closed", "won"), Some(DisputeStage::Won));
    assert_eq!(stage("created", "warning_needs_response"), None);
    assert_eq!(stage("closed", "warning_closed"), None);
}

#[test]
fn what_was_signed_and_cannot_be_read_is_an_error() {
    for body in [
        "",
        "[]",
        r#"{"id":"evt_1"}"#,
        r#"{"id":"evt/1","type":"x","data":{"object":{}}}"#,
        r#"{"id":"evt_1","type":"charge.refunded","data":{"object":{"amount_refunded":-1}}}"#,
        r#"{"id":"evt_1","type":"charge.refunded","data":{"object":[]}}"#,
    ] {
        assert!(Event::parse(body.as_bytes()).is_err(), "{body}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        Event::parse(&bytes).ok();
    }
}
