//! Formats: OpenAI's shapes towards the caller, each provider's dialect upstream. Pure.

pub mod answer;
mod anthropic;
mod bedrock;
pub mod chat;
mod clean;
mod compose;
pub mod continuation;
mod counts;
pub mod embed;
pub mod envelope;
mod eventstream;
pub mod fault;
mod gemini;
mod json;
mod listen;
mod media;
pub mod object;
mod openai;
pub mod replay;
mod responses;
mod retry;
mod scan;
mod schema;
pub mod sigv4;
mod split;
pub mod sse;
pub mod stream;
#[cfg(test)]
mod stream_tests;
pub mod usage;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use crate::catalog::{Dialect, Endpoint, Model, Provider};

pub use answer::{Answer, Delivered, Finish, ReasoningView};
pub use chat::{
    ChatRequest, Invalid, InvalidCode, Message, Part, ProviderRules, Recovery, Role, ToolCall,
};
pub use clean::message as clean;
pub use continuation::{Begun, Joined, Joiner, Opening, Transcript};
pub use embed::EmbedRequest;
pub use envelope::Envelope;
pub use fault::{Fault, FaultClass};
pub use replay::{Replay, Replays};
pub use stream::{Chunk, Event, StreamDecoder, Weight};
pub use usage::{ReportedUsage, UsageBlock, UsageExtra};

/// Why a request cannot be written for a model. Another model may take it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CannotEncode {
    /// The dialect is not spoken yet: its models count as unconfigured.
    #[error("the {0:?} dialect is not spoken; leave its models unconfigured")]
    Unspoken(Dialect),
    /// The upstream's format has no place for a part of the request.
    #[error("{message}")]
    Unsupported {
        /// Where the part stands, such as `messages[3].content[1].image_url.url`.
        param: String,
        /// What it is, and who could take it.
        message: String,
    },
    /// A part of the request is broken, whoever is asked.
    #[error("{message}")]
    Invalid {
        /// Where the part stands.
        param: String,
        /// What is wrong, and what would be right.
        message: String,
    },
}

/// What encoding needs to know beside the request and the model.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Bounds the output in tokens below what the caller allows: more is not paid for.
    pub output_cap: Option<u64>,
    /// The reasoning that stood before a tool call, by the call's id, for callers that drop it.
    /// The value is a raw JSON array of `reasoning_details`.
    pub recall: &'a dyn Fn(&str) -> Option<Arc<str>>,
}

impl Context<'_> {
    /// No bound, nothing remembered.
    pub const PLAIN: Context<'static> = Context {
        output_cap: None,
        recall: &|_| None,
    };
}

/// A request in an upstream's dialect.
#[derive(Clone, Debug)]
pub struct Encoded {
    /// To be appended to the provider's base URL.
    pub path: String,
    /// Headers beside those of HTTP and authentication.
    pub headers: Vec<(&'static str, String)>,
    /// The JSON body.
    pub body: Bytes,
    /// What was left out or changed, for `X-Model-Router-Warnings`.
    pub warnings: Vec<Warning>,
}

/// How grave a warning is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The answer is an answer to the request, shaped a little differently.
    Advisory,
}

/// Why a field did not reach the upstream as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The model or its provider refuses the field.
    Unsupported,
    /// The upstream's format has no word for it.
    Untranslatable,
    /// It was said in another way that the upstream takes.
    Coerced,
    /// The balance does not pay for more.
    InsufficientCredits,
    /// It is retired soon, or was.
    Deprecated,
}

/// A field that did not reach the upstream as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// How grave.
    pub severity: Severity,
    /// Why.
    pub reason: Reason,
    /// Which.
    pub field: Cow<'static, str>,
}

impl Warning {
    /// The model's last day at its provider is near or past.
    pub fn deprecated() -> Self {
        Self::advisory(Reason::Deprecated, "model")
    }

    fn advisory(reason: Reason, field: impl Into<Cow<'static, str>>) -> Self {
        Self {
            severity: Severity::Advisory,
            reason,
            field: field.into(),
        }
    }
}

impl fmt::Display for Warning {
    /// `severity;reason;field`, the form of the header.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Advisory => "advisory",
        };
        let reason = match self.reason {
            Reason::Unsupported => "unsupported",
            Reason::Untranslatable => "untranslatable",
            Reason::Coerced => "coerced",
            Reason::InsufficientCredits => "insufficient_credits",
            Reason::Deprecated => "deprecated",
        };
        write!(f, "{severity};{reason};{}", self.field)
    }
}

