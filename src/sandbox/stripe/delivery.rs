//! Events on their way: signed, in order, and tried again while nobody takes them.

use std::sync::Arc;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use reqwest::Client;
use serde_json::Value;
use sha2::Sha256;

use super::{Desk, lock, now_s};

/// How often an event is sent at the most. Stripe tries for three days.
const ATTEMPTS: u32 = 6;
/// The pause after the first failure; each one after it is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const TIMEOUT: Duration = Duration::from_secs(20);

/// Where events go.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) url: String,
    pub(super) secret: String,
}

/// Sends what has happened since the last call, in the background.
pub(super) fn flush(desk: &Arc<Desk>) {
    let events = lock(&desk.state).take_outbox();
    let target = lock(&desk.target).clone();
    let (Some(target), false) = (target, events.is_empty()) else {
        return;
    };
    let client = desk.client.get_or_init(|| client().ok()).clone();
    tokio::spawn(async move {
        for event in &events {
            match &client {
                Some(client) => send(client, &target, event).await,
                None => tracing::error!("the simulated Stripe has no client to send events with"),
            }
        }
    });
}

/// A client that keeps no connections: it is used on several runtimes.
fn client() -> Result<Client, reqwest::Error> {
    Client::builder()
        .no_proxy()
        .timeout(TIMEOUT)
        .pool_max_idle_per_host(0)
        .build()
}

async fn send(client: &Client, target: &Target, event: &Value) {
    // Stripe's events are indented, too.
    let body = serde_json::to_string_pretty(event).unwrap_or_default();
    for attempt in 0..ATTEMPTS {
        let signature = sign(&target.secret, body.as_bytes(), now_s());
        let request = client
            .post(&target.url)
            .header("content-type", "application/json; charset=utf-8")
            .header("user-agent", "Stripe/1.0 (simulated)")
            .header("stripe-signature", signature)
            .body(body.clone());
        let taken = request.send().await;
        if taken.is_ok_and(|response| response.status().is_success()) {
            return;
        }
        tokio::time::sleep(FIRST_PAUSE * 2_u32.pow(attempt)).await;
    }
    tracing::warn!(event = %event["id"], "nobody took an event of the simulated Stripe");
}

/// The header `Stripe-Signature` of a payload at a time, in seconds since 1970.
pub fn sign(secret: &str, payload: &[u8], at_s: u64) -> String {
    // HMAC takes keys of every length; the error case does not exist here.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    mac.update(format!("{at_s}.").as_bytes());
    mac.update(payload);
    format!("t={at_s},v1={}", hex::encode(mac.finalize().into_bytes()))
}
