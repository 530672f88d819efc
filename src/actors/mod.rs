//! State and decisions: starts all actors and holds their addresses and published snapshots.

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
pub mod statistics;
pub mod stop;
pub mod storage;
pub mod stripe;

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix::{Actor, Addr, Arbiter};
use arc_swap::ArcSwap;
use tokio::sync::Semaphore;

use self::accounts::{Accounts, Allowances, Door, Exports, KeyDirectory, SessionDirectory};
use self::arrivals::Arrivals;
use self::breaker::Policy;
use self::budget::Rate;
use self::catalog::{CatalogKeeper, ReloadError, Rules, Source, World};
use self::classifier::{Classifier, LoadError, WeightsFile};
use self::consoles::Consoles;
use self::conversations::Memory;
use self::exporter::Exporter;
use self::funds::Purses;
use self::ledger::{Keep, Ledger, Tally};
use self::logbook::Logbook;
use self::mailer::{Mailer, Post, PostError};
use self::prices::Prices;
use self::recharge::Recharger;
use self::refusals::Refusals;
use self::statistics::{Archivist, Statistics};
use self::stop::Stop;
use self::storage::{SpaceWatch, StorageHealth};
use self::stripe::{NoClient, Stripe};
use crate::catalog::Catalog;
use crate::config::{Deposits, Environment, Settings};
use crate::counters::Counters;
use crate::ids::Pepper;
use crate::store::{self, Archive, Book, Db, Disposable, Generosity, LedgerError, Terms, Visitors};
use crate::wire::Replays;

/// Bytes in one permit of the budget for request bodies.
pub const BODY_BUDGET_UNIT: usize = 1024;

/// Tries to sign in as the operator that one client address has in an hour.
const OPERATOR_TRIES_PER_HOUR: usize = 10;
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

