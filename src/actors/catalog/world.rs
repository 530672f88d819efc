//! The published snapshot: the catalog, how its providers are reached, and what the tiers cost.

use std::sync::Arc;
use std::time::Instant;

use arc_swap::ArcSwap;

use super::outlook::Outlook;
use super::route::Route;
use crate::actors::breaker::Status;
use crate::actors::prices::{Priced, Prices};
use crate::catalog::{Catalog, Model, Prefer, ProviderName};
use crate::ids::IdMap;
use crate::routing::{TierPrices, classify};

/// The catalog and everything that hangs on it, as one published snapshot.
pub struct World {
    /// Every provider and model.
    pub catalog: Catalog,
    pub(super) routes: IdMap<ProviderName, Arc<Route>>,
    prices: Prices,
    tier_prices: ArcSwap<TierPrices>,
    pub(super) outlook: ArcSwap<Outlook>,
}

impl World {
    pub(super) fn new(
        catalog: Catalog,
        routes: IdMap<ProviderName, Arc<Route>>,
        prices: Prices,
        now: Instant,
        today: time::Date,
    ) -> Self {
        let world = Self {
            outlook: ArcSwap::from_pointee(Outlook::empty(&catalog, today)),
            catalog,
            routes,
            prices,
            tier_prices: ArcSwap::default(),
        };
        world.reprice(now, today);
        world.prepare(now, today);
        world
    }

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

    /// The prices that all models have had.
    pub fn all_prices(&self) -> &Prices {
        &self.prices
    }

    /// The prices that a model has had, oldest first.
    pub fn prices(&self, model: &Model) -> &[Priced] {
        self.prices.of(&model.id)
    }

    /// What a typical answer costs in each tier now, give or take a few seconds.
    pub fn tier_prices(&self, prefer: Prefer, blocked: &[ProviderName]) -> classify::Prices {
        self.tier_prices.load().prices(prefer, blocked)
    }

    /// Looks again what the tiers cost. Only the catalog's keeper does.
    pub(super) fn reprice(&self, now: Instant, today: time::Date) {
        let live = |model: &Model| self.live(model, now);
        let prices = TierPrices::of(&self.catalog, today, &live);
        self.tier_prices.store(Arc::new(prices));
    }

    /// Where a model stands, since when and why. `None` for a provider that is gone.
    pub fn status(&self, model: &Model, now: Instant) -> Option<Status> {
        let route = self.routes.get(&model.provider)?;
        Some(route.standings.load().of(&model.id, now))
    }
}
