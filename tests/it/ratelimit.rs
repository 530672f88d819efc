//! Rate limits over HTTP: headers on every answer, 429 with a time to come back, one count a request.

use std::num::NonZeroU32;

use model_router::sandbox::{Fault, Vendor};
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use super::router::{Router, ask, error_of, header, text};

const FREE: &str = "llama-3.3-70b-versatile";

fn number(n: u32) -> NonZeroU32 {
    NonZeroU32::new(n).unwrap()
}

async fn limited(free_per_min: u32, free_models_per_day: u32) -> Router {
    Router::with("", |settings| {
        settings.rate_limits.free_per_min = number(free_per_min);
        settings.rate_limits.free_models_per_day = number(free_models_per_day);
    })
    .await
}

fn window(headers: &HeaderMap) -> (u32, u32) {
    let number = |name| header(headers, name).parse::<u32>().unwrap();
    let window = (number("x-ratelimit-limit"), number("x-ratelimit-remaining"));
    let openai = (
        number("x-ratelimit-limit-requests"),
        number("x-ratelimit-remaining-requests"),
    );
    assert_eq!(window, openai);
    assert!(header(headers, "x-ratelimit-reset").parse::<u64>().unwrap() > 1_700_000_000_000);
    assert!(header(headers, "x-ratelimit-reset-requests").ends_with('s'));
    window
}

#[actix_web::test]
async fn every_answer_with_a_key_counts_down_errors_too_and_then_429() {
    let router = limited(5, 100).await;
    let account = router.account("").await;
    let (headers, _) = router.served(&account, &ask(FREE, "Hello")).await;
    assert_eq!(window(&headers), (5, 4));
    let wrong = router.chat(&account, &ask("nobody", "Hello")).await;
    assert_eq!(
        (wrong.status().as_u16(), window(wrong.headers())),
        (404, (5, 3))
    );
    let broke = router.chat(&account, &ask("gpt-4.1", "Hello")).await;
    assert_eq!(
        (broke.status().as_u16(), window(broke.headers())),
        (402, (5, 2))
    );
    let mut streamed = ask(FREE, "Hello");
    streamed["stream"] = json!(true);
    let streamed = router.chat(&account, &streamed).await;
    assert_eq!(
        (streamed.status().as_u16(), window(streamed.headers())),
        (200, (5, 1))
    );
    let credits = router
        .send(Method::GET, "/v1/credits", &account.key, &json!({}))
        .await;
    assert_eq!(
        (credits.status().as_u16(), window(credits.headers())),
        (200, (5, 0))
    );
    let refused = router.chat(&account, &ask(FREE, "Hello")).await;
    assert_eq!(window(refused.headers()), (5, 0));
    let wait: u64 = header(refused.headers(), "retry-after").parse().unwrap();
    assert!((1..=12).contains(&wait), "{wait}");
    let (status, error) = error_of(refused).await;
    assert_eq!(
        (status, &error["code"]),
        (429, &json!("rate_limit_exceeded"))
    );
    let other = router.account("").await;
    router.served(&other, &ask(FREE, "Hello")).await;
}

#[actix_web::test]
async fn an_account_with_credit_has_the_limit_of_those_who_pay() {
    let router = limited(1, 100).await;
    let account = router.account("5").await;
    for _ in 0..3 {
        router.served(&account, &ask("gpt-4.1-mini", "Hello")).await;
    }
}

#[actix_web::test]
async fn a_failover_counts_once() {
    let router = limited(100, 100).await;
    let account = router.account("5").await;
    router
        .sandbox
        .script(Vendor::OpenAi)
        .set(Fault::Status(500));
    let mut body = ask("gpt-4.1", "Hello");
    body["models"] = json!(["grok-3-beta"]);
    let (headers, _) = router.served(&account, &body).await;
    assert!(header(&headers, "x-model-router-attempts").contains(','));
    let (limit, remaining) = window(&headers);
    assert_eq!(limit - remaining, 1);
}

#[actix_web::test]
async fn a_key_has_its_own_rate_beside_that_of_its_account() {
    let router = Router::start().await;
    let owner = router.owner("ada@example.com", "5").await;
    let (id, key) = router
        .make_key(&owner, json!({ "requests_per_minute": 2 }))
        .await;
    let (_, other) = router.make_key(&owner, json!({})).await;
    let body = ask("gpt-4.1-mini", "Hello");
    let (headers, _) = router.served(&key, &body).await;
    assert_eq!(window(&headers), (2, 1));
    // A change of something else does not start it anew.
    let name = json!({ "name": "renamed" });
    let path = format!("/v1/keys/{id}");
    let renamed = router.send(Method::PATCH, &path, &owner.token, &name).await;
    assert_eq!(renamed.status(), 200);
    router.served(&key, &body).await;
    assert_eq!(router.refused(&key, &body).await.0, 429);
    router.served(&other, &body).await;
}

#[actix_web::test]
async fn free_models_are_shared_out_by_the_day() {
    let router = limited(100, 2).await;
    let account = router.account("").await;
    let body = ask(FREE, "Hello");
    router.served(&account, &body).await;
    router.served(&account, &body).await;
    let refused = router.chat(&account, &body).await;
    let wait: u64 = header(refused.headers(), "retry-after").parse().unwrap();
    assert!((1..=86_400).contains(&wait), "{wait}");
    let (status, error) = error_of(refused).await;
    assert_eq!(
        (status, &error["code"]),
        (429, &json!("rate_limit_exceeded"))
    );
    assert!(text(&error["message"]).contains("free models"));
    let other = router.account("").await;
    router.served(&other, &body).await;
}

#[actix_web::test]
async fn who_has_credit_goes_on_with_paid_models_of_the_tier() {
    let router = Router::with("", |settings| {
        settings.rate_limits.paying_free_models_per_day = number(1);
    })
    .await;
    let account = router.account("5").await;
    let mut body = ask("economy", "Hello");
    body["prefer"] = json!("cheap");
    let cost = |headers: &HeaderMap| header(headers, "x-model-router-cost").to_owned();
    let (first, _) = router.served(&account, &body).await;
    assert_eq!(cost(&first), "0");
    let (second, _): (HeaderMap, Value) = router.served(&account, &body).await;
    assert_ne!(cost(&second), "0");
}
