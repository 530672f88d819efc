//! `/v1/models`: every model, tier and alias that a caller can name.

use std::time::Instant;

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use serde::Serialize;

use super::state::{Shown, best};
use super::{ApiError, Code, Switchboard};
use crate::actors::catalog::World;
use crate::catalog::{Abilities, Ability, Endpoint, Model, Price, Target, Tier};

/// `created` of every entry: OpenAI's clients want a number, and none of ours means anything.
const CREATED: u64 = 1_735_689_600;

#[derive(Serialize)]
struct List {
    object: &'static str,
    data: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    id: String,
    object: &'static str,
    created: u64,
    owned_by: String,
    name: String,
    provider: Option<String>,
    tier: Option<&'static str>,
    tiers: Vec<&'static str>,
    free: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    alias_of: Option<String>,
    context_length: Option<u32>,
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_input_tokens: Option<u32>,
    pricing: Option<Pricing>,
    architecture: Architecture,
    supported_parameters: Vec<&'static str>,
    quality: Option<f64>,
    coding: Option<f64>,
    latency: Option<Latency>,
    #[serde(flatten)]
    state: Shown,
    #[serde(skip_serializing_if = "Option::is_none")]
    deprecation_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replacement: Option<String>,
}

/// USD per token.
#[derive(Serialize)]
struct Pricing {
    prompt: String,
    completion: String,
    input_cache_read: String,
    input_cache_write: String,
}

#[derive(Serialize)]
struct Architecture {
    input_modalities: Vec<&'static str>,
    output_modalities: Vec<&'static str>,
}

#[derive(Serialize)]
struct Latency {
    ttft_ms_p50: u32,
    tokens_per_s: u32,
    observed: bool,
}

/// `GET /v1/models`
pub async fn list(desk: Data<Switchboard>) -> HttpResponse {
    let world = desk.world.load_full();
    let now = Instant::now();
    let tiers = ["economy", "standard", "premium", "auto"]
        .into_iter()
        .map(|tier| tier_entry(&world, tier, now));
    let models = world
        .catalog
        .models()
        .iter()
        .map(|model| model_entry(&world, model, now));
    let aliases = world
        .catalog
        .aliases()
        .filter_map(|(alias, target)| alias_entry(&world, alias, target, now));
    let data = tiers.chain(models).chain(aliases).collect();
    HttpResponse::Ok().json(List {
        object: "list",
        data,
    })
}

/// `GET /v1/models/{id}`; an id may contain slashes.
pub async fn one(desk: Data<Switchboard>, id: Path<String>) -> Result<HttpResponse, ApiError> {
    let world = desk.world.load_full();
    let target = world.catalog.resolve(&id).map_err(|unknown| {
        ApiError::new(Code::ModelNotFound, unknown.to_string()).param("model")
    })?;
    Ok(HttpResponse::Ok().json(entry(&world, &target, Instant::now())))
}

fn entry(world: &World, target: &Target, now: Instant) -> Entry {
    match target {
        Target::Model(model) => model_entry(world, model, now),
        Target::Tier(tier) => tier_entry(world, tier.as_str(), now),
        Target::Auto => tier_entry(world, "auto", now),
    }
}

/// An embedding alias or an old fixed name, with what it stands for.
fn alias_entry(world: &World, alias: &str, target: &Target, now: Instant) -> Option<Entry> {
    let stands_for = match target {
        Target::Model(model) if model.endpoint == Endpoint::Embeddings => model.id.to_string(),
        Target::Tier(tier) => tier.to_string(),
        Target::Model(_) | Target::Auto => return None,
    };
    let target = entry(world, target, now);
    Some(Entry {
        id: alias.to_owned(),
        name: alias.to_owned(),
        alias_of: Some(stands_for),
        ..target
    })
}

