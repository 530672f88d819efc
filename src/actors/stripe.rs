//! Stripe's API over HTTPS: few calls, each with a key under which it happens once.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, RequestBuilder};
use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;

use crate::billing::{
    Cards, Charge, Checkout, Customer, Form, NewCustomer, OffSession, Refusal, Session, StripeId,
};
use crate::config::{self, Deposits, StripeAccess};

/// The version of the API that the answers are read in.
const VERSION: &str = "2024-06-20";
/// The pause after the first failure; each one after it is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Longest answer that is read.
const ANSWER_BYTES: usize = 1 << 20;
/// Saved cards of one customer that are looked at; Stripe's longest page.
const MOST_CARDS: usize = 100;

/// Stripe, as far as the router needs it.
pub struct Stripe {
    client: Client,
    api_base: String,
    attempts: usize,
}

/// Why Stripe did not do what it was asked. No message quotes the key or what was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StripeError {
    /// No answer came, or not in time.
    #[error("Stripe could not be reached; check the network and STRIPE_API_BASE")]
    Unreachable,
    /// Stripe is busy or failed; asking again may help.
    #[error("Stripe answered {0}; try again later")]
    Busy(u16),
    /// The key is not one that may do this.
    #[error("Stripe refused the key with {0}; check STRIPE_SECRET_KEY and its permissions")]
    KeyRefused(u16),
    /// Stripe refused what was asked.
    #[error("Stripe refused with {status}: {} {} {}", refusal.kind, refusal.code, refusal.param)]
    Refused {
        /// The status.
        status: u16,
        /// Why.
        refusal: Refusal,
    },
    /// The answer is not what Stripe's API says.
    #[error("Stripe's answer cannot be read; check STRIPE_API_BASE")]
    Unreadable,
}

