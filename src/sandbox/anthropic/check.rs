//! What the provider refuses in a request, its messages above all.

use serde_json::{Map, Value};

use super::calls::{self, blocks};
use super::errors::Trouble;
use super::thinking::{self, Mode};
use super::{model, tools};

const MOST_MARKS: usize = 4;
const FIELDS: [&str; 17] = [
    "cache_control",
    "container",
    "inference_geo",
    "max_tokens",
    "messages",
    "metadata",
    "model",
    "output_config",
    "service_tier",
    "stop_sequences",
    "stream",
    "system",
    "temperature",
    "thinking",
    "tool_choice",
    "tools",
    "top_p",
];

/// Checks a request for `model` as the provider would.
///
/// # Errors
/// The first thing the provider would refuse.
pub(super) fn request(model: &str, body: &Map<String, Value>) -> Result<(), Trouble> {
    let known = |field: &str| FIELDS.contains(&field) || field == "top_k";
    if let Some(field) = body.keys().find(|field| !known(field)) {
        return Err(Trouble::invalid(format!(
            "{field}: Extra inputs are not permitted"
        )));
    }
    limit(model, body)?;
    sampling(model, body)?;
    let (mode, _) = thinking::mode(model, body)?;
    thinking::check_company(mode, body)?;
    tools::check(body)?;
    if Value::Object(body.clone())
        .to_string()
        .matches("\"cache_control\"")
        .count()
        > MOST_MARKS
    {
        return Err(Trouble::invalid(
            "A maximum of 4 blocks with cache_control may be provided. Found 5.",
        ));
    }
    let empty = Vec::new();
    let messages = body
        .get("messages")
        .and_then(Value::as_array)
        .unwrap_or(&empty);
    if messages.is_empty() {
        return Err(Trouble::invalid(
            "messages: at least one message is required",
        ));
    }
    if let Some(system) = body.get("system").and_then(Value::as_array) {
        system
            .iter()
            .try_for_each(|block| text_block("system", block))?;
    }
    for (index, message) in messages.iter().enumerate() {
        check_message(index, message, messages)?;
    }
    calls::check(messages)?;
    ending(model, mode, messages)
}

fn limit(model: &str, body: &Map<String, Value>) -> Result<(), Trouble> {
    let most = model::most_output(model);
    match body.get("max_tokens").map(Value::as_u64) {
        None => Err(Trouble::invalid("max_tokens: Field required")),
        Some(None | Some(0)) => Err(Trouble::invalid(
            "max_tokens: Input should be greater than or equal to 1",
        )),
        Some(Some(asked)) if asked > most => Err(Trouble::invalid(format!(
            "max_tokens: {asked} > {most}, which is the maximum allowed number of output tokens \
             for {model}"
        ))),
        Some(Some(_)) => Ok(()),
    }
}

fn sampling(model: &str, body: &Map<String, Value>) -> Result<(), Trouble> {
    let set = |name: &str| body.contains_key(name);
    if model::is_newest(model)
        && let Some(name) = ["temperature", "top_p", "top_k"]
            .into_iter()
            .find(|name| set(name))
    {
        return Err(Trouble::invalid(format!(
            "`{name}` is deprecated for this model."
        )));
    }
    if body
        .get("temperature")
        .and_then(Value::as_f64)
        .is_some_and(|asked| asked > 1.0)
    {
        return Err(Trouble::invalid("temperature: range: 0..1"));
    }
    if set("temperature") && set("top_p") {
        return Err(Trouble::invalid(
            "`temperature` and `top_p` cannot both be specified for this model. Please use only \
             one.",
        ));
    }
    let stops = body.get("stop_sequences").and_then(Value::as_array);
    let blank = |stop: &Value| stop.as_str().is_none_or(|text| text.trim().is_empty());
    if stops.is_some_and(|stops| stops.iter().any(blank)) {
        return Err(Trouble::invalid(
            "stop_sequences: each stop sequence must contain non-whitespace",
        ));
    }
    Ok(())
}

fn check_message(index: usize, message: &Value, all: &[Value]) -> Result<(), Trouble> {
    match message["role"].as_str() {
        Some("user") => {}
        Some("assistant") if index > 0 => {}
        Some("assistant") => {
            return Err(Trouble::invalid(
                "messages: first message must use the \"user\" role",
            ));
        }
        Some(role) => {
            return Err(Trouble::invalid(format!(
                "role '{role}' is not supported on this model"
            )));
        }
        None => {
            return Err(Trouble::invalid(format!(
                "messages.{index}.role: Field required"
            )));
        }
    }
    let is_last_word = index + 1 == all.len() && message["role"] == "assistant";
    let blocks = match &message["content"] {
        Value::String(text) if !text.is_empty() => return Ok(()),
        Value::Array(blocks) if !blocks.is_empty() => blocks,
        Value::String(_) | Value::Array(_) if is_last_word => return Ok(()),
        Value::String(_) | Value::Array(_) => {
            return Err(Trouble::invalid(format!(
                "messages.{index}: all messages must have non-empty content except for the \
                 optional final assistant message"
            )));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
            return Err(Trouble::invalid(format!(
                "messages.{index}: Input does not match the expected shape."
            )));
        }
    };
    for (place, block) in blocks.iter().enumerate() {
        check_block(&format!("messages.{index}.content.{place}"), message, block)?;
    }
    Ok(())
}

