//! The log of requests, and one of them. Never a text of a prompt or an answer.

use askama::Template;

use super::super::{Frame, Panel, Typed};

/// What an account asked.
#[derive(Template)]
#[template(path = "dashboard/requests.html")]
pub struct Requests {
    /// What stands around it.
    pub frame: Frame,
    /// What stands beside it.
    pub panel: Panel,
    /// What is looked for.
    pub form: Typed,
    /// The keys that can be looked for: id and name.
    pub keys: Vec<[String; 2]>,
    /// The models that can be looked for.
    pub models: Vec<String>,
    /// What was found, newest first.
    pub rows: Vec<RequestRow>,
    /// Whether anything is looked for.
    pub is_narrowed: bool,
    /// The same as CSV.
    pub csv: String,
    /// Where the next page is; empty on the last one.
    pub older: String,
    /// A first request, as it is typed.
    pub curl: String,
}

/// One request in the log.
pub struct RequestRow {
    /// Its generation's id.
    pub id: String,
    /// When it came.
    pub at: String,
    /// The model that ran.
    pub model: String,
    /// Who ran it.
    pub provider: String,
    /// Tokens of the prompt.
    pub input: String,
    /// Tokens of the answer.
    pub output: String,
    /// What was charged, in USD.
    pub cost: String,
    /// Time to the first token.
    pub first_token: String,
    /// `ok`, `failed` or `cancelled`.
    pub status: &'static str,
}

/// One request.
#[derive(Template)]
#[template(path = "dashboard/request.html")]
pub struct RequestPage {
    /// What stands around it.
    pub frame: Frame,
    /// What stands beside it.
    pub panel: Panel,
    /// Ids of its generation, its request and its key: name and value.
    pub ids: [[String; 2]; 3],
    /// `ok`, `failed` or `cancelled`.
    pub status: &'static str,
    /// The model that ran.
    pub model: String,
    /// What was charged, in USD.
    pub cost: String,
    /// How it was routed: name and value.
    pub routing: Vec<[String; 2]>,
    /// Its tokens.
    pub tokens: Vec<[String; 2]>,
    /// Its times.
    pub times: Vec<[String; 2]>,
    /// What was tried, in order.
    pub attempts: Vec<AttemptRow>,
    /// Who could have answered, best first; `None` when that was not recorded.
    pub candidates: Option<Vec<CandidateRow>>,
}

/// One candidate.
pub struct CandidateRow {
    /// The model.
    pub model: String,
    /// What it was expected to cost, in USD.
    pub cost: String,
    /// Its expected time to the first token.
    pub first_token: String,
    /// Where it stood.
    pub state: &'static str,
    /// What came of asking it; empty when it was not asked.
    pub outcome: String,
}

/// One attempt.
pub struct AttemptRow {
    /// The model.
    pub model: String,
    /// Who was asked.
    pub provider: String,
    /// `ok`, a status or the kind of fault.
    pub outcome: String,
}

#[cfg(test)]
mod tests {
    use super::super::super::frame::{Here, Viewer};
    use super::*;

    fn page(candidates: Option<Vec<CandidateRow>>) -> String {
        let page = RequestPage {
            frame: Frame {
                title: String::new(),
                description: String::new(),
                here: Here::Account,
                viewer: Viewer::Customer,
                simulated: false,
            },
            panel: Panel::new("Dashboard", Vec::new()),
            ids: Default::default(),
            status: "ok",
            model: "gpt-4.1".to_owned(),
            cost: "0".to_owned(),
            routing: Vec::new(),
            tokens: Vec::new(),
            times: Vec::new(),
            attempts: Vec::new(),
            candidates,
        };
        page.render().unwrap()
    }

    #[test]
    fn a_record_of_before_says_that_its_candidates_are_not_known() {
        assert!(page(None).contains("Not recorded"));
        let nobody = page(Some(Vec::new()));
        assert!(!nobody.contains("Not recorded") && nobody.contains("aria-label=\"Candidates"));
    }
}
