//! The caller's top-level fields: which go out as they are, which are written in another form, and
//! which this API has no place for.

use crate::catalog::{Ability, Model, Provider, Trait};

use super::super::chat::ChatRequest;
use super::super::json;
use super::super::{Reason, Warning};
use super::limits;

/// What happens to one of the caller's fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Goes out as it came.
    Keep,
    /// Goes out in this API's form.
    Translate,
    /// Says nothing to the upstream: an extension of ours, a default or a null.
    Consume,
    /// Is left out, which the caller is told.
    Refuse,
}

/// Fields that both APIs have in the same form.
const SHARED: [&str; 6] = [
    "metadata",
    "prompt_cache_key",
    "prompt_cache_retention",
    "safety_identifier",
    "service_tier",
    "user",
];

/// What happens to a field with this raw value.
pub(super) fn fate(
    request: &ChatRequest,
    model: &Model,
    provider: &Provider,
    name: &str,
    raw: &str,
) -> Fate {
    let has_tools = request.tools_raw().is_some();
    let wanted = match name {
        "prefer" | "models" | "provider" | "recovery" | "include_reasoning" | "reasoning"
        | "stream_options" => {
            return Fate::Consume;
        }
        "model" | "messages" | "stream" => return Fate::Translate,
        _ if raw == "null" => return Fate::Consume,
        "tools" | "response_format" | "max_tokens" | "max_completion_tokens" => Fate::Translate,
        "functions" if request.field("tools").is_some() => Fate::Consume,
        "functions" => Fate::Translate,
        "tool_choice" | "function_call" if has_tools => Fate::Translate,
        "parallel_tool_calls" if has_tools && !model.has_trait(Trait::NoParallelTools) => {
            Fate::Keep
        }
        "reasoning_effort" if model.abilities.has(Ability::Reasoning) => Fate::Translate,
        "verbosity" if takes_verbosity(model, raw) => Fate::Translate,
        "temperature" | "top_p" if !model.has_trait(Trait::NoSampling) => Fate::Keep,
        _ if SHARED.contains(&name) => Fate::Keep,
        _ => Fate::Refuse,
    };
    let omitted = provider.omit.iter().any(|field| field == name);
    match (wanted, omitted) {
        (Fate::Refuse, _) | (_, true) if is_default(name, raw) => Fate::Consume,
        (_, true) => Fate::Refuse,
        (fate, false) => fate,
    }
}

fn takes_verbosity(model: &Model, raw: &str) -> bool {
    json::string(raw).is_some_and(|word| limits::takes_verbosity(&model.upstream, &word))
}

/// Whether the value is what the upstream does anyway, so that leaving it out changes nothing.
fn is_default(name: &str, raw: &str) -> bool {
    match name {
        "temperature" | "top_p" => matches!(raw, "1" | "1.0"),
        "presence_penalty" | "frequency_penalty" => matches!(raw, "0" | "0.0"),
        "n" => raw == "1",
        "parallel_tool_calls" => raw == "true",
        "store" | "logprobs" => raw == "false",
        "stop" | "tools" | "functions" => raw == "[]",
        "tool_choice" | "function_call" => matches!(raw, "\"auto\"" | "\"none\""),
        "logit_bias" | "metadata" => raw == "{}",
        "reasoning_effort" => raw == "\"none\"",
        "verbosity" => raw == "\"medium\"",
        "modalities" => matches!(raw, "[\"text\"]" | "[ \"text\" ]"),
        _ => false,
    }
}

/// The top-level fields that the caller gave and the upstream does not get, or not as they were.
pub(in crate::wire) fn left_out(
    request: &ChatRequest,
    model: &Model,
    provider: &Provider,
) -> Vec<Warning> {
    let mut warnings: Vec<Warning> = request
        .fields()
        .filter(|(name, raw)| fate(request, model, provider, name, raw) == Fate::Refuse)
        .map(|(name, _)| Warning::advisory(Reason::Unsupported, name.to_owned()))
        .collect();
    if request.field("functions").is_some() && request.field("tools").is_none() {
        // They are called as tools: the answer says `tool_calls`.
        warnings.push(Warning::advisory(Reason::Untranslatable, "functions"));
    }
    warnings.extend(super::reasoning::effort_warning(request, model, provider));
    warnings
}
