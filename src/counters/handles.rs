//! Handles of what is counted with every request: looked up once for each of their labels and kept. They
//! are as many as there are models and routes.

use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use metrics::{Counter, Histogram};

use crate::ids::IdMap;

/// Handles by route, status and error.
#[derive(Default)]
pub(super) struct Requests(RwLock<IdMap<String, IdMap<Ending, Counter>>>);

type Ending = (u16, &'static str);

impl Requests {
    /// The counter of such requests, made by `make` when there is none yet.
    pub(super) fn of(
        &self,
        route: &str,
        ending: Ending,
        make: impl FnOnce() -> Counter,
    ) -> Counter {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(counter) = known.get(route).and_then(|endings| endings.get(&ending)) {
            return counter.clone();
        }
        drop(known);
        let counter = make();
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let endings = known.entry(route.to_owned()).or_default();
        endings.insert(ending, counter.clone());
        counter
    }
}

/// Handles of every model.
#[derive(Default)]
pub(super) struct Models(RwLock<IdMap<String, Arc<Handles>>>);

/// Handles of one model. What never happened has none, so that it is not shown as zero.
#[derive(Default)]
pub(super) struct Handles {
    provider: String,
    pub(super) attempts_ok: OnceLock<Counter>,
    /// By type, in the order of [`super::TOKEN_TYPES`].
    pub(super) tokens: [OnceLock<Counter>; super::TOKEN_TYPES.len()],
    pub(super) cost: OnceLock<Counter>,
    pub(super) first_token: OnceLock<Histogram>,
}

impl Models {
    /// The handles of a model. A catalog may move a model to another provider.
    pub(super) fn of(&self, provider: &str, model: &str) -> Arc<Handles> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(handles) = known.get(model)
            && handles.provider == provider
        {
            return Arc::clone(handles);
        }
        drop(known);
        let handles = Arc::new(Handles {
            provider: provider.to_owned(),
            ..Handles::default()
        });
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(model.to_owned(), Arc::clone(&handles));
        handles
    }
}
