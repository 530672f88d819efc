//! Who is asked again, after which wait, and how often.

use std::time::{Duration, Instant};

use model_router::sandbox::{Fault, Vendor};
use serde_json::{Value, json};

use super::failover::{CHAT_ONLY, attempts, by_quality};
use super::router::{Router, ask, error_of, header, text};

/// A named model with one fallback at another provider.
fn named() -> Value {
    let mut body = ask("gpt-4.1", "Hello");
    body["models"] = json!(["grok-3-beta"]);
    body
}

#[actix_web::test]
async fn a_named_model_that_failed_is_asked_once_more_before_its_fallback() {
    let router = Router::with(CHAT_ONLY, |_| {}).await;
    let account = router.account("5.00").await;
    let script = router.sandbox.script(Vendor::OpenAi);
    for status in [500, 502, 503, 504] {
        script.next(1, Fault::Status(status));
        let began = Instant::now();
        let tried = attempts(&router, &account, &named()).await;
        assert_eq!(tried, format!("openai/gpt-4.1:{status},openai/gpt-4.1:ok"));
        assert!(began.elapsed() >= Duration::from_millis(100), "no pause");
    }
    script.next(2, Fault::Status(503));
    assert_eq!(
        attempts(&router, &account, &named()).await,
        "openai/gpt-4.1:503,openai/gpt-4.1:503,xai/grok-3-beta:ok"
    );
    router.verify().await;
}

#[actix_web::test]
async fn other_failures_of_a_named_model_go_to_its_fallback_at_once() {
    let router = Router::with(CHAT_ONLY, |_| {}).await;
    let account = router.account("5.00").await;
    for (fault, told) in [
        (Fault::Reset, "connect"),
        (Fault::Garbage, "malformed"),
        (Fault::Empty, "empty"),
    ] {
        router.sandbox.script(Vendor::OpenAi).next(1, fault);
        let tried = attempts(&router, &account, &named()).await;
        assert_eq!(tried, format!("openai/gpt-4.1:{told},xai/grok-3-beta:ok"));
    }
}

#[actix_web::test]
async fn a_short_wait_of_a_named_model_is_kept_to() {
    let router = Router::with(CHAT_ONLY, |_| {}).await;
    let account = router.account("5.00").await;
    let script = router.sandbox.script(Vendor::OpenAi);
    for body in [named(), ask("gpt-4.1", "Hello")] {
        script.next(1, [Fault::Status(429), Fault::RetryAfter(1)]);
        let began = Instant::now();
        let tried = attempts(&router, &account, &body).await;
        assert_eq!(tried, "openai/gpt-4.1:429,openai/gpt-4.1:ok");
        assert!(began.elapsed() >= Duration::from_secs(1), "it did not wait");
    }
}

#[actix_web::test]
async fn a_request_that_finds_its_named_model_cooling_waits_too() {
    let router = Router::with(CHAT_ONLY, |_| {}).await;
    let account = router.account("5.00").await;
    let script = router.sandbox.script(Vendor::OpenAi);
    script.next(1, [Fault::Status(429), Fault::RetryAfter(1)]);
    let mut tier = by_quality("Hello");
    tier["provider"] = json!({ "order": ["openai"] });
    let tried = attempts(&router, &account, &tier).await;
    let cooling = tried.split(':').next().unwrap();
    let model = cooling.split('/').nth(1).unwrap();
    let began = Instant::now();
    let tried = attempts(&router, &account, &ask(model, "Hello")).await;
    assert_eq!(tried, format!("{cooling}:ok"));
    assert!(
        began.elapsed() >= Duration::from_millis(500),
        "it did not wait"
    );
}

#[actix_web::test]
async fn a_long_wait_is_not_kept_to() {
    let router = Router::with(CHAT_ONLY, |_| {}).await;
    let account = router.account("5.00").await;
    let script = router.sandbox.script(Vendor::OpenAi);
    script.next(1, [Fault::Status(429), Fault::RetryAfter(4)]);
    let began = Instant::now();
    assert_eq!(
        attempts(&router, &account, &named()).await,
        "openai/gpt-4.1:429,xai/grok-3-beta:ok"
    );
    assert!(began.elapsed() < Duration::from_secs(2));
}

#[actix_web::test]
async fn a_rate_limit_for_ever_ends_at_the_fallback() {
    let router = Router::with(CHAT_ONLY, |_| {}).await;
    let account = router.account("5.00").await;
    let script = router.sandbox.script(Vendor::OpenAi);
    script.set([Fault::Status(429), Fault::RetryAfter(1)]);
    assert_eq!(
        attempts(&router, &account, &named()).await,
        "openai/gpt-4.1:429,openai/gpt-4.1:429,xai/grok-3-beta:ok"
    );
}

