//! `GET /`: the front page.

use std::time::Instant;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::price::per_million;
use super::{answer, frame, grid};
use crate::actors::catalog::World;
use crate::actors::clock::today;
use crate::catalog::{Endpoint, Model, Prefer, Target, Tier};
use crate::http::health::Overall;
use crate::http::{ApiError, Switchboard};
use crate::pages::sample::sample;
use crate::pages::words::window;
use crate::pages::{FreeModel, Here, Landing, TierRow};

const TITLE: &str = "model-router: one endpoint in front of every model";
const DESCRIPTION: &str = "An OpenAI-compatible endpoint that takes a tier and a direction, picks the model, \
    fails over and bills exactly.";

/// `GET /`
pub async fn landing(desk: Data<Switchboard>, http: HttpRequest) -> Result<HttpResponse, ApiError> {
    let (world, now) = (desk.world.load_full(), Instant::now());
    let overall = Overall::of(&desk, &world, now);
    let page = Landing {
        frame: frame(&http, Here::Elsewhere, TITLE, DESCRIPTION),
        curl: sample("hello.sh", &desk.settings.public_url()),
        base_url: desk.settings.public_url(),
        status: overall.word,
        trouble: overall.trouble,
        grid: grid::of(&world, now),
        tiers: Tier::ALL.map(|tier| tier_row(&world, tier, now)).into(),
        free: free(&world),
        embeddings: embeddings(&world),
        models: current(&world).filter(|model| model.is_chat()).count(),
        providers: world.catalog.providers().len(),
    };
    answer::open(&http, &desk.settings, &page)
}

/// The models that their providers still serve.
fn current(world: &World) -> impl Iterator<Item = &Model> {
    let day = today();
    let models = world.catalog.models().iter().map(AsRef::as_ref);
    models.filter(move |model: &&Model| !model.is_retired(day))
}

fn tier_row(world: &World, tier: Tier, now: Instant) -> TierRow {
    let models: Vec<&Model> = current(world).filter(|model| model.serves(tier)).collect();
    let prices = models.iter().filter(|model| !model.free);
    let outputs = prices.map(|model| model.price.base.output);
    let leader = grid::leader(world, tier, Prefer::Balanced, now);
    TierRow {
        name: tier.as_str(),
        purpose: match tier {
            Tier::Economy => "classifying, extracting, short answers, bulk",
            Tier::Standard => "most work: chat, tools, summaries, code",
            Tier::Premium => "hard reasoning, large changes, long agents",
        },
        models: models.len(),
        output: match (outputs.clone().min(), outputs.max()) {
            (Some(least), Some(most)) => format!("{} to {}", per_million(least), per_million(most)),
            (None, _) | (_, None) => "–".to_owned(),
        },
        leaders: leader.map_or("nobody".to_owned(), |leader| leader.model.id.to_string()),
    }
}

fn free(world: &World) -> Vec<FreeModel> {
    let free = current(world).filter(|model| model.free && model.is_chat());
    free.map(|model| FreeModel {
        id: model.id.to_string(),
        provider: model.provider.to_string(),
        window: window(model.context_window),
    })
    .collect()
}

fn embeddings(world: &World) -> Vec<[String; 3]> {
    let row = |(alias, target): (&str, &Target)| match target {
        // A name that says the same as the id tells nothing.
        Target::Model(model)
            if model.endpoint == Endpoint::Embeddings && *alias != *model.id.as_str() =>
        {
            Some([
                alias.to_owned(),
                model.id.to_string(),
                per_million(model.price.base.input),
            ])
        }
        Target::Model(_) | Target::Tier(_) | Target::Auto => None,
    };
    world.catalog.aliases().filter_map(row).collect()
}
