//! Long conversations for `auto` keep nobody else waiting, and only so many of them wait.

use bytes::Bytes;
use futures_util::FutureExt;
use model_router::actors::classifier::{Classify, Purpose};
use model_router::http::transcript::transcript;
use model_router::routing::classify::Circumstances;
use model_router::sandbox::{Fault, Vendor};
use model_router::wire::ChatRequest;
use serde_json::json;

use super::router::{Router, ask, error_of, text};

/// Far more than are classified while a few small requests are answered: seconds against milliseconds.
const QUEUED: usize = 2_000;
const SMALL: usize = 10;

#[actix_web::test]
async fn small_requests_do_not_wait_for_long_conversations() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    let long = "Find out why 3 of 400 tasks ran twice, and prove the fix.\n".repeat((1 << 20) / 58);
    let long = ChatRequest::parse(Bytes::from(ask("auto", &long).to_string())).unwrap();
    let conversation = transcript(&long);
    let classify = || Classify {
        conversation: conversation.clone(),
        circumstances: Circumstances::default(),
        purpose: Purpose::Explain,
    };
    let classifier = &router.desk.classifier;
    let mut queue: Vec<_> = (0..QUEUED).map(|_| classifier.send(classify())).collect();
    for _ in 0..SMALL {
        router.served(&account, &ask("gpt-4.1", "Hello")).await;
    }
    let last = queue.pop().unwrap();
    assert!(
        last.now_or_never().is_none(),
        "the queue was worked off before {SMALL} small requests were answered"
    );
    let first = queue.swap_remove(0);
    assert!(first.await.is_ok(), "it is being worked off all the same");
}

#[actix_web::test]
async fn as_many_wait_for_the_classifier_as_may_run_and_no_more() {
    let router = Router::with("", |settings| settings.limits.requests_in_flight = 1).await;
    let account = router.account("5.00").await;
    let script = router.sandbox.script(Vendor::OpenAi);
    script.set(Fault::DelayMs(1_000));
    let surplus = async {
        assert!(script.wait(|calls| calls.len() == 1).await);
        for path in ["/v1/chat/completions", "/v1/route"] {
            let asked = router.post(&account, path).json(&ask("auto", "Hello"));
            let (status, error) = error_of(asked.send().await.unwrap()).await;
            assert_eq!((status, text(&error["code"]).as_str()), (503, "overloaded"));
        }
    };
    let body = ask("gpt-4.1", "Hello");
    let (running, ()) = tokio::join!(router.chat(&account, &body), surplus);
    assert_eq!(running.status(), 200);
    running.text().await.unwrap();
    let asked = router.post(&account, "/v1/route").json(&json!({
        "model": "auto", "messages": [{ "role": "user", "content": "Hello" }]
    }));
    assert_eq!(
        asked.send().await.unwrap().status(),
        200,
        "there is room again"
    );
}