/// Why the router cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The catalog is wrong.
    #[error(transparent)]
    Catalog(#[from] ReloadError),
    /// The classifier's weights are wrong.
    #[error(transparent)]
    Weights(#[from] LoadError),
    /// The data directory cannot be used.
    #[error(transparent)]
    Storage(#[from] LedgerError),
    /// Mails can be neither sent nor written.
    #[error(transparent)]
    Mail(#[from] PostError),
    /// Stripe cannot be asked.
    #[error(transparent)]
    Stripe(#[from] NoClient),
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
        let model = classifier::load(settings.auto.weights.as_ref())?;
        let classifier = Classifier::new(model, settings.auto.share);
        let storage = Storage::open(&settings)?;
        let post = Post::open(&settings.mail, &settings.storage.data_dir)?;
        let counters = Arc::new(Counters::default());
        let outside = Outside {
            mailer: Mailer::new(post, &settings.mail),
            exporter: Exporter::new(&settings, Arc::clone(&counters)),
            stripe: processor(&settings.deposits)?,
            counters,
        };
        Ok(Self::spawn(
            settings, providers, source, catalog, classifier, storage, outside,
        ))
    }

    fn spawn(
        settings: Settings,
        providers: Providers,
        source: Source,
        catalog: Catalog,
        classifier: Classifier,
        storage: Storage,
        outside: Outside,
    ) -> Self {
        let rules = Rules {
            policy: Policy::of(&settings.breaker),
            retries: Rate {
                per_100_requests: settings.failover.retries_per_100_requests,
                per_s: settings.failover.retries_per_s,
            },
        };
        let Storage {
            db,
            book,
            accounts,
            visitors,
            pepper,
            remembered,
            logbook,
            prices,
        } = storage;
        let classifier = Classifier::start_in_arbiter(&Arbiter::new().handle(), |_| classifier);
        let weights = WeightsFile {
            path: settings.auto.weights.clone(),
            classifier: classifier.clone(),
        };
        let keeper = CatalogKeeper::new(
            source,
            rules,
            catalog,
            weights,
            remembered,
            Arc::clone(&logbook),
            prices.clone(),
        );
        let world = keeper.published();
        let purses = Arc::new(Purses::default());
        for (account, balance) in book.customers() {
            purses.set(account, balance);
        }
        let health = Arc::new(StorageHealth::default());
        let watch = SpaceWatch::new(
            db.clone(),
            Arc::clone(&health),
            settings.storage.min_free_bytes,
        );
        let archive = Archive::new(db.clone());
        let archivist = Archivist::new(
            db.clone(),
            Arc::clone(&world),
            Arc::clone(&logbook),
            Arc::clone(&health),
            prices,
        );
        let days_ms = |days: u64| days.saturating_mul(24 * 3600 * 1000);
        let keep = Keep {
            records_ms: days_ms(settings.storage.keep_records_days),
            audit_ms: days_ms(settings.storage.keep_audit_days),
        };
        let ledger = Ledger::new(
            db.clone(),
            book,
            Arc::clone(&purses),
            Arc::clone(&health),
            keep,
        );

        // All of these block on the disk, so they share a thread that nothing else runs on.
        let disk = Arbiter::new().handle();
        SpaceWatch::start_in_arbiter(&disk, |_| watch);
        let ledger_tally = ledger.tally();
        let ledger = Ledger::start_in_arbiter(&disk, |_| ledger);
        // Both of these wait for other machines.
        let Outside {
            mailer,
            exporter,
            stripe,
            counters,
        } = outside;
        let outside = Arbiter::new().handle();
        let mailer = Mailer::start_in_arbiter(&outside, |_| mailer);
        let exporter = Exporter::start_in_arbiter(&Arbiter::new().handle(), |_| exporter);
        let exports = Exports {
            exporter: exporter.clone(),
            reach: settings.telemetry.reach(),
        };
        let site = settings.public_url();
        let (door, sessions) = Door::new(visitors, mailer.clone(), ledger.clone(), site);
        let allowances = Allowances::new(settings.rate_limits.clone());
        let (accounts, keys) = Accounts::new(
            db,
            accounts,
            Arc::clone(&purses),
            &health,
            door,
            allowances,
            exports,
        );
        let accounts = Accounts::start_in_arbiter(&disk, |_| accounts);
        let recharger = Recharger::new(
            stripe.clone(),
            ledger.clone(),
            accounts.clone(),
            Arc::clone(&purses),
            &settings.deposits,
        );
        let statistics = Archivist::start_in_arbiter(&disk, |_| archivist);
        let permits =
            (settings.limits.bytes_in_flight / BODY_BUDGET_UNIT).min(Semaphore::MAX_PERMITS);
        Self {
            providers,
            world,
            keys,
            sessions,
            purses,
            storage: health,
            archive,
            audits: Arc::new(Semaphore::new(1)),
            pepper,
            ledger_tally,
            ledger,
            mailer,
            logbook,
            stripe,
            accounts,
            recharger: Recharger::start_in_arbiter(&outside, |_| recharger),
            catalog: keeper.kept_by(statistics.clone()).start(),
            statistics,
            classifier,
            counters,
            exporter,
            stop: Stop::default(),
            in_flight: Arc::new(Semaphore::new(
                settings
                    .limits
                    .requests_in_flight
                    .min(Semaphore::MAX_PERMITS),
            )),
            sign_ins: Arc::new(Semaphore::new(SIGN_INS_WAITING)),
            refused_operators: Refusals::default(),
            arrivals: Mutex::new(Arrivals::new(settings.sign_in.requests_per_ip_hour)),
            operator_tries: Mutex::new(Arrivals::new(OPERATOR_TRIES_PER_HOUR)),
            consoles: Mutex::default(),
            replays: Mutex::new(Replays::new(REPLAY_BYTES)),
            conversations: Memory::default(),
            fast_requests: AtomicU64::new(0),
            body_budget: Arc::new(Semaphore::new(permits)),
            settings,
        }
    }

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

/// Who takes card payments, if the operator has set that up.
fn processor(settings: &Deposits) -> Result<Option<Arc<Stripe>>, NoClient> {
    if settings.stripe.is_some() && settings.webhook_secrets.is_empty() {
        tracing::warn!(
            "STRIPE_WEBHOOK_SECRET is not set: payments could not be credited, so deposits stay off"
        );
    }
    let stripe = settings
        .access()
        .map(|access| Stripe::new(access, settings));
    Ok(stripe.transpose()?.map(Arc::new))
}

/// What reaches out to other machines, and what counts how that went.
struct Outside {
    mailer: Mailer,
    exporter: Exporter,
    stripe: Option<Arc<Stripe>>,
    counters: Arc<Counters>,
}

/// What was found in the data directory.
struct Storage {
    db: Db,
    book: Book,
    accounts: store::Accounts,
    visitors: Visitors,
    pepper: Pepper,
    remembered: Statistics,
    logbook: Arc<Logbook>,
    prices: Prices,
}

impl Storage {
    fn open(settings: &Settings) -> Result<Self, LedgerError> {
        let db = Db::open(&settings.storage.data_dir)?;
        let limits = store::Limits {
            holds_per_account: settings.limits.running_per_account,
            orders_per_day: settings.deposits.orders_per_day,
        };
        let (book, recovered) = Book::load(&db, limits, clock::now_ms())?;
        if recovered.orphans > 0 {
            tracing::warn!(
                orphans = recovered.orphans,
                loss_usd = %recovered.loss,
                "requests were running when the router last ended: voided"
            );
        }
        let pepper = db.pepper()?;
        let accounts = store::Accounts::load(&db, pepper.clone())?;
        let visitors = Visitors::load(&db, &pepper, terms(settings))?;
        let remembered = statistics::remembered(&db)?;
        let logbook = Arc::new(Logbook::read(&db)?);
        let prices = Prices::read(&db)?;
        Ok(Self {
            remembered,
            logbook,
            prices,
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
