//! Tier × prefer, as the landing page and `/models` show it.

use std::time::Instant;

use super::price;
use crate::actors::catalog::World;
use crate::actors::clock::today;
use crate::catalog::{Model, Prefer, Tier};
use crate::pages::words::duration;
use crate::pages::{Cell, Grid, GridRow, Pick};
use crate::routing::{Candidate, grid};

/// Who would run now, in every cell.
pub fn of(world: &World, now: Instant) -> Grid {
    let cell = |tier, prefer: Prefer| Cell {
        prefer: prefer.as_str(),
        pick: leader(world, tier, prefer, now).as_ref().map(pick),
    };
    let row = |tier: Tier| GridRow {
        tier: tier.as_str(),
        cells: Prefer::ALL.map(|prefer| cell(tier, prefer)).into(),
    };
    Grid {
        prefers: Prefer::ALL.map(Prefer::as_str).into(),
        rows: Tier::ALL.map(row).into(),
    }
}

/// The model that a tier tries first for a typical request.
pub fn leader(world: &World, tier: Tier, prefer: Prefer, now: Instant) -> Option<Candidate> {
    let live = |model: &Model| world.live(model, now);
    let ranked = grid::ranking(&world.catalog, tier, prefer, today(), &live);
    ranked.into_iter().next()
}

fn pick(candidate: &Candidate) -> Pick {
    let (model, live) = (&candidate.model, &candidate.live);
    Pick {
        id: model.id.to_string(),
        provider: model.provider.to_string(),
        price: price::of(model),
        first_token: duration(live.ttft_p50_ms),
        speed: format!("{:.0} tokens/s", live.tokens_per_s),
    }
}
