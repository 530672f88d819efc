//! Limits, sampling, and what becomes of every other top-level field.

use crate::catalog::{Model, Provider, Trait};

use super::super::super::chat::ChatRequest;
use super::super::super::json::{self, Kind};
use super::super::super::object::array;
use super::super::super::{Reason, Warning};
use super::super::family::Family;
use super::thinking::Thinking;

/// How long the answer may be.
#[derive(Debug)]
pub(super) struct Limits {
    /// What is asked for, if anything is.
    pub max_tokens: Option<u64>,
    /// The model's own limit.
    pub model_most: u64,
    pub warnings: Vec<Warning>,
}

impl Limits {
    /// The caller's limit, but no more than the balance pays for and the model can.
    pub(super) fn of(request: &ChatRequest, model: &Model, cap: Option<u64>) -> Self {
        let name = match request.field("max_completion_tokens") {
            Some(_) => "max_completion_tokens",
            None => "max_tokens",
        };
        let model_most = u64::from(model.max_output);
        let wished = request.max_output_tokens();
        let mut warnings = Vec::new();
        let mut max_tokens = wished.map(|most| most.min(model_most));
        if max_tokens != wished {
            warnings.push(Warning::advisory(Reason::Unsupported, name));
        }
        if let Some(cap) = cap.filter(|cap| max_tokens.is_none_or(|most| *cap < most)) {
            max_tokens = Some(cap);
            warnings.push(Warning::advisory(Reason::InsufficientCredits, name));
        }
        Self {
            max_tokens,
            model_most,
            warnings,
        }
    }
}

