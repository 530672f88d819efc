//! Mails as the router writes them without a mail server, and signing in with them.

use std::path::Path;
use std::time::{Duration, Instant};

use reqwest::{Client, Response};
use serde_json::{Value, json};

use super::router::{Router, text};

/// Someone who has signed in over HTTP.
pub struct SignedIn {
    pub token: String,
    pub session: String,
    pub answer: Value,
    /// The whole `Set-Cookie`.
    pub cookie: String,
}

/// The mails to an address in a data directory, oldest first.
pub fn mails(data_dir: &Path, to: &str) -> Vec<String> {
    let mut paths: Vec<_> = std::fs::read_dir(data_dir.join("mail"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "eml"))
        .collect();
    paths.sort();
    let wanted = format!("To: {to}\r\n");
    paths
        .iter()
        .map(|path| std::fs::read_to_string(path).unwrap())
        .filter(|mail| mail.contains(&wanted))
        .collect()
}

/// The mails with a code to an address, oldest first.
fn code_mails(data_dir: &Path, to: &str) -> Vec<String> {
    let mut mails = mails(data_dir, to);
    mails.retain(|mail| mail.contains("Subject: Your sign-in code\r\n"));
    mails
}

/// Waits until an address has so many mails with a code, and gives the code of the last.
pub async fn code(data_dir: &Path, to: &str, mails_until_then: usize) -> String {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let found = code_mails(data_dir, to);
        if found.len() >= mails_until_then {
            return code_in(found.last().unwrap());
        }
        assert!(Instant::now() < deadline, "no mail to {to}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The eight digits that stand alone on a line.
pub fn code_in(mail: &str) -> String {
    mail.lines()
        .map(str::trim)
        .find(|line| line.len() == 8 && line.bytes().all(|b| b.is_ascii_digit()))
        .unwrap_or_else(|| panic!("no code in {mail}"))
        .to_owned()
}

/// A code that is not this one.
pub fn other_than(code: &str) -> String {
    let number: u32 = code.parse().unwrap();
    format!("{:08}", (number + 1) % 100_000_000)
}

/// Asks for a code and gives the flow.
pub async fn request(client: &Client, url: &str, email: &str) -> String {
    let response = client
        .post(format!("{url}/v1/auth/request-code"))
        .json(&json!({ "email": email }))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    let body: Value = response.json().await.unwrap();
    text(&body["flow"])
}

pub async fn verify(client: &Client, url: &str, email: &str, code: &str, flow: &str) -> Response {
    client
        .post(format!("{url}/v1/auth/verify-code"))
        .header("user-agent", "a browser of the tests")
        .json(&json!({ "email": email, "code": code, "flow": flow }))
        .send()
        .await
        .unwrap()
}

impl Router {
    /// Signs in with a mailed code. `mails` is how many mails the address has then.
    pub async fn sign_in(&self, email: &str, mails: usize) -> SignedIn {
        let flow = request(&self.client, &self.url, email).await;
        let code = code(&self.dir.path().join("var"), email, mails).await;
        let response = verify(&self.client, &self.url, email, &code, &flow).await;
        let status = response.status();
        let cookie = response.headers().get("set-cookie").cloned();
        let answer: Value = response.json().await.unwrap();
        assert_eq!(status, 200, "{answer}");
        SignedIn {
            token: text(&answer["session_token"]),
            session: text(&answer["session_id"]),
            cookie: cookie.unwrap().to_str().unwrap().to_owned(),
            answer,
        }
    }
}
