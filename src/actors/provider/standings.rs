//! Where one provider and its models stand, as it is published.

use std::time::Instant;

use crate::actors::breaker::{Breakers, State, Status};
use crate::catalog::ModelId;
use crate::ids::IdMap;
use crate::routing::Standing;

/// Where one provider and its models stand, for readers that only rank.
#[derive(Clone, Debug)]
pub struct Standings {
    whole: Status,
    models: IdMap<ModelId, Status>,
    mood: Mood,
}

/// Whether anything is the matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    /// Requests to all models flow.
    Calm,
    /// They do not.
    Troubled,
}

impl Standings {
    /// A snapshot.
    pub(super) fn of_all(breakers: &Breakers) -> Self {
        let whole = breakers.whole();
        let models: IdMap<ModelId, Status> = breakers
            .models()
            .map(|(id, status)| (id.clone(), status))
            .collect();
        let mut all = std::iter::once(&whole).chain(models.values());
        let mood = match all.all(|status| status.state == State::Flowing) {
            true => Mood::Calm,
            false => Mood::Troubled,
        };
        Self {
            whole,
            models,
            mood,
        }
    }

    /// Where a model stands now, in a word.
    pub fn standing(&self, model: &ModelId, now: Instant) -> Standing {
        match self.mood {
            Mood::Calm => Standing::Flowing,
            Mood::Troubled => standing(&self.of(model, now), now),
        }
    }

    /// Where the provider as a whole and its credential stand, the worse of the two.
    pub fn whole(&self) -> Status {
        self.whole
    }

    /// Where a model stands: as its provider, when that is left alone as a whole.
    pub fn of(&self, model: &ModelId, now: Instant) -> Status {
        match standing(&self.whole, now) {
            Standing::Flowing => self.models.get(model).copied().unwrap_or(self.whole),
            Standing::Tripped(_) | Standing::Probing | Standing::Unconfigured => self.whole,
        }
    }
}

/// Where a published status stands now.
pub fn standing(status: &Status, now: Instant) -> Standing {
    match status.state {
        State::Tripped { until } | State::Resting { until } if now < until => {
            Standing::Tripped(until - now)
        }
        State::Flowing | State::Resting { .. } => Standing::Flowing,
        State::Tripped { .. } | State::Probing => Standing::Probing,
    }
}
