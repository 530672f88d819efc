//! LiteLLM's `model_prices_and_context_window.json`: one object, a member per model, USD per token.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Listed, number};
use crate::catalog::Model;

/// The list. Members that are not a model's are left out when they are looked at.
pub struct List(HashMap<String, Box<RawValue>>);

/// One member. The list writes some numbers as texts, which say nothing to us.
#[derive(Deserialize)]
struct Row {
    litellm_provider: Option<String>,
    input_cost_per_token: Option<Box<RawValue>>,
    output_cost_per_token: Option<Box<RawValue>>,
    cache_read_input_token_cost: Option<Box<RawValue>>,
    cache_creation_input_token_cost: Option<Box<RawValue>>,
    max_input_tokens: Option<Box<RawValue>>,
    max_output_tokens: Option<Box<RawValue>>,
}

impl List {
    pub fn read(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text).map(Self)
    }

    /// The member of a model: its upstream name alone, or behind the provider's prefix; only where the
    /// list says that the provider is the same.
    pub fn find(&self, model: &Model) -> Option<(String, Listed)> {
        let providers = providers(model.provider.as_str());
        let upstream = model.upstream.as_str();
        let prefixed = providers
            .iter()
            .map(|prefix| format!("{prefix}/{upstream}"));
        let names = std::iter::once(upstream.to_owned()).chain(prefixed);
        for name in names {
            let Some(raw) = self.0.get(&name) else {
                continue;
            };
            let Ok(row) = serde_json::from_str::<Row>(raw.get()) else {
                continue;
            };
            let theirs = row.litellm_provider.as_deref();
            if theirs.is_none_or(|theirs| providers.contains(&theirs)) {
                return Some((name, row.listed()));
            }
        }
        None
    }
}

/// What LiteLLM calls a provider of ours; any other by its own name.
fn providers(ours: &str) -> Vec<&str> {
    match ours {
        "google" => vec!["gemini"],
        "bedrock" => vec!["bedrock_converse", "bedrock", "bedrock_mantle"],
        other => vec![other],
    }
}

impl Row {
    fn listed(&self) -> Listed {
        let rate = |raw: &Option<Box<RawValue>>| number::per_token(raw.as_deref()?);
        let tokens = |raw: &Option<Box<RawValue>>| raw.as_ref()?.get().parse().ok();
        Listed {
            input: rate(&self.input_cost_per_token),
            output: rate(&self.output_cost_per_token),
            cache_read: rate(&self.cache_read_input_token_cost),
            cache_write: rate(&self.cache_creation_input_token_cost),
            max_input: tokens(&self.max_input_tokens),
            max_output: tokens(&self.max_output_tokens),
        }
    }
}
