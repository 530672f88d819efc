//! Rows read as providers and models.

use std::collections::HashMap;
use std::sync::Arc;

use super::ability::Abilities;
use super::field;
use super::model::{Dialect, Endpoint, KeyNeed, Model, ModelId, Provider, ProviderName, Timeouts};
use super::price::{Price, Rates, Step};
use super::reader::Reader;
use super::tier::{Tier, Weights};
use super::tokenizer::Tokenizer;
use crate::money::Rate;

/// Tokens of a window.
const MOST_TOKENS: u32 = 1_000_000_000;
/// Prices for longer and longer prompts in one row.
const MOST_STEPS: usize = 8;
/// Time to first token of a model about which nothing is known, in milliseconds.
const TTFT_MS: u32 = 600;
/// Output speed of a model about which nothing is known.
const TOKENS_PER_S: u32 = 80;

/// The providers of the catalog and what they speak; `None` for one whose row is wrong.
pub(super) type Dialects = HashMap<String, Option<Dialect>>;

/// The tokenizers of the catalog by name; `None` for one whose row is wrong.
pub(super) type Tokenizers = HashMap<String, Option<Arc<Tokenizer>>>;

/// What a model's row may name.
pub(super) struct Known<'a> {
    pub(super) dialects: &'a Dialects,
    pub(super) tokenizers: &'a Tokenizers,
}

/// Reads a provider. Where the row stands becomes its `source`.
pub(super) fn provider(row: &mut Reader<'_>, source: String) -> Option<Provider> {
    let name = row.required("name", field::provider_name);
    let dialect = row.required("dialect", field::one_of);
    let base_url = row.required("base_url", field::base_url);
    let base_url_env = row.optional("base_url_env", field::variable);
    let api_key_env = row.optional("api_key_env", field::list(field::variable));
    let api_key_env = api_key_env.unwrap_or_default();
    let key_need = match row.optional("key_required", field::flag) {
        Some(true) => KeyNeed::Required,
        Some(false) | None => KeyNeed::Optional,
    };
    if key_need == KeyNeed::Required && api_key_env.is_empty() {
        row.problem("api_key_env", "missing, though key_required is true");
    }
    let omit = row.optional("omit", field::list(field::request_field));
    let on_disconnect = row.optional("on_disconnect", field::one_of);
    Some(Provider {
        name: ProviderName::new(&name?),
        dialect: dialect?,
        base_url: base_url?,
        base_url_env,
        api_key_env,
        key_need,
        omit: omit.unwrap_or_default(),
        on_disconnect: on_disconnect.unwrap_or_default(),
        source,
    })
}

/// Reads a model. `file` becomes its `source` when the row names none.
pub(super) fn model(row: &mut Reader<'_>, known: &Known<'_>, file: &str) -> Option<Model> {
    let id = id(row);
    let name = row.optional("name", field::text);
    let provider = row.required("provider", field::provider_name);
    let upstream = row.optional("upstream", field::id);
    let endpoint = row
        .optional("endpoint", field::one_of)
        .unwrap_or(Endpoint::Chat);
    check_provider(row, provider.as_deref(), endpoint, known.dialects);
    let tiers = tiers(row, endpoint);
    let limits = limits(row, endpoint);
    let tokenizer = tokenizer(row, known.tokenizers);
    let free = row.optional("free", field::flag).unwrap_or(false);
    if !free && !row.has("price") {
        row.problem("price", "missing, though the row is not free");
    }
    let price = row.table("price", price);
    let abilities = row.optional("abilities", field::list(field::one_of));
    let traits = row.optional("traits", field::list(field::one_of));
    let quality = row.optional("quality", field::score);
    let coding = row.optional("coding", field::score);
    let ttft_ms = row.optional("ttft_ms", field::count(1..=3_600_000));
    let tokens_per_s = row.optional("tokens_per_s", field::count(1..=1_000_000));
    let timeouts = row.table("timeouts", timeouts);
    let same_as = row.optional("same_as", field::text);
    let deprecation_date = row.optional("deprecation_date", field::date);
    let replacement = row.optional("replacement", field::text);
    let source = row.optional("source", field::text);
    let as_of = row.optional("as_of", field::date);
    let id = id?;
    Some(Model {
        name: name.unwrap_or_else(|| id.clone()),
        provider: ProviderName::new(&provider?),
        upstream: upstream.unwrap_or_else(|| id.clone()),
        id: ModelId::new(&id),
        endpoint,
        tiers,
        free,
        context_window: limits.window?,
        max_input: limits.input,
        max_output: limits.output?,
        tokenizer,
        price: price.unwrap_or_default(),
        abilities: Abilities::from_iter(abilities.unwrap_or_default()),
        traits: traits.unwrap_or_default(),
        quality,
        coding,
        ttft_ms: ttft_ms.unwrap_or(TTFT_MS),
        tokens_per_s: tokens_per_s.unwrap_or(TOKENS_PER_S),
        timeouts: timeouts.unwrap_or_default(),
        same_as,
        deprecation_date,
        replacement,
        source: source.unwrap_or_else(|| file.to_owned()),
        as_of: as_of.unwrap_or(time::macros::date!(1970 - 01 - 01)),
    })
}

/// The id. Tiers have their names for themselves.
fn id(row: &mut Reader<'_>) -> Option<String> {
    let id = row.required("id", field::id)?;
    if super::alias::tier(&id).is_some() {
        row.problem("id", "is the name of a tier");
    }
    Some(id)
}

