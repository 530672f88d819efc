//! What was observed of every model: published by its provider's actor, kept across restarts by one
//! actor beside the disk.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use actix::{Actor, AsyncContext, Context, Handler, Message};
use arc_swap::ArcSwap;

use super::breaker::Outcome;
use super::catalog::World;
use super::clock::now_ms;
use super::logbook::Logbook;
use super::prices::Prices;
use super::storage::StorageHealth;
use crate::catalog::{Catalog, Model, ModelId, ProviderName};
use crate::ids::IdMap;
use crate::routing::{Ended, KeptObserved, Live, Observation, Observed, Standing};
use crate::store::{About, Db, Kept, StoreError, keep_models, read_models};

/// How often what was learned is written.
const KEEP_EVERY: Duration = Duration::from_secs(30);

/// What was observed of models, by id.
pub type Statistics = IdMap<ModelId, Arc<Observed>>;

/// The published statistics of one provider's models. Its actor is the only writer.
#[derive(Default)]
pub struct Board {
    /// A model's place stays, so that an attempt changes nothing but what is known of its model.
    models: ArcSwap<IdMap<ModelId, Arc<ArcSwap<Observed>>>>,
    changes: AtomicU64,
}

impl Board {
    /// A provider's board, which begins with what earlier runs have learned of its models.
    pub fn of(provider: &ProviderName, catalog: &Catalog, remembered: &Statistics) -> Self {
        let models = catalog.models().iter();
        let theirs = models.filter(|model| model.provider == *provider);
        let known = theirs.filter_map(|model| {
            let observed = Arc::clone(remembered.get(&model.id)?);
            Some((model.id.clone(), Arc::new(ArcSwap::new(observed))))
        });
        Self {
            models: ArcSwap::from_pointee(known.collect()),
            changes: AtomicU64::new(0),
        }
    }

    /// Takes note of how an attempt ended, and publishes it.
    pub fn record(&self, model: &ModelId, ended: Ended, now: Instant) {
        let models = self.models.load();
        match models.get(model) {
            Some(place) => {
                let mut observed = Observed::clone(&place.load());
                observed.record(ended, now);
                place.store(Arc::new(observed));
            }
            None => {
                let mut observed = Observed::new(now);
                observed.record(ended, now);
                let mut next = IdMap::clone(&models);
                next.insert(model.clone(), Arc::new(ArcSwap::from_pointee(observed)));
                self.models.store(Arc::new(next));
            }
        }
        self.changes.fetch_add(1, Ordering::Release);
    }

    /// How often something was noted.
    pub fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// What is known of a model now.
    pub fn live(&self, model: &Model, standing: Standing, now: Instant) -> Live {
        match self.models.load().get(&model.id) {
            Some(place) => place.load().live(model, standing, now),
            None => Live::prior(model, standing),
        }
    }

    /// What was observed of every model.
    fn all(&self) -> Vec<(ModelId, Arc<Observed>)> {
        let models = self.models.load();
        let all = models.iter();
        all.map(|(model, place)| (model.clone(), place.load_full()))
            .collect()
    }
}

/// What statistics learn from an attempt; nothing from one that taught the breaker nothing.
pub fn ended(outcome: Outcome, observation: Option<Observation>) -> Option<Ended> {
    if outcome.is_failure() {
        return Some(Ended::Failed);
    }
    match (outcome == Outcome::Success, observation) {
        (true, Some(seen)) => Some(Ended::Measured(seen)),
        (true, None) => Some(Ended::Answered),
        (false, _) => None,
    }
}

/// Reads what earlier runs have learned, as old as it is by now.
pub fn remembered(db: &Db) -> Result<Statistics, StoreError> {
    let (now, wall_ms) = (Instant::now(), now_ms());
    let rows = read_models::<KeptObserved>(db, About::Statistics)?.into_iter();
    Ok(rows
        .map(|row| {
            let age = Duration::from_millis(wall_ms.saturating_sub(row.saved_ms));
            let observed = Observed::restore(&row.value, age, now);
            (ModelId::new(&row.model), Arc::new(observed))
        })
        .collect())
}

/// Writes what was learned to the disk from time to time.
pub struct Archivist {
    db: Db,
    world: Arc<ArcSwap<World>>,
    logbook: Arc<Logbook>,
    health: Arc<StorageHealth>,
    written: Statistics,
    written_prices: Prices,
}

impl Archivist {
    /// Keeps the statistics and prices of the models in `world`, and what came of attempts. `prices` are
    /// those that are on the disk.
    pub fn new(
        db: Db,
        world: Arc<ArcSwap<World>>,
        logbook: Arc<Logbook>,
        health: Arc<StorageHealth>,
        prices: Prices,
    ) -> Self {
        Self {
            db,
            world,
            logbook,
            health,
            written: Statistics::default(),
            written_prices: prices,
        }
    }

    /// Writes what has changed since the last time, in one commit.
    fn keep(&mut self) {
        let (now, saved_ms) = (Instant::now(), now_ms());
        let world = self.world.load_full();
        let boards = world.routes().map(|route| route.statistics().all());
        let mut rows = Vec::new();
        for (model, observed) in boards.flatten() {
            let is_written = |written: &Arc<Observed>| Arc::ptr_eq(written, &observed);
            if self.written.get(&model).is_some_and(is_written) {
                continue;
            }
            rows.push(Kept {
                model: model.as_str().to_owned(),
                saved_ms,
                value: observed.keep(now),
            });
            self.written.insert(model, observed);
        }
        let prices = world.all_prices();
        let kept = keep_models(&self.db, About::Statistics, rows, [])
            .and_then(|()| prices.write(&self.db, &self.written_prices))
            .and_then(|()| self.logbook.write(&self.db));
        match kept {
            Ok(()) => self.written_prices = prices.clone(),
            Err(error) => {
                self.health.fail(&error);
            }
        }
    }
}

impl Actor for Archivist {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        self.keep();
        ctx.run_interval(KEEP_EVERY, |archivist, _| archivist.keep());
    }
}

/// Writes what was learned now; the answer means that it is on the disk.
#[derive(Message)]
#[rtype(result = "()")]
pub struct KeepStatistics;

impl Handler<KeepStatistics> for Archivist {
    type Result = ();

    fn handle(&mut self, _: KeepStatistics, _: &mut Context<Self>) {
        self.keep();
    }
}
