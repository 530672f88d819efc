//! From merged rows to a catalog: each row is read, and what names another row finds it.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::{Catalog, Members};
use crate::catalog::alias::{self, Target};
use crate::catalog::field;
use crate::catalog::layer::{Alias, Draft, Row};
use crate::catalog::model::{Model, Provider};
use crate::catalog::problem::{Place, Problems, quote};
use crate::catalog::reader::{Reader, read_table};
use crate::catalog::row::{self, Dialects, Known, Tokenizers};
use crate::catalog::tier::Weights;
use crate::catalog::tokenizer;
use crate::catalog::value::Value;
use crate::ids::IdMap;

/// Providers of a catalog.
const MOST_PROVIDERS: usize = 200;
/// Models of a catalog.
const MOST_MODELS: usize = 5_000;
/// Tokenizers of a catalog.
const MOST_TOKENIZERS: usize = 200;
/// Aliases of a catalog.
const MOST_ALIASES: usize = 10_000;

/// What the rows come to; what is wrong with them goes to `problems`.
pub(super) fn build(draft: &Draft, version: String, problems: &mut Problems) -> Catalog {
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
