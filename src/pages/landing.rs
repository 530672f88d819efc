//! The front page.

use askama::Template;

use super::frame::Frame;
use super::grid::Grid;

/// The front page.
#[derive(Template)]
#[template(path = "landing.html")]
pub struct Landing {
    /// What stands around it.
    pub frame: Frame,
    /// A first request, as it is typed.
    pub curl: String,
    /// The base URL that clients are given.
    pub base_url: String,
    /// `operational`, `degraded` or `outage`.
    pub status: &'static str,
    /// Who is not well, in words; empty when everything flows.
    pub trouble: String,
    /// Who would run now.
    pub grid: Grid,
    /// The tiers, cheapest first.
    pub tiers: Vec<TierRow>,
    /// The models that cost nothing.
    pub free: Vec<FreeModel>,
    /// The embedding models: alias, model, price.
    pub embeddings: Vec<[String; 3]>,
    /// How many chat models are in the catalog.
    pub models: usize,
    /// How many providers are.
    pub providers: usize,
}

/// One tier.
pub struct TierRow {
    /// Its name.
    pub name: &'static str,
    /// What it is for.
    pub purpose: &'static str,
    /// How many models serve in it.
    pub models: usize,
    /// USD for a million tokens of output, from the cheapest to the dearest.
    pub output: String,
    /// The models that lead it.
    pub leaders: String,
}

/// A model that costs nothing.
pub struct FreeModel {
    /// Its catalog id.
    pub id: String,
    /// Who runs it.
    pub provider: String,
    /// Its window in tokens.
    pub window: String,
}
