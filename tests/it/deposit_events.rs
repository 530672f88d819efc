//! Stripe's events over HTTP: forged, stale, replayed, spaced anew, mismatched, in another order. One
//! credit in all, and none that is false.

use model_router::sandbox::stripe::sign;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use super::router::text;
use super::shop::{SECRET, Shop, VISA, now_s};

const COMPLETED: &str = "checkout.session.completed";
const SUCCEEDED: &str = "payment_intent.succeeded";

#[actix_web::test]
async fn what_is_not_signed_as_it_came_credits_nothing() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada@example.com").await;
    shop.paid_in_silence(&ada, "10").await;
    let event = shop.event(COMPLETED);
    let body = serde_json::to_string_pretty(&event).unwrap();
    let now_s = now_s();
    let right = sign(SECRET, body.as_bytes(), now_s);
    let other = sign("whsec_of_somebody_else", body.as_bytes(), now_s);
    let empty = sign("", body.as_bytes(), now_s);
    let stale = sign(SECRET, body.as_bytes(), now_s - 310);
    let early = sign(SECRET, body.as_bytes(), now_s + 310);
    let no_time = right.split_once(',').unwrap().1.to_owned();
    for (name, signature) in [
        ("no signature", None),
        ("another secret's", Some(other)),
        ("an empty secret's", Some(empty)),
        ("too old", Some(stale)),
        ("of the future", Some(early)),
        ("without its time", Some(no_time)),
        ("garbage", Some("t=1,v1=zz".to_owned())),
    ] {
        let status = shop.tell_as(body.clone(), signature.as_deref()).await;
        assert_eq!(status, 400, "{name}");
    }
    // The same JSON with other spaces is not what was signed, nor is one with another amount.
    assert_eq!(shop.tell_as(event.to_string(), Some(&right)).await, 400);
    let more = body.replace("1000", "9000");
    assert_eq!(shop.tell_as(more, Some(&right)).await, 400);
    assert_eq!(shop.balance(&ada).await, "0");
    assert_eq!(shop.tell_as(body, Some(&right)).await, 200);
    assert_eq!(shop.balance(&ada).await, "9.6");
    shop.router.verify().await;
}

#[actix_web::test]
async fn any_of_several_secrets_will_do_and_without_one_there_is_no_route() {
    let shop = Shop::with(|settings| {
        settings.deposits.webhook_secrets = vec!["whsec_new".into(), SECRET.into()];
    })
    .await;
    let ada = shop.customer("ada@example.com").await;
    shop.paid_in_silence(&ada, "10").await;
    let body = shop.event(COMPLETED).to_string();
    let old = sign(SECRET, body.as_bytes(), now_s());
    assert_eq!(shop.tell_as(body.clone(), Some(&old)).await, 200);
    let new = sign("whsec_new", body.as_bytes(), now_s());
    // While a secret is rolled, Stripe signs with both in one header.
    let both = format!("{old},{}", new.split_once(',').unwrap().1);
    assert_eq!(shop.tell_as(body, Some(&both)).await, 200);
    assert_eq!(shop.balance(&ada).await, "9.6");

    let closed = Shop::with(|settings| settings.deposits.webhook_secrets.clear()).await;
    let body = "{}".to_owned();
    let empty = sign("", body.as_bytes(), now_s());
    assert_eq!(closed.tell_as(body, Some(&empty)).await, 404);
}

#[actix_web::test]
async fn a_hundred_replays_at_once_are_one_credit() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada@example.com").await;
    shop.paid_in_silence(&ada, "10").await;
    let events = [shop.event(COMPLETED), shop.event(SUCCEEDED)];
    let replays = (0..100).map(|n| shop.tell(&events[n % 2]));
    let statuses = futures_util::future::join_all(replays).await;
    assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
    assert_eq!(shop.balance(&ada).await, "9.6");
    assert_eq!(shop.held("cash:stripe").await, "-10");
    assert_eq!(shop.held("fee").await, "0.4");
    let billing = shop.billing(&ada).await;
    assert_eq!(billing["orders"]["data"][0]["status"], "paid");
    shop.router.verify().await;
}

