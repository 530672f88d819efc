//! Stopping: streams may end, then they are told to; everything is settled and the exit code is 0.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use reqwest::Client;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinHandle;

use super::process::{Process, command, stderr};
use super::router::{ask, chunks, crypto};

/// A sandbox whose gpt-4.1 takes its time, and which drains for so long.
fn slow(dir: &TempDir, drain_s: u64) -> Process {
    let (catalog, config) = (
        dir.path().join("catalog.toml"),
        dir.path().join("router.toml"),
    );
    let row = "[[model]]\nid = \"gpt-4.1\"\nupstream = \"gpt-4.1!gap_ms=50\"\n\
               [[model]]\nid = \"o3\"\nupstream = \"o3!hang\"\n\
               [[model]]\nid = \"gpt-4.1-mini\"\nupstream = \"gpt-4.1-mini!cut_tokens=4\"\n\
               [[model]]\nid = \"text-embedding-3-small\"\nupstream = \"text-embedding-3-small!hang\"\n";
    std::fs::write(&catalog, row).unwrap();
    std::fs::write(&config, format!("[server]\ndrain_timeout_s = {drain_s}\n")).unwrap();
    Process::run(
        command(dir.path())
            .args(["serve", "--sandbox", "--config"])
            .arg(&config)
            .env("MODEL_ROUTER_CATALOG", &catalog),
    )
}

fn post(process: &Process, body: &Value) -> reqwest::RequestBuilder {
    Client::new()
        .post(format!("{}/v1/chat/completions", process.url))
        .bearer_auth(&process.key)
        .json(body)
}

/// A stream of a minute whose first piece has come, and a call that is never answered. Both are in
/// flight.
async fn busy(process: &Process) -> (JoinHandle<String>, JoinHandle<u16>) {
    let mut body = ask("gpt-4.1", "[[tokens:1200]] slowly");
    body["stream"] = json!(true);
    let answer = post(process, &body).send().await.unwrap();
    let mut bytes = answer.bytes_stream();
    let mut seen = bytes.next().await.unwrap().unwrap().to_vec();
    let stream = actix_web::rt::spawn(async move {
        while let Some(chunk) = bytes.next().await {
            seen.extend_from_slice(&chunk.unwrap());
        }
        String::from_utf8(seen).unwrap()
    });
    let waiting = post(process, &ask("o3", "never")).send();
    let waiting = actix_web::rt::spawn(async move { waiting.await.unwrap().status().as_u16() });
    in_flight(process, 2).await;
    (stream, waiting)
}

/// Waits until so many requests run.
async fn in_flight(process: &Process, requests: usize) {
    let metrics = format!("{}/metrics", process.url);
    let line = format!("model_router_requests_in_flight {requests}\n");
    until(async || {
        let metrics = Client::new().get(&metrics).send().await.unwrap();
        metrics.text().await.unwrap().contains(&line)
    })
    .await;
}

/// Tells a process to stop, and, when nobody new is let in, to stop now.
async fn signal_twice(process: &Process) {
    process.signal("-TERM");
    let health = format!("{}/health", process.url);
    until(async || Client::new().get(&health).send().await.is_err()).await;
    process.signal("-TERM");
}