/// The format a model is asked in: its provider's, or the Responses API for models that have no
/// other.
pub fn dialect_of(provider: &Provider, model: &Model) -> Dialect {
    match (provider.dialect, model.endpoint) {
        (Dialect::OpenAi, Endpoint::Responses) => Dialect::Responses,
        (dialect, Endpoint::Chat | Endpoint::Responses | Endpoint::Embeddings) => dialect,
    }
}

/// Whether requests can be translated for this dialect and endpoint.
pub fn speaks(dialect: Dialect, endpoint: Endpoint) -> bool {
    match (dialect, endpoint) {
        (Dialect::OpenAi | Dialect::Bedrock | Dialect::Gemini, Endpoint::Embeddings) => true,
        (Dialect::Responses | Dialect::Anthropic, Endpoint::Embeddings) => false,
        (Dialect::OpenAi, Endpoint::Chat) => true,
        (Dialect::OpenAi | Dialect::Responses, Endpoint::Responses) => responses::SPOKEN,
        (Dialect::Responses, Endpoint::Chat) => responses::SPOKEN,
        (Dialect::Anthropic, Endpoint::Chat) => anthropic::SPOKEN,
        (Dialect::Gemini, Endpoint::Chat) => gemini::SPOKEN,
        (Dialect::Bedrock, Endpoint::Chat) => bedrock::SPOKEN,
        (Dialect::Anthropic | Dialect::Gemini | Dialect::Bedrock, Endpoint::Responses) => false,
    }
}

/// Translates a request for one model. The same input gives the same bytes.
pub fn encode_chat(
    request: &ChatRequest,
    model: &Model,
    provider: &Provider,
    context: &Context<'_>,
) -> Result<Encoded, CannotEncode> {
    match dialect_of(provider, model) {
        Dialect::OpenAi => openai::encode(request, model, provider, context.output_cap),
        Dialect::Responses => responses::encode(request, model, provider, context),
        Dialect::Anthropic => anthropic::encode(request, model, provider, context),
        Dialect::Gemini => gemini::encode(request, model, provider, context),
        Dialect::Bedrock => bedrock::encode(request, model, provider, context),
    }
}

/// The caller's top-level fields that `model` cannot honour, for `provider.require_parameters`.
/// Cheaper than encoding: no body is written.
pub fn left_out(request: &ChatRequest, model: &Model, provider: &Provider) -> Vec<Warning> {
    match dialect_of(provider, model) {
        Dialect::OpenAi => openai::left_out(request, model, provider),
        Dialect::Responses => responses::left_out(request, model, provider),
        Dialect::Anthropic => anthropic::left_out(request, model, provider),
        Dialect::Gemini => gemini::left_out(request, model, provider),
        Dialect::Bedrock => bedrock::left_out(request, model, provider),
    }
}

/// Reads the body of a successful answer that is not streamed.
pub fn decode_answer(dialect: Dialect, body: &[u8], view: ReasoningView) -> Result<Answer, Fault> {
    match dialect {
        Dialect::OpenAi => openai::decode_answer(body, view),
        Dialect::Responses => responses::decode_answer(body, view),
        Dialect::Anthropic => anthropic::decode_answer(body, view),
        Dialect::Gemini => gemini::decode_answer(body, view),
        Dialect::Bedrock => bedrock::decode_answer(body, view),
    }
}

/// Reads an answer with an error status. `header` looks a response header up by its lower-case
/// name; `now_unix_s` is needed for `Retry-After` dates. OpenAI's reader understands every
/// envelope, because gateways in between answer in their own words; a dialect adds what only it has.
pub fn decode_error<'h>(
    dialect: Dialect,
    status: u16,
    header: impl Fn(&str) -> Option<&'h str>,
    body: &[u8],
    now_unix_s: u64,
) -> Fault {
    let mut fault = match dialect {
        Dialect::OpenAi | Dialect::Responses | Dialect::Anthropic => {
            openai::decode_error(Some(status), body)
        }
        Dialect::Gemini => gemini::decode_error(Some(status), body),
        Dialect::Bedrock => bedrock::decode_error(status, header("x-amzn-errortype"), body),
    };
    fault.retry_after = retry::from_headers(header, now_unix_s).or(fault.retry_after);
    // A quota that fills up again by itself is a rate limit, whatever the provider calls it.
    if status == 429 && fault.class == FaultClass::Quota && fault.retry_after.is_some() {
        fault.class = FaultClass::RateLimited;
    }
    fault
}
