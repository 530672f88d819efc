//! Which prices the models have had, across restarts: every catalog that was published is looked
//! through, and a price that differs from the last one is noted.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::catalog::{Catalog, ModelId, Price};
use crate::store::{About, Db, Kept, StoreError, keep_models, read_models};

/// Models whose prices are remembered; those that are in no catalog any more make room.
const MOST_MODELS: usize = 10_000;
/// Prices that are remembered of one model.
const MOST_PRICES: usize = 50;

/// A price, and since when it holds here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Priced {
    /// Milliseconds since 1970.
    pub since_ms: u64,
    /// The catalog that brought it.
    pub version: String,
    /// The price.
    pub price: Price,
    /// Whether callers pay nothing all the same.
    pub free: bool,
}

/// The prices of every model, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Prices(HashMap<ModelId, Arc<Vec<Priced>>>);

impl Prices {
    /// What earlier runs have noted.
    pub fn read(db: &Db) -> Result<Self, StoreError> {
        let rows = read_models::<Vec<Priced>>(db, About::Prices)?.into_iter();
        let prices = rows.map(|row| (ModelId::new(&row.model), Arc::new(row.value)));
        Ok(Self(prices.collect()))
    }

    /// Takes note of a catalog's prices.
    pub fn see(&mut self, catalog: &Catalog, now_ms: u64) {
        for model in catalog.models() {
            let known = self.0.get(&model.id).and_then(|seen| seen.last());
            if known.is_some_and(|last| last.price == model.price && last.free == model.free) {
                continue;
            }
            let seen = Arc::make_mut(self.0.entry(model.id.clone()).or_default());
            if seen.len() >= MOST_PRICES {
                seen.remove(0);
            }
            seen.push(Priced {
                since_ms: now_ms,
                version: catalog.version().to_owned(),
                price: model.price.clone(),
                free: model.free,
            });
        }
        if self.0.len() > MOST_MODELS {
            let in_use: HashSet<&ModelId> = catalog.models().iter().map(|row| &row.id).collect();
            self.0.retain(|model, _| in_use.contains(model));
        }
    }

    /// A model's prices, oldest first.
    pub fn of(&self, model: &ModelId) -> &[Priced] {
        self.0.get(model).map_or(&[], |seen| seen.as_slice())
    }

    /// Writes what differs from what was `written` before.
    pub fn write(&self, db: &Db, written: &Self) -> Result<(), StoreError> {
        let is_written = |model: &ModelId, seen: &Arc<Vec<Priced>>| {
            let before = written.0.get(model);
            before.is_some_and(|before| Arc::ptr_eq(before, seen) || before == seen)
        };
        let changed = self
            .0
            .iter()
            .filter(|(model, seen)| !is_written(model, seen));
        let rows = changed.map(|(model, seen)| Kept {
            model: model.as_str().to_owned(),
            saved_ms: seen.last().map_or(0, |last| last.since_ms),
            value: seen.as_ref().clone(),
        });
        let gone = written.0.keys().filter(|model| !self.0.contains_key(model));
        keep_models(
            db,
            About::Prices,
            rows,
            gone.map(|model| model.as_str().to_owned()),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Layer;

    fn catalog(overlay: &str) -> Catalog {
        let overlay = Layer {
            name: "overlay".to_owned(),
            text: overlay.to_owned(),
        };
        Catalog::load(&[Layer::builtin(), overlay]).unwrap()
    }

    #[test]
    fn only_changes_are_noted() {
        let mut prices = Prices::default();
        let dearer = "[[model]]\nid = \"gpt-4.1\"\nprice = { input = 3.0, output = 9.0 }\n";
        prices.see(&catalog(""), 1);
        prices.see(&catalog("[[model]]\nid = \"gpt-4.1\"\nquality = 0.1\n"), 2);
        prices.see(&catalog(dearer), 3);
        let seen = prices.of(&ModelId::new("gpt-4.1"));
        let times: Vec<u64> = seen.iter().map(|priced| priced.since_ms).collect();
        assert_eq!(times, [1, 3]);
        assert_ne!(seen[0].price, seen[1].price);
        assert_eq!(prices.of(&ModelId::new("claude-haiku-4-5")).len(), 1);
        assert!(prices.of(&ModelId::new("nobody")).is_empty());
    }

    #[test]
    fn a_restart_goes_on_where_the_last_run_ended() {
        let dir = tempfile::TempDir::new().unwrap();
        let db = Db::open(dir.path()).unwrap();
        let mut prices = Prices::read(&db).unwrap();
        prices.see(&catalog(""), 1);
        prices.write(&db, &Prices::default()).unwrap();
        let before = Prices::read(&db).unwrap();
        let mut prices = before.clone();
        // The same catalog brings nothing new, another one does.
        prices.see(&catalog(""), 2);
        assert_eq!(prices.of(&ModelId::new("gpt-4.1")).len(), 1);
        let dearer = "[[model]]\nid = \"gpt-4.1\"\nprice = { input = 3.0, output = 9.0 }\n";
        prices.see(&catalog(dearer), 3);
        prices.write(&db, &before).unwrap();
        let again = Prices::read(&db).unwrap();
        let gpt = ModelId::new("gpt-4.1");
        assert_eq!(again.of(&gpt), prices.of(&gpt));
        let times: Vec<u64> = again
            .of(&gpt)
            .iter()
            .map(|priced| priced.since_ms)
            .collect();
        assert_eq!(times, [1, 3]);
        // What is remembered no longer is not kept either.
        Prices::default().write(&db, &again).unwrap();
        assert!(Prices::read(&db).unwrap().of(&gpt).is_empty());
    }

    #[test]
    fn a_price_that_changes_often_keeps_its_last_fifty() {
        let mut prices = Prices::default();
        for at in 1..=60 {
            prices.see(
                &catalog(&format!(
                    "[[model]]\nid = \"gpt-4.1\"\nprice = {{ input = {at}.0, output = 9.0 }}\n"
                )),
                at,
            );
        }
        let seen = prices.of(&ModelId::new("gpt-4.1"));
        assert_eq!((seen.len(), seen[0].since_ms), (MOST_PRICES, 11));
    }
}
