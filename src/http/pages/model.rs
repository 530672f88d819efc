//! `GET /models/{id}` for browsers: one model, its prices, and its last 24 hours.

use std::time::Instant;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use time::macros::date;

use super::login::see;
use super::models::{abilities, tiers};
use super::price::{self, FREE, per_million};
use super::when::{hour, minute};
use super::{answer, frame};
use crate::actors::catalog::World;
use crate::actors::clock::{now_ms, today};
use crate::catalog::{Endpoint, Model, Price, Rates, Target};
use crate::http::models::parameters;
use crate::http::state::Shown;
use crate::http::{ApiError, Switchboard};
use crate::pages::sample::sample;
use crate::pages::words::{count, duration, percent, window};
use crate::pages::{Here, ModelPage, Period, chart};
use crate::routing::Tally;

/// The catalog's day for "not said".
const NOT_SAID: time::Date = date!(1970 - 01 - 01);

/// `GET /models/{id}`: a model's page. A tier leads to its models, another name to the model's own.
pub fn model(
    desk: &Data<Switchboard>,
    http: &HttpRequest,
    name: &str,
    target: &Target,
) -> Result<HttpResponse, ApiError> {
    match target {
        Target::Tier(tier) => Ok(see(&format!("/models?tier={tier}"))),
        Target::Auto => Ok(see("/docs/auto-routing")),
        Target::Model(model) if model.id.as_str() != name => Ok(see(&path(model))),
        Target::Model(model) => {
            let page = page(desk, http, &desk.world.load(), model);
            answer::open(http, &desk.settings, &page)
        }
    }
}

/// Where a model's page is. Slashes of an id are part of the path.
fn path(model: &Model) -> String {
    let parts: Vec<String> = model
        .id
        .as_str()
        .split('/')
        .map(|part| url::form_urlencoded::byte_serialize(part.as_bytes()).collect())
        .collect();
    format!("/models/{}", parts.join("/"))
}

fn page(desk: &Switchboard, http: &HttpRequest, world: &World, model: &Model) -> ModelPage {
    let (now, wall_ms) = (Instant::now(), now_ms());
    let shown = if model.is_retired(today()) {
        Shown::retired()
    } else {
        Shown::of_model(world, model, now)
    };
    let description = format!(
        "{} at {}: price, speed and state.",
        model.name, model.provider
    );
    let hours = hours(desk, model, wall_ms);
    ModelPage {
        frame: frame(http, Here::Models, model.id.as_str(), &description),
        id: model.id.to_string(),
        name: model.name.clone(),
        state: shown.state,
        since: since(&shown),
        notice: model.notice(today()).unwrap_or_default(),
        facts: facts(world, model, now),
        abilities: abilities(model),
        parameters: parameters(model.endpoint, model.abilities),
        aliases: aliases(world, model),
        prices: prices(model),
        history: history(world, model),
        as_of: if model.as_of == NOT_SAID {
            String::new()
        } else {
            model.as_of.to_string()
        },
        curl: curl(desk, model),
        success: chart::success(model.id.as_str(), &hours),
        first_token: chart::first_token(model.id.as_str(), &hours),
        hours: hours.into_iter().filter(|hour| hour.attempts > 0).collect(),
    }
}

fn since(shown: &Shown) -> String {
    let since = shown.since.as_deref().map(|since| format!("since {since}"));
    let all = [since, shown.reason.map(str::to_owned)];
    all.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn facts(world: &World, model: &Model, now: Instant) -> Vec<[String; 2]> {
    let live = world.live(model, now);
    let fact = |name: &str, value: String| [name.to_owned(), value];
    let mut facts = vec![
        fact("Provider", model.provider.to_string()),
        fact("Tier", tiers(model)),
        fact("Price, USD / M in / out", price::of(model)),
        fact("Window", format!("{} tokens", window(model.context_window))),
    ];
    if !model.is_chat() {
        facts.push(fact("Dimensions", count(u64::from(model.max_output))));
        return facts;
    }
    let basis = if live.observed {
        "observed"
    } else {
        "expected"
    };
    let score =
        |score: Option<f64>| score.map_or("no data".to_owned(), |score| format!("{score:.2}"));
    facts.extend([
        fact(
            "Most output",
            format!("{} tokens", window(model.max_output)),
        ),
        fact("Quality", score(model.quality)),
        fact("Coding", score(model.coding)),
        fact(
            "First token, p50 / p90",
            format!(
                "{} / {}, {basis}",
                duration(live.ttft_p50_ms),
                duration(live.ttft_p90_ms)
            ),
        ),
        fact(
            "Speed",
            format!("{:.0} tokens/s, {basis}", live.tokens_per_s),
        ),
    ]);
    facts
}

fn aliases(world: &World, model: &Model) -> Vec<String> {
    let is_meant = |target: &Target| matches!(target, Target::Model(meant) if meant.id == model.id);
    let aliases = world.catalog.aliases();
    let named = aliases.filter(|(alias, target)| is_meant(target) && *alias != model.id.as_str());
    named.map(|(alias, _)| alias.to_owned()).collect()
}

/// The price list: one line for ordinary prompts, one for each step.
fn prices(model: &Model) -> Vec<[String; 5]> {
    let line = |prompt: String, rates: &Rates| {
        let rate = |rate| {
            if model.free {
                FREE.to_owned()
            } else {
                per_million(rate)
            }
        };
        [
            prompt,
            rate(rates.input),
            rate(rates.output),
            rate(rates.cache_read),
            rate(rates.cache_write),
        ]
    };
    let Price { base, steps } = &model.price;
    let first = line("any length".to_owned(), base);
    let longer = steps.iter().map(|step| {
        let prompt = format!("above {} tokens", count(step.above_tokens));
        line(prompt, &step.rates)
    });
    std::iter::once(first).chain(longer).collect()
}

/// The prices that were charged, newest first.
fn history(world: &World, model: &Model) -> Vec<[String; 3]> {
    let seen = world.prices(model).iter().rev();
    seen.map(|priced| {
        let price = if priced.free {
            FREE.to_owned()
        } else {
            price::pair(&priced.price.base)
        };
        [minute(priced.since_ms), price, priced.version.clone()]
    })
    .collect()
}

fn hours(desk: &Switchboard, model: &Model, wall_ms: u64) -> Vec<Period> {
    let hours = desk
        .logbook
        .uptime()
        .hours([&model.id].into_iter(), wall_ms);
    let hours = hours.into_iter();
    hours.map(|(at, tally)| period(hour(at), &tally)).collect()
}

/// A period of a chart.
pub fn period(name: String, tally: &Tally) -> Period {
    Period {
        name,
        attempts: tally.attempts(),
        failed: tally.failed,
        p50_ms: tally.first_token_ms(0.5),
        p90_ms: tally.first_token_ms(0.9),
    }
}

/// A share of attempts in words.
pub fn success(tally: &Tally) -> String {
    percent(tally.ok, tally.attempts())
}

/// A request that pins the model.
fn curl(desk: &Switchboard, model: &Model) -> String {
    let name = match model.endpoint {
        Endpoint::Chat | Endpoint::Responses => "pin.sh",
        Endpoint::Embeddings => "embed.sh",
    };
    let id = serde_json::to_string(model.id.as_str()).unwrap_or_default();
    let id = id.trim_matches('"').replace('\'', "'\\''");
    sample(name, &desk.settings.public_url())
        .replace("gpt-4.1-mini", &id)
        .replace("embed-small", &id)
}
