//! Where one provider and its models stand, as it is published.

use std::time::Instant;

use crate::actors::breaker::{Breakers, State, Status};
use crate::catalog::ModelId;
use crate::ids::IdMap;
use crate::routing::{Mood, Standing};

/// Where one provider and its models stand, for readers.
#[derive(Clone, Debug)]
pub struct Standings {
    whole: Status,
    models: IdMap<ModelId, Status>,
    trouble: Trouble,
}

/// Whether anything is the matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    /// Requests to all models flow.
    None,
    /// They do not.
    Some,
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
        let trouble = match all.all(|status| status.state == State::Flowing) {
            true => Trouble::None,
            false => Trouble::Some,
        };
        Self {
            whole,
            models,
            trouble,
        }
    }

    /// Whether every attempt at a model passes, so that nobody has to decide about one.
    pub fn is_open(&self, model: &ModelId, now: Instant) -> bool {
        let is_open = |status: &Status| status.open_from.is_some_and(|from| from <= now);
        is_open(&self.whole) && self.models.get(model).is_none_or(is_open)
    }

    /// Where a model stands now, in a word.
    pub fn standing(&self, model: &ModelId, now: Instant) -> Standing {
        match self.trouble {
            Trouble::None => Standing::Flowing,
            Trouble::Some => standing(&self.of(model, now), now),
        }
    }

    /// Where the provider stands now with all of its models.
    pub fn mood(&self, now: Instant) -> Mood {
        match self.trouble {
            Trouble::None => Mood::Calm,
            Trouble::Some => match standing(&self.whole, now) {
                Standing::Tripped(_) => Mood::Out,
                Standing::Flowing | Standing::Probing | Standing::Unconfigured => Mood::Troubled,
            },
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::actors::breaker::{Outcome, Policy, Spare};
    use crate::config;

    const S: Duration = Duration::from_secs(1);

    struct Bench {
        breakers: Breakers,
        now: Instant,
    }

    impl Bench {
        fn new() -> Self {
            let policy = Policy::of(&config::Breaker {
                consecutive_failures: 1,
                rest_ms: 1_000,
                ramp_ms: 30_000,
                ..config::Breaker::default()
            });
            let now = Instant::now();
            let breakers = Breakers::new(policy, now);
            Self { breakers, now }
        }

        fn attempt(&mut self, model: &str, outcome: Outcome) {
            let model = ModelId::new(model);
            let pass = self.breakers.admit(&model, Spare::Nothing, self.now);
            let pass = pass.unwrap();
            self.breakers.record(&model, pass, outcome, self.now, 0.0);
        }

        fn is_open(&self, model: &str) -> bool {
            Standings::of_all(&self.breakers).is_open(&ModelId::new(model), self.now)
        }

        fn mood(&self) -> Mood {
            Standings::of_all(&self.breakers).mood(self.now)
        }
    }

    #[test]
    fn what_was_never_asked_or_went_well_is_open() {
        let mut bench = Bench::new();
        assert!(bench.is_open("m"));
        bench.attempt("m", Outcome::Success);
        assert!(bench.is_open("m"));
        assert_eq!(bench.mood(), Mood::Calm);
    }

    #[test]
    fn a_tripped_model_is_closed_until_its_traffic_has_grown_again_and_others_stay_open() {
        let mut bench = Bench::new();
        bench.attempt("m", Outcome::Failure);
        assert!(!bench.is_open("m"));
        assert!(bench.is_open("other"));
        assert_eq!(bench.mood(), Mood::Troubled);
        bench.now += S * 2;
        assert!(!bench.is_open("m"), "the first one is a probe");
        bench.attempt("m", Outcome::Success);
        assert!(!bench.is_open("m"), "a tenth passes");
        bench.now += S * 29;
        assert!(!bench.is_open("m"));
        bench.now += S;
        assert!(bench.is_open("m"));
    }

    #[test]
    fn a_credential_that_was_refused_closes_all_models_until_it_has_grown_again() {
        let mut bench = Bench::new();
        bench.attempt("m", Outcome::CredentialRefused);
        assert!(!bench.is_open("other"));
        assert_eq!(bench.mood(), Mood::Out);
        bench.now += S * 120;
        assert_eq!(bench.mood(), Mood::Troubled, "a probe may go out");
        bench.attempt("m", Outcome::Success);
        assert!(!bench.is_open("other"));
        bench.now += S * 30;
        assert!(bench.is_open("other"));
    }

    #[test]
    fn a_rest_is_over_when_somebody_has_asked() {
        let mut bench = Bench::new();
        bench.attempt("m", Outcome::RateLimited(Some(S)));
        bench.now += S;
        assert!(!bench.is_open("m"), "its breaker must stand up first");
        bench.attempt("m", Outcome::Success);
        assert!(bench.is_open("m"));
    }
}
