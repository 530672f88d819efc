//! Twenty accounts, of which some have targets that are dead, slow or refuse: nobody else notices.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use super::collector::{Collector, Manner};
use super::router::{Account, Router, ask, header, text};
use super::spans::{exporting, router};

const ROUNDS: usize = 5;

async fn status(router: &Router, account: &Account) -> Value {
    let shown = router
        .send(Method::GET, "/v1/account", &account.key, &json!({}))
        .await;
    let body: Value = shown.json().await.unwrap();
    body["telemetry"]["status"].clone()
}

/// The slowest of some requests by accounts in turn.
async fn slowest(router: &Router, accounts: &[Account]) -> (Duration, Vec<String>) {
    let mut slowest = Duration::ZERO;
    let mut served = Vec::new();
    for _ in 0..ROUNDS {
        for account in accounts {
            let began = Instant::now();
            let (headers, _) = router.served(account, &ask("gpt-4.1", "x")).await;
            slowest = slowest.max(began.elapsed());
            served.push(header(&headers, "x-model-router-generation-id").to_owned());
        }
    }
    (slowest, served)
}

#[actix_web::test]
async fn a_target_that_is_dead_slow_or_refuses_harms_nobody_else() {
    let router = router().await;
    let well = Collector::start(Manner::Takes).await;
    // Slower than all that follows takes.
    let slow = Collector::start(Manner::Slow(Duration::from_secs(60))).await;
    let refusing = Collector::start(Manner::Answers(401, "", "no such key".to_owned())).await;
    let mut accounts = Vec::new();
    for number in 0..20 {
        let endpoint = match number {
            0 => "http://127.0.0.1:1".to_owned(),
            1 => slow.url(),
            2 => refusing.url(),
            _ => well.url(),
        };
        let email = format!("{number}@example.com");
        accounts.push(exporting(&router, &email, json!({ "endpoint": endpoint })).await);
    }
    let (slowest, served) = slowest(&router, &accounts).await;
    assert!(
        slowest < Duration::from_secs(10),
        "{slowest:?}: a target was waited for"
    );
    let expected: Vec<&String> = (0..served.len())
        .filter(|i| i % accounts.len() > 2)
        .map(|i| &served[i])
        .collect();
    let arrived = |id: &str| {
        let received = well.received.borrow();
        let mut spans = received.spans.iter();
        spans.any(|span| super::collector::string(span, "model_router.generation.id") == id)
    };
    well.wait(|received| received.spans.len() >= expected.len() * 2)
        .await;
    assert!(expected.iter().all(|id| arrived(id)));

    let deadline = Instant::now() + Duration::from_secs(20);
    for (number, said) in [(0, "no connection"), (2, "no such key")] {
        loop {
            let status = status(&router, &accounts[number]).await;
            if status["last_error"].is_string() {
                assert!(text(&status["last_error"]).contains(said), "{status}");
                assert_eq!(status["exported_spans"], 0);
                break;
            }
            assert!(Instant::now() < deadline, "{number}: {status}");
        }
    }
    let own = status(&router, &accounts[3]).await;
    assert_eq!(
        (&own["state"], &own["last_error"]),
        (&json!("flowing"), &Value::Null)
    );
    assert_eq!(own["dropped_spans"], 0);

    // A target that is well again gets what comes then.
    refusing.behave(Manner::Takes);
    let deadline = Instant::now() + Duration::from_secs(20);
    while refusing.received.borrow().spans.is_empty() {
        router.served(&accounts[2], &ask("gpt-4.1", "x")).await;
        assert!(Instant::now() < deadline, "it rests for ever");
    }
}
