//! State and decisions: starts all actors and holds their addresses and published snapshots.

pub mod accounts;
pub mod arrivals;
pub mod breaker;
pub mod catalog;
pub mod classifier;
pub mod clock;
pub mod credential;
pub mod funds;
pub mod guard;
pub mod ledger;
pub mod mailer;
pub mod provider;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix::{Actor, Addr, Arbiter};
use arc_swap::ArcSwap;
use tokio::sync::Semaphore;

use self::accounts::{Accounts, Door, KeyDirectory, SessionDirectory};
use self::arrivals::Arrivals;
use self::catalog::{CatalogKeeper, ReloadError, Source, World};
use self::classifier::Classifier;
use self::funds::Purses;
use self::ledger::Ledger;
use self::mailer::{Mailer, Post, PostError};
use crate::catalog::Catalog;
use crate::config::{self, Environment, Settings};
use crate::ids::Pepper;
use crate::store::{self, Book, Db, Disposable, Generosity, LedgerError, Terms, Visitors};
use crate::wire::Replays;

/// Bytes in one permit of the budget for request bodies.
pub const BODY_BUDGET_UNIT: usize = 1024;

/// Sign-in requests that may wait for the accounts' actor at one time.
const SIGN_INS_WAITING: usize = 512;

/// Memory for reasoning that models want back, in bytes.
const REPLAY_BYTES: usize = 32 << 20;

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
    /// The secret under which keys are hashed.
    pub pepper: Pepper,
    /// The ledger.
    pub ledger: Addr<Ledger>,
    /// Customers and keys.
    pub accounts: Addr<Accounts>,
    /// Mails.
    pub mailer: Addr<Mailer>,
    /// The catalog's keeper.
    pub catalog: Addr<CatalogKeeper>,
    /// The classifier.
    pub classifier: Addr<Classifier>,
    /// Inference requests in flight.
    pub in_flight: Arc<Semaphore>,
    /// Sign-in requests that wait for the accounts' actor.
    pub sign_ins: Arc<Semaphore>,
    arrivals: Mutex<Arrivals>,
    replays: Mutex<Replays>,
    /// Request bodies held in memory, in units of [`BODY_BUDGET_UNIT`].
    pub body_budget: Arc<Semaphore>,
}

/// Why the router cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The catalog is wrong.
    #[error(transparent)]
    Catalog(#[from] ReloadError),
    /// The data directory cannot be used.
    #[error(transparent)]
    Storage(#[from] LedgerError),
    /// Mails can be neither sent nor written.
    #[error(transparent)]
    Mail(#[from] PostError),
}

impl Switchboard {
    /// Opens the storage, reads the catalog and starts every actor. Call it inside a running system.
    pub fn start(
        settings: Settings,
        env: Environment,
        providers: Providers,
    ) -> Result<Self, StartError> {
        let source = Source {
            overlay: settings.catalog.overlay.clone(),
            env,
        };
        let catalog = source.load()?;
        let storage = Storage::open(&settings)?;
        let post = Post::open(&settings.mail, &settings.storage.data_dir)?;
        let mailer = Mailer::new(post, &settings.mail);
        Ok(Self::spawn(
            settings, providers, source, catalog, storage, mailer,
        ))
    }

    fn spawn(
        settings: Settings,
        providers: Providers,
        source: Source,
        catalog: Catalog,
        storage: Storage,
        mailer: Mailer,
    ) -> Self {
        let policy = breaker::Policy {
            consecutive_failures: settings.breaker.consecutive_failures.max(1),
            rest: config::ms(settings.breaker.rest_ms),
            max_rest: config::ms(settings.breaker.max_rest_ms.max(settings.breaker.rest_ms)),
        };
        let keeper = CatalogKeeper::new(source, policy, catalog);
        let world = keeper.published();

        let Storage {
            db,
            book,
            accounts,
            visitors,
            pepper,
        } = storage;
        let purses = Arc::new(Purses::default());
        for (account, balance) in book.customers() {
            purses.set(account, balance);
        }
        // Both block on the disk, so they share a thread that nothing else runs on.
        let disk = Arbiter::new().handle();
        let ledger = Ledger::new(db.clone(), book, Arc::clone(&purses));
        let ledger = Ledger::start_in_arbiter(&disk, |_| ledger);
        let mailer = Mailer::start_in_arbiter(&Arbiter::new().handle(), |_| mailer);
        let site = settings.public_url();
        let (door, sessions) = Door::new(visitors, mailer.clone(), ledger.clone(), site);
        let (accounts, keys) = Accounts::new(db, accounts, Arc::clone(&purses), door);

        let permits =
            (settings.limits.bytes_in_flight / BODY_BUDGET_UNIT).min(Semaphore::MAX_PERMITS);
        Self {
            providers,
            world,
            keys,
            sessions,
            purses,
            pepper,
            ledger,
            mailer,
            accounts: Accounts::start_in_arbiter(&disk, |_| accounts),
            catalog: keeper.start(),
            classifier: Classifier::start_in_arbiter(&Arbiter::new().handle(), |_| Classifier),
            in_flight: Arc::new(Semaphore::new(
                settings
                    .limits
                    .requests_in_flight
                    .min(Semaphore::MAX_PERMITS),
            )),
            sign_ins: Arc::new(Semaphore::new(SIGN_INS_WAITING)),
            arrivals: Mutex::new(Arrivals::new(settings.sign_in.requests_per_ip_hour)),
            replays: Mutex::new(Replays::new(REPLAY_BYTES)),
            body_budget: Arc::new(Semaphore::new(permits)),
            settings,
        }
    }

    /// Reasoning kept for callers that drop it. Locked for one look-up, never while awaiting.
    pub fn replays(&self) -> MutexGuard<'_, Replays> {
        self.replays.lock().unwrap_or_else(PoisonError::into_inner)
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

/// What was found in the data directory.
struct Storage {
    db: Db,
    book: Book,
    accounts: store::Accounts,
    visitors: Visitors,
    pepper: Pepper,
}

impl Storage {
    fn open(settings: &Settings) -> Result<Self, LedgerError> {
        let db = Db::open(&settings.storage.data_dir)?;
        let limits = store::Limits {
            holds_per_account: settings.limits.running_per_account,
        };
        let (book, recovered) = Book::load(&db, limits, clock::now_ms())?;
        if recovered.orphans > 0 {
            tracing::warn!(
                orphans = recovered.orphans,
                "requests were running when the router last ended: voided"
            );
        }
        let pepper = db.pepper()?;
        let accounts = store::Accounts::load(&db, pepper.clone())?;
        let visitors = Visitors::load(&db, &pepper, terms(settings))?;
        Ok(Self {
            db,
            book,
            accounts,
            visitors,
            pepper,
        })
    }
}

/// The operator's terms for people who sign in.
fn terms(settings: &Settings) -> Terms {
    let sign_in = &settings.sign_in;
    Terms {
        disposable: if sign_in.refuse_disposable {
            Disposable::Refuse
        } else {
            Disposable::Accept
        },
        generosity: Generosity {
            credit: sign_in.credit_usd,
            daily_cap: sign_in.daily_credit_cap_usd,
        },
    }
}
