//! Deposits and the process: killed between order and answer, and secrets that are written nowhere.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use model_router::sandbox::stripe::{Fault, Stripe, sign};
use reqwest::{Client, Response};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::mailbox::{code, request, verify};
use super::process::command;
use super::router::{ADMIN, crypto, text};
use super::shop::{VISA, now_s, page_of};
use super::signin_process::files;

const KEY: &str = "sk_test_canarystripekey6e1b";
const SECRET: &str = "whsec_canarywebhooksecret8c2f";

/// The binary as it serves for real, with a double of Stripe, and its address.
pub struct Real {
    child: Child,
    pub url: String,
}

impl Real {
    pub fn start(dir: &Path, log: &Path, stripe: &Stripe) -> Self {
        let child = command(dir)
            .arg("serve")
            .env("RUST_LOG", "trace")
            .env("STRIPE_SECRET_KEY", KEY)
            .env("STRIPE_WEBHOOK_SECRET", SECRET)
            .env("STRIPE_API_BASE", stripe.base_url())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(log).unwrap())
            .spawn()
            .unwrap();
        let deadline = Instant::now() + Duration::from_secs(30);
        let url = loop {
            let said = std::fs::read_to_string(log).unwrap_or_default();
            if let Some(address) = said.lines().find_map(address) {
                break format!("http://{address}");
            }
            assert!(Instant::now() < deadline, "it does not serve");
            std::thread::sleep(Duration::from_millis(5));
        };
        stripe.deliver_to(format!("{url}/v1/billing/webhook"), SECRET);
        Self { child, url }
    }

    pub fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &pid]).status();
        assert!(sent.unwrap().success());
    }

    pub fn end(mut self) {
        self.signal("-TERM");
        self.child.wait().unwrap();
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The address in the line that says that it serves.
fn address(line: &str) -> Option<String> {
    let line: Value = serde_json::from_str(line).ok()?;
    (line["message"] == "serving").then(|| text(&line["address"]))
}

pub async fn session(client: &Client, url: &str, var: &Path) -> String {
    let ada = "ada@example.com";
    let flow = request(client, url, ada).await;
    let code = code(var, ada, 1).await;
    let entered = verify(client, url, ada, &code, &flow).await;
    let entered: Value = entered.json().await.unwrap();
    text(&entered["session_token"])
}

pub async fn order(client: &Client, url: &str, session: &str) -> Result<Response, reqwest::Error> {
    let request = client.post(format!("{url}/v1/billing/checkout"));
    let request = request.bearer_auth(session).header("Idempotency-Key", "k");
    request.json(&json!({ "amount_usd": "10" })).send().await
}

async fn get(client: &Client, url: &str, bearer: &str) -> Value {
    let response = client.get(url).bearer_auth(bearer).send().await.unwrap();
    response.json().await.unwrap()
}

#[actix_web::test]
async fn killed_between_order_and_answer_it_is_one_order_one_page_and_one_credit() {
    crypto();
    let dir = TempDir::new().unwrap();
    let (log, var) = (dir.path().join("log"), dir.path().join("var"));
    let stripe = Stripe::start().unwrap();
    let client = Client::new();
    let router = Real::start(dir.path(), &log, &stripe);
    let session = session(&client, &router.url, &var).await;
    // The customer is made at once; the page takes its time, and the router does not live to see it.
    stripe.next(Fault::Delay(Duration::ZERO));
    stripe.next(Fault::Delay(Duration::from_millis(300)));
    let url = router.url.clone();
    let asked = order(&client, &url, &session);
    let killed = async {
        while stripe.calls().len() < 2 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        router.signal("-KILL");
    };
    let (answer, ()) = tokio::join!(asked, killed);
    assert!(answer.is_err(), "the answer came before the kill");
    drop(router);

    let router = Real::start(dir.path(), &log, &stripe);
    let deadline = Instant::now() + Duration::from_secs(10);
    let answer: Value = loop {
        // Stripe may still be busy with the first one; the router asks again by itself.
        let answer = order(&client, &router.url, &session).await.unwrap();
        if answer.status() == 200 {
            break answer.json().await.unwrap();
        }
        assert!(Instant::now() < deadline, "never answered");
    };
    let billing = format!("{}/v1/billing", router.url);
    let listed = get(&client, &billing, &session).await;
    assert_eq!(listed["orders"]["data"].as_array().unwrap().len(), 1);
    assert_eq!(listed["orders"]["data"][0]["id"], answer["order_id"]);
    let pages = stripe
        .calls()
        .into_iter()
        .filter(|call| call.path == "/v1/checkout/sessions");
    let keys: Vec<_> = pages.map(|call| call.idempotency_key).collect();
    assert!(
        keys.len() >= 2 && keys.windows(2).all(|pair| pair[0] == pair[1]),
        "{keys:?}"
    );
    let page = page_of(&answer);
    stripe.pay(&page, VISA).unwrap();
    let account = format!("{}/v1/account", router.url);
    while get(&client, &account, &session).await["balance_usd"] != "9.6" {
        assert!(Instant::now() < deadline, "never credited");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let verified = format!("{}/admin/ledger/verify", router.url);
    assert_eq!(get(&client, &verified, ADMIN).await["clean"], true);
    router.end();
}

#[actix_web::test]
async fn the_keys_of_stripe_are_in_no_log_no_file_and_no_answer() {
    crypto();
    let dir = TempDir::new().unwrap();
    let (log, var) = (dir.path().join("log"), dir.path().join("var"));
    let stripe = Stripe::start().unwrap();
    let client = Client::new();
    let router = Real::start(dir.path(), &log, &stripe);
    let session = session(&client, &router.url, &var).await;
    let answer = order(&client, &router.url, &session).await.unwrap();
    let answer: Value = answer.json().await.unwrap();
    let mut said = answer.to_string();
    let page = page_of(&answer);
    stripe.pay(&page, VISA).unwrap();
    let billing = format!("{}/v1/billing", router.url);
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let listed = get(&client, &billing, &session).await;
        if listed["card"].is_object() && listed["orders"]["data"][0]["status"] == "paid" {
            said += &listed.to_string();
            break;
        }
        assert!(Instant::now() < deadline, "{listed}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // Trouble of every kind: a key that is refused, and events that are not believed.
    stripe.next(Fault::Status(401));
    let request = client
        .delete(format!("{billing}/card"))
        .bearer_auth(&session);
    let refused = request.send().await.unwrap();
    assert_eq!(refused.status(), 502);
    said += &refused.text().await.unwrap();
    for body in ["{}", SECRET] {
        for secret in [SECRET, KEY] {
            let signature = sign(secret, body.as_bytes(), now_s());
            let request = client
                .post(format!("{billing}/webhook"))
                .header("stripe-signature", signature)
                .body(body);
            said += &request.send().await.unwrap().text().await.unwrap();
        }
    }
    said += &get(
        &client,
        &format!("{}/v1/account/export", router.url),
        &session,
    )
    .await
    .to_string();
    router.end();
    let logged = std::fs::read_to_string(&log).unwrap();
    assert!(logged.contains("\"TRACE\"") && logged.contains("a deposit was credited"));
    let mut written: Vec<(String, Vec<u8>)> = files(&var)
        .into_iter()
        .map(|file| (file.display().to_string(), std::fs::read(&file).unwrap()))
        .collect();
    written.push(("the log".to_owned(), logged.into_bytes()));
    written.push(("an answer".to_owned(), said.into_bytes()));
    for (place, bytes) in &written {
        for canary in [KEY, SECRET] {
            let found = bytes.windows(canary.len()).any(|w| w == canary.as_bytes());
            assert!(!found, "{canary} is in {place}");
        }
    }
}
