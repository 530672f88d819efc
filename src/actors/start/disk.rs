//! What is on disk: read at the start, and kept by actors on a thread of its own.

use std::sync::Arc;

use actix::{Actor, Addr, Arbiter};
use arc_swap::ArcSwap;

use super::Outside;
use crate::actors::accounts::{
    Accounts, Allowances, Door, Exports, KeyDirectory, SessionDirectory,
};
use crate::actors::catalog::World;
use crate::actors::clock;
use crate::actors::funds::Purses;
use crate::actors::ledger::{Keep, Ledger, Tally};
use crate::actors::logbook::Logbook;
use crate::actors::prices::Prices;
use crate::actors::scheduling;
use crate::actors::statistics::{self, Archivist, Statistics};
use crate::actors::storage::{SpaceWatch, StorageHealth};
use crate::config::Settings;
use crate::ids::Pepper;
use crate::store::{self, Archive, Book, Db, Disposable, Generosity, LedgerError, Terms, Visitors};

/// What was found in the data directory.
pub(super) struct Storage {
    pub(super) found: Found,
    pub(super) pepper: Pepper,
    pub(super) remembered: Statistics,
}

/// What the actors on the disk's thread begin with.
pub(super) struct Found {
    db: Db,
    book: Book,
    accounts: store::Accounts,
    visitors: Visitors,
    pub(super) logbook: Arc<Logbook>,
    pub(super) prices: Prices,
}

impl Storage {
    pub(super) fn open(settings: &Settings) -> Result<Self, LedgerError> {
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
        Ok(Self {
            remembered: statistics::remembered(&db)?,
            found: Found {
                accounts: store::Accounts::load(&db, pepper.clone())?,
                visitors: Visitors::load(&db, &pepper, terms(settings))?,
                logbook: Arc::new(Logbook::read(&db)?),
                prices: Prices::read(&db)?,
                db,
                book,
            },
            pepper,
        })
    }
}

/// Who keeps what is on disk, and what they publish. All of them block there, so they share a thread
/// that nothing else runs on.
pub(super) struct Kept {
    pub(super) ledger: Addr<Ledger>,
    pub(super) ledger_tally: Arc<Tally>,
    pub(super) accounts: Addr<Accounts>,
    pub(super) statistics: Addr<Archivist>,
    pub(super) archive: Archive,
    pub(super) health: Arc<StorageHealth>,
    pub(super) purses: Arc<Purses>,
    pub(super) keys: Arc<ArcSwap<KeyDirectory>>,
    pub(super) sessions: Arc<ArcSwap<SessionDirectory>>,
}

impl Kept {
    pub(super) fn start(
        settings: &Settings,
        found: Found,
        world: Arc<ArcSwap<World>>,
        outside: &Outside,
    ) -> Self {
        let Found { db, book, .. } = found;
        let purses = Arc::new(Purses::default());
        for (account, balance) in book.customers() {
            purses.set(account, balance);
        }
        let health = Arc::new(StorageHealth::default());
        let least_bytes = settings.storage.min_free_bytes;
        let watch = SpaceWatch::new(db.clone(), Arc::clone(&health), least_bytes);
        let disk = Arbiter::new().handle();
        SpaceWatch::start_in_arbiter(&disk, |_| watch);

        let (funds, signs) = (Arc::clone(&purses), Arc::clone(&health));
        let ledger = Ledger::new(db.clone(), book, funds, signs, keep(settings));
        let ledger_tally = ledger.tally();
        let ledger = Ledger::start_in_arbiter(&disk, |_| {
            scheduling::give_way();
            ledger
        });

        let (mailer, site) = (outside.mailer.clone(), settings.public_url());
        let (door, sessions) = Door::new(found.visitors, mailer, ledger.clone(), site);
        let exports = Exports {
            exporter: outside.exporter.clone(),
            reach: settings.telemetry.reach(),
        };
        let (accounts, keys) = Accounts::new(
            db.clone(),
            found.accounts,
            Arc::clone(&purses),
            &health,
            door,
            Allowances::new(settings.rate_limits.clone()),
            exports,
        );
        let accounts = Accounts::start_in_arbiter(&disk, |_| accounts);

        let signs = Arc::clone(&health);
        let archivist = Archivist::new(db.clone(), world, found.logbook, signs, found.prices);
        Self {
            ledger,
            ledger_tally,
            accounts,
            statistics: Archivist::start_in_arbiter(&disk, |_| archivist),
            archive: Archive::new(db),
            health,
            purses,
            keys,
            sessions,
        }
    }
}

/// How long the ledger keeps what is not money.
fn keep(settings: &Settings) -> Keep {
    let days_ms = |days: u64| days.saturating_mul(24 * 3600 * 1000);
    Keep {
        records_ms: days_ms(settings.storage.keep_records_days),
        audit_ms: days_ms(settings.storage.keep_audit_days),
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
