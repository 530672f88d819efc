//! Callers that leave: whenever they do, the provider's connection is closed within a second and
//! what was delivered is billed once.

use std::time::{Duration, Instant};

use model_router::sandbox::{Ending, Fault, Vendor};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::router::{Account, Router, ask, pico, text};

const NOTICED_WITHIN: Duration = Duration::from_secs(1);

/// How a caller leaves.
#[derive(Clone, Copy, Debug)]
enum Leave {
    Fin,
    Rst,
}

/// Sends a chat over a connection of its own.
async fn send(router: &Router, account: &Account, body: &Value) -> TcpStream {
    let body = body.to_string();
    let host = router.url.strip_prefix("http://").unwrap();
    let mut socket = TcpStream::connect(host).await.unwrap();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        account.key,
        body.len()
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    socket.write_all(body.as_bytes()).await.unwrap();
    socket
}

fn leave(socket: TcpStream, how: Leave) {
    match how {
        Leave::Fin => {}
        // Without lingering, closing sends a reset.
        Leave::Rst => socket.set_zero_linger().unwrap(),
    }
    drop(socket);
}

fn request(stream: bool, tokens: usize) -> Value {
    let mut body = ask("gpt-4.1", &format!("[[tokens:{tokens}]] go"));
    body["stream"] = json!(stream);
    body
}

/// Waits until the provider has the call, and later until it is over; says how long that took.
async fn call_arrives(router: &Router, number: usize) {
    let script = router.sandbox.script(Vendor::OpenAi);
    assert!(script.wait(|calls| calls.len() == number).await, "no call");
}

async fn call_ends(router: &Router, how: Ending) -> Duration {
    let left = Instant::now();
    let script = router.sandbox.script(Vendor::OpenAi);
    let over = |calls: &[model_router::sandbox::SeenCall]| calls.last().unwrap().ending == how;
    assert!(script.wait(over).await, "{:?}", script.calls().last());
    left.elapsed()
}

