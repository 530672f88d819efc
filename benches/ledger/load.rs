//! Settles through the real actor: as many as it can, and at a steady pace.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use actix::{Addr, System};
use futures_util::StreamExt;
use futures_util::stream;
use model_router::actors::ledger::{Authorise, Grant, Ledger, Settle};
use model_router::actors::{Providers, Switchboard};
use model_router::config::{Environment, Settings};
use model_router::ids::AccountId;
use model_router::money::Picodollars;
use model_router::store::{Author, Order};
use tokio::sync::oneshot;
use tokio::time::MissedTickBehavior;

use crate::orders::{DOLLAR, order, record};

/// Settles of the measurement in groups.
const SETTLES: usize = 30_000;
/// Callers that wait for their settles at one time.
const CALLERS: usize = 256;
/// Requests a second of the paced measurement, and for how long.
const PACE: u32 = 500;
const PACED: Duration = Duration::from_secs(10);

/// What a measurement came to.
#[derive(Clone, Copy)]
pub struct Settles {
    pub per_s: u64,
    pub p50: Duration,
    pub p99: Duration,
}

impl Settles {
    fn of(mut each: Vec<Duration>, took: Duration) -> Self {
        each.sort_unstable();
        let count = each.len();
        let per_ms = count as u128 * 1000 / took.as_millis().max(1);
        Self {
            per_s: u64::try_from(per_ms).unwrap(),
            p50: each[count / 2],
            p99: each[count * 99 / 100],
        }
    }
}

/// Settles in groups, then settles at a pace, on a ledger in `dir`.
pub fn run(dir: &Path) -> (Settles, Settles) {
    let mut settings = Settings::default();
    settings.storage.data_dir = dir.to_owned();
    settings.limits.running_per_account = usize::MAX;
    System::new().block_on(async {
        let env = Environment::Fixed(HashMap::new());
        let desk = Switchboard::start(settings, env, Providers::Simulated).unwrap();
        let account = AccountId::new();
        let grant = Grant {
            author: Author::ROUTER,
            account,
            amount: Picodollars::new(1_000_000 * DOLLAR),
            idempotency_key: "bench".to_owned(),
            reason: "bench".to_owned(),
        };
        desk.ledger.send(grant).await.unwrap().unwrap().unwrap();
        let groups = in_groups(&desk.ledger, account).await;
        (groups, at_a_pace(&desk.ledger, account).await)
    })
}

async fn in_groups(ledger: &Addr<Ledger>, account: AccountId) -> Settles {
    let held: Vec<Order> = stream::iter(0..SETTLES)
        .map(|_| authorise(ledger, account))
        .buffer_unordered(CALLERS)
        .collect()
        .await;
    let started = Instant::now();
    let each = stream::iter(&held)
        .map(|order| settle(ledger, order))
        .buffer_unordered(CALLERS)
        .collect()
        .await;
    Settles::of(each, started.elapsed())
}

/// Every tick a request: hold, settle at once. Only the settle is measured.
async fn at_a_pace(ledger: &Addr<Ledger>, account: AccountId) -> Settles {
    let each = Rc::new(RefCell::new(Vec::new()));
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / PACE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let started = Instant::now();
    let mut running = Vec::new();
    while started.elapsed() < PACED {
        ticks.tick().await;
        let (ledger, each) = (ledger.clone(), Rc::clone(&each));
        running.push(actix_web::rt::spawn(async move {
            let order = authorise(&ledger, account).await;
            let took = settle(&ledger, &order).await;
            each.borrow_mut().push(took);
        }));
    }
    for request in running {
        request.await.unwrap();
    }
    Settles::of(each.take(), started.elapsed())
}

async fn authorise(ledger: &Addr<Ledger>, account: AccountId) -> Order {
    let order = order(account);
    let (ask, held) = Authorise::new(order.clone(), Duration::ZERO);
    ledger.do_send(ask);
    held.await.unwrap().unwrap();
    order
}

/// How long a settle takes until it is durable.
async fn settle(ledger: &Addr<Ledger>, order: &Order) -> Duration {
    let started = Instant::now();
    let (reply, settled) = oneshot::channel();
    ledger.do_send(Settle {
        record: Box::new(record(order, DOLLAR / 2000)),
        failed: Vec::new(),
        reply: Some(reply),
    });
    settled.await.unwrap();
    started.elapsed()
}
