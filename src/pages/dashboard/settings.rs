//! What a customer sets: providers, limits, defaults, mails, telemetry.

use askama::Template;

use super::super::{Frame, Panel, Typed};

/// What an account has set.
#[derive(Template)]
#[template(path = "dashboard/settings.html")]
pub struct Settings {
    /// What stands around it.
    pub frame: Frame,
    /// What stands beside it.
    pub panel: Panel,
    /// Everything that can be set.
    pub form: Typed,
    /// The providers of the catalog.
    pub providers: Vec<String>,
    /// What was spent on this UTC day, in USD.
    pub today: String,
    /// How the telemetry target does; none without one.
    pub target: Option<TargetState>,
    /// What a test of the telemetry said; empty without one.
    pub test: String,
}

/// How a telemetry target does.
pub struct TargetState {
    /// In a word.
    pub state: String,
    /// Spans that it took.
    pub exported: String,
    /// Spans that were given up.
    pub dropped: String,
    /// When it last took some.
    pub last: String,
    /// What went wrong last; empty for nothing.
    pub error: String,
}
