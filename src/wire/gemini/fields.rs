//! The caller's top-level fields: which of them Google's format has a word for.

use crate::catalog::{Model, Provider, Trait};

use super::super::chat::ChatRequest;
use super::super::{Reason, Warning};
use super::generation::Kind;
use super::thinking;

/// What happens to one of the caller's fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// A number that goes into `generationConfig` under this name.
    Number(&'static str),
    /// Written apart, or says nothing to an upstream.
    Apart,
    /// Is left out, which the caller is told.
    Refused(Reason),
}

/// The top-level fields that the caller gave and the upstream does not get, or not as they are.
pub(in crate::wire) fn left_out(
    request: &ChatRequest,
    model: &Model,
    provider: &Provider,
) -> Vec<Warning> {
    let mut warnings: Vec<Warning> = request
        .fields()
        .filter_map(|(name, raw)| match fate(model, provider, name, raw) {
            Fate::Refused(reason) => Some(Warning::advisory(reason, name.to_owned())),
            Fate::Number(_) | Fate::Apart => None,
        })
        .collect();
    warnings.extend(thinking::plan(request, model, Kind::of(model)).warnings);
    warnings
}

pub(super) fn fate(model: &Model, provider: &Provider, name: &str, raw: &str) -> Fate {
    let untranslatable = Fate::Refused(Reason::Untranslatable);
    let unsupported = Fate::Refused(Reason::Unsupported);
    if raw == "null" || is_default(name, raw) {
        return Fate::Apart;
    }
    if provider.omit.iter().any(|field| field == name) {
        return unsupported;
    }
    let sampling = |name| {
        if model.has_trait(Trait::NoSampling) {
            unsupported
        } else {
            Fate::Number(name)
        }
    };
    match name {
        "model"
        | "messages"
        | "stream"
        | "stream_options"
        | "prefer"
        | "models"
        | "provider"
        | "include_reasoning"
        | "recovery"
        | "reasoning"
        | "reasoning_effort"
        | "max_tokens"
        | "max_completion_tokens"
        | "tools"
        | "functions"
        | "tool_choice"
        | "function_call"
        | "response_format"
        | "seed" => Fate::Apart,
        "temperature" => sampling("temperature"),
        "top_p" => sampling("topP"),
        "top_k" => sampling("topK"),
        "stop" if model.has_trait(Trait::NoStop) => unsupported,
        "stop" => Fate::Apart,
        // "Penalty is not enabled for this model": a 400 from every model since Gemini 2.5.
        "presence_penalty" | "frequency_penalty" => unsupported,
        _ => untranslatable,
    }
}

/// Whether the value is what the upstream does anyway, so that leaving it out changes nothing.
fn is_default(name: &str, raw: &str) -> bool {
    match name {
        "presence_penalty" | "frequency_penalty" => matches!(raw, "0" | "0.0"),
        "n" => matches!(raw, "1" | "1.0"),
        "top_logprobs" => raw == "0",
        "parallel_tool_calls" => raw == "true",
        "logprobs" | "store" => raw == "false",
        "stop" => raw == "[]",
        "logit_bias" | "metadata" => raw == "{}",
        "modalities" => raw.trim_matches(['[', ']']).trim() == "\"text\"",
        "service_tier" => matches!(raw, "\"auto\"" | "\"default\""),
        "verbosity" => raw == "\"medium\"",
        _ => false,
    }
}