/// The tokenizer that the row names; the cautious default when it names none.
fn tokenizer(row: &mut Reader<'_>, known: &Tokenizers) -> Arc<Tokenizer> {
    let Some(name) = row.optional("tokenizer", field::id) else {
        return Arc::default();
    };
    match known.get(&name) {
        Some(tokenizer) => tokenizer.clone().unwrap_or_default(),
        None => {
            row.problem("tokenizer", "no [[tokenizer]] row has this name");
            Arc::default()
        }
    }
}

fn check_provider(
    row: &mut Reader<'_>,
    provider: Option<&str>,
    endpoint: Endpoint,
    dialects: &Dialects,
) {
    let Some(provider) = provider else { return };
    let Some(dialect) = dialects.get(provider) else {
        row.problem("provider", "no [[provider]] row has this name");
        return;
    };
    let speaks = match (endpoint, dialect) {
        (Endpoint::Chat, _) | (_, None) => true,
        (Endpoint::Responses, Some(dialect)) => match dialect {
            Dialect::OpenAi | Dialect::Responses => true,
            Dialect::Anthropic | Dialect::Gemini | Dialect::Bedrock => false,
        },
        (Endpoint::Embeddings, Some(dialect)) => match dialect {
            Dialect::OpenAi | Dialect::Responses | Dialect::Gemini | Dialect::Bedrock => true,
            Dialect::Anthropic => false,
        },
    };
    if !speaks {
        row.problem("endpoint", "the provider's dialect has no such endpoint");
    }
}

/// The tiers, cheapest first.
fn tiers(row: &mut Reader<'_>, endpoint: Endpoint) -> Vec<Tier> {
    let tiers = row.optional("tier", field::list(field::one_of));
    let wrong = row.has("tier") && tiers.is_none();
    let mut tiers: Vec<Tier> = tiers.unwrap_or_default();
    tiers.sort_unstable();
    tiers.dedup();
    match endpoint {
        Endpoint::Chat | Endpoint::Responses if tiers.is_empty() && !wrong => {
            row.problem("tier", "a chat model needs a tier");
        }
        Endpoint::Embeddings if !tiers.is_empty() => {
            row.problem("tier", "an embedding model has no tier");
        }
        Endpoint::Chat | Endpoint::Responses | Endpoint::Embeddings => {}
    }
    tiers
}

struct Limits {
    window: Option<u32>,
    input: Option<u32>,
    output: Option<u32>,
}

fn limits(row: &mut Reader<'_>, endpoint: Endpoint) -> Limits {
    let tokens = || field::count(1..=MOST_TOKENS);
    let limits = Limits {
        window: row.required("context_window", tokens()),
        input: row.optional("max_input", tokens()),
        output: row.required("max_output", tokens()),
    };
    if let Some(window) = limits.window {
        let of_tokens = match endpoint {
            Endpoint::Chat | Endpoint::Responses => limits.output,
            Endpoint::Embeddings => None,
        };
        if of_tokens.is_some_and(|output| output > window) {
            row.problem("max_output", "is more than context_window");
        }
        if limits.input.is_some_and(|input| input > window) {
            row.problem("max_input", "is more than context_window");
        }
    }
    limits
}

fn price(table: &mut Reader<'_>) -> Option<Price> {
    let base = rates(table);
    let steps = table.tables("steps", step)?;
    let ascend = steps.is_sorted_by(|a, b| a.above_tokens < b.above_tokens);
    if steps.len() > MOST_STEPS || !ascend {
        let reason = format!("must be at most {MOST_STEPS}, by ascending above_tokens");
        table.problem("steps", &reason);
    }
    Some(Price { base: base?, steps })
}

fn step(table: &mut Reader<'_>) -> Option<Step> {
    let above_tokens = table.required("above_tokens", field::count(1..=MOST_TOKENS));
    let rates = rates(table);
    Some(Step {
        above_tokens: above_tokens?.into(),
        rates: rates?,
    })
}

/// Five prices. A cache price that nobody states is the input price; the longer-lived cache costs
/// at least what the other does.
fn rates(table: &mut Reader<'_>) -> Option<Rates> {
    let input = table.required("input", field::rate);
    let output = table.required("output", field::rate);
    let cache_read = table.optional("cache_read", field::rate);
    let cache_write = table.optional("cache_write", field::rate);
    let cache_write_1h = table.optional("cache_write_1h", field::rate);
    let input: Rate = input?;
    let cache_write = cache_write.unwrap_or(input);
    Some(Rates {
        input,
        output: output?,
        cache_read: cache_read.unwrap_or(input),
        cache_write,
        cache_write_1h: cache_write_1h.unwrap_or(cache_write),
    })
}

fn timeouts(table: &mut Reader<'_>) -> Option<Timeouts> {
    Some(Timeouts {
        first_token: table.optional("first_token_ms", field::timeout),
        idle: table.optional("idle_ms", field::timeout),
        total: table.optional("total_ms", field::timeout),
    })
}

/// Reads the weights of the balanced ranking.
pub(super) fn weights(table: &mut Reader<'_>) -> Option<Weights> {
    let quality = table.required("quality", field::weight);
    let cost = table.required("cost", field::weight);
    let speed = table.required("speed", field::weight);
    let weights = Weights {
        quality: quality?,
        cost: cost?,
        speed: speed?,
    };
    if weights.quality + weights.cost + weights.speed <= 0.0 {
        table.problem("quality", "at least one weight must be more than 0");
    }
    Some(weights)
}
