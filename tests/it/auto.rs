//! `auto` over HTTP and on the command line: headers wherever it was asked, weights that are read,
//! reloaded and refused, golden verdicts, and input that makes no sense.

use std::io::Write;
use std::process::Stdio;
use std::time::{Duration, Instant};

use bytes::Bytes;
use model_router::catalog::Tier;
use model_router::config::Share;
use model_router::http::transcript::transcript;
use model_router::routing::classify::{
    Circumstances, Conversation, WeightsError, builtin, classify, weights,
};
use model_router::sandbox::{Fault, Vendor};
use model_router::wire::ChatRequest;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::auto_behaviour::verdict;
use super::process::{command, stderr};
use super::router::{Account, Router, ask, header, text};

const GOLDEN: &str = include_str!("../../src/routing/classify/golden.jsonl");
const WEIGHTS: &[u8] = include_bytes!("../../data/auto.bin");

fn conversation(body: &Value) -> Conversation {
    transcript(&ChatRequest::parse(Bytes::from(body.to_string())).unwrap())
}

#[test]
fn golden_verdicts_are_what_training_computed() {
    let model = builtin().unwrap();
    let mut count = 0;
    for line in GOLDEN.lines() {
        let mut body: Value = serde_json::from_str(line).unwrap();
        let wanted = body["chances"].take();
        body.as_object_mut().unwrap().remove("chances");
        body["model"] = json!("auto");
        // Where nothing can be read the model is not asked.
        let found = classify(&model, &conversation(&body), &Circumstances::default());
        if !found.signals.is_empty() {
            assert_eq!(json!(found.chances), wanted, "{line}");
            count += 1;
        }
    }
    assert!(count >= 195, "{count}");
}

#[test]
fn input_that_makes_no_sense_gets_a_verdict_in_no_time() {
    let user = |content: Value| json!([{ "role": "user", "content": content }]);
    let image =
        json!([{ "type": "image_url", "image_url": { "url": "https://example.com/a.png" } }]);
    for unread in [
        user(json!("")),
        user(json!(" \n\t ")),
        user(json!("?!... --- ***")),
        user(image),
    ] {
        let verdict = verdict(unread.clone(), Value::Null);
        assert_eq!(
            (verdict.tier, verdict.score),
            (Tier::Standard, 50),
            "{unread}"
        );
    }
    let junk: String = (0..40_000_u32)
        .map(|i| char::from_u32(i.wrapping_mul(2_654_435_761) % 0xd7ff).unwrap())
        .collect();
    let many: Vec<Value> = (0..100_000)
        .map(
            |i| json!({ "role": if i % 2 == 0 { "user" } else { "assistant" }, "content": "word" }),
        )
        .collect();
    for odd in [
        user(json!("word")),
        user(json!(junk)),
        user(json!("é".repeat(500_000))),
        user(json!("((((".repeat(100_000))),
        user(json!("a".repeat(1 << 20))),
        Value::Array(many),
    ] {
        let body = json!({ "model": "auto", "messages": odd });
        let read = conversation(&body);
        let model = builtin().unwrap();
        let started = Instant::now();
        let first = classify(&model, &read, &Circumstances::default());
        // Far above what it takes without optimisation, far below what reading all would.
        assert!(started.elapsed() < Duration::from_millis(200));
        assert!(first.score <= 100 && first.chances.is_sorted());
        assert_eq!(
            first,
            classify(
                &builtin().unwrap(),
                &conversation(&body),
                &Circumstances::default()
            )
        );
    }
}

#[test]
fn any_damage_to_the_weights_is_noticed() {
    assert!(weights::parse(WEIGHTS).is_ok());
    for at in (0..WEIGHTS.len()).step_by(WEIGHTS.len() / 40) {
        let mut damaged = WEIGHTS.to_vec();
        damaged[at] ^= 0x10;
        assert!(weights::parse(&damaged).is_err(), "byte {at}");
        assert!(weights::parse(&WEIGHTS[..at]).is_err(), "cut at {at}");
    }
    assert_eq!(weights::parse(b"").unwrap_err(), WeightsError::Foreign);
    assert_eq!(
        weights::parse(b"MRAUTO01").unwrap_err(),
        WeightsError::Damaged
    );
    assert!(WEIGHTS.len() < 2 << 20);
}

fn told(headers: &HeaderMap) -> (String, u8) {
    let score = header(headers, "x-model-router-auto-score")
        .parse()
        .unwrap();
    (
        header(headers, "x-model-router-auto-tier").to_owned(),
        score,
    )
}

