//! Liveness, readiness and the providers' states.

use std::time::Instant;

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Serialize;

use super::Switchboard;
use super::state::{Shown, best};
use crate::actors::catalog::{Route, World};
use crate::actors::provider::standing;
use crate::actors::storage::StorageState;
use crate::catalog::Model;
use crate::routing::Standing;

#[derive(Serialize)]
struct Health {
    status: &'static str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    simulated: bool,
    providers: Vec<ProviderHealth>,
    version: &'static str,
}

#[derive(Serialize)]
struct ProviderHealth {
    name: String,
    #[serde(flatten)]
    shown: Shown,
    models_tripped: usize,
    /// Those that do not flow.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    models: Vec<ModelHealth>,
}

#[derive(Serialize)]
struct ModelHealth {
    id: String,
    #[serde(flatten)]
    shown: Shown,
}

/// `GET /health`
pub async fn health(desk: Data<Switchboard>) -> HttpResponse {
    let world = desk.world.load_full();
    let now = Instant::now();
    let providers: Vec<ProviderHealth> = world
        .routes()
        .map(|route| provider(&world, route, now))
        .collect();
    HttpResponse::Ok().json(Health {
        status: overall(&desk, &providers),
        simulated: desk.is_sandbox(),
        providers,
        version: env!("CARGO_PKG_VERSION"),
    })
}

/// How the service is as a whole.
pub struct Overall {
    /// `operational`, `degraded` or `outage`.
    pub word: &'static str,
    /// Which providers are not well, in words; empty when all are.
    pub trouble: String,
}

impl Overall {
    /// How it is now.
    pub fn of(desk: &Switchboard, world: &World, now: Instant) -> Self {
        let providers: Vec<ProviderHealth> = world
            .routes()
            .map(|route| provider(world, route, now))
            .collect();
        let troubles: Vec<String> = providers.iter().filter_map(trouble).collect();
        Self {
            word: overall(desk, &providers),
            trouble: troubles.join(", "),
        }
    }
}

fn overall(desk: &Switchboard, providers: &[ProviderHealth]) -> &'static str {
    match desk.storage.state() {
        StorageState::Well => status(providers),
        StorageState::Full if status(providers) == "operational" => "degraded",
        StorageState::Full => status(providers),
        StorageState::Failed => "outage",
    }
}

fn trouble(provider: &ProviderHealth) -> Option<String> {
    match (provider.shown.state, provider.models_tripped) {
        ("unconfigured", _) | ("flowing", 0) => None,
        ("flowing", tripped) => Some(format!("{}: {tripped} tripped", provider.name)),
        (state, _) => Some(format!("{}: {state}", provider.name)),
    }
}

/// `GET /ready`: the ledger can be written, and somebody is configured.
pub async fn ready(desk: Data<Switchboard>) -> HttpResponse {
    if let Err(down) = desk.storage.may_sell() {
        return HttpResponse::ServiceUnavailable()
            .json(serde_json::json!({ "ready": false, "reason": down.to_string() }));
    }
    let world = desk.world.load_full();
    let now = Instant::now();
    let configured =
        |route: &Route| standings(&world, route, now).any(|s| s != Standing::Unconfigured);
    if world.routes().any(|route| configured(route)) {
        HttpResponse::Ok().json(serde_json::json!({ "ready": true }))
    } else {
        let reason = "no provider is configured; set a provider's key, for example OPENAI_API_KEY";
        HttpResponse::ServiceUnavailable()
            .json(serde_json::json!({ "ready": false, "reason": reason }))
    }
}

fn theirs<'a>(world: &'a World, route: &'a Route) -> impl Iterator<Item = &'a Model> {
    let models = world.catalog.models().iter();
    models
        .filter(|model| model.provider == route.provider.name)
        .map(AsRef::as_ref)
}

fn standings<'a>(
    world: &'a World,
    route: &'a Route,
    now: Instant,
) -> impl Iterator<Item = Standing> + 'a {
    theirs(world, route).map(move |model| world.live(model, now).standing)
}

/// Where a provider stands: as the best of its models.
pub fn best_of(world: &World, route: &Route, now: Instant) -> Standing {
    best(standings(world, route, now))
}

/// A provider flows while any of its models does.
fn provider(world: &World, route: &Route, now: Instant) -> ProviderHealth {
    let best = best_of(world, route, now);
    let tripped = standings(world, route, now).filter(|s| matches!(s, Standing::Tripped(_)));
    let whole = route.standings().whole();
    // When it is not left alone as a whole, its models tell why: the first of them that fell.
    let status = match standing(&whole, now) {
        Standing::Flowing => theirs(world, route)
            .filter_map(|model| world.status(model, now))
            .filter(|status| status.reason.is_some())
            .min_by_key(|status| status.since),
        Standing::Tripped(_) | Standing::Probing | Standing::Unconfigured => Some(whole),
    };
    let sick = |model: &Model| match world.live(model, now).standing {
        Standing::Tripped(_) | Standing::Probing => Some(ModelHealth {
            id: model.id.to_string(),
            shown: Shown::of_model(world, model, now),
        }),
        Standing::Flowing | Standing::Unconfigured => None,
    };
    ProviderHealth {
        name: route.provider.name.to_string(),
        shown: Shown::new(best, status, now),
        models_tripped: tripped.count(),
        models: theirs(world, route).filter_map(sick).collect(),
    }
}

fn status(providers: &[ProviderHealth]) -> &'static str {
    let configured = || providers.iter().filter(|p| p.shown.state != "unconfigured");
    let flows = |p: &ProviderHealth| p.shown.state == "flowing";
    if !configured().any(flows) {
        "outage"
    } else if configured().any(|p| !flows(p) || p.models_tripped > 0) {
        "degraded"
    } else {
        "operational"
    }
}
