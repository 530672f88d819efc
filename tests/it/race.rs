//! A thousand requests at once for the last five dollars.

use std::cell::Cell;
use std::collections::BTreeMap;

use futures_util::future::join_all;
use reqwest::Client;
use serde_json::Value;

use super::router::{Account, Router, ask, pico};

/// A model of which forty tokens are exactly ten cents, and whose input is free.
pub fn ten_cents(upstream: &str) -> String {
    format!(
        r#"
[[model]]
id = "ten-cents"
provider = "openai"
upstream = "{upstream}"
tier = "premium"
context_window = 100000
max_output = 4000
price = {{ input = 0, output = 2500 }}
abilities = []
quality = 0.5
coding = 0.5
ttft_ms = 500
tokens_per_s = 100
"#
    )
}
const REQUESTS: usize = 1000;
const PATIENCE_MS: u64 = 60_000;
const FIVE_DOLLARS: i64 = 5_000_000_000_000;

/// Runs the race so many times, each on an account of its own.
pub async fn repeat(times: u32) {
    let mut router = Router::with(&ten_cents("ten-cents"), |settings| {
        // The thousand callers share a thread: on a busy machine it takes them long to send what they
        // have begun, and the simulated provider long to take it.
        settings.limits.body_first_byte_ms = PATIENCE_MS;
        settings.failover.connect_ms = PATIENCE_MS;
        settings.failover.last_first_token_ms = PATIENCE_MS;
        // Connections that starve would else trip the model, and the surplus get 503.
        settings.breaker.consecutive_failures = 10_000;
        settings.breaker.min_samples = 10_000;
    })
    .await;
    // A connection of its own for each: one that rested too long may be closed under the request.
    router.client = Client::builder().pool_max_idle_per_host(0).build().unwrap();
    for _ in 0..times {
        let account = router.account("5.00").await;
        one(&router, &account).await;
    }
    router.verify().await;
}

async fn one(router: &Router, account: &Account) {
    let mut body = ask("ten-cents", "[[tokens:40]] one of a thousand");
    body["max_tokens"] = 40.into();
    let over = Cell::new(false);
    let (answers, ()) = tokio::join!(
        async {
            let answers = join_all((0..REQUESTS).map(|_| router.chat(account, &body))).await;
            over.set(true);
            answers
        },
        async {
            while !over.get() {
                watch(router, account).await;
            }
        }
    );
    let mut counts = BTreeMap::new();
    for answer in answers {
        let status = answer.status().as_u16();
        let body: Value = answer.json().await.unwrap();
        let code = body["error"]["code"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        *counts.entry((status, code)).or_insert(0) += 1;
    }
    let served = ((200, String::new()), 50);
    let refused = ((402, "insufficient_credits".to_owned()), REQUESTS - 50);
    assert_eq!(counts, BTreeMap::from([served, refused]));
    assert_eq!(watch(router, account).await, (0, FIVE_DOLLARS));
}

/// Balance and spending; neither may ever be impossible.
async fn watch(router: &Router, account: &Account) -> (i64, i64) {
    let credits = router.get(account, "/v1/credits").await;
    let figure = |name: &str| pico(credits["data"][name].as_str().unwrap());
    let (balance, spent) = (figure("balance"), figure("total_usage"));
    assert!(balance >= 0 && spent <= FIVE_DOLLARS, "{credits}");
    (balance, spent)
}

#[actix_web::test]
async fn of_a_thousand_requests_of_ten_cents_five_dollars_serve_exactly_fifty() {
    repeat(1).await;
}
