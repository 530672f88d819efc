//! Which prices the models have had while the router runs: every catalog that was published is looked
//! through, and a price that differs from the last one is noted.

use std::collections::HashMap;

use crate::catalog::{Catalog, ModelId, Price};

/// Prices that are remembered of one model.
const MOST_PRICES: usize = 50;

/// A price, and since when it holds here.
#[derive(Clone, Debug, PartialEq, Eq)]
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
pub struct Prices(HashMap<ModelId, Vec<Priced>>);

impl Prices {
    /// Takes note of a catalog's prices.
    pub fn see(&mut self, catalog: &Catalog, now_ms: u64) {
        for model in catalog.models() {
            let seen = self.0.entry(model.id.clone()).or_default();
            let is_same = |last: &Priced| last.price == model.price && last.free == model.free;
            if seen.last().is_some_and(is_same) {
                continue;
            }
            if seen.len() == MOST_PRICES {
                seen.remove(0);
            }
            seen.push(Priced {
                since_ms: now_ms,
                version: catalog.version().to_owned(),
                price: model.price.clone(),
                free: model.free,
            });
        }
    }

    /// A model's prices, oldest first.
    pub fn of(&self, model: &ModelId) -> &[Priced] {
        self.0.get(model).map_or(&[], Vec::as_slice)
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
}
