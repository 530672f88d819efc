//! Clocks, and what counts as the first content.

use std::time::{Duration, Instant};

use model_router::sandbox::{Fault, Vendor};
use serde_json::json;
use tokio::io::AsyncWriteExt;

use super::failover::{CHAT_ONLY, attempts, by_quality};
use super::plain::Plain;
use super::router::{Router, ask, chunks, streamed_text, text};

const SSE: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
const ROLE: &str =
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n";
const SEALED: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"reasoning_details\":\
    [{\"type\":\"reasoning.encrypted\",\"data\":\"b3BhcXVl\"}]}}]}\n\n";

#[actix_web::test]
async fn silence_is_left_for_another_after_its_clock() {
    let router = Router::with(CHAT_ONLY, |settings| {
        settings.failover.first_token_ms = 100;
        settings.failover.answer_ms = 100;
    })
    .await;
    let account = router.account("5.00").await;
    router
        .sandbox
        .script(Vendor::OpenAi)
        .set_for("gpt-5.3-chat-latest", Fault::Hang);
    for stream in [false, true] {
        let mut body = by_quality("Hello");
        body["stream"] = json!(stream);
        let tried = attempts(&router, &account, &body).await;
        assert!(
            tried.starts_with("openai/gpt-5.3-chat-latest:timeout,"),
            "{tried}"
        );
    }
}

#[actix_web::test]
async fn bytes_without_content_do_not_put_the_first_token_off() {
    let plain = Plain::serve(async |mut socket| {
        socket.write_all(SSE.as_bytes()).await.ok();
        let noise = format!(": ping\n\n{ROLE}{SEALED}");
        while socket.write_all(noise.as_bytes()).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    let router = Router::with(&plain.overlay(), |settings| {
        settings.failover.first_token_ms = 300;
    })
    .await;
    let account = router.account("5.00").await;
    let mut body = ask("plain-model", "Hello");
    body["models"] = json!(["grok-3-beta"]);
    body["stream"] = json!(true);
    let began = Instant::now();
    let tried = attempts(&router, &account, &body).await;
    assert_eq!(tried, "plain/plain-model:timeout,xai/grok-3-beta:ok");
    assert!(began.elapsed() < Duration::from_secs(3));
}

#[actix_web::test]
async fn reasoning_that_nobody_can_read_is_not_the_first_content() {
    let plain = Plain::serve(async |mut socket| {
        let answer = format!("{SSE}{ROLE}{SEALED}");
        socket.write_all(answer.as_bytes()).await.ok();
    })
    .await;
    let router = Router::with(&plain.overlay(), |_| {}).await;
    let account = router.account("5.00").await;
    let mut body = ask("plain-model", "Hello");
    body["models"] = json!(["grok-3-beta"]);
    body["stream"] = json!(true);
    let response = router.chat(&account, &body).await;
    assert_eq!(response.headers()["x-model-router-model"], "grok-3-beta");
    let chunks = chunks(&response.text().await.unwrap());
    assert!(!streamed_text(&chunks).is_empty());
    assert!(
        chunks
            .iter()
            .all(|chunk| !chunk.to_string().contains("b3BhcXVl")),
        "nothing of the first attempt is left"
    );
}

#[actix_web::test]
async fn a_model_has_clocks_of_its_own() {
    let own = "[[model]]\nid = \"gpt-4.1\"\ntimeouts = { first_token_ms = 100 }\n";
    let router = Router::with(&format!("{CHAT_ONLY}{own}"), |_| {}).await;
    let account = router.account("5.00").await;
    router.sandbox.script(Vendor::OpenAi).set(Fault::Hang);
    let mut body = ask("gpt-4.1", "Hello");
    body["models"] = json!(["grok-3-beta"]);
    body["stream"] = json!(true);
    assert_eq!(
        attempts(&router, &account, &body).await,
        "openai/gpt-4.1:timeout,xai/grok-3-beta:ok"
    );
}

#[actix_web::test]
async fn the_last_candidate_has_more_time() {
    let router = Router::with(CHAT_ONLY, |settings| {
        settings.failover.first_token_ms = 50;
        settings.failover.last_first_token_ms = 5_000;
    })
    .await;
    let account = router.account("5.00").await;
    let script = router.sandbox.script(Vendor::OpenAi);
    script.set(Fault::TtftMs(300));
    let mut body = ask("gpt-4.1", "Hello");
    body["stream"] = json!(true);
    assert_eq!(
        attempts(&router, &account, &body).await,
        "openai/gpt-4.1:ok"
    );
}

#[actix_web::test]
async fn the_clock_of_the_whole_answer_covers_all_attempts() {
    let router = Router::with(CHAT_ONLY, |settings| settings.failover.total_ms = 400).await;
    let account = router.account("5.00").await;
    for vendor in [Vendor::OpenAi, Vendor::Xai] {
        router.sandbox.script(vendor).set(Fault::Hang);
    }
    let began = Instant::now();
    let (status, error) = router.refused(&account, &by_quality("Hello")).await;
    assert_eq!(
        (status, text(&error["code"]).as_str()),
        (504, "upstream_timeout")
    );
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "{:?}",
        began.elapsed()
    );
}

#[actix_web::test]
async fn a_redirect_of_an_upstream_is_a_failure_and_is_not_followed() {
    let trap = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    trap.set_nonblocking(true).unwrap();
    let location = format!("http://{}/v1/chat/completions", trap.local_addr().unwrap());
    let plain = Plain::serve(async move |mut socket| {
        let answer = format!(
            "HTTP/1.1 307 Temporary Redirect\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n"
        );
        socket.write_all(answer.as_bytes()).await.ok();
    })
    .await;
    let router = Router::with(&plain.overlay(), |_| {}).await;
    let account = router.account("").await;
    let (status, error) = router.refused(&account, &ask("plain-model", "Hello")).await;
    assert_eq!(status, 502, "{error}");
    assert_eq!(error["metadata"]["attempts"][0]["code"], "307");
    assert!(trap.accept().is_err(), "the redirect was followed");
}
