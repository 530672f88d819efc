//! The catalog: read from its layers, checked as a whole, and looked up.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::alias::{self, Target};
use super::field;
use super::layer::{self, Alias, Draft, Layer, Row};
use super::model::{Model, Provider, ProviderName};
use super::problem::{CatalogError, Place, Problems, quote};
use super::reader::{Reader, read_table};
use super::row::{self, Dialects, Known, Tokenizers};
use super::tier::{Tier, Weights};
use super::tokenizer;
use super::value::Value;
use crate::ids::IdMap;

/// Providers of a catalog.
const MOST_PROVIDERS: usize = 200;
/// Models of a catalog.
const MOST_MODELS: usize = 5_000;
/// Tokenizers of a catalog.
const MOST_TOKENIZERS: usize = 200;
/// Aliases of a catalog.
const MOST_ALIASES: usize = 10_000;
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

fn build(draft: &Draft, version: String, problems: &mut Problems) -> Catalog {
    let weights = weights(draft, problems);
    let providers = providers(draft, problems);
    let tokenizers = tokenizers(draft, problems);
    let models = models(draft, &providers, &tokenizers, problems);
    let by_id = index(&models, |model| model.id.as_str());
    let by_upstream = index(&models, |model| &model.upstream);
    let members = Members::of(&models);
    Catalog {
        aliases: aliases(draft, &by_id, problems),
        providers: providers.rows,
        models,
        by_id,
        by_upstream,
        members,
        weights,
        version,
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

fn weights(draft: &Draft, problems: &mut Problems) -> Weights {
    let Some(cell) = &draft.weights else {
        let place = Place {
            file: Arc::from("catalog"),
            line: 1,
        };
        problems.add(&place, "", "[weights] is missing from every file");
        return Weights::default();
    };
    read_table("", "weights.".to_owned(), cell, problems, row::weights).unwrap_or_default()
}

/// The providers, and what the models' rows have to know about them.
#[derive(Default)]
struct Providers {
    rows: Vec<Arc<Provider>>,
    dialects: Dialects,
    removed: HashSet<String>,
}

fn providers(draft: &Draft, problems: &mut Problems) -> Providers {
    let mut providers = Providers::default();
    for row in draft.providers.iter() {
        let mut reader = Reader::of_row(row, problems);
        if is_disabled(row, &mut reader) {
            providers.removed.insert(row.key.clone());
            continue;
        }
        let source = format!("{}:{}", row.place.file, row.place.line);
        let provider = row::provider(&mut reader, source);
        reader.finish();
        let dialect = provider.as_ref().map(|provider| provider.dialect);
        providers.dialects.insert(row.key.clone(), dialect);
        providers.rows.extend(provider.map(Arc::new));
        if providers.dialects.len() > MOST_PROVIDERS {
            let reason = format!("more than {MOST_PROVIDERS} providers");
            problems.add(&row.place, &row.label, reason);
            break;
        }
    }
    providers
}

fn tokenizers(draft: &Draft, problems: &mut Problems) -> Tokenizers {
    let mut tokenizers = Tokenizers::default();
    for row in draft.tokenizers.iter() {
        let mut reader = Reader::of_row(row, problems);
        let tokenizer = tokenizer::read(&mut reader);
        reader.finish();
        tokenizers.insert(row.key.clone(), tokenizer.map(Arc::new));
        if tokenizers.len() > MOST_TOKENIZERS {
            let reason = format!("more than {MOST_TOKENIZERS} tokenizers");
            problems.add(&row.place, &row.label, reason);
            break;
        }
    }
    tokenizers
}

fn models(
    draft: &Draft,
    providers: &Providers,
    tokenizers: &Tokenizers,
    problems: &mut Problems,
) -> Vec<Arc<Model>> {
    let known = Known {
        dialects: &providers.dialects,
        tokenizers,
    };
    let mut models = Vec::new();
    for row in draft.models.iter() {
        let mut reader = Reader::of_row(row, problems);
        let provider = row.cells.get("provider").map(|cell| &cell.value);
        let is_orphan =
            matches!(provider, Some(Value::Text(name)) if providers.removed.contains(name));
        if is_disabled(row, &mut reader) || is_orphan {
            continue;
        }
        let model = row::model(&mut reader, &known, &row.place.file);
        reader.finish();
        models.extend(model.map(Arc::new));
        if models.len() > MOST_MODELS {
            let reason = format!("more than {MOST_MODELS} models");
            problems.add(&row.place, &row.label, reason);
            break;
        }
    }
    models
}

/// Whether the row is to be left out. A row that was never there cannot be: that is a slip of the
/// pen which would leave a model in service.
fn is_disabled(row: &Row, reader: &mut Reader<'_>) -> bool {
    let disabled = reader.optional("disabled", field::flag) == Some(true);
    if disabled && row.cells.len() == 2 {
        reader.problem("disabled", "no earlier file has this row");
    }
    disabled
}

/// Models by a name in lower case; of several with one name, the first.
fn index(models: &[Arc<Model>], name: fn(&Model) -> &str) -> IdMap<String, Arc<Model>> {
    let by_name = |model: &Arc<Model>| (name(model).to_ascii_lowercase(), Arc::clone(model));
    models.iter().rev().map(by_name).collect()
}

fn aliases(
    draft: &Draft,
    by_id: &IdMap<String, Arc<Model>>,
    problems: &mut Problems,
) -> BTreeMap<String, Target> {
    let mut aliases = BTreeMap::new();
    for (name, alias) in &draft.aliases {
        match target(name, alias, draft, by_id) {
            Ok(Some(target)) => {
                aliases.insert(name.clone(), target);
            }
            Ok(None) => {}
            Err(reason) => {
                let label = format!("alias {}", quote(name));
                problems.add(&alias.target.place, &label, reason);
            }
        }
        if aliases.len() > MOST_ALIASES {
            let reason = format!("more than {MOST_ALIASES} aliases");
            problems.add(&alias.target.place, "", reason);
            break;
        }
    }
    aliases
}

/// What an alias names; nothing when a model of a later file has taken its name, or when the model
/// that it names has been removed.
fn target(
    name: &str,
    alias: &Alias,
    draft: &Draft,
    by_id: &IdMap<String, Arc<Model>>,
) -> Result<Option<Target>, String> {
    field::check_id(name)?;
    if alias::tier(name).is_some() {
        return Err("is the name of a tier".to_owned());
    }
    let text = field::id(&alias.target.value)?;
    if by_id.contains_key(name) {
        let is_older = |row: &Row| row.first_layer <= alias.layer;
        let is_hidden = draft.models.get(name).is_some_and(is_older);
        if is_hidden && !text.eq_ignore_ascii_case(name) {
            return Err("is the id of another model".to_owned());
        }
        return Ok(None);
    }
    let model = by_id.get(&text.to_ascii_lowercase());
    let found = model
        .map(|model| Target::Model(Arc::clone(model)))
        .or_else(|| alias::tier(&text));
    if found.is_none() && draft.models.get(&text).is_none() {
        return Err(format!(
            "names neither a model nor a tier: {}",
            quote(&text)
        ));
    }
    Ok(found)
}

#[cfg(test)]
mod broken_tests;
#[cfg(test)]
mod builtin_tests;
#[cfg(test)]
mod tests;
