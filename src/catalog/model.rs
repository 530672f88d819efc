//! What a catalog row says: the types of a provider and a model.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ability::{Abilities, Trait};
use super::price::Price;
use super::tier::Tier;
use super::tokenizer::Tokenizer;

/// A provider's name as the `X-Model-Router-Provider` header shows it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProviderName(Arc<str>);

/// A model's catalog id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ModelId(Arc<str>);

macro_rules! name {
    ($name:ident) => {
        impl $name {
            /// Wraps a name that the catalog has checked, or one to be looked up.
            pub fn new(text: &str) -> Self {
                Self(Arc::from(text))
            }

            /// The name.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}
name!(ProviderName);
name!(ModelId);

/// The wire format a provider speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// OpenAI chat completions and embeddings.
    OpenAi,
    /// OpenAI's Responses API.
    Responses,
    /// Anthropic Messages.
    Anthropic,
    /// Google's generateContent.
    Gemini,
    /// AWS Bedrock Converse.
    Bedrock,
}

/// What a model is asked through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Endpoint {
    /// The provider's chat endpoint.
    Chat,
    /// A chat model that answers only on OpenAI's Responses API.
    Responses,
    /// Embeddings.
    Embeddings,
}

/// A model's own clocks; what is not set falls back to the operator's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timeouts {
    /// Until the first content.
    pub first_token: Option<Duration>,
    /// Between two chunks.
    pub idle: Option<Duration>,
    /// For the whole answer.
    pub total: Option<Duration>,
}

/// A provider row.
#[derive(Clone, Debug)]
pub struct Provider {
    /// Unique name.
    pub name: ProviderName,
    /// Wire format of its chat endpoint.
    pub dialect: Dialect,
    /// Default base URL without a trailing slash. An operator's variable may replace it.
    pub base_url: String,
    /// The environment variable that replaces `base_url`, where there is one.
    pub base_url_env: Option<String>,
    /// Environment variables that may hold the key, tried in order. Empty: no key needed.
    pub api_key_env: Vec<String>,
    /// A provider without its key takes part all the same (a server on the operator's own machine).
    pub key_need: KeyNeed,
    /// Advisory request fields its API refuses; they are left out with a warning.
    pub omit: Vec<String>,
    /// What becomes of its stream when the caller leaves.
    pub on_disconnect: OnDisconnect,
    /// Where the row stands, for messages.
    pub source: String,
}

/// What becomes of a provider's stream when the caller has left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnDisconnect {
    /// It is closed, and what was delivered is billed.
    #[default]
    Cancel,
    /// It is read on for a while to learn the usage, which is billed: for a provider that generates
    /// and bills to the end all the same.
    Drain,
}

/// Whether a provider can be asked without a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyNeed {
    /// Without its key the provider is unconfigured.
    Required,
    /// Asked without an `Authorization` header when no key is set.
    Optional,
}

/// A model row.
#[derive(Clone, Debug)]
pub struct Model {
    /// Unique id.
    pub id: ModelId,
    /// A human's name for it.
    pub name: String,
    /// Who runs it.
    pub provider: ProviderName,
    /// Its name at the provider.
    pub upstream: String,
    /// What it is asked through.
    pub endpoint: Endpoint,
    /// The tiers it serves in, cheapest first. Empty for embedding models.
    pub tiers: Vec<Tier>,
    /// Costs the caller nothing, whatever `price` says.
    pub free: bool,
    /// Input and output together, in tokens.
    pub context_window: u32,
    /// Most input tokens, where that is less than the window.
    pub max_input: Option<u32>,
    /// Most output tokens; for embedding models the largest number of dimensions.
    pub max_output: u32,
    /// How it counts its input.
    pub tokenizer: Arc<Tokenizer>,
    /// What its tokens cost.
    pub price: Price,
    /// What it can do.
    pub abilities: Abilities,
    /// Peculiarities of its requests.
    pub traits: Vec<Trait>,
    /// Quality score, 0 to 1.
    pub quality: Option<f64>,
    /// Coding score, 0 to 1.
    pub coding: Option<f64>,
    /// Expected time to first token in milliseconds, until observed.
    pub ttft_ms: u32,
    /// Expected output speed in tokens a second, until observed.
    pub tokens_per_s: u32,
    /// Its own clocks.
    pub timeouts: Timeouts,
    /// Same weights at another host carry the same word here.
    pub same_as: Option<String>,
    /// The day its provider stops serving it.
    pub deprecation_date: Option<time::Date>,
    /// What to use after that day.
    pub replacement: Option<String>,
    /// Where the row's facts come from.
    pub source: String,
    /// The day the facts were read; 1970-01-01 when the row does not say.
    pub as_of: time::Date,
}

impl Model {
    /// Whether the model serves in `tier`.
    pub fn serves(&self, tier: Tier) -> bool {
        self.tiers.contains(&tier)
    }

    /// Whether its requests have the peculiarity.
    pub fn has_trait(&self, wanted: Trait) -> bool {
        self.traits.contains(&wanted)
    }

    /// Most tokens of one input.
    pub fn most_input(&self) -> u32 {
        self.max_input
            .map_or(self.context_window, |most| most.min(self.context_window))
    }

    /// Whether chat requests may go to it.
    pub fn is_chat(&self) -> bool {
        match self.endpoint {
            Endpoint::Chat | Endpoint::Responses => true,
            Endpoint::Embeddings => false,
        }
    }
}
