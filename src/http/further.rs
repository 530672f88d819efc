//! Who may be asked after the foremost: looked for when somebody is needed.

use std::sync::Arc;
use std::time::Instant;

use crate::actors::catalog::World;
use crate::catalog::{Model, ModelId};
use crate::routing::{Ask, Candidate, ranked};

/// The rest of a ranking of which the beginning is known.
pub struct Further {
    world: Arc<World>,
    ask: Ask,
    known: Vec<ModelId>,
}

impl Further {
    /// What comes after those that are known.
    pub fn after(known: &[Candidate], world: &Arc<World>, ask: Ask) -> Self {
        Self {
            world: Arc::clone(world),
            ask,
            known: known.iter().map(|c| c.model.id.clone()).collect(),
        }
    }

    /// All others who can serve the request now, best first.
    pub fn candidates(&self, now: Instant) -> Vec<Candidate> {
        let (catalog, weights) = (&self.world.catalog, self.world.catalog.weights());
        let live = |model: &Model| self.world.live(model, now);
        let mut all = ranked(catalog, &self.ask, &weights, &live);
        all.retain(|candidate| !self.known.contains(&candidate.model.id));
        all
    }
}
