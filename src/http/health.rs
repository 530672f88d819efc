//! Liveness, readiness and the providers' states.

use std::time::Instant;

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Serialize;

use super::Switchboard;
use crate::actors::catalog::{Route, World};
use crate::actors::storage::StorageState;
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
    state: &'static str,
    models_tripped: usize,
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
        status: match desk.storage.state() {
            StorageState::Well => status(&providers),
            StorageState::Full if status(&providers) == "operational" => "degraded",
            StorageState::Full => status(&providers),
            StorageState::Failed => "outage",
        },
        simulated: desk.is_sandbox(),
        providers,
        version: env!("CARGO_PKG_VERSION"),
    })
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

fn standings<'a>(
    world: &'a World,
    route: &'a Route,
    now: Instant,
) -> impl Iterator<Item = Standing> + 'a {
    let theirs = world
        .catalog
        .models()
        .iter()
        .filter(|model| model.provider == route.provider.name);
    theirs.map(move |model| world.live(model, now).standing)
}

/// A provider flows while any of its models does.
fn provider(world: &World, route: &Route, now: Instant) -> ProviderHealth {
    let all: Vec<Standing> = standings(world, route, now).collect();
    let tripped = all
        .iter()
        .filter(|s| matches!(s, Standing::Tripped(_)))
        .count();
    let probing = all
        .iter()
        .filter(|s| matches!(s, Standing::Probing))
        .count();
    let state = if all.contains(&Standing::Flowing) {
        Standing::Flowing
    } else if probing > 0 {
        Standing::Probing
    } else if tripped > 0 {
        Standing::Tripped(std::time::Duration::ZERO)
    } else {
        Standing::Unconfigured
    };
    ProviderHealth {
        name: route.provider.name.to_string(),
        state: state.as_str(),
        models_tripped: tripped,
    }
}

fn status(providers: &[ProviderHealth]) -> &'static str {
    let configured = || providers.iter().filter(|p| p.state != "unconfigured");
    if configured().all(|p| p.state != "flowing") {
        "outage"
    } else if configured().any(|p| p.state != "flowing" || p.models_tripped > 0) {
        "degraded"
    } else {
        "operational"
    }
}
