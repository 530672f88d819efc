//! The caller's chat request: read once, checked, and kept byte for byte for the upstream.

pub(super) mod check;
pub(super) mod extensions;
mod invalid;
mod message;
pub(super) mod parse;
mod record;
mod tools;
mod view;

#[cfg(test)]
pub(super) mod tests;

use crate::catalog::{Abilities, Prefer};

use super::answer::ReasoningView;
use super::object::{Object, Span};

pub use extensions::{Effort, ProviderRules, ReasoningWish, Recovery};
pub use invalid::{Invalid, InvalidCode};
pub(super) use record::Care;
pub use view::{Message, Part, Role, ToolCall};

/// A checked chat request. Field values are positions in the body as it came.
#[derive(Clone, Debug)]
pub struct ChatRequest {
    body: String,
    fields: Vec<Field>,
    messages: Vec<record::Record>,
    facts: Facts,
}

/// A top-level field as the caller sent it.
#[derive(Clone, Debug)]
struct Field {
    name: Box<str>,
    value: Span,
}

/// What routing, billing and translation need to know of a request.
#[derive(Clone, Debug, Default)]
struct Facts {
    model: String,
    stream: bool,
    prefer: Option<Prefer>,
    max_tokens: Option<u64>,
    max_completion_tokens: Option<u64>,
    fallback_models: Vec<String>,
    rules: ProviderRules,
    recovery: Option<Recovery>,
    reasoning: ReasoningWish,
    include_reasoning: Option<bool>,
    needs: Abilities,
    n: Option<u32>,
    logprobs: bool,
    tools: Option<Span>,
}

/// Fields that shape an answer without being essential to it: where a model cannot honour one,
/// it is left out with a warning.
const ADVISORY: [&str; 20] = [
    "frequency_penalty",
    "logit_bias",
    "metadata",
    "parallel_tool_calls",
    "prediction",
    "presence_penalty",
    "prompt_cache_key",
    "prompt_cache_retention",
    "reasoning_effort",
    "safety_identifier",
    "seed",
    "service_tier",
    "stop",
    "store",
    "temperature",
    "top_k",
    "top_p",
    "user",
    "verbosity",
    "web_search_options",
];

impl ChatRequest {
    /// The model, tier or alias as the caller wrote it, trimmed.
    pub fn model(&self) -> &str {
        &self.facts.model
    }

    /// Whether the answer is to be streamed.
    pub fn stream(&self) -> bool {
        self.facts.stream
    }

    /// The direction inside a tier, if the caller gave one.
    pub fn prefer(&self) -> Option<Prefer> {
        self.facts.prefer
    }

    /// The caller's limit on output tokens.
    pub fn max_output_tokens(&self) -> Option<u64> {
        self.facts.max_completion_tokens.or(self.facts.max_tokens)
    }

    /// The ordered fallback list, `models`.
    pub fn fallback_models(&self) -> &[String] {
        &self.facts.fallback_models
    }

    /// The caller's rules about providers.
    pub fn provider_rules(&self) -> &ProviderRules {
        &self.facts.rules
    }

    /// What is to become of a stream that breaks off, if the caller said so.
    pub fn recovery(&self) -> Option<Recovery> {
        self.facts.recovery
    }

    /// What the request really uses and a model must therefore have.
    pub fn needs(&self) -> Abilities {
        self.facts.needs
    }

    /// Whether reasoning is shown to the caller.
    pub fn reasoning_view(&self) -> ReasoningView {
        if self.facts.include_reasoning == Some(false) || self.facts.reasoning.exclude == Some(true)
        {
            ReasoningView::Exclude
        } else {
            ReasoningView::Include
        }
    }

    /// The `reasoning` extension.
    pub fn reasoning_wish(&self) -> &ReasoningWish {
        &self.facts.reasoning
    }

    /// How many choices are asked for.
    pub fn n(&self) -> u32 {
        self.facts.n.unwrap_or(1)
    }

    /// Names of the advisory fields that the caller sent with a value.
    pub fn advisory_fields(&self) -> impl Iterator<Item = &str> {
        self.fields()
            .filter(|(name, raw)| *raw != "null" && ADVISORY.contains(name))
            .map(|(name, _)| name)
    }

    /// The messages in order. There is at least one.
    pub fn messages(&self) -> impl DoubleEndedIterator<Item = Message<'_>> + ExactSizeIterator {
        self.messages
            .iter()
            .map(|record| Message::new(&self.body, record))
    }

    /// The raw JSON array `tools` (or the old `functions`), if it is not empty.
    pub fn tools_raw(&self) -> Option<&str> {
        self.facts.tools.map(|span| span.get(&self.body))
    }

    /// The raw JSON of the schema that the answer has to follow, if there is one.
    pub fn response_schema(&self) -> Option<&str> {
        let format = Object::nested(self.field("response_format")?).ok()?;
        let named = Object::nested(format.borrowed("json_schema")?).ok()?;
        named.borrowed("schema")
    }

    /// A top-level field that is a number.
    pub fn number(&self, name: &str) -> Option<f64> {
        self.field(name)?.parse().ok()
    }

    /// `stop`: one text, or several.
    pub fn stop(&self) -> Vec<String> {
        let Some(raw) = self.field("stop") else {
            return Vec::new();
        };
        serde_json::from_str(raw)
            .or_else(|_| serde_json::from_str(raw).map(|one| vec![one]))
            .unwrap_or_default()
    }

    /// Bytes of the body as it came.
    pub fn body_len(&self) -> usize {
        self.body.len()
    }

    /// The raw value of a top-level field that is there and not `null`.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.fields()
            .find(|(key, raw)| *key == name && *raw != "null")
            .map(|(_, raw)| raw)
    }

    /// All top-level fields in the caller's order, with their raw values.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields
            .iter()
            .map(|field| (&*field.name, field.value.get(&self.body)))
    }
}
