//! `[deposits]` and the variables `STRIPE_SECRET_KEY`, `STRIPE_WEBHOOK_SECRET` and `STRIPE_API_BASE`:
//! how customers pay.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use url::Url;

use super::mail::is_loopback;
use crate::billing::Mode;

/// Where Stripe is.
const API_BASE: &str = "https://api.stripe.com";

/// `[deposits]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Deposits {
    /// How long one request to Stripe may take, in milliseconds.
    pub timeout_ms: u64,
    /// How often Stripe is asked for one thing.
    pub attempts: usize,
    /// Deposits that one account may order within 24 hours.
    pub orders_per_day: usize,
    /// Pause before Stripe is asked again what became of a charge of a saved card, in milliseconds;
    /// each one after it is twice as long, up to 128 times as long.
    pub recharge_ask_again_ms: u64,
    /// How long a saved card is left alone after it was declined, in milliseconds.
    pub recharge_decline_pause_ms: u64,
    /// How Stripe is reached. Only from the environment; without it deposits are off.
    #[serde(skip)]
    pub stripe: Option<StripeAccess>,
    /// What Stripe's events are signed with; any will do. Only from the environment; without one
    /// there is no route for events, and deposits are off.
    #[serde(skip)]
    pub webhook_secrets: Vec<SecretString>,
}

/// How Stripe is reached.
#[derive(Clone, Debug)]
pub struct StripeAccess {
    /// The secret key.
    pub secret_key: SecretString,
    /// The API's address without a trailing slash and without `/v1`.
    pub api_base: String,
}

impl Default for Deposits {
    fn default() -> Self {
        Self {
            timeout_ms: 20_000,
            attempts: 3,
            orders_per_day: 20,
            recharge_ask_again_ms: 30_000,
            recharge_decline_pause_ms: 3_600_000,
            stripe: None,
            webhook_secrets: Vec::new(),
        }
    }
}

impl Deposits {
    /// How Stripe is reached, when customers can pay. A key alone would take money and never credit
    /// it.
    pub fn access(&self) -> Option<&StripeAccess> {
        let access = self.stripe.as_ref();
        access.filter(|_| !self.webhook_secrets.is_empty())
    }
}

impl StripeAccess {
    /// Whether events of a mode belong to this key. One that does not say its mode takes both.
    pub fn takes(&self, mode: Mode) -> bool {
        let of_key = self.secret_key.expose_secret().split('_').nth(1);
        match of_key {
            Some("live") => mode == Mode::Live,
            Some("test") => mode == Mode::Test,
            Some(_) | None => true,
        }
    }

    /// Reads a key and the API's address. The error names the variable, and quotes no secret.
    pub fn read(
        secret_key: String,
        api_base: Option<&str>,
    ) -> Result<Self, (&'static str, &'static str)> {
        let visible = |b: u8| b.is_ascii_graphic();
        if secret_key.len() < 8 || !secret_key.bytes().all(visible) {
            return Err((
                "STRIPE_SECRET_KEY",
                "is no key of Stripe's; use one such as sk_live_… or rk_live_…",
            ));
        }
        let api_base =
            address(api_base.unwrap_or(API_BASE)).map_err(|reason| ("STRIPE_API_BASE", reason))?;
        Ok(Self {
            secret_key: secret_key.into(),
            api_base,
        })
    }
}

/// The key goes there: only over TLS, except on this machine.
fn address(text: &str) -> Result<String, &'static str> {
    let url = Url::parse(text).map_err(|_| "is not a URL; leave it out, or use https://…")?;
    let host = url.host_str().unwrap_or_default();
    if url.scheme() != "https" && !(url.scheme() == "http" && is_loopback(host)) {
        return Err("must begin with https://; http:// only reaches this machine");
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        return Err("has more than scheme, host, port and path");
    }
    let text = url.as_str().trim_end_matches('/');
    Ok(text.strip_suffix("/v1").unwrap_or(text).to_owned())
}

/// The secrets of `STRIPE_WEBHOOK_SECRET`, between commas.
pub(super) fn webhook_secrets(text: &str) -> Vec<SecretString> {
    text.split(',')
        .map(str::trim)
        .filter(|secret| !secret.is_empty())
        .map(SecretString::from)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_travels_only_over_tls_or_on_this_machine() {
        let read = |base| StripeAccess::read("sk_test_12345".to_owned(), Some(base));
        let base = |text| read(text).unwrap().api_base;
        assert_eq!(base("http://127.0.0.1:8420/"), "http://127.0.0.1:8420");
        assert_eq!(base("https://stripe.example/v1"), "https://stripe.example");
        for bad in [
            "stripe.example",
            "http://stripe.example",
            "https://u:p@h",
            "ftp://h",
        ] {
            assert_eq!(read(bad).unwrap_err().0, "STRIPE_API_BASE", "{bad}");
        }
        let access = StripeAccess::read("sk_test_12345".to_owned(), None).unwrap();
        assert_eq!(access.api_base, API_BASE);
        assert!(!format!("{access:?}").contains("sk_test_12345"));
        assert!(access.takes(Mode::Test) && !access.takes(Mode::Live));
        for bad in ["short", "sk_test_ with space"] {
            let (variable, _) = StripeAccess::read(bad.to_owned(), None).unwrap_err();
            assert_eq!(variable, "STRIPE_SECRET_KEY");
        }
    }

    #[test]
    fn deposits_need_a_key_and_a_secret_for_events() {
        let mut deposits = Deposits::default();
        assert!(deposits.access().is_none());
        deposits.stripe = StripeAccess::read("sk_test_12345".to_owned(), None).ok();
        assert!(deposits.access().is_none());
        deposits.webhook_secrets = webhook_secrets(" , ");
        assert!(deposits.access().is_none());
        deposits.webhook_secrets = webhook_secrets("whsec_a, whsec_b,");
        assert_eq!(deposits.webhook_secrets.len(), 2);
        assert!(deposits.access().is_some());
    }
}
