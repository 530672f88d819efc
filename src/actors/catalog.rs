//! The catalog's actor: loads it, knows who is configured, starts an actor for each provider, and
//! publishes all of it as one snapshot that is swapped whole or not at all, the weights of `auto` with it.

mod outlook;
mod route;
mod swap;
mod world;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::{Actor, Addr, AsyncContext, Context};
use arc_swap::ArcSwap;

pub use route::Route;
pub use swap::{Apply, ApplyError, Reload, Reloaded};
pub use world::World;

use super::breaker::Policy;
use super::budget::Rate;
use super::classifier::{LoadError, WeightsFile};
use super::clock::{now_ms, today};
use super::credential::{self, Credential};
use super::logbook::Logbook;
use super::prices::Prices;
use super::provider::{Provider, Standings};
use super::statistics::{Archivist, Board, Statistics};
use crate::catalog::{self, Age, Catalog, CatalogError, Layer, ProviderName};
use crate::config::{self, ConfigError, Environment};
use crate::ids::IdMap;

/// How often it is looked whether a new day has begun.
const DAY_CHECK: Duration = Duration::from_secs(60 * 60);
/// How often it is looked whether attempts have shown anything: how old what requests are ranked by may be.
const LOOK_OUT_EVERY: Duration = Duration::from_millis(500);
/// How often it is looked what the tiers cost: answers grow longer or shorter, models end, and what was
/// observed fades.
const REPRICE_EVERY: Duration = Duration::from_secs(10);

/// Where the catalog comes from.
#[derive(Clone, Debug)]
pub struct Source {
    /// A file laid over the built-in catalog.
    pub overlay: Option<PathBuf>,
    /// Where keys and base URLs come from.
    pub env: Environment,
}