/// A tier can do what some model of it can, and flows while one of them does.
fn tier_entry(world: &World, name: &str, now: Instant) -> Entry {
    let models = || {
        let in_tier =
            move |model: &Model| match Tier::ALL.into_iter().find(|tier| tier.as_str() == name) {
                Some(tier) => model.serves(tier),
                None => model.is_chat(),
            };
        world
            .catalog
            .models()
            .iter()
            .filter(move |model| in_tier(model))
    };
    let best = best(models().map(|model| world.live(model, now).standing));
    let abilities: Abilities = models().flat_map(|model| model.abilities.iter()).collect();
    Entry {
        id: name.to_owned(),
        object: "model",
        created: CREATED,
        owned_by: "model-router".to_owned(),
        name: name.to_owned(),
        provider: None,
        tier: Tier::ALL
            .into_iter()
            .map(Tier::as_str)
            .find(|tier| *tier == name),
        tiers: Vec::new(),
        free: models().any(|model| model.free),
        alias_of: None,
        context_length: models().map(|model| model.context_window).max(),
        max_completion_tokens: models().map(|model| model.max_output).max(),
        dimensions: None,
        max_input_tokens: None,
        pricing: None,
        architecture: architecture(Endpoint::Chat, abilities),
        supported_parameters: parameters(Endpoint::Chat, abilities),
        quality: None,
        coding: None,
        latency: None,
        state: Shown::new(best, None, now),
        deprecation_date: None,
        replacement: None,
    }
}

fn model_entry(world: &World, model: &Model, now: Instant) -> Entry {
    let embeddings = model.endpoint == Endpoint::Embeddings;
    Entry {
        id: model.id.to_string(),
        object: "model",
        created: CREATED,
        owned_by: model.provider.to_string(),
        name: model.name.clone(),
        provider: Some(model.provider.to_string()),
        tier: model.tiers.first().map(|tier| tier.as_str()),
        tiers: model.tiers.iter().map(|tier| tier.as_str()).collect(),
        free: model.free,
        alias_of: None,
        context_length: Some(model.context_window),
        max_completion_tokens: (!embeddings).then_some(model.max_output),
        dimensions: embeddings.then_some(model.max_output),
        max_input_tokens: embeddings.then_some(model.most_input()),
        pricing: Some(pricing(model.free, &model.price)),
        architecture: architecture(model.endpoint, model.abilities),
        supported_parameters: parameters(model.endpoint, model.abilities),
        quality: model.quality,
        coding: model.coding,
        latency: (!embeddings).then_some(Latency {
            ttft_ms_p50: model.ttft_ms,
            tokens_per_s: model.tokens_per_s,
            observed: false,
        }),
        state: Shown::of_model(world, model, now),
        deprecation_date: model.deprecation_date.map(|date| date.to_string()),
        replacement: model.replacement.clone(),
    }
}

/// What the caller pays; a free model's list price is not.
fn pricing(free: bool, price: &Price) -> Pricing {
    let usd = |rate: crate::money::Rate| {
        if free {
            "0".to_owned()
        } else {
            rate.per_token().to_string()
        }
    };
    Pricing {
        prompt: usd(price.base.input),
        completion: usd(price.base.output),
        input_cache_read: usd(price.base.cache_read),
        input_cache_write: usd(price.base.cache_write),
    }
}

fn architecture(endpoint: Endpoint, abilities: Abilities) -> Architecture {
    let inputs = [
        (Ability::Vision, "image"),
        (Ability::Files, "file"),
        (Ability::Audio, "audio"),
    ];
    let mut input_modalities = vec!["text"];
    input_modalities.extend(
        inputs
            .into_iter()
            .filter(|(ability, _)| abilities.has(*ability))
            .map(|(_, name)| name),
    );
    let output = match endpoint {
        Endpoint::Chat | Endpoint::Responses => "text",
        Endpoint::Embeddings => "embeddings",
    };
    Architecture {
        input_modalities,
        output_modalities: vec![output],
    }
}

fn parameters(endpoint: Endpoint, abilities: Abilities) -> Vec<&'static str> {
    if endpoint == Endpoint::Embeddings {
        return vec!["input", "dimensions", "encoding_format", "user"];
    }
    let mut names = vec![
        "max_tokens",
        "max_completion_tokens",
        "temperature",
        "top_p",
        "stop",
        "stream",
        "seed",
    ];
    for ability in abilities.iter() {
        names.extend_from_slice(match ability {
            Ability::Tools => &["tools", "tool_choice", "parallel_tool_calls"],
            Ability::JsonSchema => &["response_format", "structured_outputs"],
            Ability::Reasoning => &["reasoning", "include_reasoning", "reasoning_effort"],
            Ability::Logprobs => &["logprobs", "top_logprobs"],
            Ability::N => &["n"],
            Ability::Vision | Ability::Files | Ability::Audio | Ability::Prefill => &[],
        });
    }
    names
}