impl StripeError {
    fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable | Self::Busy(_) => true,
            Self::KeyRefused(_) | Self::Refused { .. } | Self::Unreadable => false,
        }
    }

    /// Whether Stripe does not know the customer (any more).
    pub fn is_lost_customer(&self) -> bool {
        match self {
            Self::Refused { refusal, .. } => refusal.is_lost_customer(),
            Self::Unreachable | Self::Busy(_) | Self::KeyRefused(_) | Self::Unreadable => false,
        }
    }
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum NoClient {
    /// The key cannot stand in a header.
    #[error("STRIPE_SECRET_KEY has characters that no header can carry")]
    Key(#[from] reqwest::header::InvalidHeaderValue),
    /// The client cannot be built.
    #[error("the client for Stripe cannot be built: {0}")]
    Client(#[from] reqwest::Error),
}

impl Stripe {
    /// A client without redirects, proxies or connections that are kept: its callers run on
    /// different runtimes, and one must not wait for another that is busy.
    pub fn new(access: &StripeAccess, settings: &Deposits) -> Result<Self, NoClient> {
        let mut headers = HeaderMap::new();
        let bearer = format!("Bearer {}", access.secret_key.expose_secret());
        let mut bearer = HeaderValue::from_str(&bearer)?;
        bearer.set_sensitive(true);
        headers.insert(AUTHORIZATION, bearer);
        let version = HeaderName::from_static("stripe-version");
        headers.insert(version, HeaderValue::from_static(VERSION));
        let client = Client::builder()
            .default_headers(headers)
            .timeout(config::ms(settings.timeout_ms))
            .connect_timeout(config::ms(settings.timeout_ms.min(5_000)))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .pool_max_idle_per_host(0)
            .user_agent(concat!("model-router/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self {
            client,
            api_base: access.api_base.clone(),
            attempts: settings.attempts,
        })
    }

    /// Makes the customer of an account.
    pub async fn create_customer(&self, new: &NewCustomer<'_>) -> Result<StripeId, StripeError> {
        let customer: Customer = self.submit(&new.form()).await?;
        Ok(customer.id)
    }

    /// Makes the page on which an order is paid.
    pub async fn create_checkout(&self, checkout: &Checkout<'_>) -> Result<Session, StripeError> {
        self.submit(&checkout.form()).await
    }

    /// Charges a saved card while nobody is there. Said again for the same order, it is the same
    /// charge, for 24 hours.
    pub async fn charge(&self, charge: &OffSession<'_>) -> Charge {
        let form = charge.form();
        match self.patiently(|| self.post(&form)).await {
            Ok((status, body)) => Charge::read(status, &body),
            Err(error) => {
                tracing::warn!(order = %charge.order, %error, "a charge is unclear");
                Charge::Unclear
            }
        }
    }

    /// The cards that Stripe keeps for a customer.
    pub async fn cards(&self, customer: &StripeId) -> Result<Vec<StripeId>, StripeError> {
        let base = &self.api_base;
        let url =
            format!("{base}/v1/payment_methods?customer={customer}&type=card&limit={MOST_CARDS}");
        let answer = self.patiently(|| send(self.client.get(&url))).await?;
        let cards: Cards = read(answer)?;
        Ok(cards.methods().cloned().collect())
    }

    /// Takes a card from its customer: nobody can charge it any more.
    pub async fn detach(&self, method: &StripeId) -> Result<(), StripeError> {
        let url = format!("{}/v1/payment_methods/{method}/detach", self.api_base);
        let request = || {
            let key = format!("detach-{method}");
            self.client.post(&url).header("idempotency-key", key)
        };
        let answer = self.patiently(|| send(request())).await?;
        read::<Customer>(answer).map(drop)
    }

    /// Deletes a customer with its cards.
    pub async fn delete_customer(&self, customer: &StripeId) -> Result<(), StripeError> {
        let url = format!("{}/v1/customers/{customer}", self.api_base);
        let answer = self.patiently(|| send(self.client.delete(&url))).await?;
        read::<Customer>(answer).map(drop)
    }

    async fn submit<T: DeserializeOwned>(&self, form: &Form) -> Result<T, StripeError> {
        read(self.patiently(|| self.post(form)).await?)
    }

    fn post(&self, form: &Form) -> impl Future<Output = Answer> + use<> {
        let request = self
            .client
            .post(format!("{}{}", self.api_base, form.path))
            .header("idempotency-key", &form.idempotency_key)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form.body.clone());
        send(request)
    }

    /// Tries again what may be tried again: everything here happens once, by its key or by its
    /// nature.
    async fn patiently<F: Future<Output = Answer>>(&self, attempt: impl FnMut() -> F) -> Answer {
        let pauses = ExponentialBuilder::default()
            .with_min_delay(FIRST_PAUSE)
            .with_max_delay(LONGEST_PAUSE)
            .with_max_times(self.attempts.saturating_sub(1))
            .with_jitter();
        attempt
            .retry(pauses)
            .when(StripeError::may_pass)
            .notify(|error: &StripeError, pause| {
                tracing::warn!(%error, ?pause, "Stripe is asked again");
            })
            .await
    }
}

/// A status that asking again would not change, and its body.
type Answer = Result<(u16, Bytes), StripeError>;

async fn send(request: RequestBuilder) -> Answer {
    let response = request.send().await.map_err(|_| StripeError::Unreachable)?;
    let status = response.status().as_u16();
    // 409: another request with the same key is under way.
    if matches!(status, 408 | 409 | 429 | 500..) {
        return Err(StripeError::Busy(status));
    }
    let mut stream = response.bytes_stream();
    let mut body = BytesMut::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| StripeError::Unreachable)?;
        if body.len() + chunk.len() > ANSWER_BYTES {
            return Err(StripeError::Unreadable);
        }
        body.extend_from_slice(&chunk);
    }
    Ok((status, body.freeze()))
}

fn read<T: DeserializeOwned>((status, body): (u16, Bytes)) -> Result<T, StripeError> {
    match status {
        200..=299 => serde_json::from_slice(&body).map_err(|_| StripeError::Unreadable),
        401 | 403 => Err(StripeError::KeyRefused(status)),
        400..=499 => Err(StripeError::Refused {
            status,
            refusal: Refusal::read(&body),
        }),
        _ => Err(StripeError::Unreadable),
    }
}
