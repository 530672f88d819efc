//! How the providers are and were.

use askama::Template;

use super::chart::Chart;
use super::frame::Frame;

/// The status page.
#[derive(Template)]
#[template(path = "status.html")]
pub struct Status {
    /// What stands around it.
    pub frame: Frame,
    /// `operational`, `degraded` or `outage`.
    pub word: &'static str,
    /// Who is not well, in words; empty when everything flows.
    pub trouble: String,
    /// The providers that are configured.
    pub providers: Vec<ProviderRow>,
    /// The names of those that are not.
    pub unconfigured: Vec<String>,
    /// Models that do not flow now: id, provider, state, since, reason.
    pub sick: Vec<SickModel>,
    /// What was left alone lately, newest first.
    pub incidents: Vec<Incident>,
    /// Days that are shown.
    pub days: u64,
}

/// One provider.
pub struct ProviderRow {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub state: &'static str,
    /// Its days.
    pub chart: Chart,
    /// Share of all attempts that went well.
    pub success: String,
    /// How many attempts there were.
    pub attempts: String,
    /// Days with attempts.
    pub told: usize,
    /// The days on which attempts failed, in words, newest first.
    pub bad_days: Vec<String>,
    /// Median time to the first content in the last 24 hours.
    pub p50: String,
    /// What nine of ten answers kept to.
    pub p90: String,
}

/// A model that does not flow.
pub struct SickModel {
    /// Its catalog id.
    pub id: String,
    /// Who runs it.
    pub provider: String,
    /// Where it stands.
    pub state: &'static str,
    /// Since when.
    pub since: String,
    /// Why.
    pub reason: &'static str,
}

/// A time for which something was left alone.
pub struct Incident {
    /// When it began.
    pub begun: String,
    /// The provider.
    pub provider: String,
    /// The model, or that it was all of them.
    pub subject: String,
    /// Why.
    pub reason: String,
    /// For how long, or how it ended.
    pub lasted: String,
}
