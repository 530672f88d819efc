//! A chat request for an upstream of the OpenAI family: the caller's fields in the caller's order,
//! except for those that are ours and those that the model refuses.

use bytes::Bytes;

use crate::catalog::{Ability, Model, Provider, Trait};

use super::super::chat::{ChatRequest, Effort};
use super::super::json;
use super::super::object::Object;
use super::super::{CannotEncode, Encoded, Reason, Warning};
use super::history;
use super::host::Host;
use super::sound;

/// What happens to one of the caller's fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// Goes out as it came.
    Keep,
    /// Goes out under another name.
    Rename(&'static str),
    /// Says nothing to an upstream: an extension of ours, a default, a null, or written apart.
    Consume,
    /// Is left out, which the caller is told.
    Refuse,
}

/// Writes the request. The same input gives the same bytes.
pub(in crate::wire) fn encode(
    request: &ChatRequest,
    model: &Model,
    provider: &Provider,
    output_cap: Option<u64>,
) -> Result<Encoded, CannotEncode> {
    sound::check(request)?;
    let host = Host::of(provider);
    let cap = output_cap.filter(|cap| request.max_output_tokens().is_none_or(|most| *cap < most));
    let mut warnings = left_out(request, model, provider);
    warnings.extend(history::warnings(request, host));
    let mut out = String::with_capacity(request.body_len() + 128);
    out.push('{');
    for (name, raw) in request.fields() {
        match (name, fate(request, model, provider, name, raw)) {
            ("model", _) => {
                let mut upstream = String::with_capacity(model.upstream.len() + 2);
                json::push_string(&mut upstream, &model.upstream);
                json::push_member(&mut out, name, &upstream);
            }
            ("max_tokens" | "max_completion_tokens", _) if cap.is_some() => {}
            ("messages", _) => {
                json::push_member(&mut out, name, "");
                history::write(request, raw, host, &mut out);
            }
            (_, Fate::Keep) => json::push_member(&mut out, name, raw),
            (_, Fate::Rename(new)) => json::push_member(&mut out, new, raw),
            (_, Fate::Consume | Fate::Refuse) => {}
        }
    }
    if let Some(effort) = wished_effort(request, model, provider) {
        json::push_member(
            &mut out,
            "reasoning_effort",
            &format!("\"{}\"", effort.as_str()),
        );
    }
    if let Some(cap) = cap {
        let name = if model.has_trait(Trait::MaxCompletionTokens) {
            "max_completion_tokens"
        } else {
            "max_tokens"
        };
        json::push_member(&mut out, name, &cap.to_string());
        warnings.push(Warning::advisory(Reason::InsufficientCredits, name));
    }
    if request.stream() && !omits(provider, "stream_options") {
        json::push_member(&mut out, "stream_options", &stream_options(request));
    }
    out.push('}');
    Ok(Encoded {
        path: "/chat/completions".to_owned(),
        headers: Vec::new(),
        body: Bytes::from(out),
        warnings,
    })
}

/// The top-level fields that the caller gave and the upstream does not get.
pub(in crate::wire) fn left_out(
    request: &ChatRequest,
    model: &Model,
    provider: &Provider,
) -> Vec<Warning> {
    let unsupported = |field: String| Warning::advisory(Reason::Unsupported, field);
    let mut warnings: Vec<Warning> = request
        .fields()
        .filter(|(name, raw)| fate(request, model, provider, name, raw) == Fate::Refuse)
        .map(|(name, _)| unsupported(name.to_owned()))
        .collect();
    let wish = request.reasoning_wish();
    let has_effort = request.field("reasoning_effort").is_some();
    if wish.effort.is_some() && !has_effort && wished_effort(request, model, provider).is_none() {
        warnings.push(unsupported("reasoning.effort".to_owned()));
    }
    if wish.max_tokens.is_some() {
        warnings.push(Warning::advisory(
            Reason::Untranslatable,
            "reasoning.max_tokens",
        ));
    }
    if wish.enabled == Some(false)
        && wish.effort.is_none()
        && model.abilities.has(Ability::Reasoning)
    {
        warnings.push(Warning::advisory(
            Reason::Untranslatable,
            "reasoning.enabled",
        ));
    }
    warnings
}

fn fate(request: &ChatRequest, model: &Model, provider: &Provider, name: &str, raw: &str) -> Fate {
    let refused = match name {
        "prefer" | "models" | "provider" | "recovery" | "include_reasoning" | "reasoning"
        | "stream_options" => {
            return Fate::Consume;
        }
        "model" | "messages" => return Fate::Keep,
        _ if raw == "null" => return Fate::Consume,
        "max_tokens" if model.has_trait(Trait::MaxCompletionTokens) => {
            return match request.field("max_completion_tokens") {
                Some(_) => Fate::Consume,
                None => Fate::Rename("max_completion_tokens"),
            };
        }
        "temperature" | "top_p" | "top_k" | "presence_penalty" | "frequency_penalty"
        | "logit_bias" => model.has_trait(Trait::NoSampling),
        "stop" => model.has_trait(Trait::NoStop),
        "parallel_tool_calls" => model.has_trait(Trait::NoParallelTools),
        "reasoning_effort" => !model.abilities.has(Ability::Reasoning),
        _ => false,
    };
    match (refused || omits(provider, name), is_default(name, raw)) {
        (false, _) => Fate::Keep,
        (true, true) => Fate::Consume,
        (true, false) => Fate::Refuse,
    }
}

fn omits(provider: &Provider, name: &str) -> bool {
    provider.omit.iter().any(|field| field == name)
}

/// Whether the value is what the upstream does anyway, so that leaving it out changes nothing.
fn is_default(name: &str, raw: &str) -> bool {
    match name {
        "temperature" | "top_p" => matches!(raw, "1" | "1.0"),
        "presence_penalty" | "frequency_penalty" => matches!(raw, "0" | "0.0"),
        "parallel_tool_calls" => raw == "true",
        "store" => raw == "false",
        "stop" => raw == "[]",
        "logit_bias" | "metadata" => raw == "{}",
        "reasoning_effort" => raw == "\"none\"",
        _ => false,
    }
}

/// The effort of the `reasoning` extension, where it can be said and the caller did not say it in
/// OpenAI's own field.
fn wished_effort(request: &ChatRequest, model: &Model, provider: &Provider) -> Option<Effort> {
    let can_say = model.abilities.has(Ability::Reasoning)
        && !omits(provider, "reasoning_effort")
        && request.field("reasoning_effort").is_none();
    request.reasoning_wish().effort.filter(|_| can_say)
}

/// The caller's options, with the usage that billing needs.
fn stream_options(request: &ChatRequest) -> String {
    let mut options = request
        .field("stream_options")
        .and_then(|raw| Object::parse(raw).ok())
        .unwrap_or_default();
    options.set("include_usage", "true");
    let mut out = String::new();
    options.write(&mut out);
    out
}
