//! A router whose customers pay to a double of Stripe.

use std::time::{Duration, Instant};

use model_router::config::{Settings, StripeAccess};
use model_router::sandbox::stripe::{Stripe, sign};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use super::mailbox::SignedIn;
use super::router::{ADMIN, Router, crypto, text};

pub const SECRET: &str = "whsec_of_the_tests";
const WEBHOOK: &str = "/v1/billing/webhook";
/// A card that pays.
pub const VISA: &str = "4242424242424242";
const PATIENCE: Duration = Duration::from_secs(10);

/// The page of Stripe's that an order is paid on, by the answer to the order.
pub fn page_of(ordered: &Value) -> String {
    let url = ordered["url"].as_str().unwrap();
    url.rsplit('/').next().unwrap().to_owned()
}

pub struct Shop {
    pub router: Router,
    pub stripe: Stripe,
}

/// A customer of a shop.
pub struct Customer {
    pub owner: SignedIn,
    pub account: String,
}

impl Shop {
    /// A router, and a double of Stripe that sends it its events.
    pub async fn open() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        crypto();
        let stripe = Stripe::start().unwrap();
        let router = Router::with("", |settings| {
            settings.deposits.webhook_secrets = vec![SECRET.into()];
            settings.deposits.stripe = Some(StripeAccess {
                secret_key: "sk_test_of_the_tests".into(),
                api_base: stripe.base_url(),
            });
            change(settings);
        })
        .await;
        stripe.deliver_to(format!("{}{WEBHOOK}", router.url), SECRET);
        Self { router, stripe }
    }

    /// Someone who has signed in and has no credit.
    pub async fn customer(&self, email: &str) -> Customer {
        let owner = self.router.sign_in(email, 1).await;
        let account = text(&owner.answer["account_id"]);
        Customer { owner, account }
    }

    pub async fn order(
        &self,
        customer: &Customer,
        amount_usd: &str,
        key: Option<&str>,
    ) -> Response {
        let url = format!("{}/v1/billing/checkout", self.router.url);
        let request = self
            .router
            .client
            .post(url)
            .bearer_auth(&customer.owner.token)
            .json(&json!({ "amount_usd": amount_usd }));
        let request = match key {
            Some(key) => request.header("Idempotency-Key", key),
            None => request,
        };
        request.send().await.unwrap()
    }

    /// An order with its page: the answer, and the session's id.
    pub async fn ordered(&self, customer: &Customer, amount_usd: &str) -> (Value, String) {
        let response = self.order(customer, amount_usd, None).await;
        let status = response.status();
        let answer: Value = response.json().await.unwrap();
        assert_eq!(status, 200, "{answer}");
        let session = page_of(&answer);
        (answer, session)
    }

    /// An order that is paid, with its events held back: the order, its session and payment.
    pub async fn paid_in_silence(
        &self,
        customer: &Customer,
        amount_usd: &str,
    ) -> (String, String, String) {
        self.stripe.hold_events();
        let (answer, session) = self.ordered(customer, amount_usd).await;
        self.stripe.pay(&session, VISA).unwrap();
        let paid = self.stripe.object(&session).unwrap();
        let intent = text(&paid["payment_intent"]);
        (text(&answer["order_id"]), session, intent)
    }

    pub async fn send(&self, customer: &Customer, method: Method, path: &str) -> (u16, Value) {
        let token = &customer.owner.token;
        let response = self.router.send(method, path, token, &json!({})).await;
        let status = response.status().as_u16();
        (status, response.json().await.unwrap())
    }

    pub async fn billing(&self, customer: &Customer) -> Value {
        let (status, billing) = self.send(customer, Method::GET, "/v1/billing").await;
        assert_eq!(status, 200, "{billing}");
        billing
    }

    pub async fn balance(&self, customer: &Customer) -> String {
        let (_, account) = self.send(customer, Method::GET, "/v1/account").await;
        text(&account["balance_usd"])
    }

    /// Waits until the balance is this, and what made it so is on disk: lists are read from there.
    pub async fn until_balance_is(&self, customer: &Customer, usd: &str) {
        let deadline = Instant::now() + PATIENCE;
        while self.balance(customer).await != usd {
            assert!(
                Instant::now() < deadline,
                "the balance is {}, never {usd}",
                self.balance(customer).await
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.router.verify().await;
    }

    /// Waits until the billing page satisfies something.
    pub async fn until_billing(
        &self,
        customer: &Customer,
        wanted: impl Fn(&Value) -> bool,
    ) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let billing = self.billing(customer).await;
            if wanted(&billing) {
                return billing;
            }
            assert!(Instant::now() < deadline, "{billing}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// The last event of a kind that the double has had.
    pub fn event(&self, kind: &str) -> Value {
        let events = self.stripe.events();
        let found = events.iter().rev().find(|event| event["type"] == kind);
        found.unwrap_or_else(|| panic!("no {kind}")).clone()
    }

    /// Sends an event as it is, signed now.
    pub async fn tell(&self, event: &Value) -> u16 {
        let body = event.to_string();
        let signature = sign(SECRET, body.as_bytes(), now_s());
        self.tell_as(body, Some(&signature)).await
    }

    pub async fn tell_as(&self, body: String, signature: Option<&str>) -> u16 {
        let url = format!("{}{WEBHOOK}", self.router.url);
        let request = self.router.client.post(url).body(body);
        let request = match signature {
            Some(signature) => request.header("Stripe-Signature", signature),
            None => request,
        };
        request.send().await.unwrap().status().as_u16()
    }

    /// What an account of the ledger holds, by its name: credits less debits.
    pub async fn held(&self, account: &str) -> String {
        let url = format!("{}/admin/overview", self.router.url);
        let request = self.router.client.get(url).bearer_auth(ADMIN);
        let overview: Value = request.send().await.unwrap().json().await.unwrap();
        let held = overview["ledger"][account].as_str();
        held.unwrap_or("0").to_owned()
    }
}

pub fn now_s() -> u64 {
    let now = time::OffsetDateTime::now_utc().unix_timestamp();
    u64::try_from(now).unwrap()
}
