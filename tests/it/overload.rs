//! More than fits: the surplus is told at once, and when to come back.

use std::time::{Duration, Instant};

use model_router::sandbox::{Fault, Vendor};
use serde_json::{Value, json};

use super::router::{Account, Router, ask, text};

/// The answer to a request too many: status, code, and how long it took.
async fn surplus(router: &Router, account: &Account, body: &Value) -> (u16, String, Duration) {
    // The fastest of five: what is measured is the router, not the machine.
    let mut best = Duration::MAX;
    let mut told = (0, String::new());
    for _ in 0..5 {
        let asked = Instant::now();
        let response = router.chat(account, body).await;
        let wait = response.headers()["retry-after"].to_str().unwrap();
        assert!(wait.parse::<u64>().unwrap() >= 1);
        let status = response.status().as_u16();
        let refusal: Value = response.json().await.unwrap();
        best = best.min(asked.elapsed());
        told = (status, text(&refusal["error"]["code"]));
    }
    (told.0, told.1, best)
}

#[actix_web::test]
async fn surplus_requests_are_told_within_fifty_milliseconds() {
    for (whole_router, status, code) in [(1, 503, "overloaded"), (64, 429, "rate_limit_exceeded")] {
        let router = Router::with("", |settings| {
            settings.limits.requests_in_flight = whole_router;
            settings.limits.running_per_account = 1;
        })
        .await;
        let account = router.account("5.00").await;
        let script = router.sandbox.script(Vendor::OpenAi);
        script.set(Fault::DelayMs(2_000));
        let mut body = ask("gpt-4.1", "Hello");
        for stream in [false, true] {
            body["stream"] = json!(stream);
            let number = script.calls().len() + 1;
            let too_many = async {
                assert!(script.wait(|calls| calls.len() == number).await);
                surplus(&router, &account, &body).await
            };
            let (first, told) = tokio::join!(router.chat(&account, &body), too_many);
            assert_eq!(first.status(), 200);
            first.text().await.unwrap();
            assert_eq!((told.0, told.1.as_str()), (status, code));
            assert!(told.2 <= Duration::from_millis(50), "{:?}", told.2);
        }
        // Nothing of the surplus went upstream, and there is room again.
        assert_eq!(script.calls().len(), 2);
        script.clear();
        router.served(&account, &ask("gpt-4.1", "Hello")).await;
        router.verify().await;
    }
}
