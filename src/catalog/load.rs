//! The catalog: read from its layers, checked as a whole, and looked up.

mod build;

use std::collections::BTreeMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use self::build::build;
use super::alias::Target;
use super::layer::{self, Draft, Layer};
use super::model::{Model, Provider, ProviderName};
use super::problem::{CatalogError, Problems};
use super::tier::{Tier, Weights};
use crate::ids::IdMap;

/// Hex digits of a catalog's version.
const VERSION_DIGITS: usize = 12;

/// Every provider and model, and the names by which callers may ask for them.
#[derive(Clone, Debug)]
pub struct Catalog {
    providers: Vec<Arc<Provider>>,
    models: Vec<Arc<Model>>,
    /// By id in lower case.
    by_id: IdMap<String, Arc<Model>>,
    /// By name at the provider in lower case, the first in file order.
    by_upstream: IdMap<String, Arc<Model>>,
    members: Members,
    /// By alias in lower case.
    aliases: BTreeMap<String, Target>,
    weights: Weights,
    version: String,
}

impl Catalog {
    /// The text of the catalog that comes with the program.
    pub fn builtin_text() -> &'static str {
        layer::BUILTIN
    }

    /// Reads a catalog from files, later ones laid over earlier ones.
    ///
    /// Rows are matched by id (models) or name (providers): a later row changes the keys that it
    /// names, `disabled = true` removes the row, with a provider its models, with a model its
    /// aliases. A model's id wins over an alias of an earlier file.
    ///
    /// # Errors
    /// Everything that is wrong in any file, by file, line, row and reason; at most 50 of it.
    pub fn load(layers: &[Layer]) -> Result<Self, CatalogError> {
        let mut problems = Problems::default();
        let draft = Draft::merge(layers, &mut problems);
        problems.check()?;
        let catalog = build(&draft, version(layers), &mut problems);
        problems.check()?;
        Ok(catalog)
    }

    /// All models, in file order.
    pub fn models(&self) -> &[Arc<Model>] {
        &self.models
    }

    /// The model with this id, whatever its case.
    pub fn model(&self, id: &str) -> Option<&Arc<Model>> {
        self.by_id.get(&id.to_ascii_lowercase())
    }

    /// The first model with this name at its provider, whatever its case.
    pub(super) fn by_upstream(&self, name: &str) -> Option<&Arc<Model>> {
        self.by_upstream.get(&name.to_ascii_lowercase())
    }

    /// The models of a tier, in file order.
    pub fn of_tier(&self, tier: Tier) -> &[Arc<Model>] {
        let members = self.members.of_tiers.get(&tier);
        members.map_or(&[], Vec::as_slice)
    }

    /// A model of the catalog and the same weights at other hosts, in file order.
    pub fn hosts_of<'a>(&'a self, model: &'a Arc<Model>) -> &'a [Arc<Model>] {
        let group = model.same_as.as_deref();
        let members = group.and_then(|group| self.members.of_groups.get(group));
        members.map_or(std::slice::from_ref(model), Vec::as_slice)
    }

    /// All providers, in file order.
    pub fn providers(&self) -> &[Arc<Provider>] {
        &self.providers
    }

    /// The provider with this name.
    pub fn provider(&self, name: &ProviderName) -> Option<&Arc<Provider>> {
        self.providers.iter().find(|row| row.name == *name)
    }

    /// All aliases in lower case, with what each one names, in alphabetical order.
    pub fn aliases(&self) -> impl Iterator<Item = (&str, &Target)> {
        let pairs = self.aliases.iter();
        pairs.map(|(name, target)| (name.as_str(), target))
    }

    /// What an alias names, whatever its case.
    pub fn alias(&self, name: &str) -> Option<&Target> {
        self.aliases.get(&name.to_ascii_lowercase())
    }

    /// How the balanced ranking weighs a candidate.
    pub fn weights(&self) -> Weights {
        self.weights
    }

    /// Names the exact content of the files, and with it the prices: 12 hex digits.
    pub fn version(&self) -> &str {
        &self.version
    }
}

/// Which models belong together. Requests look at those alone, however long the catalog is.
#[derive(Clone, Debug, Default)]
struct Members {
    of_tiers: IdMap<Tier, Vec<Arc<Model>>>,
    /// By the name of their weights.
    of_groups: IdMap<String, Vec<Arc<Model>>>,
}

impl Members {
    fn of(models: &[Arc<Model>]) -> Self {
        let mut members = Self::default();
        for model in models {
            for tier in &model.tiers {
                let of_tier = members.of_tiers.entry(*tier).or_default();
                of_tier.push(Arc::clone(model));
            }
            if let Some(group) = &model.same_as {
                let of_group = members.of_groups.entry(group.clone()).or_default();
                of_group.push(Arc::clone(model));
            }
        }
        members
    }
}

fn version(layers: &[Layer]) -> String {
    let mut digest = Sha256::new();
    for layer in layers {
        // Two files must not read as one: the lengths keep them apart.
        digest.update(layer.text.len().to_be_bytes());
        digest.update(&layer.text);
    }
    let mut version = hex::encode(digest.finalize());
    version.truncate(VERSION_DIGITS);
    version
}

#[cfg(test)]
mod broken_tests;
#[cfg(test)]
mod builtin_tests;
#[cfg(test)]
mod tests;
