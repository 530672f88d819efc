//! What choosing needs to know now: where models stand, what is known of them, and the tiers prepared with it,
//! so that a request does not walk through models.

use std::sync::Arc;
use std::time::Instant;

use super::{CatalogKeeper, World};
use crate::catalog::{Catalog, Model, ProviderName};
use crate::routing::context::Rooms;
use crate::routing::{
    Ask, Choice, Foremost, Live, Mood, Now, Prepared, Standing, Wanted, foremost,
};
use crate::wire;

/// The tiers as they were prepared last.
pub(super) struct Outlook {
    prepared: Prepared,
    /// How many attempts had been observed then.
    observed: u64,
}

impl Outlook {
    /// Nobody can serve.
    pub(super) fn empty(catalog: &Catalog, today: time::Date) -> Self {
        let nobody = |model: &Model| Live::prior(model, Standing::Unconfigured);
        Self {
            prepared: Prepared::of(catalog, today, &nobody),
            observed: 0,
        }
    }
}

impl World {
    /// Who can serve a request, best first: at least the first `most`, when there are so many. They are
    /// ranked by what was known a moment ago; who is left alone is known at once.
    pub fn foremost(&self, ask: &Ask, now: Instant, most: usize) -> Foremost {
        let moment = Now {
            live: &|model| self.live(model, now),
            standing: &|model| self.standing(model, now),
            mood: &|provider| self.mood(provider, now),
        };
        let outlook = self.outlook.load();
        foremost(&outlook.prepared, &self.catalog, ask, &moment, most)
    }

    /// What the models of a choice have room for. Of a tier's that is kept.
    pub fn rooms(&self, choice: &Choice, now: Instant) -> Arc<Rooms> {
        match &choice.wanted {
            Wanted::Tier(tier) => Arc::clone(self.outlook.load().prepared.rooms(*tier)),
            Wanted::Model(_, _) | Wanted::AnyHost(_, _) => {
                let expected_output = |model: &Model| self.live(model, now).output_mean;
                Arc::new(Rooms::of(choice.members(&self.catalog), &expected_output))
            }
        }
    }

    /// What is known of a model now.
    pub fn live(&self, model: &Model, now: Instant) -> Live {
        let standing = self.standing(model, now);
        match self.routes.get(&model.provider) {
            Some(route) => route.statistics.live(model, standing, now),
            None => Live::prior(model, standing),
        }
    }

    /// Whether requests to a model flow.
    pub fn flows(&self, model: &Model, now: Instant) -> bool {
        self.standing(model, now) == Standing::Flowing
    }

    /// Whether a model was left alone and the next request may be its probe, or one is out.
    pub fn is_probed(&self, model: &Model, now: Instant) -> bool {
        self.standing(model, now) == Standing::Probing
    }

    fn standing(&self, model: &Model, now: Instant) -> Standing {
        match self.routes.get(&model.provider) {
            Some(route)
                if route.is_configured()
                    && wire::speaks(route.provider.dialect, model.endpoint) =>
            {
                route.standings.load().standing(&model.id, now)
            }
            Some(_) | None => Standing::Unconfigured,
        }
    }

    /// Where a provider stands with all of its models.
    fn mood(&self, provider: &ProviderName, now: Instant) -> Mood {
        match self.routes.get(provider) {
            Some(route) => route.standings.load().mood(now),
            None => Mood::Out,
        }
    }

    /// Prepares the tiers anew. Only the catalog's keeper does.
    pub(super) fn prepare(&self, now: Instant, today: time::Date) {
        let live = |model: &Model| self.live(model, now);
        let outlook = Outlook {
            observed: self.observed(),
            prepared: Prepared::of(&self.catalog, today, &live),
        };
        self.outlook.store(Arc::new(outlook));
    }

    /// Attempts that were observed so far.
    fn observed(&self) -> u64 {
        self.routes().map(|route| route.statistics.changes()).sum()
    }

    fn is_outdated(&self, today: time::Date) -> bool {
        let outlook = self.outlook.load();
        outlook.observed != self.observed() || outlook.prepared.today() != today
    }
}

impl CatalogKeeper {
    /// Prepares the tiers anew when something was learned, or a day has begun.
    pub(super) fn look_out(&self, now: Instant, today: time::Date) {
        let world = self.published.load();
        if world.is_outdated(today) {
            world.prepare(now, today);
        }
    }
}
