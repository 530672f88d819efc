//! Ordering once: the same key at the same time, with another amount, after a lost answer.

use std::time::Duration;

use model_router::sandbox::stripe::{Call, Fault};
use serde_json::{Value, json};

use super::router::error_of;
use super::shop::{Shop, VISA, page_of};

fn sessions(calls: &[Call]) -> Vec<&Call> {
    let of_page = |call: &&Call| call.path == "/v1/checkout/sessions";
    calls.iter().filter(of_page).collect()
}

#[actix_web::test]
async fn two_hundred_at_once_with_one_key_are_one_order() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada@example.com").await;
    // Stripe takes its time, so that all of them come before the first is answered.
    shop.stripe.next(Fault::Delay(Duration::from_millis(150)));
    let all = (0..200).map(|_| shop.order(&ada, "10", Some("once")));
    let responses = futures_util::future::join_all(all).await;
    let mut answers: Vec<String> = Vec::new();
    let mut running = 0;
    for response in responses {
        match response.status().as_u16() {
            200 => answers.push(response.text().await.unwrap()),
            _ => {
                let (status, error) = error_of(response).await;
                assert_eq!(
                    (status, &error["code"]),
                    (409, &json!("idempotency_running"))
                );
                running += 1;
            }
        }
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert!(running > 0);
    // Afterwards it is the first answer, to the byte.
    let again = shop.order(&ada, "10", Some("once")).await;
    assert_eq!(again.text().await.unwrap(), answers[0]);
    let (status, error) = error_of(shop.order(&ada, "11", Some("once")).await).await;
    assert_eq!(
        (status, &error["code"]),
        (422, &json!("idempotency_conflict"))
    );
    assert_eq!(sessions(&shop.stripe.calls()).len(), 1);
    let billing = shop.billing(&ada).await;
    assert_eq!(billing["orders"]["data"].as_array().unwrap().len(), 1);
    // The key is the account's own.
    let eve = shop.customer("eve@example.com").await;
    assert_eq!(shop.order(&eve, "11", Some("once")).await.status(), 200);
}

#[actix_web::test]
async fn an_answer_that_was_lost_is_asked_for_again_under_the_same_key() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada@example.com").await;
    shop.ordered(&ada, "5").await;
    shop.stripe.next(Fault::LoseAnswer);
    let response = shop.order(&ada, "10", None).await;
    assert_eq!(response.status(), 200);
    let calls = shop.stripe.calls();
    let pages = sessions(&calls);
    assert_eq!(pages.len(), 3);
    assert_eq!(pages[1], pages[2]);
    let answer: Value = response.json().await.unwrap();
    let session = page_of(&answer);
    shop.stripe.pay(&session, VISA).unwrap();
    shop.until_balance_is(&ada, "9.6").await;
}

#[actix_web::test]
async fn an_order_that_stripe_never_answered_is_the_same_when_it_is_placed_again() {
    let shop = Shop::with(|settings| settings.deposits.attempts = 1).await;
    let ada = shop.customer("ada@example.com").await;
    shop.ordered(&ada, "5").await;
    shop.stripe.next(Fault::LoseAnswer);
    let failed = shop.order(&ada, "10", Some("k")).await;
    let (status, error) = error_of(failed).await;
    assert_eq!(
        (status, &error["code"]),
        (502, &json!("payment_processor_failed"))
    );
    assert!(!error.to_string().contains("sk_test"), "{error}");
    let again = shop.order(&ada, "10", Some("k")).await;
    assert_eq!(again.status(), 200);
    let calls = shop.stripe.calls();
    let pages = sessions(&calls);
    assert_eq!(pages[1], pages[2]);
    let billing = shop.billing(&ada).await;
    let orders = billing["orders"]["data"].as_array().unwrap();
    assert_eq!(orders.len(), 2);
    assert_eq!(orders[0]["status"], "open");
}

#[actix_web::test]
async fn an_order_that_stripe_refused_has_failed_and_its_key_is_free() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada@example.com").await;
    shop.ordered(&ada, "5").await;
    shop.stripe.next(Fault::Status(403));
    let (status, _) = error_of(shop.order(&ada, "10", Some("k")).await).await;
    assert_eq!(status, 502);
    let billing = shop.billing(&ada).await;
    assert_eq!(billing["orders"]["data"][0]["status"], "failed");
    assert_eq!(shop.order(&ada, "12", Some("k")).await.status(), 200);
}

#[actix_web::test]
async fn whoever_leaves_before_the_answer_finds_the_order_made() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada@example.com").await;
    shop.ordered(&ada, "5").await;
    shop.stripe.next(Fault::Delay(Duration::from_millis(200)));
    let impatient = shop.order(&ada, "10", Some("k"));
    let left = tokio::time::timeout(Duration::from_millis(80), impatient).await;
    assert!(left.is_err(), "answered too soon");
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    loop {
        let response = shop.order(&ada, "10", Some("k")).await;
        match response.status().as_u16() {
            200 => break,
            status => assert_eq!(status, 409),
        }
        assert!(std::time::Instant::now() < deadline, "running for ever");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(sessions(&shop.stripe.calls()).len(), 2);
}
