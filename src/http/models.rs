//! `/v1/models`: every model, tier and alias that a caller can name.

mod facts;

use std::collections::BTreeMap;
use std::time::Instant;

use actix_web::http::header::{ACCEPT, VARY};
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

pub use self::facts::parameters;
use self::facts::{Architecture, Latency, Pricing, architecture, pricing};
use super::state::{Shown, best};
use super::{ApiError, Code, Switchboard, pages};
use crate::actors::catalog::World;
use crate::actors::clock::today;
use crate::catalog::{Abilities, Endpoint, Model, Prefer, Target, Tier};
use crate::routing::grid;

/// `created` of every entry: OpenAI's clients want a number, and none of ours means anything.
const CREATED: u64 = 1_735_689_600;

/// Models of a tier that its entry shows for each direction.
const SHOWN: usize = 3;

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
    #[serde(skip_serializing_if = "Option::is_none")]
    alias_kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    aliases: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    grid: Option<Grid>,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    deprecation_notice: Option<String>,
}

/// The models that a tier tries first, by direction.
type Grid = BTreeMap<&'static str, Vec<String>>;

/// `GET /v1/models`: a page for browsers.
pub async fn list(desk: Data<Switchboard>, http: HttpRequest) -> Result<HttpResponse, ApiError> {
    if pages::wants_html(&http) {
        return pages::models(&desk, &http);
    }
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
    Ok(json(&List {
        object: "list",
        data,
    }))
}

/// `GET /v1/models/{id}`; an id may contain slashes. A page for browsers.
pub async fn one(
    desk: Data<Switchboard>,
    http: HttpRequest,
    id: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let world = desk.world.load_full();
    let target = world.catalog.resolve(&id).map_err(|unknown| {
        ApiError::new(Code::ModelNotFound, unknown.to_string()).param("model")
    })?;
    if pages::wants_html(&http) {
        return pages::model(&desk, &http, &id, &target);
    }
    Ok(json(&entry(&world, &target, Instant::now())))
}

/// What programs get; browsers get a page at the same address.
fn json(body: &impl Serialize) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((VARY, ACCEPT.as_str()))
        .json(body)
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
    let (stands_for, kind) = match target {
        Target::Model(model) if model.endpoint == Endpoint::Embeddings => {
            (model.id.to_string(), "model")
        }
        Target::Tier(tier) => (tier.to_string(), "tier"),
        Target::Model(_) | Target::Auto => return None,
    };
    let target = entry(world, target, now);
    Some(Entry {
        id: alias.to_owned(),
        name: alias.to_owned(),
        alias_of: Some(stands_for),
        alias_kind: Some(kind),
        aliases: Vec::new(),
        grid: None,
        ..target
    })
}

/// A tier can do what some model of it can, and flows while one of them does.
fn tier_entry(world: &World, name: &str, now: Instant) -> Entry {
    let tier = Tier::ALL.into_iter().find(|tier| tier.as_str() == name);
    let day = today();
    let models = || {
        let in_tier = move |model: &Model| {
            let asked = tier.map_or(model.is_chat(), |tier| model.serves(tier));
            asked && !model.is_retired(day)
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
        tier: tier.map(Tier::as_str),
        tiers: Vec::new(),
        free: models().any(|model| model.free),
        alias_of: None,
        alias_kind: None,
        aliases: aliases(world, &|target| match target {
            Target::Tier(tier) => tier.as_str() == name,
            Target::Model(_) | Target::Auto => false,
        }),
        grid: tier.map(|tier| tier_grid(world, tier, now)),
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
        deprecation_notice: None,
    }
}

/// The other names of what `is_meant`.
fn aliases(world: &World, is_meant: &dyn Fn(&Target) -> bool) -> Vec<String> {
    let meant = world
        .catalog
        .aliases()
        .filter(|(_, target)| is_meant(target));
    meant.map(|(alias, _)| alias.to_owned()).collect()
}

/// The models that a tier tries first for a typical request, by direction.
fn tier_grid(world: &World, tier: Tier, now: Instant) -> Grid {
    let live = |model: &Model| world.live(model, now);
    let first = |prefer| {
        let ranked = grid::ranking(&world.catalog, tier, prefer, today(), &live);
        let first = ranked.iter().take(SHOWN);
        first
            .map(|candidate| candidate.model.id.to_string())
            .collect()
    };
    Prefer::ALL
        .map(|prefer| (prefer.as_str(), first(prefer)))
        .into_iter()
        .collect()
}

fn model_entry(world: &World, model: &Model, now: Instant) -> Entry {
    let embeddings = model.endpoint == Endpoint::Embeddings;
    let (live, day) = (world.live(model, now), today());
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
        alias_kind: None,
        aliases: aliases(world, &|target| match target {
            Target::Model(meant) => meant.id == model.id,
            Target::Tier(_) | Target::Auto => false,
        }),
        grid: None,
        context_length: Some(model.context_window),
        max_completion_tokens: (!embeddings).then_some(model.max_output),
        dimensions: embeddings.then_some(model.max_output),
        max_input_tokens: embeddings.then_some(model.most_input()),
        pricing: Some(pricing(model.free, &model.price)),
        architecture: architecture(model.endpoint, model.abilities),
        supported_parameters: parameters(model.endpoint, model.abilities),
        quality: model.quality,
        coding: model.coding,
        latency: (!embeddings).then(|| Latency::of(&live)),
        state: if model.is_retired(day) {
            Shown::retired()
        } else {
            Shown::of_model(world, model, now)
        },
        deprecation_date: model.deprecation_date.map(|date| date.to_string()),
        replacement: model.replacement.clone(),
        deprecation_notice: model.notice(day),
    }
}
