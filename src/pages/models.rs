//! The list of models, and the page of one.

use askama::Template;

use super::chart::{Chart, Period};
use super::frame::Frame;
use super::grid::Grid;

/// The list.
#[derive(Template)]
#[template(path = "models.html")]
pub struct Models {
    /// What stands around it.
    pub frame: Frame,
    /// Who would run now.
    pub grid: Grid,
    /// What is looked for.
    pub wanted: Wanted,
    /// The tiers, providers and abilities that can be chosen.
    pub tiers: Vec<Choice>,
    /// The same of providers.
    pub providers: Vec<Choice>,
    /// The same of abilities.
    pub abilities: Vec<Choice>,
    /// The columns.
    pub columns: Vec<Column>,
    /// What was found, as far as it stands on this page.
    pub rows: Vec<ModelRow>,
    /// Which of them these are, and of how many, in words.
    pub told: String,
    /// Which page this is, and how many there are.
    pub page: (usize, usize),
    /// Whether there are several.
    pub has_pages: bool,
    /// Where the page before is; empty on the first.
    pub previous: String,
    /// Where the next page is; empty on the last.
    pub next: String,
}

/// What is looked for, as it was typed.
pub struct Wanted {
    /// Part of a name.
    pub text: String,
    /// The column that sorts, with a minus for the other direction; empty for the catalog's order.
    pub sort: String,
}

/// Something that can be chosen from a list.
pub struct Choice {
    /// What it says.
    pub name: String,
    /// Whether it is chosen.
    pub is_chosen: bool,
}

/// A column that can sort.
pub struct Column {
    /// Its name in the query.
    pub name: &'static str,
    /// Its heading.
    pub title: &'static str,
    /// Whether it holds numbers.
    pub is_number: bool,
    /// What the query says to sort by it, or the other way round.
    pub sort: String,
    /// The whole query that does so.
    pub href: String,
    /// How it sorts now, in the word of `aria-sort`; empty when it does not.
    pub order: &'static str,
}

/// One model.
pub struct ModelRow {
    /// Its catalog id.
    pub id: String,
    /// Who runs it.
    pub provider: String,
    /// The tiers it serves in.
    pub tiers: String,
    /// What it can do.
    pub abilities: String,
    /// USD for a million tokens in.
    pub input: String,
    /// USD for a million tokens out.
    pub output: String,
    /// Its window.
    pub window: String,
    /// Its quality score.
    pub quality: String,
    /// Its coding score.
    pub coding: String,
    /// Time to the first token.
    pub first_token: String,
    /// Tokens a second.
    pub speed: String,
    /// Where it stands.
    pub state: &'static str,
}

/// The page of one model.
#[derive(Template)]
#[template(path = "model.html")]
pub struct ModelPage {
    /// What stands around it.
    pub frame: Frame,
    /// Its catalog id.
    pub id: String,
    /// A human's name for it.
    pub name: String,
    /// Where it stands.
    pub state: &'static str,
    /// Since when and why, when it does not flow.
    pub since: String,
    /// What its provider has announced; empty for nothing.
    pub notice: String,
    /// Short facts: what and how much.
    pub facts: Vec<[String; 2]>,
    /// What it can do.
    pub abilities: Vec<&'static str>,
    /// The request fields that it honours.
    pub parameters: Vec<&'static str>,
    /// Other names of it.
    pub aliases: Vec<String>,
    /// Its prices: for which prompts, input, output, read from a cache, written to one.
    pub prices: Vec<[String; 5]>,
    /// The prices it has had: since when, input and output, catalog version.
    pub history: Vec<[String; 3]>,
    /// The day on which its facts were read.
    pub as_of: String,
    /// A request that pins it, as it is typed.
    pub curl: String,
    /// Success of its last 24 hours.
    pub success: Chart,
    /// Latency of its last 24 hours.
    pub first_token: Chart,
    /// The same in numbers: the hours with attempts.
    pub hours: Vec<Period>,
}