/// Why a catalog, or the weights beside it, was refused. What was there before stays.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    /// Its file cannot be read.
    #[error(transparent)]
    File(#[from] ConfigError),
    /// Its rows are wrong.
    #[error(transparent)]
    Rows(#[from] CatalogError),
    /// The weights of `auto` are wrong.
    #[error(transparent)]
    Weights(#[from] LoadError),
}

impl Source {
    /// Reads and checks the catalog.
    pub fn load(&self) -> Result<Catalog, ReloadError> {
        match &self.overlay {
            Some(path) => Ok(laid_over(&path.display().to_string(), config::read(path)?)?),
            None => Ok(Catalog::load(&[Layer::builtin()])?),
        }
    }
}

/// The built-in catalog with another one laid over it, checked.
pub fn laid_over(name: &str, text: String) -> Result<Catalog, CatalogError> {
    let name = name.to_owned();
    Catalog::load(&[Layer::builtin(), Layer { name, text }])
}

/// What every provider's actor is started with.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// When something is left alone.
    pub policy: Policy,
    /// How many retries there may be.
    pub retries: Rate,
}

/// A provider's actor and what it publishes.
#[derive(Clone)]
struct Guard {
    actor: Addr<Provider>,
    standings: Arc<ArcSwap<Standings>>,
    statistics: Arc<Board>,
}

/// A provider's actor and what it has learned about: another address or credential starts afresh.
struct Running {
    base_url: String,
    credential: Credential,
    guard: Guard,
}

/// Guards the published catalog.
pub struct CatalogKeeper {
    source: Source,
    rules: Rules,
    actors: HashMap<ProviderName, Running>,
    remembered: Statistics,
    logbook: Arc<Logbook>,
    prices: Prices,
    weights: WeightsFile,
    archivist: Option<Addr<Archivist>>,
    warned: Option<time::Date>,
    published: Arc<ArcSwap<World>>,
}

impl CatalogKeeper {
    /// Publishes a first catalog that was already checked. Starts the providers' actors, with what
    /// earlier runs have learned, and noted of prices.
    pub fn new(
        source: Source,
        rules: Rules,
        catalog: Catalog,
        weights: WeightsFile,
        remembered: Statistics,
        logbook: Arc<Logbook>,
        prices: Prices,
    ) -> Self {
        let (now, today) = (Instant::now(), today());
        let empty = World::new(catalog, IdMap::default(), Prices::default(), now, today);
        let mut keeper = Self {
            source,
            rules,
            actors: HashMap::new(),
            remembered,
            logbook,
            prices,
            weights,
            archivist: None,
            warned: None,
            published: Arc::new(ArcSwap::from_pointee(empty)),
        };
        let catalog = keeper.published.load().catalog.clone();
        let world = keeper.build(catalog);
        keeper.published.store(Arc::new(world));
        keeper
    }

    /// Has prices written down as soon as they change.
    #[must_use]
    pub fn kept_by(mut self, archivist: Addr<Archivist>) -> Self {
        self.archivist = Some(archivist);
        self
    }

    /// The snapshot's place.
    pub fn published(&self) -> Arc<ArcSwap<World>> {
        Arc::clone(&self.published)
    }

    /// Tells the operator, once a day, which models end within thirty days or have ended.
    fn tell_of_endings(&mut self, today: time::Date) {
        if self.warned.replace(today) == Some(today) {
            return;
        }
        let world = self.published.load();
        for model in world.catalog.models() {
            let route = world.route(&model.provider);
            let Some(notice) = model
                .notice(today)
                .filter(|_| route.is_some_and(|route| route.is_configured()))
            else {
                continue;
            };
            match model.age(today) {
                Age::Ending { .. } => tracing::warn!(model = model.id.as_str(), "{notice}"),
                Age::Retired { .. } | Age::Current => {
                    tracing::info!(model = model.id.as_str(), "{notice}");
                }
            }
        }
    }

    fn build(&mut self, catalog: Catalog) -> World {
        let routes = catalog
            .providers()
            .iter()
            .map(|row| (row.name.clone(), Arc::new(self.route(row, &catalog))))
            .collect();
        self.prices.see(&catalog, now_ms());
        let prices = self.prices.clone();
        World::new(catalog, routes, prices, Instant::now(), today())
    }

    fn route(&mut self, row: &Arc<catalog::Provider>, catalog: &Catalog) -> Route {
        let env = &self.source.env;
        let access = credential::base_url(row, env)
            .and_then(|base_url| Ok((base_url, Credential::read(row, env)?)));
        let (base_url, credential) = access.unwrap_or_else(|error| {
            tracing::error!(provider = %row.name, %error, "credential left out");
            (row.base_url.clone(), Credential::None)
        });
        let guard = self.guard(row, catalog, &base_url, &credential);
        Route {
            provider: Arc::clone(row),
            base_url,
            credential,
            actor: guard.actor,
            standings: guard.standings,
            statistics: guard.statistics,
        }
    }

    /// The actor that knows this address and credential of a provider. How fast its models are is
    /// known whatever the key.
    fn guard(
        &mut self,
        row: &catalog::Provider,
        catalog: &Catalog,
        base_url: &str,
        credential: &Credential,
    ) -> Guard {
        let before = self.actors.get(&row.name);
        if let Some(running) = before
            && running.base_url == base_url
            && running.credential.is_same(credential)
        {
            return running.guard.clone();
        }
        let statistics = match before {
            Some(running) => Arc::clone(&running.guard.statistics),
            None => Arc::new(Board::of(&row.name, catalog, &self.remembered)),
        };
        let (provider, standings) = Provider::new(
            row.name.clone(),
            self.rules,
            Arc::clone(&statistics),
            Arc::clone(&self.logbook),
            Instant::now(),
        );
        let guard = Guard {
            actor: provider.start(),
            standings,
            statistics,
        };
        let running = Running {
            base_url: base_url.to_owned(),
            credential: credential.clone(),
            guard: guard.clone(),
        };
        self.actors.insert(row.name.clone(), running);
        guard
    }
}

impl Actor for CatalogKeeper {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        self.tell_of_endings(today());
        ctx.run_interval(DAY_CHECK, |keeper, _| keeper.tell_of_endings(today()));
        ctx.run_interval(REPRICE_EVERY, |keeper, _| {
            let (now, today) = (Instant::now(), today());
            let world = keeper.published.load();
            world.reprice(now, today);
            world.prepare(now, today);
        });
        ctx.run_interval(LOOK_OUT_EVERY, |keeper, _| {
            keeper.look_out(Instant::now(), today());
        });
    }
}