async fn dry(router: &Router, account: &Account, body: &Value) -> Value {
    let response = router
        .post(account, "/v1/route")
        .json(body)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    let (tier, score) = told(response.headers());
    let body: Value = response.json().await.unwrap();
    assert_eq!(
        (text(&body["auto"]["tier"]), json!(score)),
        (tier, body["auto"]["score"].clone())
    );
    body
}

#[actix_web::test]
async fn every_request_for_auto_tells_tier_and_score() {
    let router = Router::with("", |settings| settings.breaker.min_samples = 1000).await;
    let account = router.account("5.00").await;
    let poor = router.account("").await;
    let hard = ask(
        "auto",
        "Prove that every tree with n vertices has n - 1 edges, and give the SQL that checks it.",
    );
    let wanted = told(router.chat(&account, &hard).await.headers());

    // A stream, failover, an error of all candidates, an account without credit.
    let mut streamed = hard.clone();
    streamed["stream"] = json!(true);
    assert_eq!(
        told(router.chat(&account, &streamed).await.headers()),
        wanted
    );
    let first = text(&dry(&router, &account, &hard).await["candidates"][0]["model"]);
    for vendor in Vendor::ALL {
        router
            .sandbox
            .script(vendor)
            .set_for(&first, Fault::Status(503));
    }
    let over = router.chat(&account, &hard).await;
    assert_eq!(over.status(), 200);
    assert_ne!(header(over.headers(), "x-model-router-model"), first);
    assert_eq!(told(over.headers()), wanted);
    for vendor in Vendor::ALL {
        router.sandbox.script(vendor).set(Fault::Status(500));
    }
    for body in [&hard, &streamed] {
        let failed = router.chat(&account, body).await;
        assert!(failed.status().is_server_error(), "{}", failed.status());
        assert_eq!(told(failed.headers()), wanted);
    }
    for vendor in Vendor::ALL {
        router.sandbox.script(vendor).clear();
    }
    // Without credit the free models answer, which are of economy.
    let free = router.chat(&poor, &hard).await;
    assert_eq!(free.status(), 200);
    assert_eq!(header(free.headers(), "x-model-router-tier"), "economy");
    assert_ne!(wanted.0, "economy");
    assert_eq!(told(free.headers()), wanted);
    assert_eq!(router.balance(&poor).await, "0");
}

#[actix_web::test]
async fn errors_after_the_verdict_tell_it_too() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    let with = |field: &str, value: Value| {
        let mut body = ask("auto", "How do I sort a list?");
        body[field] = value;
        body
    };
    for (body, status) in [
        (with("models", json!(["no-such-model"])), 404),
        (with("provider", json!({ "only": ["nobody"] })), 400),
        (
            with(
                "provider",
                json!({ "only": ["anthropic"], "max_price": { "prompt": 0.01 } }),
            ),
            403,
        ),
    ] {
        let refused = router.chat(&account, &body).await;
        assert_eq!(refused.status(), status);
        told(refused.headers());
    }
    // Before there is a verdict there is nothing to tell.
    let unread = router.chat(&account, &with("messages", json!([]))).await;
    assert!(!unread.headers().contains_key("x-model-router-auto-tier"));
}

#[actix_web::test]
async fn the_dry_run_names_the_largest_signals_first() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    let body = dry(&router, &account, &ask("auto", "Hello there!")).await;
    assert_eq!(body["tier"], body["auto"]["tier"]);
    let signals = body["auto"]["signals"].as_array().unwrap();
    assert!(!signals.is_empty() && signals.len() <= 8);
    let weight = |signal: &Value| signal["weight"].as_f64().unwrap().abs();
    assert!(signals.is_sorted_by(|a, b| weight(a) >= weight(b)));
}

#[actix_web::test]
async fn quality_goes_to_premium_where_balanced_finds_it_too_dear() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    let tier = async |prefer: &str, asked: &str| {
        let mut body = ask("auto", asked);
        body["prefer"] = json!(prefer);
        text(&dry(&router, &account, &body).await["auto"]["tier"])
    };
    let hard = "Write a SQL query that joins orders, customers and payments and finds customers whose total grew \
        three months in a row.";
    assert_eq!(tier("balanced", hard).await, "standard");
    assert_eq!(tier("quality", hard).await, "premium");
    assert_ne!(
        tier("quality", "What is the capital of Peru?").await,
        "premium"
    );
}