fn check_block(at: &str, message: &Value, block: &Value) -> Result<(), Trouble> {
    let role = message["role"].as_str().unwrap_or("");
    match (block["type"].as_str().unwrap_or(""), role) {
        ("text", _) => text_block("messages", block),
        ("image" | "document", "user") => source(at, block),
        ("tool_result", "user") => {
            let content = block["content"].as_array();
            let mut inside = content.into_iter().flatten();
            inside.try_for_each(|inner| match inner["type"].as_str() {
                Some("text") => text_block("messages", inner),
                Some("image" | "document") => source(at, inner),
                Some(_) | None => Err(Trouble::invalid(format!("{at}.tool_result: wrong content"))),
            })
        }
        ("tool_use", "assistant") if !block["input"].is_object() => Err(Trouble::invalid(format!(
            "{at}.tool_use.input: Input should be a valid dictionary"
        ))),
        ("tool_use", "assistant") => Ok(()),
        ("thinking", "assistant") => {
            let text = |name: &str| block[name].as_str().unwrap_or("");
            if block["signature"].is_null() {
                let message = format!("{at}.thinking.signature: Field required");
                return Err(Trouble::invalid(message));
            }
            if thinking::is_signed(text("thinking"), text("signature")) {
                return Ok(());
            }
            let message = format!("{at}: Invalid `signature` in `thinking` block");
            Err(Trouble::invalid(message))
        }
        ("redacted_thinking", "assistant") => Ok(()),
        (kind, role) => Err(Trouble::invalid(format!(
            "{at}: Input tag '{kind}' does not match any of the expected tags for role '{role}'"
        ))),
    }
}

fn text_block(at: &str, block: &Value) -> Result<(), Trouble> {
    match block["text"].as_str() {
        None => Err(Trouble::invalid(format!("{at}.text: Field required"))),
        Some("") => Err(Trouble::invalid(format!(
            "{at}: text content blocks must be non-empty"
        ))),
        Some(text) if text.trim().is_empty() => Err(Trouble::invalid(format!(
            "{at}: text content blocks must contain non-whitespace text"
        ))),
        Some(_) => Ok(()),
    }
}

fn source(at: &str, block: &Value) -> Result<(), Trouble> {
    let source = &block["source"];
    let mime = source["media_type"].as_str().unwrap_or("");
    let kind = block["type"].as_str().unwrap_or("");
    let good = match (kind, source["type"].as_str().unwrap_or("")) {
        (_, "url") => source["url"]
            .as_str()
            .is_some_and(|url| url.starts_with("https://")),
        ("image", "base64") => {
            ["image/jpeg", "image/png", "image/gif", "image/webp"].contains(&mime)
        }
        ("document", "base64") => mime == "application/pdf",
        ("document", "text") => mime == "text/plain" && source["data"].is_string(),
        _ => false,
    };
    if good {
        return Ok(());
    }
    let message = format!("{at}.{kind}.source: Input does not match the expected shape.");
    Err(Trouble::invalid(message))
}

/// The last words: who may have them, and thinking inside a loop of tools.
fn ending(model: &str, mode: Mode, messages: &[Value]) -> Result<(), Trouble> {
    let Some(last) = messages.last() else {
        return Ok(());
    };
    if last["role"] == "assistant" {
        if !model::takes_prefill(model) || mode != Mode::Off {
            return Err(Trouble::invalid(
                "This model does not support assistant message prefill. The conversation must end \
                 with a user message.",
            ));
        }
        let texts = blocks(last, "text").last();
        if texts.is_some_and(|block| {
            block["text"]
                .as_str()
                .is_some_and(|text| text.trim_end() != text)
        }) {
            return Err(Trouble::invalid(
                "messages: final assistant content cannot end with trailing whitespace",
            ));
        }
        return Ok(());
    }
    let in_loop = blocks(last, "tool_result").next().is_some();
    let turn = messages
        .iter()
        .rev()
        .find(|message| message["role"] == "assistant");
    let first = turn.map_or("", |turn| turn["content"][0]["type"].as_str().unwrap_or(""));
    match mode {
        Mode::Budget(_) if in_loop && !first.ends_with("thinking") => {
            Err(Trouble::invalid(format!(
                "messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found \
                 `{first}`. When `thinking` is enabled, a final `assistant` message must start \
                 with a thinking block."
            )))
        }
        Mode::Off | Mode::Adaptive | Mode::Budget(_) => Ok(()),
    }
}
