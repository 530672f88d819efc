//! Long conversations for `auto` keep nobody else waiting, and only so many of them wait.

use std::sync::mpsc::{Receiver, channel};

use actix::{Context, Handler, Message};
use futures_util::future::{Either, select};
use model_router::actors::classifier::Classifier;
use model_router::sandbox::{Fault, Vendor};
use serde_json::json;

use super::router::{Router, ask, error_of, text};

/// Keeps the classifier busy until the other end is dropped, as a queue of long conversations does.
#[derive(Message)]
#[rtype(result = "()")]
struct Long(Receiver<()>);

impl Handler<Long> for Classifier {
    type Result = ();

    fn handle(&mut self, Long(end): Long, _: &mut Context<Self>) {
        assert!(end.recv().is_err());
    }
}

#[actix_web::test]
async fn small_requests_do_not_wait_for_long_conversations() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    let (end, busy) = channel();
    router.desk.classifier.do_send(Long(busy));
    let small = async {
        for _ in 0..3 {
            router.served(&account, &ask("gpt-4.1", "Hello")).await;
            router.served(&account, &ask("standard", "Hello")).await;
        }
    };
    let auto = ask("auto", "Compare quicksort and mergesort.");
    let waiting = std::pin::pin!(router.chat(&account, &auto));
    let small = std::pin::pin!(small);
    match select(waiting, small).await {
        Either::Left(_) => panic!("auto was answered by a classifier that was busy"),
        Either::Right(((), waiting)) => {
            drop(end);
            assert_eq!(waiting.await.status(), 200);
        }
    }
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
