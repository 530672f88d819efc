//! Everything that the spans of one request are made of.

use std::time::Duration;

use super::context::{Context, SpanId};
use super::tracestate::TraceState;
use crate::ids::{AccountId, GenerationId, RequestId};
use crate::money::Picodollars;
use crate::store::Delivery;
use crate::usage::Usage;

/// What a record weighs beside its texts, in bytes.
const FRAME: usize = 1024;

/// What was asked of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// An answer.
    Chat,
    /// Vectors.
    Embeddings,
}

impl Operation {
    /// The conventions' word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Embeddings => "embeddings",
        }
    }
}

/// What the caller asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Asked {
    /// Model, tier or alias in the caller's words; empty while they have not been read.
    pub model: String,
    /// How the answer is delivered, once that is known.
    pub stream: Option<Delivery>,
    /// The limit on output tokens.
    pub max_tokens: Option<u64>,
    /// How many answers, where it is not one.
    pub choices: Option<u64>,
    /// Sampling settings under the conventions' names, such as `gen_ai.request.temperature`.
    pub settings: Vec<(&'static str, f64)>,
    /// Where an answer is to stop.
    pub stop: Vec<String>,
    /// How vectors are written.
    pub format: Option<&'static str>,
    /// How long vectors are to be.
    pub dimensions: Option<u64>,
}

/// Where calls to a provider go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Server {
    /// Host name or address.
    pub address: String,
    /// Port.
    pub port: Option<u16>,
}

/// One call to one provider.
#[derive(Clone, Debug)]
pub struct AttemptSpan {
    /// Its span.
    pub span: SpanId,
    /// Provider as the catalog names it.
    pub provider: String,
    /// Catalog id of the model.
    pub model: String,
    /// Where it went.
    pub server: Server,
    /// When it went, in nanoseconds since 1970.
    pub started_ns: u64,
    /// When it ended; `None` while it runs.
    pub ended_ns: Option<u64>,
    /// `ok`, the status, or a word for what happened; `None` while it runs.
    pub outcome: Option<String>,
    /// The upstream's status, where it came to one.
    pub status: Option<u16>,
}

/// What `auto` decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Auto {
    /// 0 to 100.
    pub score: u8,
    /// The tier.
    pub tier: &'static str,
}

/// How a request ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// With its answer.
    Ok,
    /// With an error, by its word.
    Failed(String),
    /// Its caller left.
    Cancelled,
}

/// What was said, as the conventions' JSON. Only for those who asked for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// `gen_ai.input.messages`.
    pub input: String,
    /// `gen_ai.output.messages`.
    pub output: String,
    /// Whether any of it was left out for its length.
    pub cut: bool,
}

/// A request that has ended.
#[derive(Clone, Debug)]
pub struct RequestSpan {
    /// Where it stands in its trace.
    pub context: Context,
    /// What other tracing systems passed along.
    pub trace_state: TraceState,
    /// What was asked of a model.
    pub operation: Operation,
    /// When it came, in nanoseconds since 1970.
    pub started_ns: u64,
    /// When its last byte had left, in nanoseconds since 1970.
    pub ended_ns: u64,
    /// Who asked.
    pub account: AccountId,
    /// The name of the key.
    pub key_name: String,
    /// The HTTP request.
    pub request: RequestId,
    /// The record in the ledger, where there is one.
    pub generation: Option<GenerationId>,
    /// What was asked for.
    pub asked: Asked,
    /// The tier that was served or asked for.
    pub tier: Option<&'static str>,
    /// The direction inside it.
    pub prefer: &'static str,
    /// What `auto` decided.
    pub auto: Option<Auto>,
    /// Provider and catalog id of the model that ran.
    pub served: Option<(String, String)>,
    /// Every call upstream, in order.
    pub attempts: Vec<AttemptSpan>,
    /// Tokens, when they are known or estimated.
    pub usage: Option<Usage>,
    /// What was charged.
    pub cost: Option<Picodollars>,
    /// Why the answer ended, in OpenAI's word.
    pub finish_reason: Option<String>,
    /// From its arrival to the first content of a stream.
    pub first_chunk: Option<Duration>,
    /// From its arrival to the first call upstream.
    pub overhead: Option<Duration>,
    /// What was left out of the request for the model.
    pub warnings: Vec<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// What was said.
    pub content: Option<Content>,
}

impl RequestSpan {
    /// About how much memory it takes, in bytes.
    pub fn weight(&self) -> usize {
        let content = self.content.as_ref();
        let said = content.map_or(0, |content| content.input.len() + content.output.len());
        let warnings: usize = self.warnings.iter().map(String::len).sum();
        let stops: usize = self.asked.stop.iter().map(String::len).sum();
        let texts = self.asked.model.len() + self.key_name.len() + stops + warnings;
        FRAME + said + texts + self.attempts.len() * FRAME / 2
    }

    /// Spans that it becomes.
    pub fn count(&self) -> u64 {
        1 + self.attempts.len() as u64
    }
}