/// What happens to one of the caller's fields.
enum Fate<'a> {
    /// Is written elsewhere, says what happens anyway, or is an extension of ours.
    Consume,
    /// Is left out, which the caller is told.
    Refuse,
    /// A member of `inferenceConfig`.
    Inference(&'static str, &'a str),
    /// A member of `inferenceConfig` with another value, which the caller is told.
    Clamped(&'static str, &'static str),
    /// `stopSequences`.
    Stop(&'a str),
    /// JSON without braces for `additionalModelRequestFields`.
    Additional(String),
    /// `serviceTier`.
    Tier(&'a str),
}

/// The top-level fields that do not reach the upstream as they are.
pub(super) fn left_out(
    request: &ChatRequest,
    model: &Model,
    provider: &Provider,
    thinking: &Thinking,
) -> Vec<Warning> {
    let mut warnings: Vec<Warning> = fates(request, model, provider, thinking)
        .filter_map(|(name, fate)| match fate {
            Fate::Refuse | Fate::Clamped(..) => Some(name.to_owned()),
            Fate::Stop(raw) => (stops(raw).len() < given(raw)).then(|| name.to_owned()),
            Fate::Consume | Fate::Inference(..) | Fate::Additional(_) | Fate::Tier(_) => None,
        })
        .map(|field| Warning::advisory(Reason::Unsupported, field))
        .collect();
    if let Some(field) = thinking.refused {
        warnings.push(Warning::advisory(Reason::Unsupported, field));
    }
    warnings
}

/// Appends `inferenceConfig`, `additionalModelRequestFields` and `serviceTier`.
pub(super) fn write(
    request: &ChatRequest,
    model: &Model,
    provider: &Provider,
    limits: &Limits,
    thinking: &Thinking,
    body: &mut String,
) {
    let mut inference = String::from("{");
    let mut additional: Vec<String> = Vec::new();
    let mut tier = None;
    let max_tokens = match (limits.max_tokens, thinking.least_output) {
        (None, Some(_)) => Some(limits.model_most),
        (most, _) => most,
    };
    if let Some(most) = max_tokens {
        json::push_member(&mut inference, "maxTokens", &most.to_string());
    }
    for (_, fate) in fates(request, model, provider, thinking) {
        match fate {
            Fate::Inference(name, raw) => json::push_member(&mut inference, name, raw),
            Fate::Clamped(name, raw) => json::push_member(&mut inference, name, raw),
            Fate::Stop(raw) => {
                let stops = stops(raw);
                if !stops.is_empty() {
                    let stops = format!("[{}]", stops.join(","));
                    json::push_member(&mut inference, "stopSequences", &stops);
                }
            }
            Fate::Additional(field) => additional.push(field),
            Fate::Tier(raw) => tier = Some(raw),
            Fate::Consume | Fate::Refuse => {}
        }
    }
    additional.extend(thinking.field.clone());
    inference.push('}');
    if inference != "{}" {
        json::push_member(body, "inferenceConfig", &inference);
    }
    if !additional.is_empty() {
        let fields = format!("{{{}}}", additional.join(","));
        json::push_member(body, "additionalModelRequestFields", &fields);
    }
    if let Some(tier) = tier {
        json::push_member(body, "serviceTier", &format!(r#"{{"type":{tier}}}"#));
    }
}

fn fates<'a>(
    request: &'a ChatRequest,
    model: &'a Model,
    provider: &'a Provider,
    thinking: &'a Thinking,
) -> impl Iterator<Item = (&'a str, Fate<'a>)> {
    request
        .fields()
        .filter(|(_, raw)| *raw != "null")
        .map(move |(name, raw)| {
            let fate = fate(request, model, thinking, name, raw);
            let omitted = provider.omit.iter().any(|field| field == name);
            let is_refused =
                matches!(fate, Fate::Refuse) || (omitted && !matches!(fate, Fate::Consume));
            match (is_refused, is_default(name, raw)) {
                (false, _) => (name, fate),
                (true, true) => (name, Fate::Consume),
                (true, false) => (name, Fate::Refuse),
            }
        })
}

fn fate<'a>(
    request: &ChatRequest,
    model: &Model,
    thinking: &Thinking,
    name: &str,
    raw: &'a str,
) -> Fate<'a> {
    let family = Family::of(&model.upstream);
    let is_claude = family == Family::Claude;
    // Claude does not sample while it is told to think.
    let refuses = model.has_trait(Trait::NoSampling) || (is_claude && thinking.is_told);
    let samples = !refuses;
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
        | "tools"
        | "functions"
        | "tool_choice"
        | "function_call"
        | "response_format"
        | "max_tokens"
        | "max_completion_tokens" => Fate::Consume,
        "temperature" if samples => match raw.parse::<f64>() {
            Ok(value) if value > 1.0 => Fate::Clamped("temperature", "1"),
            Ok(_) | Err(_) => Fate::Inference("temperature", raw),
        },
        // Later Claude models refuse both at a time.
        "top_p" if samples && !(is_claude && request.field("temperature").is_some()) => {
            Fate::Inference("topP", raw)
        }
        "top_k" if samples && Kind::of(raw) == Kind::Number => match family {
            Family::Claude => Fate::Additional(format!(r#""top_k":{raw}"#)),
            Family::Nova | Family::Nova2 => {
                Fate::Additional(format!(r#""inferenceConfig":{{"topK":{raw}}}"#))
            }
            Family::GptOss
            | Family::Gpt
            | Family::Kimi
            | Family::DeepSeek
            | Family::Llama
            | Family::Qwen
            | Family::Other => Fate::Refuse,
        },
        "stop" if family.takes_stop() && !model.has_trait(Trait::NoStop) => Fate::Stop(raw),
        "service_tier" if matches!(raw, "\"priority\"" | "\"flex\"") => Fate::Tier(raw),
        _ => Fate::Refuse,
    }
}

/// Whether the value is what the upstream does anyway, so that leaving it out changes nothing.
fn is_default(name: &str, raw: &str) -> bool {
    match name {
        "temperature" | "top_p" => matches!(raw, "1" | "1.0"),
        "presence_penalty" | "frequency_penalty" => matches!(raw, "0" | "0.0"),
        "n" => raw == "1",
        "parallel_tool_calls" => raw == "true",
        "store" | "logprobs" => raw == "false",
        "stop" => matches!(raw, "[]" | "\"\""),
        "logit_bias" | "metadata" => raw == "{}",
        "service_tier" => matches!(raw, "\"auto\"" | "\"default\""),
        "verbosity" => raw == "\"medium\"",
        "modalities" => !raw.contains("audio"),
        _ => false,
    }
}

/// The raw stop sequences, without those of white space alone, which models refuse.
fn stops(raw: &str) -> Vec<&str> {
    let speaks = |raw: &&str| json::string(raw).is_some_and(|text| !text.trim().is_empty());
    match Kind::of(raw) {
        Kind::Array => array(raw, 64).unwrap_or_default(),
        Kind::String => vec![raw],
        Kind::Null | Kind::Bool | Kind::Number | Kind::Object => Vec::new(),
    }
    .into_iter()
    .filter(speaks)
    .collect()
}

/// How many stop sequences the caller gave.
fn given(raw: &str) -> usize {
    match Kind::of(raw) {
        Kind::Array => array(raw, 64).map_or(0, |stops| stops.len()),
        Kind::String => 1,
        Kind::Null | Kind::Bool | Kind::Number | Kind::Object => 0,
    }
}
