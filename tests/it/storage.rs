//! Storage trouble while serving: a disk that fills up refuses paid work and nothing else, a write that
//! fails ends the process, and what was acknowledged is there afterwards.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use reqwest::{Client, Response};
use serde_json::Value;
use tempfile::TempDir;

use super::router::{ask, crypto, error_of, pico, text};
use super::small_disk::SmallDisk;

const PAID: &str = "gpt-4.1";
const FREE: &str = "llama-3.3-70b-versatile";

async fn chat(client: &Client, disk: &SmallDisk, model: &str) -> Response {
    let request = client
        .post(format!("{}/v1/chat/completions", disk.url))
        .bearer_auth(&disk.key);
    request.json(&ask(model, "Hello")).send().await.unwrap()
}

/// Refused because of the storage, at once and with a time to come back.
async fn assert_refused(response: Response, asked: Instant) {
    let waited = asked.elapsed();
    assert!(waited < Duration::from_millis(100), "{waited:?}");
    assert!(response.headers().contains_key("retry-after"));
    let (status, error) = error_of(response).await;
    assert_eq!(
        (status, text(&error["code"]).as_str()),
        (503, "storage_unavailable")
    );
}

/// Asks for a paid answer again and again until the status is this one.
async fn until_paid_is(client: &Client, disk: &SmallDisk, status: u16) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while chat(client, disk, PAID).await.status() != status {
        assert!(
            Instant::now() < deadline,
            "paid requests never got {status}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[actix_web::test]
async fn low_space_refuses_paid_requests_until_space_returns_and_free_ones_go_on() {
    crypto();
    let dir = TempDir::new().unwrap();
    let settings = "[storage]\nmin_free_bytes = 16777216\n";
    let Some(disk) = SmallDisk::serve(dir.path(), 40, settings) else {
        return;
    };
    let client = Client::new();
    until_paid_is(&client, &disk, 200).await;
    disk.put_ballast(Some(26 << 20));
    until_paid_is(&client, &disk, 503).await;
    let asked = Instant::now();
    assert_refused(chat(&client, &disk, PAID).await, asked).await;
    assert_eq!(chat(&client, &disk, FREE).await.status(), 200);
    let ready = client.get(format!("{}/ready", disk.url)).send().await;
    assert_eq!(ready.unwrap().status(), 503);
    disk.remove_ballast();
    until_paid_is(&client, &disk, 200).await;
}

#[actix_web::test]
async fn a_full_disk_ends_the_process_with_75_and_loses_nothing_that_was_acknowledged() {
    crypto();
    let dir = TempDir::new().unwrap();
    let settings = "[storage]\nmin_free_bytes = 0\n";
    let Some(disk) = SmallDisk::serve(dir.path(), 24, settings) else {
        return;
    };
    let client = Client::new();
    let mut acknowledged: Vec<(String, i64)> = Vec::new();
    let mut serve = async || {
        let response = chat(&client, &disk, PAID).await;
        if response.status() != 200 {
            return Some(response);
        }
        let body: Value = response.json().await.unwrap();
        let cost = pico(&body["usage"]["cost"].to_string());
        acknowledged.push((text(&body["id"]), cost));
        None
    };
    for _ in 0..5 {
        assert!(serve().await.is_none());
    }
    disk.put_ballast(None);
    let deadline = Instant::now() + Duration::from_secs(60);
    let refused = loop {
        if let Some(refused) = serve().await {
            break refused;
        }
        assert!(Instant::now() < deadline, "the disk never filled up");
    };
    let failed = Instant::now();
    let (status, error) = error_of(refused).await;
    assert_eq!(
        (status, text(&error["code"]).as_str()),
        (503, "storage_unavailable")
    );

    let asked = Instant::now();
    assert_refused(chat(&client, &disk, PAID).await, asked).await;
    assert_eq!(chat(&client, &disk, FREE).await.status(), 200);
    let credits = client
        .get(format!("{}/v1/credits", disk.url))
        .bearer_auth(&disk.key);
    let asked = Instant::now();
    assert_refused(credits.send().await.unwrap(), asked).await;

    assert_eq!(disk.exit_code(Duration::from_secs(5)), "exit code 75");
    assert!(failed.elapsed() < Duration::from_secs(5));
    let stderr = disk.stderr();
    assert_eq!(stderr.trim_end().lines().count(), 1, "{stderr}");
    assert!(stderr.contains("storage failed"), "{stderr}");

    let copy = dir.path().join("copy");
    disk.copy_data(&copy);
    assert_holds(&copy, &acknowledged);
}

/// The ledger in this directory verifies and has every one of these charges.
fn assert_holds(data: &Path, acknowledged: &[(String, i64)]) {
    let ledger = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_model-router"))
            .arg("ledger")
            .args(arguments)
            .env("MODEL_ROUTER_DATA_DIR", data)
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{stderr}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(ledger(&["verify"]).starts_with("ledger: clean\n"));
    let export = ledger(&["export", "-"]);
    let posts: Vec<Value> = export
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["transfer"].take())
        .filter(|transfer| transfer["kind"] == "post")
        .collect();
    assert!(acknowledged.len() >= 5);
    for (id, cost) in acknowledged {
        let charges: Vec<&Value> = posts
            .iter()
            .filter(|post| post["cause"]["generation"]["id"] == id.as_str())
            .collect();
        assert_eq!(charges.len(), 1, "{id}");
        assert_eq!(charges[0]["amount"], *cost, "{id}");
    }
}
