//! Formats: OpenAI's shapes towards the caller, each provider's dialect upstream. Pure.

pub mod answer;
pub mod chat;
mod clean;
pub mod envelope;
pub mod fault;
mod json;
pub mod object;
mod openai;
mod retry;
mod scan;
pub mod sse;
pub mod stream;
pub mod usage;

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;

use crate::catalog::{Dialect, Endpoint, Model, Provider};

pub use answer::{Answer, Delivered, Finish, ReasoningView};
pub use chat::{ChatRequest, Invalid, InvalidCode, Message, Part, ProviderRules, Role, ToolCall};
pub use envelope::Envelope;
pub use fault::{Fault, FaultClass};
pub use stream::{Chunk, Event, StreamDecoder, Weight};
pub use usage::{ReportedUsage, UsageBlock, UsageExtra};

/// A dialect that is not spoken yet: its models count as unconfigured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {0:?} dialect is not spoken; leave its models unconfigured")]
pub struct Unspoken(pub Dialect);

/// A request in an upstream's dialect.
#[derive(Clone, Debug)]
pub struct Encoded {
    /// To be appended to the provider's base URL.
    pub path: String,
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
    /// The balance does not pay for more.
    InsufficientCredits,
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
            Reason::InsufficientCredits => "insufficient_credits",
        };
        write!(f, "{severity};{reason};{}", self.field)
    }
}

/// Whether requests can be translated to this dialect and endpoint.
pub fn speaks(dialect: Dialect, endpoint: Endpoint) -> bool {
    match (dialect, endpoint) {
        (Dialect::OpenAi, Endpoint::Chat) => true,
        (Dialect::OpenAi, Endpoint::Responses | Endpoint::Embeddings) => false,
        (Dialect::Responses | Dialect::Anthropic | Dialect::Gemini | Dialect::Bedrock, _) => false,
    }
}

/// Translates a request for one model. The same input gives the same bytes.
///
/// `output_cap` bounds the output in tokens below what the caller allows: more is not paid for.
pub fn encode_chat(
    request: &ChatRequest,
    model: &Model,
    provider: &Provider,
    output_cap: Option<u64>,
) -> Result<Encoded, Unspoken> {
    match provider.dialect {
        Dialect::OpenAi => Ok(openai::encode(request, model, provider, output_cap)),
        Dialect::Responses | Dialect::Anthropic | Dialect::Gemini | Dialect::Bedrock => {
            Err(Unspoken(provider.dialect))
        }
    }
}

/// The caller's top-level fields that `model` cannot honour, for `provider.require_parameters`.
/// Cheaper than encoding: no body is written.
pub fn left_out(
    request: &ChatRequest,
    model: &Model,
    provider: &Provider,
) -> Result<Vec<Warning>, Unspoken> {
    match provider.dialect {
        Dialect::OpenAi => Ok(openai::left_out(request, model, provider)),
        Dialect::Responses | Dialect::Anthropic | Dialect::Gemini | Dialect::Bedrock => {
            Err(Unspoken(provider.dialect))
        }
    }
}

/// Reads the body of a successful answer that is not streamed.
pub fn decode_answer(dialect: Dialect, body: &[u8], view: ReasoningView) -> Result<Answer, Fault> {
    match dialect {
        Dialect::OpenAi => openai::decode_answer(body, view),
        Dialect::Responses | Dialect::Anthropic | Dialect::Gemini | Dialect::Bedrock => Err(
            Fault::ours(FaultClass::Malformed, Unspoken(dialect).to_string()),
        ),
    }
}

/// Reads an answer with an error status. `header` looks a response header up by its lower-case
/// name; `now_unix_s` is needed for `Retry-After` dates. Every dialect's envelope is understood,
/// whatever the provider: gateways in between answer in their own words.
pub fn decode_error<'h>(
    _dialect: Dialect,
    status: u16,
    header: impl Fn(&str) -> Option<&'h str>,
    body: &[u8],
    now_unix_s: u64,
) -> Fault {
    let mut fault = openai::decode_error(Some(status), body);
    fault.retry_after = retry::from_headers(header, now_unix_s).or(fault.retry_after);
    fault
}
