//! Reads a checked Responses request into the question a simulated model answers.

use serde_json::Value;

use super::super::flavour::Flavour;
use super::check::Body;
use super::items::kind;
use super::tools;
use crate::sandbox::marks::Marks;
use crate::sandbox::reply::{Ask, Format};
use crate::sandbox::tokens;
use crate::sandbox::tools::Parallel;

/// Tokens that open the answer.
const PRIMING: usize = 3;

/// Tokens of an image or a file.
const PER_ATTACHMENT: usize = 85;

/// A Responses request, read.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) ask: Ask,
    pub(super) prompt_tokens: usize,
    pub(super) cached_tokens: usize,
    /// What of the reasoning is handed out.
    pub(super) summary: Wanted,
    pub(super) encrypted: Wanted,
    /// Tells the items of this turn apart from those of others.
    pub(super) seed: String,
}

/// Whether the caller asked for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Yes,
    No,
}

impl Wanted {
    fn when(wanted: bool) -> Self {
        if wanted { Self::Yes } else { Self::No }
    }
}

impl Request {
    /// Reads the request; what is not understood is passed over, as `check` has had its say.
    pub(super) fn read(model: &str, body: &Body) -> Self {
        let items = items(body);
        let prompt = items
            .iter()
            .rfind(|item| item["role"] == "user")
            .map(|item| text_of(&item["content"]))
            .unwrap_or_default();
        let word = |field: &str| body.get(field).and_then(Value::as_str).unwrap_or("");
        let instructions = match word("instructions") {
            "" => 0,
            text => tokens::PER_MESSAGE + tokens::count(text),
        };
        let offered = body.get("tools").and_then(Value::as_array);
        let prompt_tokens = PRIMING
            + instructions
            + items.iter().map(item_tokens).sum::<usize>()
            + offered.map_or(0, |tools| tools.iter().map(value_tokens).sum());
        let reasoning = body.get("reasoning").unwrap_or(&Value::Null);
        let most = body.get("max_output_tokens").and_then(Value::as_u64);
        let single = body.get("parallel_tool_calls") == Some(&Value::Bool(false));
        let include = body.get("include").and_then(Value::as_array);
        let encrypted = include
            .into_iter()
            .flatten()
            .any(|one| one == "reasoning.encrypted_content");
        Self {
            prompt_tokens,
            cached_tokens: Marks::of(&prompt).cached.min(prompt_tokens),
            summary: Wanted::when(reasoning["summary"].is_string()),
            encrypted: Wanted::when(encrypted),
            seed: format!("{model}\n{}\n{prompt}", items.len()),
            ask: Ask {
                house: Flavour::OpenAi.house(),
                model: model.to_owned(),
                prompt,
                begun: String::new(),
                tool_result: items
                    .last()
                    .filter(|item| kind(item) == "function_call_output")
                    .map(|item| text_of(&item["output"])),
                tools: tools::read(body),
                tool_choice: tools::choice(body),
                parallel: if single {
                    Parallel::Single
                } else {
                    Parallel::Allowed
                },
                format: format(body),
                usual_reasoning: Flavour::OpenAi
                    .usual_reasoning(model, reasoning["effort"].as_str()),
                most_tokens: most.and_then(|most| usize::try_from(most).ok()),
                stop: Vec::new(),
            },
        }
    }
}

/// The items of the input; a text is a message of the user.
fn items(body: &Body) -> Vec<Value> {
    match body.get("input") {
        Some(Value::String(text)) => vec![serde_json::json!({"role": "user", "content": text})],
        Some(Value::Array(items)) => items.clone(),
        Some(_) | None => Vec::new(),
    }
}

/// The text of a content or an output, in whatever form it comes.
fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let texts: Vec<&str> = parts
                .iter()
                .filter_map(|part| part["text"].as_str())
                .collect();
            texts.join("\n")
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => String::new(),
    }
}

/// Reasoning that is sent back is not counted: the model has paid for it before.
fn item_tokens(item: &Value) -> usize {
    let words = |value: &Value| tokens::count(value.as_str().unwrap_or(""));
    let content = |content: &Value| {
        let attachments = content.as_array().map_or(0, |parts| {
            parts.iter().filter(|part| part["text"].is_null()).count()
        });
        tokens::count(&text_of(content)) + attachments * PER_ATTACHMENT
    };
    match kind(item) {
        "message" => tokens::PER_MESSAGE + content(&item["content"]),
        "function_call" => words(&item["name"]) + words(&item["arguments"]),
        "function_call_output" => tokens::PER_MESSAGE + content(&item["output"]),
        _ => 0,
    }
}

fn value_tokens(value: &Value) -> usize {
    tokens::count(&value.to_string())
}

fn format(body: &Body) -> Format {
    let format = body
        .get("text")
        .map_or(&Value::Null, |text| &text["format"]);
    match format["type"].as_str() {
        Some("json_object") => Format::JsonObject,
        Some("json_schema") => Format::JsonSchema(format["schema"].clone()),
        Some(_) | None => Format::Text,
    }
}
