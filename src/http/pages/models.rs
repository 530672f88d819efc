//! `GET /models` for browsers: every model, searched, filtered and sorted by the query, by the page.

mod query;

use std::time::Instant;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use self::query::{Key, Query};
use super::form::Form;
use super::price::{FREE, per_million};
use super::{answer, frame, grid};
use crate::actors::catalog::World;
use crate::actors::clock::today;
use crate::catalog::{Ability, Model, Tier};
use crate::http::state::Shown;
use crate::http::{ApiError, Switchboard};
use crate::money::Rate;
use crate::pages::words::{duration, window};
use crate::pages::{Choice, Here, ModelRow, Models, Wanted};
use crate::routing::Live;

const DESCRIPTION: &str =
    "Every model with tier, provider, price, window, abilities, scores, observed speed and state.";

/// Models on one page: what is built in fits, and a long page stays light.
const PAGE: usize = 100;

/// A model and what is known of it now.
struct Found<'a> {
    model: &'a Model,
    live: Live,
    state: &'static str,
}

/// `GET /models`
pub fn models(desk: &Data<Switchboard>, http: &HttpRequest) -> Result<HttpResponse, ApiError> {
    let (world, now) = (desk.world.load_full(), Instant::now());
    let query = Query::of(&Form::of_query(http));
    let mut found: Vec<Found<'_>> = world
        .catalog
        .models()
        .iter()
        .filter(|model| query.wants(model))
        .map(|model| Found::of(&world, model, now))
        .collect();
    if let Some((key, direction)) = query.sort {
        // Stable: equal ones keep the catalog's order.
        found.sort_by(|a, b| key.compare(a, b, direction));
    }
    let pages = found.len().div_ceil(PAGE).max(1);
    let number = query.page.min(pages);
    let first = (number - 1) * PAGE;
    let rows = found.iter().skip(first).take(PAGE);
    let page_path = |page: usize| {
        if (1..=pages).contains(&page) {
            query.page_path(page)
        } else {
            String::new()
        }
    };
    let page = Models {
        frame: frame(http, Here::Models, "Models", DESCRIPTION),
        grid: grid::of(&world, now),
        tiers: choices(Tier::ALL.map(|tier| tier.as_str()).into_iter(), &query.tier),
        providers: choices(
            world
                .catalog
                .providers()
                .iter()
                .map(|row| row.name.as_str()),
            &query.provider,
        ),
        abilities: choices(Ability::ALL.map(Ability::as_str).into_iter(), &query.can),
        columns: Key::ALL.map(|key| query.column(key)).into(),
        rows: rows.map(Found::row).collect(),
        told: told(first, found.len(), world.catalog.models().len()),
        page: (number, pages),
        has_pages: pages > 1,
        previous: page_path(number - 1),
        next: page_path(number + 1),
        wanted: Wanted {
            sort: query.sort_text(query.sort),
            text: query.text,
        },
    };
    answer::open(http, &desk.settings, &page)
}

/// Which of the models that were found stand on a page, and how many there are.
fn told(first: usize, found: usize, all: usize) -> String {
    if found <= PAGE {
        return format!("{found} of {all} models.");
    }
    let last = (first + PAGE).min(found);
    format!("{} to {last} of {found}; {all} models in all.", first + 1)
}

fn choices<'a>(names: impl Iterator<Item = &'a str>, chosen: &str) -> Vec<Choice> {
    names
        .map(|name| Choice {
            name: name.to_owned(),
            is_chosen: name == chosen,
        })
        .collect()
}

impl<'a> Found<'a> {
    fn of(world: &World, model: &'a Model, now: Instant) -> Self {
        Self {
            model,
            live: world.live(model, now),
            state: if model.is_retired(today()) {
                Shown::retired().state
            } else {
                Shown::of_model(world, model, now).state
            },
        }
    }

    /// What the caller pays at a rate.
    fn charged(&self, rate: Rate) -> Rate {
        if self.model.free { Rate::ZERO } else { rate }
    }

    fn row(&self) -> ModelRow {
        let model = self.model;
        let price = |rate| {
            if model.free {
                FREE.to_owned()
            } else {
                per_million(rate)
            }
        };
        let score =
            |score: Option<f64>| score.map_or("–".to_owned(), |score| format!("{score:.2}"));
        let chat = |text: String| {
            if model.is_chat() {
                text
            } else {
                "–".to_owned()
            }
        };
        ModelRow {
            id: model.id.to_string(),
            provider: model.provider.to_string(),
            tiers: tiers(model),
            abilities: abilities(model).join(" · "),
            input: price(model.price.base.input),
            output: chat(price(model.price.base.output)),
            window: window(model.context_window),
            quality: score(model.quality),
            coding: score(model.coding),
            first_token: chat(duration(self.live.ttft_p50_ms)),
            speed: chat(format!("{:.0}", self.live.tokens_per_s)),
            state: self.state,
        }
    }
}

/// The tiers that a model serves in, or what it is for.
pub fn tiers(model: &Model) -> String {
    if !model.is_chat() {
        return "embeddings".to_owned();
    }
    let names: Vec<&str> = model.tiers.iter().map(|tier| tier.as_str()).collect();
    names.join(", ")
}

/// What a model can do, in words.
pub fn abilities(model: &Model) -> Vec<&'static str> {
    model.abilities.iter().map(in_words).collect()
}

fn in_words(ability: Ability) -> &'static str {
    match ability {
        Ability::Tools => "tools",
        Ability::Vision => "images",
        Ability::Files => "files",
        Ability::Audio => "audio",
        Ability::JsonSchema => "JSON schema",
        Ability::Reasoning => "reasoning",
        Ability::Logprobs => "logprobs",
        Ability::N => "several choices",
        Ability::Prefill => "prefill",
    }
}