#[actix_web::test]
async fn the_same_request_gets_the_same_verdict_after_reload_and_restart() {
    let asked = ask(
        "auto",
        "Compare quicksort and mergesort on linked lists, with proofs of their bounds.",
    );
    let mut seen = Vec::new();
    for _ in 0..2 {
        let router = Router::start().await;
        let account = router.account("5.00").await;
        seen.push(dry(&router, &account, &asked).await["auto"].clone());
        assert_eq!(
            router
                .admin("/admin/catalog/reload")
                .send()
                .await
                .unwrap()
                .status(),
            200
        );
        seen.push(dry(&router, &account, &asked).await["auto"].clone());
    }
    assert!(seen.iter().all(|auto| *auto == seen[0]), "{seen:?}");
}

#[actix_web::test]
async fn weights_of_the_operator_are_read_and_damaged_ones_refused() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("auto.bin");
    std::fs::write(&path, WEIGHTS).unwrap();
    let router = Router::with("", |settings| settings.auto.weights = Some(path.clone())).await;
    let account = router.account("5.00").await;
    let before = dry(&router, &account, &ask("auto", "Hi!")).await;

    std::fs::write(&path, &WEIGHTS[..WEIGHTS.len() - 1]).unwrap();
    let refused = router.admin("/admin/catalog/reload").send().await.unwrap();
    assert_eq!(refused.status(), 400);
    let told = refused.text().await.unwrap();
    assert!(
        told.contains("auto.bin") && told.contains("checksum"),
        "{told}"
    );
    let after = dry(&router, &account, &ask("auto", "Hi!")).await;
    assert_eq!(after["auto"], before["auto"], "those before stay");

    let settings = dir.path().join("model-router.toml");
    std::fs::write(&settings, format!("[auto]\nweights = {path:?}\n")).unwrap();
    for verb in ["serve", "check"] {
        let output = command(dir.path())
            .args([verb, "--config"])
            .arg(&settings)
            .output()
            .unwrap();
        let said = stderr(&output);
        assert_eq!(
            output.status.code(),
            Some(if verb == "serve" { 2 } else { 1 }),
            "{said}"
        );
        assert_eq!(said.trim_end().lines().count(), 1, "{said}");
        assert!(
            said.contains("auto.weights") && said.contains("auto.bin"),
            "{said}"
        );
    }
}

#[actix_web::test]
async fn a_wanted_share_moves_the_tiers() {
    let all_premium = |settings: &mut model_router::config::Settings| {
        settings.auto.share = Some(Share {
            economy: 0,
            standard: 10,
            premium: 90,
        });
    };
    let router = Router::with("", all_premium).await;
    let account = router.account("5.00").await;
    let asked = ask(
        "auto",
        "Derive the closed form of the sum of k * 2^k and prove it by induction.",
    );
    let before = dry(&router, &account, &asked).await;
    for _ in 0..280 {
        let response = router.chat(&account, &asked).await;
        assert_eq!(response.status(), 200);
    }
    let after = dry(&router, &account, &asked).await;
    assert_eq!(
        before["auto"]["score"], after["auto"]["score"],
        "scores stay what they are"
    );
    assert_ne!(before["auto"]["tier"], "premium");
    assert_eq!(after["auto"]["tier"], "premium");
}

fn classified(arguments: &[&str], input: &str) -> (Option<i32>, String, String) {
    let dir = TempDir::new().unwrap();
    let mut child = command(dir.path())
        .arg("classify")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout.clone()).unwrap();
    (output.status.code(), said, stderr(&output))
}

#[test]
fn the_command_prints_tier_score_and_signals() {
    let request =
        json!({ "messages": [{ "role": "user", "content": "Prove Fermat's little theorem." }] });
    let (code, page, _) = classified(&["-"], &request.to_string());
    assert_eq!(code, Some(0));
    for word in ["tier ", "score ", "succeed ", "economy", "words"] {
        assert!(page.contains(word), "{page}");
    }
    let (_, bare, _) = classified(&["-"], &request["messages"].to_string());
    assert_eq!(bare, page, "messages alone will do");

    let lines = format!(
        "{}\n{}\n",
        json!({ "id": 7, "messages": request["messages"] }),
        request
    );
    let (code, told, _) = classified(&["--lines", "-"], &lines);
    let told: Vec<Value> = told
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!((code, told.len()), (Some(0), 2));
    assert_eq!(
        (&told[0]["id"], &told[0]["score"]),
        (&json!(7), &told[1]["score"])
    );
    assert!(
        page.contains(&format!("score    {} of 100", told[0]["score"])),
        "{page}"
    );

    let (code, _, said) = classified(&["--lines", "-"], "{\"messages\": 3}\n");
    assert_eq!(code, Some(1));
    assert!(
        said.contains("line 1") && said.contains("messages"),
        "{said}"
    );
}