/// The balance once it has come to rest at something else than `before`, or there after all.
async fn balance_comes_to(router: &Router, account: &Account, due: impl Fn(i64) -> bool) -> i64 {
    let deadline = Instant::now() + Duration::from_secs(5);
    loop {
        let balance = pico(&router.balance(account).await);
        if due(balance) {
            return balance;
        }
        assert!(Instant::now() < deadline, "the balance stays at {balance}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The record of a request that is about to be settled. What is available falls with the hold
/// already, and tells nothing.
async fn record_of(router: &Router, account: &Account, id: &str) -> Value {
    let deadline = Instant::now() + Duration::from_secs(5);
    loop {
        let url = format!("{}/v1/generations/{id}", router.url);
        let ask = router.client.get(url).bearer_auth(&account.key);
        let answer = ask.send().await.unwrap();
        if answer.status() == 200 {
            return answer.json().await.unwrap();
        }
        assert!(Instant::now() < deadline, "no record of {id}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

const FULL: i64 = 5_000_000_000_000;

#[actix_web::test]
async fn who_leaves_while_waiting_pays_nothing_and_the_provider_is_left_alone() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    router.sandbox.script(Vendor::OpenAi).set(Fault::Hang);
    let mut number = 0;
    for stream in [true, false] {
        for how in [Leave::Fin, Leave::Rst] {
            let socket = send(&router, &account, &request(stream, 5)).await;
            number += 1;
            call_arrives(&router, number).await;
            leave(socket, how);
            let noticed = call_ends(&router, Ending::HungUp).await;
            assert!(
                noticed <= NOTICED_WITHIN,
                "{how:?}, stream {stream}: {noticed:?}"
            );
            balance_comes_to(&router, &account, |balance| balance == FULL).await;
        }
    }
    router.verify().await;
}

#[actix_web::test]
async fn who_leaves_before_the_body_has_come_is_never_dispatched() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    let host = router.url.strip_prefix("http://").unwrap();
    for how in [Leave::Fin, Leave::Rst] {
        let mut socket = TcpStream::connect(host).await.unwrap();
        let head = format!(
            "POST /v1/chat/completions HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\ncontent-length: 500\r\n\r\n{{\"model\":",
            account.key
        );
        socket.write_all(head.as_bytes()).await.unwrap();
        leave(socket, how);
    }
    // A whole request afterwards shows that the halves are through.
    router.served(&account, &request(false, 3)).await;
    assert_eq!(router.sandbox.script(Vendor::OpenAi).calls().len(), 1);
    router.verify().await;
}

#[actix_web::test]
async fn who_leaves_in_the_middle_pays_what_was_delivered() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    router.sandbox.script(Vendor::OpenAi).set(Fault::GapMs(20));
    let mut before = FULL;
    for how in [Leave::Fin, Leave::Rst] {
        let mut socket = send(&router, &account, &request(true, 1000)).await;
        let mut got = String::new();
        while !got.contains("\"content\":") {
            let mut piece = [0; 4096];
            let read = socket.read(&mut piece).await.unwrap();
            got.push_str(&String::from_utf8_lossy(&piece[..read]));
        }
        leave(socket, how);
        let noticed = call_ends(&router, Ending::HungUp).await;
        assert!(noticed <= NOTICED_WITHIN, "{how:?}: {noticed:?}");
        let after = balance_comes_to(&router, &account, |balance| balance < before).await;
        let paid = before - after;
        // Eight dollars a million tokens: a thousand would be 8,000,000,000.
        assert!(paid < 2_000_000_000, "{paid}");
        before = after;
    }
    // Billed once: nothing more comes.
    router.served(&account, &ask("llama3.1-8b", "free")).await;
    assert_eq!(pico(&router.balance(&account).await), before);
    router.verify().await;
}

#[actix_web::test]
async fn a_provider_that_bills_to_the_end_is_read_to_the_end() {
    let overlay = "[[provider]]\nname = \"openai\"\non_disconnect = \"drain\"\n";
    let router = Router::with(overlay, |_| {}).await;
    let account = router.account("5.00").await;
    router.sandbox.script(Vendor::OpenAi).set(Fault::GapMs(10));
    let mut socket = send(&router, &account, &request(true, 40)).await;
    let mut got = String::new();
    while !got.contains("\"content\":") {
        let mut piece = [0; 4096];
        let read = socket.read(&mut piece).await.unwrap();
        got.push_str(&String::from_utf8_lossy(&piece[..read]));
    }
    let id = got.split("x-model-router-generation-id: ").nth(1).unwrap();
    let id = id.split_whitespace().next().unwrap().to_owned();
    leave(socket, Leave::Fin);
    call_ends(&router, Ending::Complete).await;
    let record = record_of(&router, &account, &id).await;
    let data = &record["data"];
    assert_eq!(data["tokens_completion"], 40, "{record}");
    assert_eq!(data["cancelled"], true);
    assert_eq!(data["estimated"], false);
    let cost = pico(&text(&data["total_cost"]));
    assert_eq!(pico(&router.balance(&account).await), FULL - cost);
    router.verify().await;
}

#[actix_web::test]
async fn hundreds_of_leavers_leave_no_descriptor_and_no_task_behind() {
    super::router::crypto();
    let dir = tempfile::TempDir::new().unwrap();
    let process = super::process::Process::start(dir.path());
    let host = process.url.strip_prefix("http://").unwrap();
    let mut body = ask("gpt-4.1", "[[tokens:500]] go");
    body["stream"] = json!(true);
    let body = body.to_string();
    let descriptors = || {
        let open = format!("/proc/{}/fd", process.pid());
        std::fs::read_dir(open).unwrap().count()
    };
    let quiet = async || {
        let metrics = format!("{}/metrics", process.url);
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let answer = reqwest::get(&metrics).await.unwrap();
            if answer
                .text()
                .await
                .unwrap()
                .contains("model_router_requests_in_flight 0")
            {
                return;
            }
            assert!(Instant::now() < deadline, "requests without callers go on");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let mut before = None;
    for number in 0..300 {
        if number == 60 {
            quiet().await;
            before = Some(descriptors());
        }
        let mut socket = TcpStream::connect(host).await.unwrap();
        let head = format!(
            "POST /v1/chat/completions HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            process.key,
            body.len()
        );
        socket.write_all(head.as_bytes()).await.unwrap();
        if number % 2 == 0 {
            socket.read_u8().await.unwrap();
        }
        let how = if number % 3 == 0 {
            Leave::Rst
        } else {
            Leave::Fin
        };
        leave(socket, how);
    }
    quiet().await;
    let (before, after) = (before.unwrap(), descriptors());
    assert!(after <= before + 20, "{before} descriptors, then {after}");
}
