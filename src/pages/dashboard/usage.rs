//! Usage by day, model and key: charts, and the same in tables.

use askama::Template;

use super::super::{Columns, Frame, Panel, Typed};

/// What an account used.
#[derive(Template)]
#[template(path = "dashboard/usage.html")]
pub struct Usage {
    /// What stands around it.
    pub frame: Frame,
    /// What stands beside it.
    pub panel: Panel,
    /// The days that are asked for.
    pub form: Typed,
    /// Ranges to choose from: path, name, whether it is this one.
    pub ranges: Vec<(String, &'static str, bool)>,
    /// What was spent in all, in USD.
    pub spent: String,
    /// Requests in all.
    pub requests: String,
    /// Tokens in all.
    pub tokens: String,
    /// Spending by day.
    pub spending: Columns,
    /// Requests by day.
    pub traffic: Columns,
    /// Each day with a request, newest first.
    pub days: Vec<SumRow>,
    /// Each model, dearest first.
    pub models: Vec<SumRow>,
    /// Each key, dearest first.
    pub keys: Vec<SumRow>,
    /// The days as a query, for the links to CSV.
    pub query: String,
}

/// One sum.
pub struct SumRow {
    /// The day, model or key.
    pub name: String,
    /// What was spent, in USD.
    pub spent: String,
    /// Its share of the greatest in the list, in percent.
    pub share: u32,
    /// Requests.
    pub requests: String,
    /// Tokens of prompts.
    pub input: String,
    /// Tokens of answers.
    pub output: String,
}
