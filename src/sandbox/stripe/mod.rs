//! A double of Stripe after its published API: customers, saved cards, Checkout with its hosted page,
//! off-session payments, refunds, disputes, idempotency keys and signed events.
//!
//! It keeps everything in memory and forgets it at its end. What no API call can do (a cardholder's
//! dispute, a card that stops working) is under `/_control`, and in [`Stripe`] for tests.

mod api;
mod cards;
mod checkout;
mod customers;
mod delivery;
mod disputes;
mod form;
mod intents;
mod methods;
mod page;
mod refunds;
mod state;
mod trouble;

use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer, web};
use serde_json::Value;

pub use cards::Behaviour;
pub use delivery::sign;

use super::{KEEP_ALIVE, SLOWEST_HEAD};
use delivery::Target;
use state::State;

/// Calls that the log keeps.
const MOST_CALLS: usize = 1024;
/// The largest request body.
const MOST_BODY_BYTES: usize = 256 << 10;

/// A running double of Stripe. Dropped, it stops.
pub struct Stripe {
    desk: Arc<Desk>,
    address: SocketAddr,
    server: ServerHandle,
}

/// What its handlers share.
#[derive(Default)]
struct Desk {
    state: Mutex<State>,
    /// Where events go; without a target they are only kept.
    target: Mutex<Option<Target>>,
    faults: Mutex<VecDeque<Fault>>,
    calls: Mutex<VecDeque<Call>>,
    /// Where the hosted pages are.
    site: Mutex<String>,
    /// What events are sent with; `None` when it cannot be built.
    client: OnceLock<Option<reqwest::Client>>,
}

/// What goes wrong with the next call of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It takes so long before anything happens.
    Delay(Duration),
    /// It happens, and its answer is lost: 500 without the body.
    LoseAnswer,
    /// Nothing happens but this status.
    Status(u16),
}

/// One call of the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// `POST`, `GET` or `DELETE`.
    pub method: String,
    /// Its path.
    pub path: String,
    /// Its idempotency key.
    pub idempotency_key: Option<String>,
    /// Its form, or its query.
    pub form: Vec<(String, String)>,
    /// The version that was asked for.
    pub version: Option<String>,
}

impl Stripe {
    /// Starts it on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// No port can be bound.
    pub fn start() -> io::Result<Self> {
        Self::start_on(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
    }

    /// Starts it on an address. Must run inside a tokio runtime.
    ///
    /// # Errors
    /// The address cannot be bound.
    pub fn start_on(address: SocketAddr) -> io::Result<Self> {
        let desk = Arc::new(Desk::default());
        let shared = Arc::clone(&desk);
        let server = HttpServer::new(move || {
            App::new()
                .app_data(web::PayloadConfig::new(MOST_BODY_BYTES))
                .app_data(web::Data::from(Arc::clone(&shared)))
                .service(
                    web::resource("/c/pay/{session}")
                        .route(web::get().to(page::show))
                        .route(web::post().to(page::pay)),
                )
                .default_service(web::to(api::answer))
        })
        .workers(1)
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(SLOWEST_HEAD)
        .disable_signals()
        .bind(address)?;
        let address = server.addrs().first().copied().unwrap_or(address);
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        *lock(&desk.site) = format!("http://{address}");
        Ok(Self {
            desk,
            address,
            server: handle,
        })
    }

    /// Its address, for `STRIPE_API_BASE`.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Sends all events from now on to this address, signed with this secret.
    pub fn deliver_to(&self, url: impl Into<String>, secret: impl Into<String>) {
        *lock(&self.desk.target) = Some(Target {
            url: url.into(),
            secret: secret.into(),
        });
    }

    /// Keeps events from now on instead of sending them.
    pub fn hold_events(&self) {
        *lock(&self.desk.target) = None;
    }

    /// The last events, oldest first.
    pub fn events(&self) -> Vec<Value> {
        lock(&self.desk.state).events().cloned().collect()
    }

    /// The last calls of the API, oldest first.
    pub fn calls(&self) -> Vec<Call> {
        lock(&self.desk.calls).iter().cloned().collect()
    }

    /// What goes wrong with the next call; said twice, the second befalls the one after it.
    pub fn next(&self, fault: Fault) {
        let mut faults = lock(&self.desk.faults);
        if faults.len() < MOST_CALLS {
            faults.push_back(fault);
        }
    }

    /// How a saved card behaves from now on.
    pub fn set_behaviour(&self, method: &str, behaviour: Behaviour) {
        lock(&self.desk.state).set_behaviour(method, behaviour);
    }

    /// An object by its id.
    pub fn object(&self, id: &str) -> Option<Value> {
        lock(&self.desk.state).get(id).cloned()
    }

    /// Forgets an object, as if its owner had deleted it.
    pub fn forget(&self, id: &str) {
        lock(&self.desk.state).remove(id);
    }

    /// Pays an open Checkout session with a card, as on its page.
    ///
    /// # Errors
    /// In Stripe's words, why it was not paid.
    pub fn pay(&self, session: &str, card: &str) -> Result<(), String> {
        let paid = checkout::pay(&mut lock(&self.desk.state), session, card, now_s());
        delivery::flush(&self.desk);
        paid.map(drop).map_err(|trouble| trouble.message)
    }

    /// Refunds a part of a payment, as the operator would in Stripe's dashboard.
    ///
    /// # Errors
    /// In Stripe's words, why not.
    pub fn refund(&self, intent: &str, cents: u64) -> Result<(), String> {
        let mut state = lock(&self.desk.state);
        let refunded = refunds::refund(&mut state, intent, Some(cents), now_s());
        drop(state);
        delivery::flush(&self.desk);
        refunded.map(drop).map_err(|trouble| trouble.message)
    }

    /// Has the cardholder dispute a payment; answers with the dispute's id.
    ///
    /// # Errors
    /// In Stripe's words, why not.
    pub fn dispute(&self, intent: &str) -> Result<String, String> {
        let opened = disputes::open(&mut lock(&self.desk.state), intent, now_s());
        delivery::flush(&self.desk);
        let id = |dispute: Value| dispute["id"].as_str().unwrap_or_default().to_owned();
        opened.map(id).map_err(|trouble| trouble.message)
    }

    /// Decides a dispute: `won` or `lost`.
    ///
    /// # Errors
    /// In Stripe's words, why not.
    pub fn close_dispute(&self, dispute: &str, status: &str) -> Result<(), String> {
        let closed = disputes::close(&mut lock(&self.desk.state), dispute, status, now_s());
        delivery::flush(&self.desk);
        closed.map(drop).map_err(|trouble| trouble.message)
    }
}

impl Drop for Stripe {
    fn drop(&mut self) {
        // The order to stop is given by the call itself; nobody needs to wait for it.
        drop(self.server.stop(false));
    }
}

impl Desk {
    fn log(&self, call: Call) {
        let mut calls = lock(&self.calls);
        if calls.len() == MOST_CALLS {
            calls.pop_front();
        }
        calls.push_back(call);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Seconds since 1970.
fn now_s() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests;
