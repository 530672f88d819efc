//! The catalog's actor: loads it, knows who is configured, starts an actor for each provider, and
//! publishes all of it as one snapshot that is swapped whole or not at all.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use actix::{Actor, Addr, Context, Handler, Message, MessageResult};
use arc_swap::ArcSwap;

use super::breaker::{Policy, Status};
use super::budget::Rate;
use super::credential::{self, Credential};
use super::provider::{Provider, Standings, standing};
use crate::catalog::{self, Catalog, CatalogError, KeyNeed, Layer, Model, ProviderName};
use crate::config::{self, ConfigError, Environment};
use crate::routing::{Live, Standing};
use crate::wire;

/// The catalog and everything that hangs on it, as one published snapshot.
pub struct World {
    /// Every provider and model.
    pub catalog: Catalog,
    routes: HashMap<ProviderName, Arc<Route>>,
}

/// How a provider is reached.
pub struct Route {
    /// Its catalog row.
    pub provider: Arc<catalog::Provider>,
    /// Where its API begins, without a trailing slash.
    pub base_url: String,
    /// The operator's credential for it.
    pub credential: Credential,
    /// Who decides about attempts.
    pub actor: Addr<Provider>,
    standings: Arc<ArcSwap<Standings>>,
}

impl Route {
    /// Whether the provider takes part: it has its key, or needs none.
    pub fn is_configured(&self) -> bool {
        match self.provider.key_need {
            KeyNeed::Required => self.credential.is_set(),
            KeyNeed::Optional => true,
        }
    }

    /// Where it and its models stand.
    pub fn standings(&self) -> Arc<Standings> {
        self.standings.load_full()
    }
}

impl World {
    /// How a provider is reached.
    pub fn route(&self, provider: &ProviderName) -> Option<&Arc<Route>> {
        self.routes.get(provider)
    }

    /// Every provider, in catalog order.
    pub fn routes(&self) -> impl Iterator<Item = &Arc<Route>> {
        self.catalog
            .providers()
            .iter()
            .filter_map(|provider| self.routes.get(&provider.name))
    }

    /// What is known of a model now.
    pub fn live(&self, model: &Model, now: Instant) -> Live {
        Live {
            standing: self.standing(model, now),
            ttft_ms: f64::from(model.ttft_ms),
            tokens_per_s: f64::from(model.tokens_per_s),
        }
    }

    /// Where a model stands, since when and why. `None` for a provider that is gone.
    pub fn status(&self, model: &Model, now: Instant) -> Option<Status> {
        let route = self.routes.get(&model.provider)?;
        Some(route.standings.load().of(&model.id, now))
    }

    /// Whether requests to a model flow.
    pub fn flows(&self, model: &Model, now: Instant) -> bool {
        self.standing(model, now) == Standing::Flowing
    }

    fn standing(&self, model: &Model, now: Instant) -> Standing {
        match self.routes.get(&model.provider) {
            Some(route)
                if route.is_configured()
                    && wire::speaks(route.provider.dialect, model.endpoint) =>
            {
                standing(&route.standings.load().of(&model.id, now), now)
            }
            Some(_) | None => Standing::Unconfigured,
        }
    }
}

/// Where the catalog comes from.
#[derive(Clone, Debug)]
pub struct Source {
    /// A file laid over the built-in catalog.
    pub overlay: Option<PathBuf>,
    /// Where keys and base URLs come from.
    pub env: Environment,
}

/// Why a catalog was refused. The one before it stays.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    /// Its file cannot be read.
    #[error(transparent)]
    File(#[from] ConfigError),
    /// Its rows are wrong.
    #[error(transparent)]
    Rows(#[from] CatalogError),
}

impl Source {
    /// Reads and checks the catalog.
    pub fn load(&self) -> Result<Catalog, ReloadError> {
        let mut layers = vec![Layer::builtin()];
        if let Some(path) = &self.overlay {
            layers.push(Layer {
                name: path.display().to_string(),
                text: config::read(path)?,
            });
        }
        Ok(Catalog::load(&layers)?)
    }
}

/// What every provider's actor is started with.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// When something is left alone.
    pub policy: Policy,
    /// How many retries there may be.
    pub retries: Rate,
}

