//! The docs: one template a topic, over what all of them may show.

use askama::Template;

use super::frame::Frame;
use super::grid::Grid;
use super::reference::Span;
use super::sample::sample;

/// A topic of the docs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// The first request, in every language.
    Start,
    /// The two parameters.
    Tiers,
    /// `auto`.
    AutoRouting,
    /// Error codes.
    Errors,
    /// What is bounded.
    Limits,
    /// Response headers.
    Headers,
    /// What happens when somebody fails.
    Failover,
    /// What is paid.
    Billing,
    /// What is recorded.
    Telemetry,
    /// A router of one's own.
    SelfHosting,
    /// All routes.
    Api,
}

impl Topic {
    /// All topics, in the order of the contents.
    pub const ALL: [Self; 11] = [
        Self::Start,
        Self::Tiers,
        Self::AutoRouting,
        Self::Errors,
        Self::Limits,
        Self::Headers,
        Self::Failover,
        Self::Billing,
        Self::Telemetry,
        Self::SelfHosting,
        Self::Api,
    ];

    /// Where it is.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Start => "/docs",
            Self::Tiers => "/docs/tiers",
            Self::AutoRouting => "/docs/auto-routing",
            Self::Errors => "/docs/errors",
            Self::Limits => "/docs/limits",
            Self::Headers => "/docs/headers",
            Self::Failover => "/docs/failover",
            Self::Billing => "/docs/billing",
            Self::Telemetry => "/docs/telemetry",
            Self::SelfHosting => "/docs/self-hosting",
            Self::Api => "/docs/api",
        }
    }

    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Start => "Quick start",
            Self::Tiers => "Tiers and prefer",
            Self::AutoRouting => "Auto-routing",
            Self::Errors => "Errors",
            Self::Limits => "Limits",
            Self::Headers => "Headers",
            Self::Failover => "Failover",
            Self::Billing => "Billing",
            Self::Telemetry => "Telemetry",
            Self::SelfHosting => "Self-hosting",
            Self::Api => "API reference",
        }
    }
}

/// What the topics show.
pub struct Doc {
    /// The contents.
    pub topics: Vec<Entry>,
    /// The base URL that clients are given.
    pub base_url: String,
    /// Who would run now, where that is shown.
    pub grid: Option<Grid>,
    /// The table of `docs/api.md` that belongs to the topic.
    pub reference: Vec<Vec<Vec<Span>>>,
    /// Every operation, by group, where that is shown.
    pub operations: &'static [Group],
    /// What is bounded: what, how much, and what happens beyond it.
    pub limits: Vec<[String; 3]>,
    /// Attempts of one request.
    pub attempts: usize,
}

/// Operations that belong together.
pub struct Group {
    /// Their name.
    pub name: String,
    /// What they are for.
    pub about: Vec<Span>,
    /// The operations.
    pub operations: Vec<Operation>,
}

/// One operation of the API.
pub struct Operation {
    /// Its id, to which links lead.
    pub anchor: String,
    /// The HTTP method.
    pub method: String,
    /// The path.
    pub path: String,
    /// What it does, in a few words.
    pub summary: String,
    /// The same at length.
    pub about: Vec<Span>,
    /// Who may call.
    pub auth: String,
    /// What it takes.
    pub fields: Vec<Field>,
    /// What it answers: status and meaning.
    pub answers: Vec<(String, Vec<Span>)>,
}

/// A parameter, or a member of a body.
pub struct Field {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: String,
    /// Whether it has to be there.
    pub is_required: bool,
    /// What it means.
    pub about: Vec<Span>,
}

/// A line of the contents.
pub struct Entry {
    /// Where it leads.
    pub href: &'static str,
    /// What it says.
    pub name: &'static str,
    /// Whether it is the topic that is shown.
    pub is_here: bool,
}

impl Doc {
    /// The contents, with the topic that is shown.
    pub fn contents(here: Topic) -> Vec<Entry> {
        let entry = |topic: Topic| Entry {
            href: topic.path(),
            name: topic.name(),
            is_here: topic == here,
        };
        Topic::ALL.map(entry).into()
    }

    fn sample(&self, name: &str) -> String {
        sample(name, &self.base_url)
    }
}

macro_rules! topics {
    ($($topic:ident $path:tt),* $(,)?) => {
        $(
            #[derive(Template)]
            #[template(path = $path)]
            struct $topic<'a> {
                frame: &'a Frame,
                doc: &'a Doc,
            }
        )*

        /// The page of a topic.
        pub fn render(topic: Topic, frame: &Frame, doc: &Doc) -> askama::Result<String> {
            match topic {
                $(Topic::$topic => $topic { frame, doc }.render(),)*
            }
        }
    };
}

topics!(
    Start "docs/start.html",
    Tiers "docs/tiers.html",
    AutoRouting "docs/auto-routing.html",
    Errors "docs/errors.html",
    Limits "docs/limits.html",
    Headers "docs/headers.html",
    Failover "docs/failover.html",
    Billing "docs/billing.html",
    Telemetry "docs/telemetry.html",
    SelfHosting "docs/self-hosting.html",
    Api "docs/api.html",
);
