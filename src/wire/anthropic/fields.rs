//! The caller's plain fields: which go upstream, in which form, and which are left out.

use crate::catalog::{Model, Provider, Trait};

use super::super::chat::ChatRequest;
use super::super::json::{self, Kind};
use super::super::object::array;
use super::super::{Reason, Warning};
use super::caching;
use super::thinking::Thinking;

/// Longest `metadata.user_id`, in characters.
const LONGEST_USER: usize = 256;
const MOST_STOPS: usize = 64;

/// What happens to one of the caller's fields.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    /// Written elsewhere, an extension of ours, or what the model does anyway.
    Apart,
    /// Goes out under this name with this value.
    Write(&'static str, String),
    /// Goes out changed, which the caller is told.
    Change(&'static str, String),
    /// Is left out, which the caller is told.
    Refuse,
}

/// What decides over the fields.
#[derive(Clone, Copy)]
pub(super) struct Judge<'a> {
    pub(super) request: &'a ChatRequest,
    pub(super) model: &'a Model,
    pub(super) provider: &'a Provider,
    pub(super) thinking: Thinking,
}

impl Judge<'_> {
    /// Appends the fields that go upstream, in the caller's order, and names the others.
    pub(super) fn write(&self, out: &mut String) -> Vec<Warning> {
        let mut warnings = Vec::new();
        for (name, raw) in self.request.fields().filter(|(_, raw)| *raw != "null") {
            let changed = match self.fate(name, raw) {
                Fate::Apart => false,
                Fate::Write(name, value) => {
                    json::push_member(out, name, &value);
                    false
                }
                Fate::Change(name, value) => {
                    json::push_member(out, name, &value);
                    true
                }
                Fate::Refuse => true,
            };
            if changed {
                let name = name.chars().take(64).collect::<String>();
                warnings.push(Warning::advisory(Reason::Unsupported, name));
            }
        }
        warnings
    }

    fn fate(&self, name: &str, raw: &str) -> Fate {
        if is_default(name, raw) {
            return Fate::Apart;
        }
        if self.provider.omit.iter().any(|field| field == name) {
            return Fate::Refuse;
        }
        match name {
            "model"
            | "messages"
            | "prefer"
            | "models"
            | "provider"
            | "include_reasoning"
            | "recovery"
            | "reasoning"
            | "reasoning_effort"
            | "stream"
            | "stream_options"
            | "max_tokens"
            | "max_completion_tokens"
            | "tools"
            | "tool_choice"
            | "functions"
            | "function_call"
            | "parallel_tool_calls"
            | "response_format" => Fate::Apart,
            "temperature" | "top_p" | "top_k" => self.sampling(name, raw),
            "stop" => self.stop(raw),
            "user" if self.request.field("safety_identifier").is_some() => Fate::Refuse,
            "user" | "safety_identifier" => user(raw),
            "cache_control" => match caching::read(raw) {
                Some(mark) => Fate::Write("cache_control", mark.to_owned()),
                None => Fate::Refuse,
            },
            _ => Fate::Refuse,
        }
    }

    /// Some models take no sampling, thinking excludes it, and of temperature and `top_p` newer
    /// models take only one.
    fn sampling(&self, name: &str, raw: &str) -> Fate {
        if self.thinking.is_on() || self.model.has_trait(Trait::NoSampling) {
            return Fate::Refuse;
        }
        match name {
            "temperature" if raw.parse::<f64>().is_ok_and(|value| value > 1.0) => {
                Fate::Change("temperature", "1".to_owned())
            }
            "temperature" => Fate::Write("temperature", raw.to_owned()),
            "top_p" if self.has_temperature() => Fate::Refuse,
            "top_p" => Fate::Write("top_p", raw.to_owned()),
            _ => match json::count(raw) {
                Some(count) => Fate::Write("top_k", count.to_string()),
                None => Fate::Refuse,
            },
        }
    }

    fn has_temperature(&self) -> bool {
        let temperature = self.request.field("temperature");
        temperature.is_some_and(|raw| !is_default("temperature", raw))
    }

    /// Stop sequences of white space alone are refused.
    fn stop(&self, raw: &str) -> Fate {
        if self.model.has_trait(Trait::NoStop) {
            return Fate::Refuse;
        }
        let all = if Kind::of(raw) == Kind::Array {
            array(raw, MOST_STOPS).unwrap_or_default()
        } else {
            vec![raw]
        };
        let speaks = |raw: &&&str| json::string(raw).is_some_and(|text| !text.trim().is_empty());
        let kept: Vec<&str> = all.iter().filter(speaks).copied().collect();
        let value = format!("[{}]", kept.join(","));
        match kept.len() {
            0 => Fate::Refuse,
            count if count == all.len() => Fate::Write("stop_sequences", value),
            _ => Fate::Change("stop_sequences", value),
        }
    }
}

fn user(raw: &str) -> Fate {
    match json::string(raw) {
        Some(id) if (1..=LONGEST_USER).contains(&id.chars().count()) => {
            Fate::Write("metadata", format!(r#"{{"user_id":{raw}}}"#))
        }
        _ => Fate::Refuse,
    }
}

/// Whether the value is what the provider does anyway, so that leaving it out changes nothing.
fn is_default(name: &str, raw: &str) -> bool {
    match name {
        "temperature" | "top_p" => matches!(raw, "1" | "1.0"),
        "presence_penalty" | "frequency_penalty" => matches!(raw, "0" | "0.0"),
        "top_k" => matches!(raw, "0" | "-1"),
        "n" => raw == "1",
        "top_logprobs" => raw == "0",
        "logprobs" | "store" => raw == "false",
        "stop" => matches!(raw, "[]" | "\"\""),
        "logit_bias" | "metadata" => raw == "{}",
        "modalities" => raw == r#"["text"]"#,
        "service_tier" => matches!(raw, r#""auto""# | r#""default""#),
        "verbosity" => raw == r#""medium""#,
        _ => false,
    }
}
