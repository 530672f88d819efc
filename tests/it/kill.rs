//! `kill -9` of the real binary under load: what a client saw the end of is charged once, whatever
//! moment the kill came at.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use actix_web::rt;
use reqwest::Client;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::MissedTickBehavior;

use super::process::{Process, command};
use super::router::{ADMIN, ask, chunks, pico, text};

/// Requests a second of the long run.
pub const RATE: u32 = 500;
/// Requests a second of the short one, whose binary is not optimised.
const SHORT_RATE: u32 = 200;
/// Requests that wait for their end at the most; a router that is slower gets fewer a second.
const MOST_RUNNING: usize = 256;
/// Accounts that share the load, each below its limit of running requests.
const ACCOUNTS: usize = 8;
/// Ends that each round sees at the least before its kill.
const ENDS: usize = 10;
/// How long a request may take to fail after the kill.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a series of kills came to.
#[derive(Debug, Default)]
pub struct Tally {
    pub kills: u32,
    /// Requests that were sent.
    pub sent: u64,
    /// Requests whose end a client saw.
    pub seen: u64,
    /// Of those, how many the ledger has not, or with another cost.
    pub lost: u64,
    /// Of all, how many the ledger has more than once.
    pub doubled: u64,
    /// Requests a second in the slowest and in all rounds.
    pub slowest_rate: f64,
    pub rate: f64,
    /// The longest time from start to ready, the first start not counted.
    pub slowest_ready: Duration,
}

/// What the clients know.
#[derive(Debug, Default)]
struct Log {
    sent: u64,
    running: usize,
    /// Generation and cost of what was seen to its end.
    seen: Vec<(String, i64)>,
    /// Answers that no client should get.
    odd: Vec<String>,
}

type Shared = Rc<RefCell<Log>>;

/// Starts and kills the binary so many times on one data directory. Asserts nothing about the tally.
pub async fn series(kills: u32, rate: u32) -> Tally {
    super::router::crypto();
    let dir = TempDir::new().unwrap();
    let log = Shared::default();
    let mut keys: Vec<String> = Vec::new();
    let mut tally = Tally {
        slowest_rate: f64::MAX,
        ..Tally::default()
    };
    let mut loaded = Duration::ZERO;
    for round in 0..kills {
        let client = Client::new();
        let started = Instant::now();
        let mut process = Process::start(dir.path());
        process.ready(&client).await;
        if round > 0 {
            tally.slowest_ready = tally.slowest_ready.max(started.elapsed());
        }
        if keys.is_empty() {
            keys = accounts(&process, &client).await;
        }
        process.verify(&client).await;
        // Every round ends at another moment of the ledger's work.
        let length = Duration::from_millis(u64::from(120 + round * 37 % 180));
        let (sent, took) = load(&mut process, &client, &keys, &log, (rate, length)).await;
        tally.slowest_rate = tally.slowest_rate.min(f64::from(sent) / took.as_secs_f64());
        loaded += took;
    }
    tally.kills = kills;
    let log = log.borrow();
    assert!(log.odd.is_empty(), "{:?}", &log.odd[..log.odd.len().min(3)]);
    tally.sent = log.sent;
    tally.seen = u64::try_from(log.seen.len()).unwrap();
    #[expect(clippy::cast_precision_loss, reason = "a figure to be printed")]
    let sent = log.sent as f64;
    tally.rate = sent / loaded.as_secs_f64();
    compare(&log, &charges(dir.path()), &mut tally);
    tally
}

/// Sends requests at the rate, and kills the process after `length` or when enough ends were seen,
/// whichever is later. Answers with how many were sent in which time.
async fn load(
    process: &mut Process,
    client: &Client,
    keys: &[String],
    log: &Shared,
    (rate, length): (u32, Duration),
) -> (u32, Duration) {
    let seen_before = log.borrow().seen.len();
    let started = Instant::now();
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / rate);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut requests = Vec::new();
    let mut sent: u32 = 0;
    while started.elapsed() < length || log.borrow().seen.len() < seen_before + ENDS {
        assert!(started.elapsed() < PATIENCE, "requests do not end");
        ticks.tick().await;
        if log.borrow().running < MOST_RUNNING {
            sent += 1;
            let key = &keys[requests.len() % keys.len()];
            let request = request(client, &process.url, key, sent.is_multiple_of(2));
            requests.push(rt::spawn(follow(
                request,
                sent.is_multiple_of(2),
                Rc::clone(log),
            )));
        }
    }
    let took = started.elapsed();
    process.kill();
    for request in requests {
        tokio::time::timeout(PATIENCE, request)
            .await
            .unwrap()
            .unwrap();
    }
    (sent, took)
}

