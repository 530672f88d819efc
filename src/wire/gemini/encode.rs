//! A chat request as Google's `GenerateContentRequest`.
//!
//! Source: <https://ai.google.dev/api/generate-content>.

use std::fmt::Write;

use bytes::Bytes;

use crate::catalog::{Model, Provider, Trait};

use super::super::chat::ChatRequest;
use super::super::json::{self, Kind as Json};
use super::super::object::array;
use super::super::{CannotEncode, Context, Encoded, Reason, Warning};
use super::contents::Contents;
use super::fields::{self, Fate};
use super::form::AnswerForm;
use super::generation::Kind;
use super::thinking;
use super::tools::Tools;

/// Writes the request. The same input gives the same bytes.
pub(in crate::wire) fn encode(
    request: &ChatRequest,
    model: &Model,
    provider: &Provider,
    context: &Context<'_>,
) -> Result<Encoded, CannotEncode> {
    let kind = Kind::of(model);
    let mut warnings = fields::left_out(request, model, provider);
    let tools = Tools::of(request, kind)?;
    let contents = Contents::of(request, model, kind, context)?;
    warnings.extend(contents.warnings);

    let mut out = String::with_capacity(request.body_len() + 256);
    out.push('{');
    let mut instruction = contents.instruction;
    if let Some(sentence) = tools.form.instruction() {
        push_text_part(&mut instruction, sentence);
        warnings.push(Warning::advisory(Reason::Untranslatable, "response_format"));
    }
    if !instruction.is_empty() {
        let parts = format!(r#"{{"parts":[{instruction}]}}"#);
        json::push_member(&mut out, "systemInstruction", &parts);
    }
    json::push_member(&mut out, "contents", "");
    out.push_str(&contents.turns);
    if let Some((declarations, choice)) = tools.written() {
        json::push_member(&mut out, "tools", &declarations);
        if let Some(choice) = choice {
            json::push_member(&mut out, "toolConfig", &choice);
        }
    }
    let config = generation_config(request, (model, provider), context, &tools, &mut warnings);
    if config.len() > 1 {
        json::push_member(&mut out, "generationConfig", "");
        out.push_str(&config);
        out.push('}');
    }
    out.push('}');
    Ok(Encoded {
        path: path(&model.upstream, method(request)),
        headers: Vec::new(),
        body: Bytes::from(out),
        warnings,
    })
}

/// Appends `{"text":…}` to the parts in `out`.
pub(super) fn push_text_part(out: &mut String, text: &str) {
    if !out.is_empty() && !out.ends_with('[') {
        out.push(',');
    }
    out.push_str(r#"{"text":"#);
    json::push_string(out, text);
    out.push('}');
}

/// Where a method of a model is called.
pub(in crate::wire) fn path(upstream: &str, method: &str) -> String {
    let mut path = String::from("/v1beta/models/");
    push_encoded(&mut path, upstream);
    path.push(':');
    path.push_str(method);
    path
}

fn method(request: &ChatRequest) -> &'static str {
    if request.stream() {
        "streamGenerateContent?alt=sse"
    } else {
        "generateContent"
    }
}

/// Appends a path segment, everything but unreserved characters percent-encoded: a name can never
/// leave its segment.
fn push_encoded(out: &mut String, segment: &str) {
    for byte in segment.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte));
            }
            _ => {
                // Writing to a String cannot fail.
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
}

/// `generationConfig` without its closing brace.
fn generation_config(
    request: &ChatRequest,
    (model, provider): (&Model, &Provider),
    context: &Context<'_>,
    tools: &Tools,
    warnings: &mut Vec<Warning>,
) -> String {
    let mut out = String::from("{");
    for (name, raw) in request.fields() {
        match fields::fate(model, provider, name, raw) {
            Fate::Number(name) => json::push_member(&mut out, name, raw),
            Fate::Apart | Fate::Refused(_) => {}
        }
    }
    if let Some(limit) = output_limit(request, model, context, warnings) {
        json::push_member(&mut out, "maxOutputTokens", &limit.to_string());
    }
    if let Some(stops) = stops(request).filter(|_| !model.has_trait(Trait::NoStop)) {
        json::push_member(&mut out, "stopSequences", &stops);
    }
    if let Some(seed) = request.field("seed").and_then(|raw| raw.parse().ok()) {
        json::push_member(&mut out, "seed", &narrow_seed(seed).to_string());
    }
    match &tools.form {
        AnswerForm::Free | AnswerForm::ByTool(_) | AnswerForm::ByInstruction => {}
        AnswerForm::Json(schema) => {
            json::push_member(&mut out, "responseMimeType", "\"application/json\"");
            if let Some(schema) = schema {
                json::push_member(&mut out, "responseJsonSchema", schema);
            }
        }
    }
    if let Some(config) = thinking::plan(request, model, Kind::of(model)).config {
        json::push_member(&mut out, "thinkingConfig", &config);
    }
    out
}

/// The caller's limit, no higher than the model's (a 400) and than what the balance pays for.
fn output_limit(
    request: &ChatRequest,
    model: &Model,
    context: &Context<'_>,
    warnings: &mut Vec<Warning>,
) -> Option<u64> {
    let asked = request.max_output_tokens();
    let name = if request.field("max_completion_tokens").is_some() {
        "max_completion_tokens"
    } else {
        "max_tokens"
    };
    let most = u64::from(model.max_output);
    let mut limit = asked;
    if asked.is_some_and(|asked| asked > most) {
        limit = Some(most);
        warnings.push(Warning::advisory(Reason::Unsupported, name));
    }
    if let Some(cap) = context.output_cap
        && limit.is_none_or(|limit| cap < limit)
    {
        limit = Some(cap);
        warnings.push(Warning::advisory(Reason::InsufficientCredits, name));
    }
    limit
}

/// `stop` as an array of texts that are not empty.
fn stops(request: &ChatRequest) -> Option<String> {
    let raw = request.field("stop")?;
    let all = match Json::of(raw) {
        Json::String => vec![raw],
        Json::Array => array(raw, 16).unwrap_or_default(),
        Json::Null | Json::Bool | Json::Number | Json::Object => Vec::new(),
    };
    let said: Vec<&str> = all.into_iter().filter(|stop| *stop != "\"\"").collect();
    (!said.is_empty()).then(|| format!("[{}]", said.join(",")))
}

/// Google's seeds have 32 bits. The same long seed always gives the same short one.
fn narrow_seed(seed: i64) -> i64 {
    if i32::try_from(seed).is_ok() {
        seed
    } else {
        seed.rem_euclid(i64::from(i32::MAX))
    }
}
