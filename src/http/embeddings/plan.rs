//! Who may embed: the hosts of exactly the model that was named, never another model's vectors.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use super::super::choices::{not_found, rules};
use super::super::plan::{Plan, funds};
use super::super::{ApiError, Code};
use super::wrong_model;
use crate::actors::accounts::Principal;
use crate::actors::catalog::World;
use crate::actors::clock::today;
use crate::catalog::{Abilities, Catalog, Model, Prefer, Target};
use crate::routing::context::Need;
use crate::routing::{Ask, CacheMarks, Choice, Rules, Task, candidates};
use crate::wire::EmbedRequest;
use crate::wire::embed::Input;

/// Longest text, in bytes, that a tokenizer makes one token of.
const MOST_BYTES_PER_TOKEN: u64 = 128;

/// Plans a request for a caller. 400 for an input that cannot fit the model's window.
pub fn make(
    world: Arc<World>,
    caller: &Principal,
    request: &EmbedRequest,
    model: &Arc<Model>,
    tokens: &[u64],
) -> Result<Plan, ApiError> {
    let catalog = &world.catalog;
    check_windows(request, model)?;
    let rules = rules(catalog, request.provider_rules())?;
    let mut hosts = hosts(catalog, model, &rules);
    if request.provider_rules().allow_fallbacks == Some(false) {
        hosts.truncate(1);
    }
    let ask = Ask {
        task: Task::Embed,
        choices: hosts.into_iter().map(Choice::pin).collect(),
        needs: Abilities::NONE,
        need: Need::of_tokens(tokens.iter().sum(), None),
        answers: 1,
        marks: CacheMarks::None,
        warm: None,
        turn: 0,
        rules,
        blocked: caller.blocked.clone(),
        allowed: caller.allowed.clone(),
        funds: funds(caller),
        incapable: HashMap::new(),
        today: today(),
    };
    let now = Instant::now();
    let shortlist = candidates(catalog, &ask, &catalog.weights(), &|model| {
        world.live(model, now)
    });
    Ok(Plan {
        need: ask.need,
        prefer: Prefer::default(),
        task: ask.task,
        tier: None,
        pin: Some(model.id.clone()),
        auto: None,
        shortlist,
        further: None,
        conversation: None,
        world,
    })
}

/// Bytes that the vectors of the answer take in memory.
pub fn vector_bytes(request: &EmbedRequest, model: &Model) -> usize {
    let size = request.dimensions().unwrap_or(model.max_output);
    request.inputs().len() * size as usize * size_of::<f32>()
}

/// The model of a name. 404 for an unknown one, 400 for one that makes no embeddings.
pub fn resolve(catalog: &Catalog, name: &str) -> Result<Arc<Model>, ApiError> {
    let known = || {
        let models = catalog.models().iter().filter(|model| !model.is_chat());
        let ids: Vec<&str> = models.map(|model| model.id.as_str()).collect();
        ids.join(", ")
    };
    match catalog.resolve(name) {
        Ok(Target::Model(model)) if !model.is_chat() => Ok(model),
        Ok(Target::Model(model)) => Err(wrong_model(format!(
            "{} is a chat model; embeddings are made by {}.",
            model.id,
            known()
        ))),
        Ok(Target::Tier(_) | Target::Auto) => Err(wrong_model(format!(
            "{name:?} stands for chat models; embeddings are made by {}.",
            known()
        ))),
        Err(unknown) => Err(not_found(&unknown, "model")),
    }
}

/// The model and the same weights at other hosts: the caller's order of providers first, then the
/// model that was named.
fn hosts(catalog: &Catalog, named: &Arc<Model>, rules: &Rules) -> Vec<Arc<Model>> {
    let weights = |model: &Model| {
        model
            .same_as
            .clone()
            .unwrap_or_else(|| model.id.to_string())
    };
    let wanted = weights(named);
    let same = |model: &&Arc<Model>| !model.is_chat() && weights(model) == wanted;
    let mut hosts: Vec<Arc<Model>> = catalog.models().iter().filter(same).cloned().collect();
    hosts.sort_by_key(|model| {
        let place = rules.order.iter().position(|name| *name == model.provider);
        (place.unwrap_or(rules.order.len()), model.id != named.id)
    });
    hosts
}

/// Refuses only what cannot fit, whatever the tokenizer.
fn check_windows(request: &EmbedRequest, model: &Model) -> Result<(), ApiError> {
    let window = u64::from(model.most_input());
    let least = |input: Input<'_>| match input {
        Input::Text(text) => text.len() as u64 / MOST_BYTES_PER_TOKEN,
        Input::Tokens(count) => u64::from(count),
    };
    match request
        .inputs()
        .map(least)
        .position(|tokens| tokens > window)
    {
        Some(index) => Err(too_long(request, index, model)),
        None => Ok(()),
    }
}

/// 400 that names the input and the limit.
pub fn too_long(request: &EmbedRequest, index: usize, model: &Model) -> ApiError {
    let path = request.path(index);
    let message = format!(
        "'{path}' is too long: {} reads at most {} tokens of one input. Shorten or split it.",
        model.id,
        model.most_input()
    );
    ApiError::new(Code::ContextLengthExceeded, message).param(path)
}
