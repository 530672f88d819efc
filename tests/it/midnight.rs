//! A daily limit under many requests at one time while UTC midnight passes, with the real binary and
//! a clock that begins two seconds before it.

use std::io::{Write, stderr};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::process::{Process, command};
use super::race::ten_cents;
use super::router::{ADMIN, ask, crypto, pico, text};

/// It takes long enough that some answers begin before midnight and end after it.
const SLOW: &str = "ten-cents!delay_ms=300";
const AT_ONE_TIME: usize = 200;
const LIMIT: i64 = 1_000_000_000_000;
/// Two seconds before midnight, two after it.
const LENGTH: Duration = Duration::from_secs(4);

/// The library that gives a process another time of day, as Debian and Fedora install it.
fn other_clock() -> Option<PathBuf> {
    let found = [
        "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
        "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
        "/usr/lib64/faketime/libfaketimeMT.so.1",
    ];
    found
        .into_iter()
        .map(PathBuf::from)
        .find(|path| path.exists())
}

fn serve(dir: &Path, clock: &Path) -> Process {
    let catalog = dir.join("catalog.toml");
    std::fs::write(&catalog, ten_cents(SLOW)).unwrap();
    let mut command = command(dir);
    command
        .args(["serve", "--sandbox"])
        .env("MODEL_ROUTER_CATALOG", catalog)
        .env("TZ", "UTC")
        .env("LD_PRELOAD", clock)
        .env("FAKETIME", "@2026-06-30 23:59:58")
        // Timers go on as they are: only the time of day is another one.
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    Process::run(&mut command)
}

/// Asks again and again until the time is over. Answers with how many were served.
async fn caller(client: &Client, url: &str, key: &str, until: Instant) -> usize {
    let mut body = ask("ten-cents", "[[tokens:40]] around midnight");
    body["max_tokens"] = json!(40);
    let mut served = 0;
    while Instant::now() < until {
        let request = client.post(format!("{url}/v1/chat/completions"));
        let answer = request.bearer_auth(key).json(&body).send().await.unwrap();
        let status = answer.status();
        let said: Value = answer.json().await.unwrap();
        if status == StatusCode::OK {
            served += 1;
        } else {
            assert_eq!(said["error"]["code"], "daily_limit_exceeded", "{said}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
    served
}

#[actix_web::test]
async fn a_daily_limit_holds_on_both_days_while_midnight_passes() {
    crypto();
    let Some(clock) = other_clock() else {
        let told = stderr().write_all(b"skipped: libfaketime is not installed\n");
        told.unwrap();
        return;
    };
    let dir = TempDir::new().unwrap();
    let process = serve(dir.path(), &clock);
    let (client, until) = (Client::new(), Instant::now() + LENGTH);
    let admin = |path: &str| format!("{}/admin/accounts{path}", process.url);
    let body = json!({ "email": "ada@example.com", "credit_usd": "50", "daily_limit_usd": "1" });
    let make = client.post(admin("")).bearer_auth(ADMIN).json(&body);
    let made: Value = make.send().await.unwrap().json().await.unwrap();
    let (id, key) = (text(&made["account_id"]), text(&made["api_key"]));

    let callers = (0..AT_ONE_TIME).map(|_| caller(&client, &process.url, &key, until));
    let served: usize = join_all(callers).await.into_iter().sum();

    let totals = client.get(admin(&format!("/{id}/totals?by=day")));
    let totals = totals.bearer_auth(ADMIN).send().await.unwrap();
    let totals: Value = totals.json().await.unwrap();
    let days = totals["data"].as_array().unwrap();
    let spent: Vec<(String, i64)> = days
        .iter()
        .map(|day| (text(&day["period"]), pico(&text(&day["total_cost"]))))
        .collect();
    let expected = [("2026-07-01", LIMIT), ("2026-06-30", LIMIT)];
    assert_eq!(spent, expected.map(|(day, usd)| (day.to_owned(), usd)));
    assert_eq!(served, 20, "ten cents each, a dollar on each day");
    process.verify(&client).await;
}
