//! The double answers as Stripe's API says.

use reqwest::{Client, Response};
use serde_json::Value;

use super::*;

async fn post(stripe: &Stripe, path: &str, key: Option<&str>, form: &str) -> Response {
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    let request = Client::new()
        .post(format!("{}{path}", stripe.base_url()))
        .bearer_auth("sk_test_12345")
        .body(form.to_owned());
    let request = match key {
        Some(key) => request.header("idempotency-key", key),
        None => request,
    };
    request.send().await.unwrap()
}

async fn body(response: Response) -> Value {
    serde_json::from_str(&response.text().await.unwrap()).unwrap()
}

async fn customer(stripe: &Stripe) -> String {
    let made = body(post(stripe, "/v1/customers", None, "email=a@b.c").await).await;
    made["id"].as_str().unwrap().to_owned()
}

fn charge(customer: &str, method: &str, amount: u64) -> String {
    format!(
        "amount={amount}&currency=usd&customer={customer}&payment_method={method}&off_session=true&confirm=true&metadata[order]=o1"
    )
}

#[actix_web::test]
async fn a_key_with_the_same_form_is_the_same_object_and_with_another_one_is_refused() {
    let stripe = Stripe::start().unwrap();
    let customer = customer(&stripe).await;
    let form = charge(&customer, "pm_card_visa", 2000);
    let first = body(post(&stripe, "/v1/payment_intents", Some("k"), &form).await).await;
    assert_eq!(first["status"], "succeeded");
    let again = post(&stripe, "/v1/payment_intents", Some("k"), &form).await;
    assert_eq!(again.headers()["idempotent-replayed"], "true");
    assert_eq!(body(again).await, first);
    let form = charge(&customer, "pm_card_visa", 2001);
    let other = post(&stripe, "/v1/payment_intents", Some("k"), &form).await;
    assert_eq!(other.status(), 400);
    assert_eq!(body(other).await["error"]["type"], "idempotency_error");
    // A request that is wrong in itself does not use its key up.
    let wrong = post(&stripe, "/v1/payment_intents", Some("w"), "amount=x").await;
    assert_eq!(wrong.status(), 400);
    let right = post(&stripe, "/v1/payment_intents", Some("w"), &form).await;
    assert_eq!(right.status(), 200);
}

#[actix_web::test]
async fn a_call_that_is_under_way_is_not_begun_twice() {
    let stripe = Stripe::start().unwrap();
    stripe.next(Fault::Delay(Duration::from_millis(300)));
    let slow = post(&stripe, "/v1/customers", Some("k"), "email=a@b.c");
    let fast = async {
        while stripe.calls().is_empty() {
            tokio::task::yield_now().await;
        }
        post(&stripe, "/v1/customers", Some("k"), "email=a@b.c").await
    };
    let (slow, fast) = tokio::join!(slow, fast);
    assert_eq!((slow.status().as_u16(), fast.status().as_u16()), (200, 409));
}

#[actix_web::test]
async fn test_cards_pay_decline_and_want_to_be_authenticated() {
    let stripe = Stripe::start().unwrap();
    let customer = customer(&stripe).await;
    for (card, code, decline_code) in [
        ("pm_card_chargeDeclined", "card_declined", "generic_decline"),
        (
            "pm_card_authenticationRequired",
            "authentication_required",
            "authentication_required",
        ),
    ] {
        let form = charge(&customer, card, 2000);
        let refused = post(&stripe, "/v1/payment_intents", None, &form).await;
        assert_eq!(refused.status(), 402);
        let error = body(refused).await["error"].clone();
        assert_eq!(error["code"], code);
        assert_eq!(error["decline_code"], decline_code);
        assert_eq!(error["payment_intent"]["status"], "requires_payment_method");
    }
    let kinds: Vec<Value> = stripe.events().iter().map(|e| e["type"].clone()).collect();
    assert_eq!(kinds[1..], ["payment_intent.payment_failed"; 2]);
}

#[actix_web::test]
async fn cards_are_attached_listed_and_detached() {
    let stripe = Stripe::start().unwrap();
    let customer = customer(&stripe).await;
    let form = format!("customer={customer}");
    let path = "/v1/payment_methods/pm_card_visa/attach";
    let method = body(post(&stripe, path, None, &form).await).await;
    assert_eq!(method["card"]["last4"], "4242");
    let list = async || {
        let url = format!("{}/v1/payment_methods?{form}&type=card", stripe.base_url());
        let request = Client::new().get(url).basic_auth("sk_test_12345", Some(""));
        body(request.send().await.unwrap()).await["data"].clone()
    };
    assert_eq!(list().await, serde_json::json!([method]));
    let path = format!(
        "/v1/payment_methods/{}/detach",
        method["id"].as_str().unwrap()
    );
    assert_eq!(post(&stripe, &path, None, "").await.status(), 200);
    assert_eq!(list().await, serde_json::json!([]));
    assert_eq!(post(&stripe, &path, None, "").await.status(), 400);
}

#[actix_web::test]
async fn nothing_is_answered_without_a_secret_key() {
    let stripe = Stripe::start().unwrap();
    for key in ["", "pk_test_1", "sk_test_invalid"] {
        let request = Client::new()
            .post(format!("{}/v1/customers", stripe.base_url()))
            .bearer_auth(key);
        assert_eq!(request.send().await.unwrap().status(), 401, "{key}");
    }
}
