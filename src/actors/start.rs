//! The start: opens the storage, reads the catalog, and gives every actor its thread.

mod disk;

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

use actix::{Actor, Addr, Arbiter, ArbiterHandle};
use tokio::sync::Semaphore;

use self::disk::{Kept, Storage};
use super::arrivals::Arrivals;
use super::breaker::Policy;
use super::budget::Rate;
use super::catalog::{CatalogKeeper, ReloadError, Rules, Source};
use super::classifier::{self, Classifier, LoadError, WeightsFile};
use super::conversations::Memory;
use super::exporter::Exporter;
use super::mailer::{Mailer, Post, PostError};
use super::recharge::Recharger;
use super::refusals::Refusals;
use super::stop::Stop;
use super::stripe::{NoClient, Stripe};
use super::{BODY_BUDGET_UNIT, Providers, Switchboard};
use crate::config::{Deposits, Environment, Settings};
use crate::counters::Counters;
use crate::store::LedgerError;
use crate::wire::Replays;

/// Tries to sign in as the operator that one client address has in an hour.
const OPERATOR_TRIES_PER_HOUR: usize = 10;
/// Sign-in requests that may wait for the accounts' actor at one time.
const SIGN_INS_WAITING: usize = 512;
/// Memory for reasoning that models want back, in bytes.
const REPLAY_BYTES: usize = 32 << 20;

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
        let storage = Storage::open(&settings)?;
        let post = Post::open(&settings.mail, &settings.storage.data_dir)?;
        let stripe = processor(&settings.deposits)?;

        // Whatever can fail has been done: no actor runs in a router that does not start.
        let classifier = Classifier::new(model, settings.auto.share);
        let classifier = Classifier::start_in_arbiter(&Arbiter::new().handle(), |_| classifier);
        let weights = WeightsFile {
            path: settings.auto.weights.clone(),
            classifier: classifier.clone(),
        };
        let keeper = CatalogKeeper::new(
            source,
            rules(&settings),
            catalog,
            weights,
            storage.remembered,
            Arc::clone(&storage.found.logbook),
            storage.found.prices.clone(),
        );
        let world = keeper.published();
        let outside = Outside::start(&settings, post, stripe);
        let logbook = Arc::clone(&storage.found.logbook);
        let kept = Kept::start(&settings, storage.found, Arc::clone(&world), &outside);
        let recharger = outside.recharger(&settings.deposits, &kept);
        Ok(Self {
            providers,
            world,
            keys: kept.keys,
            sessions: kept.sessions,
            purses: kept.purses,
            storage: kept.health,
            archive: kept.archive,
            audits: Arc::new(Semaphore::new(1)),
            pepper: storage.pepper,
            ledger_tally: kept.ledger_tally,
            ledger: kept.ledger,
            accounts: kept.accounts,
            mailer: outside.mailer,
            logbook,
            exporter: outside.exporter,
            recharger,
            stripe: outside.stripe,
            catalog: keeper.kept_by(kept.statistics.clone()).start(),
            statistics: kept.statistics,
            classifier,
            counters: outside.counters,
            stop: Stop::default(),
            in_flight: permits(settings.limits.requests_in_flight),
            sign_ins: permits(SIGN_INS_WAITING),
            refused_operators: Refusals::default(),
            arrivals: Mutex::new(Arrivals::new(settings.sign_in.requests_per_ip_hour)),
            operator_tries: Mutex::new(Arrivals::new(OPERATOR_TRIES_PER_HOUR)),
            consoles: Mutex::default(),
            replays: Mutex::new(Replays::new(REPLAY_BYTES)),
            conversations: Memory::default(),
            fast_requests: AtomicU64::new(0),
            body_budget: permits(settings.limits.bytes_in_flight / BODY_BUDGET_UNIT),
            settings,
        })
    }
}

fn permits(wanted: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(wanted.min(Semaphore::MAX_PERMITS)))
}

/// What the operator wants of breakers and retries.
fn rules(settings: &Settings) -> Rules {
    Rules {
        policy: Policy::of(&settings.breaker),
        retries: Rate {
            per_100_requests: settings.failover.retries_per_100_requests,
            per_s: settings.failover.retries_per_s,
        },
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
    thread: ArbiterHandle,
    mailer: Addr<Mailer>,
    exporter: Addr<Exporter>,
    stripe: Option<Arc<Stripe>>,
    counters: Arc<Counters>,
}

impl Outside {
    fn start(settings: &Settings, post: Post, stripe: Option<Arc<Stripe>>) -> Self {
        let counters = Arc::new(Counters::default());
        let mailer = Mailer::new(post, &settings.mail);
        let exporter = Exporter::new(settings, Arc::clone(&counters));
        let thread = Arbiter::new().handle();
        Self {
            mailer: Mailer::start_in_arbiter(&thread, |_| mailer),
            exporter: Exporter::start_in_arbiter(&Arbiter::new().handle(), |_| exporter),
            thread,
            stripe,
            counters,
        }
    }

    /// Who charges saved cards waits for another machine, as mails do.
    fn recharger(&self, settings: &Deposits, kept: &Kept) -> Addr<Recharger> {
        let recharger = Recharger::new(
            self.stripe.clone(),
            kept.ledger.clone(),
            kept.accounts.clone(),
            Arc::clone(&kept.purses),
            settings,
        );
        Recharger::start_in_arbiter(&self.thread, |_| recharger)
    }
}