/// A provider's actor, and what it has learned about: another address or credential starts afresh.
struct Running {
    base_url: String,
    credential: Credential,
    actor: Addr<Provider>,
    standings: Arc<ArcSwap<Standings>>,
}

/// Guards the published catalog.
pub struct CatalogKeeper {
    source: Source,
    rules: Rules,
    actors: HashMap<ProviderName, Running>,
    published: Arc<ArcSwap<World>>,
}

impl CatalogKeeper {
    /// Publishes a first catalog that was already checked. Starts the providers' actors.
    pub fn new(source: Source, rules: Rules, catalog: Catalog) -> Self {
        let empty = Arc::new(ArcSwap::from_pointee(World {
            catalog,
            routes: HashMap::new(),
        }));
        let mut keeper = Self {
            source,
            rules,
            actors: HashMap::new(),
            published: empty,
        };
        let catalog = keeper.published.load().catalog.clone();
        let world = keeper.build(catalog);
        keeper.published.store(Arc::new(world));
        keeper
    }

    /// The snapshot's place.
    pub fn published(&self) -> Arc<ArcSwap<World>> {
        Arc::clone(&self.published)
    }

    fn build(&mut self, catalog: Catalog) -> World {
        let routes = catalog
            .providers()
            .iter()
            .map(|row| (row.name.clone(), Arc::new(self.route(row))))
            .collect();
        World { catalog, routes }
    }

    fn route(&mut self, row: &Arc<catalog::Provider>) -> Route {
        let env = &self.source.env;
        let access = credential::base_url(row, env)
            .and_then(|base_url| Ok((base_url, Credential::read(row, env)?)));
        let (base_url, credential) = access.unwrap_or_else(|error| {
            tracing::error!(provider = %row.name, %error, "credential left out");
            (row.base_url.clone(), Credential::None)
        });
        let (actor, standings) = self.actor(row, &base_url, &credential);
        Route {
            provider: Arc::clone(row),
            base_url,
            credential,
            actor,
            standings,
        }
    }

    /// The actor that knows this address and credential of a provider.
    fn actor(
        &mut self,
        row: &catalog::Provider,
        base_url: &str,
        credential: &Credential,
    ) -> (Addr<Provider>, Arc<ArcSwap<Standings>>) {
        if let Some(running) = self.actors.get(&row.name)
            && running.base_url == base_url
            && running.credential.is_same(credential)
        {
            return (running.actor.clone(), Arc::clone(&running.standings));
        }
        let Rules { policy, retries } = self.rules;
        let now = Instant::now();
        let (provider, standings) = Provider::new(row.name.clone(), policy, retries, now);
        let actor = provider.start();
        let running = Running {
            base_url: base_url.to_owned(),
            credential: credential.clone(),
            actor: actor.clone(),
            standings: Arc::clone(&standings),
        };
        self.actors.insert(row.name.clone(), running);
        (actor, standings)
    }
}

/// Reads the catalog's files again and swaps the snapshot, or refuses and changes nothing.
#[derive(Message)]
#[rtype(result = "Result<Reloaded, ReloadError>")]
pub struct Reload;

/// What a reload published.
#[derive(Clone, Debug)]
pub struct Reloaded {
    /// How many models.
    pub models: usize,
    /// How many providers.
    pub providers: usize,
    /// The price version.
    pub version: String,
}

impl Actor for CatalogKeeper {
    type Context = Context<Self>;
}

impl Handler<Reload> for CatalogKeeper {
    type Result = MessageResult<Reload>;

    fn handle(&mut self, _: Reload, _: &mut Context<Self>) -> Self::Result {
        MessageResult(self.source.load().map(|catalog| {
            let world = self.build(catalog);
            let reloaded = Reloaded {
                models: world.catalog.models().len(),
                providers: world.catalog.providers().len(),
                version: world.catalog.version().to_owned(),
            };
            self.published.store(Arc::new(world));
            tracing::info!(
                models = reloaded.models,
                version = reloaded.version,
                "catalog published"
            );
            reloaded
        }))
    }
}
