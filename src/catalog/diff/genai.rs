//! genai-prices' `data.json` and `data_slim.json`: providers with models, matched by clauses, USD per
//! million tokens. Clauses with a regular expression match nothing here; the list uses hardly any.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Listed, number};
use crate::catalog::Model;
use crate::money::Rate;

/// How deeply clauses may be nested.
const MOST_DEPTH: usize = 8;

#[derive(Deserialize)]
#[serde(transparent)]
pub struct List(Vec<Provider>);

#[derive(Deserialize)]
struct Provider {
    id: String,
    #[serde(default)]
    models: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    id: String,
    r#match: Clause,
    context_window: Option<u64>,
    /// One set of prices, or a list of which the last one that holds is meant.
    prices: Box<RawValue>,
}

/// When a name is meant. The texts are compared without regard to case, as the list's own program
/// does.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Clause {
    StartsWith(String),
    EndsWith(String),
    Contains(String),
    Equals(String),
    Regex(serde::de::IgnoredAny),
    Or(Vec<Self>),
    And(Vec<Self>),
}

#[derive(Deserialize)]
struct Conditional {
    constraint: Option<Constraint>,
    prices: Price,
}

#[derive(Deserialize)]
struct Constraint {
    start_date: Option<String>,
}

#[derive(Deserialize)]
struct Price {
    input_mtok: Option<Box<RawValue>>,
    output_mtok: Option<Box<RawValue>>,
    cache_read_mtok: Option<Box<RawValue>>,
    cache_write_mtok: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Tiered {
    base: Box<RawValue>,
}

impl List {
    pub fn read(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// The row of the model's own provider that matches its upstream name; the exact id first.
    pub fn find(&self, model: &Model, today: time::Date) -> Option<(String, Listed)> {
        let id = provider(model.provider.as_str());
        let rows = || {
            let theirs = self.0.iter().filter(|provider| provider.id == id);
            theirs.flat_map(|provider| &provider.models)
        };
        let name = model.upstream.to_lowercase();
        let exact = rows().find(|row| row.id.to_lowercase() == name);
        let row = exact.or_else(|| rows().find(|row| row.r#match.means(&name, MOST_DEPTH)))?;
        Some((format!("{id}/{}", row.id), row.listed(today)))
    }
}

/// What the list calls a provider of ours; any other by its own name.
fn provider(ours: &str) -> &str {
    match ours {
        "bedrock" => "aws",
        "xai" => "x-ai",
        other => other,
    }
}

impl Clause {
    fn means(&self, name: &str, depth: usize) -> bool {
        let all = |clauses: &[Self]| clauses.iter().all(|clause| clause.means(name, depth - 1));
        let any = |clauses: &[Self]| clauses.iter().any(|clause| clause.means(name, depth - 1));
        match self {
            _ if depth == 0 => false,
            Self::StartsWith(text) => name.starts_with(&text.to_lowercase()),
            Self::EndsWith(text) => name.ends_with(&text.to_lowercase()),
            Self::Contains(text) => name.contains(&text.to_lowercase()),
            Self::Equals(text) => name == text.to_lowercase(),
            Self::Regex(_) => false,
            Self::Or(clauses) => any(clauses),
            Self::And(clauses) => all(clauses),
        }
    }
}

impl Row {
    fn price(&self, today: time::Date) -> Option<Price> {
        let text = self.prices.get();
        if !text.starts_with('[') {
            return serde_json::from_str(text).ok();
        }
        let mut list: Vec<Conditional> = serde_json::from_str(text).ok()?;
        let holds = |price: &Conditional| holds(price.constraint.as_ref(), today);
        let last = list.iter().rposition(holds).unwrap_or(0);
        (last < list.len()).then(|| list.swap_remove(last).prices)
    }

    fn listed(&self, today: time::Date) -> Listed {
        let price = self.price(today);
        let of =
            |pick: fn(&Price) -> &Option<Box<RawValue>>| base(pick(price.as_ref()?).as_deref()?);
        Listed {
            input: of(|price| &price.input_mtok),
            output: of(|price| &price.output_mtok),
            cache_read: of(|price| &price.cache_read_mtok),
            cache_write: of(|price| &price.cache_write_mtok),
            max_input: self.context_window,
            max_output: None,
        }
    }
}

/// Whether a price holds today; a time of day is no reason to prefer one.
fn holds(constraint: Option<&Constraint>, today: time::Date) -> bool {
    match constraint {
        None => true,
        // Days are written as yyyy-mm-dd, whose order as texts is that of time.
        Some(constraint) => constraint
            .start_date
            .as_ref()
            .is_some_and(|start| *start <= today.to_string()),
    }
}

/// The price of an ordinary prompt.
fn base(raw: &RawValue) -> Option<Rate> {
    number::per_mtok(raw).or_else(|| {
        let tiered: Tiered = serde_json::from_str(raw.get()).ok()?;
        number::per_mtok(&tiered.base)
    })
}