#[actix_web::test]
async fn a_payment_that_is_not_the_orders_is_answered_and_credits_nothing() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada@example.com").await;
    let eve = shop.customer("eve@example.com").await;
    let (order, ..) = shop.paid_in_silence(&ada, "10").await;
    let honest = shop.event(COMPLETED);
    let (_, other) = shop.ordered(&eve, "10").await;
    let other = shop.stripe.object(&other).unwrap();
    let with = |path: &str, value: Value| {
        let mut event = honest.clone();
        event["id"] = json!(format!("evt_{}", path.replace('/', "_")));
        *event["data"]["object"].pointer_mut(path).unwrap() = value;
        event
    };
    let metadata = "/metadata/model_router_order";
    for (name, event) in [
        ("less", with("/amount_total", json!(999))),
        ("more", with("/amount_total", json!(1001))),
        ("nothing", with("/amount_total", json!(0))),
        ("another currency", with("/currency", json!("jpy"))),
        (
            "another customer",
            with("/customer", other["customer"].clone()),
        ),
        ("nobody", with("/customer", Value::Null)),
        (
            "another's order",
            with(metadata, other["client_reference_id"].clone()),
        ),
        (
            "an unknown order",
            with(
                metadata,
                json!(model_router::ids::OrderId::new().to_string()),
            ),
        ),
        ("no order", with(metadata, json!("x"))),
        ("not paid yet", with("/payment_status", json!("unpaid"))),
    ] {
        assert_eq!(shop.tell(&event).await, 200, "{name}");
        assert_eq!(shop.balance(&ada).await, "0", "{name}");
        assert_eq!(shop.balance(&eve).await, "0", "{name}");
    }
    let mut live = honest.clone();
    live["livemode"] = json!(true);
    assert_eq!(shop.tell(&live).await, 200);
    assert_eq!(
        shop.balance(&ada).await,
        "0",
        "real money's event with a test key"
    );
    for (kind, status) in [("invoice.paid", 200), ("charge.refunded", 400)] {
        let event = json!({ "id": "evt_x", "type": kind, "data": { "object": {} } });
        assert_eq!(shop.tell(&event).await, status, "{kind}");
    }
    assert_eq!(shop.tell(&honest).await, 200);
    assert_eq!(shop.balance(&ada).await, "9.6");
    // The order is paid: another payment for it is not credited, and is for the operator to look at.
    let twice = with("/payment_intent", json!("pi_another"));
    assert_eq!(shop.tell(&twice).await, 200);
    assert_eq!(shop.balance(&ada).await, "9.6");
    let billing = shop.billing(&ada).await;
    assert_eq!(billing["orders"]["data"][0]["id"], order.as_str());
    shop.router.verify().await;
}

#[actix_web::test]
async fn an_event_that_is_too_long_is_refused() {
    let shop = Shop::open().await;
    let body = " ".repeat(300 << 10);
    let signature = sign(SECRET, body.as_bytes(), now_s());
    assert_eq!(shop.tell_as(body, Some(&signature)).await, 413);
}

#[actix_web::test]
async fn refunds_and_disputes_take_credit_and_what_is_won_comes_back() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada@example.com").await;
    let (_, session) = shop.ordered(&ada, "10").await;
    shop.stripe.pay(&session, VISA).unwrap();
    shop.until_balance_is(&ada, "9.6").await;
    let intent = text(&shop.stripe.object(&session).unwrap()["payment_intent"]);
    shop.stripe.refund(&intent, 250).unwrap();
    shop.until_balance_is(&ada, "7.1").await;
    let dispute = shop.stripe.dispute(&intent).unwrap();
    shop.until_balance_is(&ada, "0").await;
    assert_eq!(shop.held("loss:refund").await, "-0.4");
    shop.stripe.close_dispute(&dispute, "won").unwrap();
    shop.until_balance_is(&ada, "7.1").await;
    assert_eq!(shop.held("loss:refund").await, "0");
    assert_eq!(shop.held("cash:stripe").await, "-7.5");
    let billing = shop.billing(&ada).await;
    assert_eq!(billing["orders"]["data"][0]["returned_usd"], "2.5");
    let (_, history) = shop
        .send(&ada, reqwest::Method::GET, "/v1/account/transactions")
        .await;
    let rows = history["data"].as_array().unwrap();
    let kinds: Vec<&str> = rows
        .iter()
        .map(|row| row["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["reinstated", "dispute", "refund", "deposit"]);
    assert!(
        rows.iter()
            .all(|row| row["order_id"] == billing["orders"]["data"][0]["id"])
    );
    shop.router.verify().await;
}

/// What became of one payment, in an order of chance and with repetitions.
fn shuffled(runner: &mut TestRunner, count: usize) -> Vec<usize> {
    let again = prop::collection::vec(0..count, 0..6);
    let positions = again.prop_flat_map(move |mut again| {
        again.extend(0..count);
        Just(again).prop_shuffle()
    });
    positions.new_tree(runner).unwrap().current()
}

#[actix_web::test]
async fn events_in_any_order_end_in_the_same_balances() {
    let shop = Shop::open().await;
    let mut runner = TestRunner::default();
    for round in 0..12 {
        let name = format!("customer{round}@example.com");
        let ada = shop.customer(&name).await;
        let before = shop.stripe.events().len();
        let (_, _, intent) = shop.paid_in_silence(&ada, "20").await;
        shop.stripe.refund(&intent, 300).unwrap();
        shop.stripe.refund(&intent, 200).unwrap();
        let dispute = shop.stripe.dispute(&intent).unwrap();
        let outcome = ["won", "lost"][round % 2];
        shop.stripe.close_dispute(&dispute, outcome).unwrap();
        let events = shop.stripe.events()[before..].to_vec();
        for position in shuffled(&mut runner, events.len()) {
            assert_eq!(shop.tell(&events[position]).await, 200);
        }
        let expected = ["14.2", "0"][round % 2];
        assert_eq!(shop.balance(&ada).await, expected, "{outcome}");
        let billing = shop.billing(&ada).await;
        let returned = ["5", "20"][round % 2];
        assert_eq!(billing["orders"]["data"][0]["returned_usd"], returned);
        assert!(billing["card"].is_object());
    }
    assert_eq!(shop.held("fee").await, "9.6");
    shop.router.verify().await;
}
