//! What drifted between our rows and a public price list. It tells; it never edits.

use std::collections::BTreeSet;
use std::fmt;

use super::load::Catalog;
use super::model::Model;
use crate::money::Rate;

mod genai;
mod litellm;
mod number;

/// Bytes of a price list that are read at the most; LiteLLM's has four million.
pub const MOST_BYTES: u64 = 64 << 20;

/// What a price list says of one model; `None` where it says nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    input: Option<Rate>,
    output: Option<Rate>,
    cache_read: Option<Rate>,
    cache_write: Option<Rate>,
    max_input: Option<u64>,
    max_output: Option<u64>,
}

/// One value that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    /// Our model.
    pub model: String,
    /// Which value.
    pub field: &'static str,
    /// What our row says.
    pub ours: String,
    /// What the list says.
    pub theirs: String,
    /// What the list calls the model.
    pub listed_as: String,
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            model,
            field,
            ours,
            theirs,
            listed_as,
        } = self;
        write!(
            f,
            "{model}: {field} {ours}, listed {theirs} (as {listed_as})"
        )
    }
}

/// What a comparison found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// The shape of the list.
    pub shape: &'static str,
    /// Models that both have.
    pub compared: usize,
    /// What differs, in the order of our catalog.
    pub drifts: Vec<Drift>,
    /// Models that the list does not have.
    pub unlisted: Vec<String>,
}

/// Why a price list cannot be compared; the operator has named the wrong file.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// It is not JSON.
    #[error("the price list is not JSON ({0}); download it again")]
    Json(#[from] serde_json::Error),
    /// It is JSON of neither shape.
    #[error(
        "the price list has a shape that is not known; use LiteLLM's model_prices_and_context_window.json or genai-prices' data.json"
    )]
    Shape,
}

/// A price list of one of the known shapes.
enum List {
    LiteLlm(litellm::List),
    GenAi(genai::List),
}

impl List {
    fn read(text: &str) -> Result<Self, ListError> {
        match text.trim_start().as_bytes().first() {
            Some(b'{') => Ok(Self::LiteLlm(litellm::List::read(text)?)),
            Some(b'[') => Ok(Self::GenAi(genai::List::read(text)?)),
            Some(_) | None => Err(ListError::Shape),
        }
    }

    const fn shape(&self) -> &'static str {
        match self {
            Self::LiteLlm(_) => "LiteLLM",
            Self::GenAi(_) => "genai-prices",
        }
    }

    /// What the list says of a model, and what it calls it.
    fn find(&self, model: &Model, today: time::Date) -> Option<(String, Listed)> {
        match self {
            Self::LiteLlm(list) => list.find(model),
            Self::GenAi(list) => list.find(model, today),
        }
    }
}

/// Compares every model of the catalog with a price list. `today` picks among prices that begin on a
/// day.
pub fn compare(catalog: &Catalog, text: &str, today: time::Date) -> Result<Comparison, ListError> {
    let list = List::read(text)?;
    let mut comparison = Comparison {
        shape: list.shape(),
        ..Comparison::default()
    };
    for model in catalog.models() {
        match list.find(model, today) {
            Some((name, listed)) => {
                comparison.compared += 1;
                comparison.drifts.extend(drifts(model, &name, &listed));
            }
            None => comparison.unlisted.push(model.id.to_string()),
        }
    }
    if comparison.compared == 0 && !catalog.models().is_empty() {
        return Err(ListError::Shape);
    }
    Ok(comparison)
}

fn drifts(model: &Model, name: &str, listed: &Listed) -> Vec<Drift> {
    let base = &model.price.base;
    let drift = |field, ours: String, theirs: String| Drift {
        model: model.id.to_string(),
        field,
        ours,
        theirs,
        listed_as: name.to_owned(),
    };
    let rates = [
        ("input", base.input, listed.input),
        ("output", base.output, listed.output),
        ("cache_read", base.cache_read, listed.cache_read),
        ("cache_write", base.cache_write, listed.cache_write),
    ];
    let prices = rates.into_iter().filter_map(|(field, ours, theirs)| {
        let theirs = theirs.filter(|theirs| *theirs != ours)?;
        Some(drift(field, number::usd(ours), number::usd(theirs)))
    });
    // An embedding model's max_output is its dimensions, of which lists say nothing.
    let max_output = model.is_chat().then_some(listed.max_output).flatten();
    let window = window(model, listed);
    let sizes = [
        ("context_window", u64::from(model.context_window), window),
        ("max_output", u64::from(model.max_output), max_output),
    ];
    let sizes = sizes.into_iter().filter_map(|(field, ours, theirs)| {
        let theirs = theirs.filter(|theirs| *theirs != ours)?;
        Some(drift(field, ours.to_string(), theirs.to_string()))
    });
    prices.chain(sizes).collect()
}

/// Lists name the largest input, which is the window, or the window less the output.
fn window(model: &Model, listed: &Listed) -> Option<u64> {
    let listed_input = listed.max_input?;
    let fits: BTreeSet<u64> = [
        u64::from(model.context_window),
        u64::from(model.most_input()),
        u64::from(model.context_window) - u64::from(model.max_output.min(model.context_window)),
    ]
    .into();
    (!fits.contains(&listed_input)).then_some(listed_input)
}

#[cfg(test)]
mod tests;