/// Waits until something is so, at most five seconds.
async fn until(mut so: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(5);
    while !so().await {
        assert!(Instant::now() < deadline, "it did not come to that");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn ended_by_us(stream: &str) {
    let chunks = chunks(stream);
    let error = chunks.iter().find(|chunk| chunk["error"].is_object());
    let message = error.expect("an error chunk")["error"]["message"].to_string();
    assert!(message.contains("stopped"), "{message}");
    let usage = &chunks.last().unwrap()["usage"];
    assert!(usage["completion_tokens"].as_u64().unwrap() > 0, "{usage}");
}

fn nothing_is_open(dir: &TempDir) {
    let verify = command(dir.path())
        .args(["ledger", "verify"])
        .output()
        .unwrap();
    assert_eq!(verify.status.code(), Some(0), "{}", stderr(&verify));
    let said = String::from_utf8_lossy(&verify.stdout).into_owned();
    assert!(said.contains("open holds 0"), "{said}");
}

#[actix_web::test]
async fn streams_that_outlast_the_drain_are_told_and_settled() {
    crypto();
    let dir = TempDir::new().unwrap();
    let mut process = slow(&dir, 1);
    let (stream, waiting) = busy(&process).await;
    process.signal("-TERM");
    let asked = Instant::now();
    let stream = stream.await.unwrap();
    assert!(
        asked.elapsed() >= Duration::from_millis(900),
        "it may use its second"
    );
    ended_by_us(&stream);
    assert_eq!(waiting.await.unwrap(), 503);
    assert_eq!(process.wait(Duration::from_secs(5)), 0);
    nothing_is_open(&dir);
}

#[actix_web::test]
async fn a_second_signal_ends_everything_within_five_seconds() {
    crypto();
    let dir = TempDir::new().unwrap();
    let mut process = slow(&dir, 600);
    let (stream, waiting) = busy(&process).await;
    signal_twice(&process).await;
    let asked = Instant::now();
    ended_by_us(&stream.await.unwrap());
    assert_eq!(waiting.await.unwrap(), 503);
    assert_eq!(process.wait(Duration::from_secs(5)), 0);
    assert!(asked.elapsed() <= Duration::from_secs(5));
    nothing_is_open(&dir);
}

#[actix_web::test]
async fn embeddings_and_answers_that_wait_for_another_model_are_told_too() {
    crypto();
    let dir = TempDir::new().unwrap();
    let mut process = slow(&dir, 600);
    let embeddings = Client::new()
        .post(format!("{}/v1/embeddings", process.url))
        .bearer_auth(&process.key)
        .json(&json!({ "model": "text-embedding-3-small", "input": "never" }))
        .send();
    let embeddings = actix_web::rt::spawn(embeddings);
    let mut body = ask("gpt-4.1-mini", "[[tokens:60]] slowly");
    body["stream"] = json!(true);
    body["models"] = json!(["o3"]);
    body["recovery"] = json!("continue");
    let answer = post(&process, &body).send().await.unwrap();
    let stream = actix_web::rt::spawn(async move { answer.text().await.unwrap() });
    in_flight(&process, 2).await;
    signal_twice(&process).await;
    let asked = Instant::now();
    assert_eq!(embeddings.await.unwrap().unwrap().status(), 503);
    ended_by_us(&stream.await.unwrap());
    assert_eq!(process.wait(Duration::from_secs(5)), 0);
    assert!(asked.elapsed() <= Duration::from_secs(5));
    nothing_is_open(&dir);
}

#[actix_web::test]
async fn a_stream_that_is_read_on_without_its_caller_is_billed_before_the_end() {
    crypto();
    let dir = TempDir::new().unwrap();
    let catalog = dir.path().join("catalog.toml");
    let row = "[[provider]]\nname = \"openai\"\non_disconnect = \"drain\"\n\
               [[model]]\nid = \"gpt-4.1\"\nupstream = \"gpt-4.1!gap_ms=50\"\n";
    std::fs::write(&catalog, row).unwrap();
    let mut process = Process::run(
        command(dir.path())
            .args(["serve", "--sandbox"])
            .env("MODEL_ROUTER_CATALOG", &catalog),
    );
    let mut body = ask("gpt-4.1", "[[tokens:1200]] slowly");
    body["stream"] = json!(true);
    let body = body.to_string();
    let host = process.url.strip_prefix("http://").unwrap();
    let mut socket = std::net::TcpStream::connect(host).unwrap();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        process.key,
        body.len()
    );
    socket.write_all(head.as_bytes()).unwrap();
    socket.read_exact(&mut [0; 64]).unwrap();
    drop(socket);
    process.signal("-TERM");
    assert_eq!(process.wait(Duration::from_secs(5)), 0);
    nothing_is_open(&dir);
}
