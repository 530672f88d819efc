//! `GET /models` for browsers: every model, searched, filtered and sorted by the query.

use std::cmp::Ordering;
use std::time::Instant;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use url::form_urlencoded::Serializer;

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
use crate::pages::{Choice, Column, Here, ModelRow, Models, Wanted};
use crate::routing::Live;

const DESCRIPTION: &str =
    "Every model with tier, provider, price, window, abilities, scores, observed speed and state.";

/// A model and what is known of it now.
struct Found<'a> {
    model: &'a Model,
    live: Live,
    state: &'static str,
}

/// What is looked for.
struct Query {
    text: String,
    tier: String,
    provider: String,
    can: String,
    sort: Option<(Key, Direction)>,
}

/// What the list can be sorted by.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Key {
    Model,
    Tier,
    Provider,
    Input,
    Output,
    Window,
    Quality,
    Coding,
    First,
    Speed,
    State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Up,
    Down,
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
        rows: found.iter().map(Found::row).collect(),
        all: world.catalog.models().len(),
        wanted: Wanted {
            sort: query.sort_text(query.sort),
            text: query.text,
        },
    };
    answer::open(http, &desk.settings, &page)
}

fn choices<'a>(names: impl Iterator<Item = &'a str>, chosen: &str) -> Vec<Choice> {
    names
        .map(|name| Choice {
            name: name.to_owned(),
            is_chosen: name == chosen,
        })
        .collect()
}

impl Query {
    /// Anything that cannot be looked for is left out.
    fn of(form: &Form) -> Self {
        let short = |name| form.text(name).chars().take(100).collect::<String>();
        let sort = form.text("sort");
        let (name, direction) = match sort.strip_prefix('-') {
            Some(name) => (name, Direction::Down),
            None => (sort, Direction::Up),
        };
        let key = Key::ALL.into_iter().find(|key| key.name() == name);
        Self {
            text: short("q"),
            tier: short("tier"),
            provider: short("provider"),
            can: short("can"),
            sort: key.map(|key| (key, direction)),
        }
    }

    fn wants(&self, model: &Model) -> bool {
        let text = self.text.to_lowercase();
        let named = |name: &str| name.to_lowercase().contains(&text);
        let is = |wanted: &str, has: &dyn Fn(&str) -> bool| wanted.is_empty() || has(wanted);
        (named(model.id.as_str()) || named(&model.name) || named(model.provider.as_str()))
            && is(&self.tier, &|tier| {
                model.tiers.iter().any(|t| t.as_str() == tier)
            })
            && is(&self.provider, &|provider| {
                model.provider.as_str() == provider
            })
            && is(&self.can, &|can| {
                model.abilities.iter().any(|a| a.as_str() == can)
            })
    }

    /// A column's heading: a click sorts by it, the next one the other way round.
    fn column(&self, key: Key) -> Column {
        let (order, next) = match self.sort {
            Some((sorted, Direction::Up)) if sorted == key => ("ascending", Direction::Down),
            Some((sorted, Direction::Down)) if sorted == key => ("descending", Direction::Up),
            Some(_) | None => ("", Direction::Up),
        };
        let sort = self.sort_text(Some((key, next)));
        let mut query = Serializer::new(String::new());
        let pairs = [
            ("q", &self.text),
            ("tier", &self.tier),
            ("provider", &self.provider),
            ("can", &self.can),
            ("sort", &sort),
        ];
        for (name, value) in pairs.into_iter().filter(|(_, value)| !value.is_empty()) {
            query.append_pair(name, value);
        }
        Column {
            name: key.name(),
            title: key.title(),
            is_number: key.is_number(),
            href: format!("/models?{}", query.finish()),
            sort,
            order,
        }
    }

    fn sort_text(&self, sort: Option<(Key, Direction)>) -> String {
        match sort {
            None => String::new(),
            Some((key, Direction::Up)) => key.name().to_owned(),
            Some((key, Direction::Down)) => format!("-{}", key.name()),
        }
    }
}

impl Key {
    const ALL: [Self; 11] = [
        Self::Model,
        Self::Tier,
        Self::Provider,
        Self::Input,
        Self::Output,
        Self::Window,
        Self::Quality,
        Self::Coding,
        Self::First,
        Self::Speed,
        Self::State,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Tier => "tier",
            Self::Provider => "provider",
            Self::Input => "input",
            Self::Output => "output",
            Self::Window => "window",
            Self::Quality => "quality",
            Self::Coding => "coding",
            Self::First => "first",
            Self::Speed => "speed",
            Self::State => "state",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Model => "Model",
            Self::Tier => "Tier",
            Self::Provider => "Provider",
            Self::Input => "In",
            Self::Output => "Out",
            Self::Window => "Window",
            Self::Quality => "Quality",
            Self::Coding => "Coding",
            Self::First => "First token",
            Self::Speed => "Tokens/s",
            Self::State => "State",
        }
    }

    const fn is_number(self) -> bool {
        match self {
            Self::Model | Self::Tier | Self::Provider | Self::State => false,
            Self::Input
            | Self::Output
            | Self::Window
            | Self::Quality
            | Self::Coding
            | Self::First
            | Self::Speed => true,
        }
    }

    /// In one direction or the other; what has no value is last in both.
    fn compare(self, a: &Found<'_>, b: &Found<'_>, direction: Direction) -> Ordering {
        let turn = |order: Ordering| match direction {
            Direction::Up => order,
            Direction::Down => order.reverse(),
        };
        let number = |value: &dyn Fn(&Found<'_>) -> Option<f64>| match (value(a), value(b)) {
            (Some(a), Some(b)) => turn(a.total_cmp(&b)),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        };
        let chat = |found: &Found<'_>, value: f64| found.model.is_chat().then_some(value);
        match self {
            Self::Model => turn(a.model.id.cmp(&b.model.id)),
            Self::Tier => turn(a.model.tiers.cmp(&b.model.tiers)),
            Self::Provider => turn(a.model.provider.cmp(&b.model.provider)),
            Self::Input => turn(
                a.charged(a.model.price.base.input)
                    .cmp(&b.charged(b.model.price.base.input)),
            ),
            Self::Output => turn(
                a.charged(a.model.price.base.output)
                    .cmp(&b.charged(b.model.price.base.output)),
            ),
            Self::Window => turn(a.model.context_window.cmp(&b.model.context_window)),
            Self::Quality => number(&|found| found.model.quality),
            Self::Coding => number(&|found| found.model.coding),
            Self::First => number(&|found| chat(found, found.live.ttft_p50_ms)),
            Self::Speed => number(&|found| chat(found, found.live.tokens_per_s)),
            Self::State => turn(a.state.cmp(b.state)),
        }
    }
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