fn request(client: &Client, url: &str, key: &str, stream: bool) -> reqwest::RequestBuilder {
    let mut body = ask("gpt-4.1", "[[tokens:20]] under load");
    body["stream"] = json!(stream);
    client
        .post(format!("{url}/v1/chat/completions"))
        .bearer_auth(key)
        .json(&body)
}

/// Sends one request and notes what the client saw of it.
async fn follow(request: reqwest::RequestBuilder, stream: bool, log: Shared) {
    log.borrow_mut().sent += 1;
    log.borrow_mut().running += 1;
    let end = end_of(request, stream).await;
    let mut log = log.borrow_mut();
    log.running -= 1;
    match end {
        Ok(Some(end)) => log.seen.push(end),
        Ok(None) => {}
        Err(odd) => log.odd.push(odd),
    }
}

/// Generation and cost, when the answer came to its end; an error when it is none to expect.
async fn end_of(
    request: reqwest::RequestBuilder,
    stream: bool,
) -> Result<Option<(String, i64)>, String> {
    let Ok(response) = request.send().await else {
        return Ok(None);
    };
    let status = response.status();
    let Ok(body) = response.text().await else {
        return Ok(None);
    };
    if status != 200 {
        return Err(format!("{status}: {body}"));
    }
    let last = if !stream {
        serde_json::from_str(&body).map_err(|_| body)?
    } else if body.trim_end().ends_with("data: [DONE]") {
        chunks(&body).pop().ok_or(body)?
    } else {
        return Ok(None);
    };
    let cost = pico(&last["usage"]["cost"].to_string());
    Ok(Some((text(&last["id"]), cost)))
}

async fn accounts(process: &Process, client: &Client) -> Vec<String> {
    let mut keys = Vec::new();
    for number in 0..ACCOUNTS {
        let body = json!({ "email": format!("load{number}@example.com"), "credit_usd": "100.00" });
        let request = client
            .post(format!("{}/admin/accounts", process.url))
            .bearer_auth(ADMIN)
            .json(&body);
        let made: Value = request.send().await.unwrap().json().await.unwrap();
        keys.push(text(&made["api_key"]));
    }
    keys
}

/// Every charge on the ledger, by generation. The ledger verifies and is exported as it was left.
fn charges(dir: &Path) -> Charges {
    let run = |words: &[&str]| {
        let output = command(dir).args(words).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}: {said}");
        String::from_utf8(output.stdout).unwrap()
    };
    run(&["ledger", "verify"]);
    let mut charges = Charges::new();
    for line in run(&["ledger", "export", "-"]).lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let transfer = &line["transfer"];
        if transfer["kind"] == "post" {
            let generation = text(&transfer["cause"]["generation"]["id"]);
            let amount = transfer["amount"].as_i64().unwrap();
            charges.entry(generation).or_default().push(amount);
        }
    }
    charges
}

type Charges = HashMap<String, Vec<i64>>;

/// Holds what the clients saw against what the ledger says.
fn compare(log: &Log, charges: &Charges, tally: &mut Tally) {
    for (id, cost) in &log.seen {
        match charges.get(id).map(Vec::as_slice) {
            Some([once]) if once == cost => {}
            // Counted as doubled below.
            Some([_, _, ..]) => {}
            Some([_] | []) | None => tally.lost += 1,
        }
    }
    let doubled = charges.values().filter(|charges| charges.len() > 1);
    tally.doubled = u64::try_from(doubled.count()).unwrap();
}

#[actix_web::test]
async fn kill_9_under_load_loses_and_doubles_no_charge_that_a_client_saw() {
    let tally = series(20, SHORT_RATE).await;
    println!("{tally:?}");
    assert_eq!((tally.lost, tally.doubled), (0, 0), "{tally:?}");
    assert!(tally.seen >= 200, "{tally:?}");
}