#[actix_web::test]
async fn the_smallest_wait_reaches_the_caller() {
    let router = Router::with(CHAT_ONLY, |_| {}).await;
    let account = router.account("5.00").await;
    let limited = |seconds| [Fault::Status(429), Fault::RetryAfter(seconds)];
    router.sandbox.script(Vendor::OpenAi).set(limited(40));
    router.sandbox.script(Vendor::Xai).set(limited(7));
    for _ in 0..2 {
        // The second time nobody is asked, and the answer is the same.
        let response = router.chat(&account, &named()).await;
        let wait: u64 = header(response.headers(), "retry-after").parse().unwrap();
        assert!((5..=7).contains(&wait), "{wait}");
        let (status, error) = error_of(response).await;
        assert_eq!(
            (status, text(&error["code"]).as_str()),
            (429, "upstream_rate_limited")
        );
    }
    assert_eq!(router.sandbox.script(Vendor::Xai).calls().len(), 1);
}

#[actix_web::test]
async fn the_silent_route_is_not_asked_again() {
    let router = Router::with(CHAT_ONLY, |settings| settings.failover.first_token_ms = 150).await;
    let account = router.account("5.00").await;
    let script = router.sandbox.script(Vendor::OpenAi);
    script.set(Fault::Hang);
    let mut body = named();
    body["stream"] = json!(true);
    assert_eq!(
        attempts(&router, &account, &body).await,
        "openai/gpt-4.1:timeout,xai/grok-3-beta:ok"
    );
    assert_eq!(script.call_count("gpt-4.1"), 1);
}

#[actix_web::test]
async fn a_request_makes_three_attempts_at_the_most() {
    let router = Router::with(CHAT_ONLY, |_| {}).await;
    let account = router.account("5.00").await;
    for vendor in Vendor::ALL {
        router.sandbox.script(vendor).set(Fault::Status(503));
    }
    let (status, error) = router.refused(&account, &ask("standard", "Hello")).await;
    assert_eq!(status, 502, "{error}");
    assert_eq!(error["metadata"]["attempts"].as_array().unwrap().len(), 3);
    let calls = Vendor::ALL.map(|vendor| router.sandbox.script(vendor).calls().len());
    assert_eq!(calls.iter().sum::<usize>(), 3);
}

#[actix_web::test]
async fn when_everything_fails_retries_stay_within_their_budget() {
    const REQUESTS: usize = 100;
    let router = Router::with(CHAT_ONLY, |settings| {
        // Only the budget holds attempts back here.
        settings.breaker.consecutive_failures = 100_000;
        settings.breaker.min_samples = 100_000;
        settings.failover.retries_per_s = 1;
    })
    .await;
    let account = router.account("5.00").await;
    let vendors = [Vendor::OpenAi, Vendor::Xai];
    for vendor in vendors {
        router.sandbox.script(vendor).set(Fault::Status(500));
    }
    let began = Instant::now();
    for _ in 0..REQUESTS {
        let (status, error) = router.refused(&account, &by_quality("Hello")).await;
        assert_eq!(status, 502, "{error}");
    }
    let calls: usize = vendors
        .map(|vendor| router.sandbox.script(vendor).calls().len())
        .iter()
        .sum();
    // Each of the two providers begins with the retries of one second.
    let seconds = usize::try_from(began.elapsed().as_secs()).unwrap() + 2;
    let most = REQUESTS * 12 / 10 + vendors.len() * seconds;
    assert!(
        (REQUESTS + 1..=most).contains(&calls),
        "{calls} calls, at most {most}"
    );
}

#[actix_web::test]
async fn who_waits_for_credit_does_not_keep_others_from_probing() {
    let router = Router::with(CHAT_ONLY, |settings| {
        settings.breaker.consecutive_failures = 1;
        settings.breaker.rest_ms = 100;
    })
    .await;
    let (poor, other) = (router.account("0.001").await, router.account("5.00").await);
    let gpt = ask("gpt-4.1", "Hello");
    router
        .sandbox
        .script(Vendor::OpenAi)
        .set(Fault::Status(500));
    router.refused(&other, &gpt).await;
    router.sandbox.script(Vendor::OpenAi).clear();
    router.sandbox.script(Vendor::Xai).set(Fault::Hang);
    let (grok, again) = (ask("grok-3-beta", "Hello"), gpt.clone());
    let holds_all = router
        .post(&poor, "/v1/chat/completions")
        .json(&grok)
        .send();
    let holds_all = actix_web::rt::spawn(holds_all);
    while router.sandbox.script(Vendor::Xai).calls().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // The rest is over by then.
    tokio::time::sleep(Duration::from_millis(150)).await;
    let waits = router
        .post(&poor, "/v1/chat/completions")
        .json(&again)
        .send();
    let waits = actix_web::rt::spawn(waits);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!waits.is_finished(), "it waits for credit");
    let tried = attempts(&router, &other, &gpt).await;
    assert_eq!(tried, "openai/gpt-4.1:ok");
    holds_all.abort();
    waits.abort();
}
