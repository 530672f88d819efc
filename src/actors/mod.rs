//! State and decisions: every actor, and the switchboard with their addresses and published snapshots.

pub mod accounts;
pub mod arrivals;
pub mod breaker;
pub mod budget;
pub mod catalog;
pub mod classifier;
pub mod clock;
pub mod consoles;
pub mod conversations;
pub mod credential;
pub mod exporter;
pub mod funds;
pub mod guard;
pub mod ledger;
pub mod logbook;
pub mod mailer;
pub mod overlay;
pub mod prices;
pub mod provider;
pub mod rate;
pub mod recharge;
pub mod refusals;
pub mod scheduling;
mod start;
pub mod statistics;
pub mod stop;
pub mod storage;
pub mod stripe;

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix::Addr;
use arc_swap::ArcSwap;
use tokio::sync::Semaphore;

pub use start::StartError;

use self::accounts::{Accounts, KeyDirectory, SessionDirectory};
use self::arrivals::Arrivals;
use self::catalog::{CatalogKeeper, World};
use self::classifier::Classifier;
use self::consoles::Consoles;
use self::conversations::Memory;
use self::exporter::Exporter;
use self::funds::Purses;
use self::ledger::{Ledger, Tally};
use self::logbook::Logbook;
use self::mailer::Mailer;
use self::recharge::Recharger;
use self::refusals::Refusals;
use self::statistics::Archivist;
use self::stop::Stop;
use self::storage::StorageHealth;
use self::stripe::Stripe;
use crate::config::Settings;
use crate::counters::Counters;
use crate::ids::Pepper;
use crate::store::Archive;
use crate::wire::Replays;

/// Bytes in one permit of the budget for request bodies.
pub const BODY_BUDGET_UNIT: usize = 1024;

/// Whether the providers are real.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Providers {
    /// The ones the catalog names.
    Real,
    /// Simulated ones on loopback.
    Simulated,
}

/// What HTTP handlers need: addresses to ask, snapshots to read, and the edge's bounds.
pub struct Switchboard {
    /// The operator's settings.
    pub settings: Settings,
    /// Whether the providers are real.
    pub providers: Providers,
    /// The catalog and who is configured.
    pub world: Arc<ArcSwap<World>>,
    /// Every key and whom it stands for.
    pub keys: Arc<ArcSwap<KeyDirectory>>,
    /// Every session and who has signed in with it.
    pub sessions: Arc<ArcSwap<SessionDirectory>>,
    /// Published balances.
    pub purses: Arc<Purses>,
    /// Whether the ledger can be written.
    pub storage: Arc<StorageHealth>,
    /// Records and totals, read beside the ledger.
    pub archive: Archive,
    /// Walks over the whole ledger, which take seconds: one at a time.
    pub audits: Arc<Semaphore>,
    /// The secret under which keys are hashed.
    pub pepper: Pepper,
    /// The ledger.
    pub ledger: Addr<Ledger>,
    /// What the ledger counts.
    pub ledger_tally: Arc<Tally>,
    /// Customers and keys.
    pub accounts: Addr<Accounts>,
    /// Mails.
    pub mailer: Addr<Mailer>,
    /// What came of attempts, for the status page.
    pub logbook: Arc<Logbook>,
    /// Spans and metrics on their way out.
    pub exporter: Addr<Exporter>,
    /// Who charges saved cards.
    pub recharger: Addr<Recharger>,
    /// Who takes card payments; `None` when deposits are off.
    pub stripe: Option<Arc<Stripe>>,
    /// Who keeps what was learned of the models.
    pub statistics: Addr<Archivist>,
    /// The catalog's keeper.
    pub catalog: Addr<CatalogKeeper>,
    /// The classifier.
    pub classifier: Addr<Classifier>,
    /// What is counted for the operator.
    pub counters: Arc<Counters>,
    /// The order to end, for requests that run.
    pub stop: Stop,
    /// Inference requests in flight.
    pub in_flight: Arc<Semaphore>,
    /// Sign-in requests that wait for the accounts' actor.
    pub sign_ins: Arc<Semaphore>,
    /// Wrong admin tokens.
    pub refused_operators: Refusals,
    arrivals: Mutex<Arrivals>,
    /// Tries to sign in as the operator.
    operator_tries: Mutex<Arrivals>,
    consoles: Mutex<Consoles>,
    replays: Mutex<Replays>,
    /// Who answered which conversation.
    pub conversations: Memory,
    /// How many requests have ranked by speed.
    pub fast_requests: AtomicU64,
    /// Request bodies held in memory, in units of [`BODY_BUDGET_UNIT`].
    pub body_budget: Arc<Semaphore>,
}

impl Switchboard {
    /// Reasoning kept for callers that drop it. Locked for one look-up, never while awaiting.
    pub fn replays(&self) -> MutexGuard<'_, Replays> {
        self.replays.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How often each client address tries to sign in as the operator. Held for one look-up.
    pub fn operator_tries(&self) -> MutexGuard<'_, Arrivals> {
        let tries = self.operator_tries.lock();
        tries.unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the operator is signed in to the pages. Held for one look-up.
    pub fn consoles(&self) -> MutexGuard<'_, Consoles> {
        self.consoles.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who asked for sign-in codes lately. Locked for one look-up, never while awaiting.
    pub fn arrivals(&self) -> MutexGuard<'_, Arrivals> {
        self.arrivals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the providers are simulated.
    pub fn is_sandbox(&self) -> bool {
        match self.providers {
            Providers::Real => false,
            Providers::Simulated => true,
        }
    }
}
