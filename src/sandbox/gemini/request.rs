//! Reads a checked request into the question a simulated model answers.

use serde_json::Value;

use super::config;
use super::model::Model;
use crate::sandbox::marks::Marks;
use crate::sandbox::reply::{Ask, Format};
use crate::sandbox::tokens;
use crate::sandbox::tools::{Parallel, Tool, ToolChoice};

/// Tokens of an image, a file or a piece of audio.
const PER_ATTACHMENT: usize = 258;

/// A request, read.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) ask: Ask,
    pub(super) model: Model,
    pub(super) prompt_tokens: usize,
    pub(super) cached_tokens: usize,
    /// Whether thoughts are shown.
    pub(super) shown: Shown,
    /// Whether a call is forced, and of which functions.
    pub(super) forced: Option<Vec<String>>,
    /// Tells this turn apart from others.
    pub(super) seed: String,
}

/// Whether the caller sees thoughts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    Yes,
    No,
}

impl Request {
    pub(super) fn read(model: Model, name: &str, body: &Value) -> Self {
        let empty = Vec::new();
        let contents = body["contents"].as_array().unwrap_or(&empty);
        let prompt = contents
            .iter()
            .rfind(|content| content["role"] == "user" && !text_of(content).is_empty())
            .map(text_of)
            .unwrap_or_default();
        let last = contents.last().map(responses_of).unwrap_or_default();
        let config = &body["generationConfig"];
        let thinking = &config["thinkingConfig"];
        let calling = &body["toolConfig"]["functionCallingConfig"];
        let declared = config::declared(body).unwrap_or_default();
        let allowed = calling["allowedFunctionNames"].as_array().map(|names| {
            let names = names.iter().filter_map(Value::as_str);
            names.map(str::to_owned).collect::<Vec<_>>()
        });
        let prompt_tokens = contents.iter().map(tokens_of).sum::<usize>()
            + tokens_of(&body["systemInstruction"])
            + tokens::count(&body["tools"].to_string());
        Self {
            model,
            prompt_tokens,
            cached_tokens: Marks::of(&prompt).cached.min(prompt_tokens),
            shown: match thinking["includeThoughts"] == true {
                true => Shown::Yes,
                false => Shown::No,
            },
            forced: (calling["mode"] == "ANY").then(|| allowed.clone().unwrap_or(declared)),
            seed: format!("{name}\n{}\n{prompt}", contents.len()),
            ask: Ask {
                house: "Google",
                model: name.to_owned(),
                prompt,
                begun: String::new(),
                tool_result: (!last.is_empty()).then(|| last.join("\n")),
                tools: tools(body, allowed.as_deref()),
                tool_choice: match calling["mode"].as_str() {
                    Some("NONE") => ToolChoice::Never,
                    Some(_) | None => ToolChoice::Auto,
                },
                parallel: Parallel::Allowed,
                format: format(config),
                usual_reasoning: reasoning(thinking),
                most_tokens: config["maxOutputTokens"]
                    .as_u64()
                    .and_then(|n| n.try_into().ok()),
                stop: texts(&config["stopSequences"]),
            },
        }
    }
}

fn texts(list: &Value) -> Vec<String> {
    let all = list.as_array().into_iter().flatten();
    all.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn parts(content: &Value) -> impl Iterator<Item = &Value> {
    content["parts"].as_array().into_iter().flatten()
}

fn text_of(content: &Value) -> String {
    let texts: Vec<&str> = parts(content)
        .filter_map(|part| part["text"].as_str())
        .collect();
    texts.join("\n").trim().to_owned()
}

/// The results in a content, as texts.
fn responses_of(content: &Value) -> Vec<String> {
    parts(content)
        .map(|part| &part["functionResponse"]["response"])
        .filter(|response| !response.is_null())
        .map(|response| match response["result"].as_str() {
            Some(text) => text.to_owned(),
            None => response.to_string(),
        })
        .collect()
}

fn tokens_of(content: &Value) -> usize {
    let of_part = |part: &Value| {
        if let Some(text) = part["text"].as_str() {
            tokens::count(text)
        } else if part["inlineData"].is_object() || part["fileData"].is_object() {
            PER_ATTACHMENT
        } else {
            tokens::count(&part["functionCall"].to_string())
                + tokens::count(&part["functionResponse"]["response"].to_string())
        }
    };
    match content.is_null() {
        true => 0,
        false => tokens::PER_MESSAGE + parts(content).map(of_part).sum::<usize>(),
    }
}

fn tools(body: &Value, allowed: Option<&[String]>) -> Vec<Tool> {
    let tools = body["tools"].as_array().into_iter().flatten();
    tools
        .flat_map(|tool| {
            tool["functionDeclarations"]
                .as_array()
                .into_iter()
                .flatten()
        })
        .filter_map(|function| {
            Some(Tool {
                name: function["name"].as_str()?.to_owned(),
                parameters: function["parametersJsonSchema"].clone(),
            })
        })
        .filter(|tool| allowed.is_none_or(|names| names.contains(&tool.name)))
        .collect()
}

fn format(config: &Value) -> Format {
    match (&config["responseMimeType"], &config["responseJsonSchema"]) {
        (mime, Value::Null) if mime == "application/json" => Format::JsonObject,
        (mime, schema) if mime == "application/json" => Format::JsonSchema(schema.clone()),
        _ => Format::Text,
    }
}

/// Thinking tokens; none when it is switched off.
fn reasoning(thinking: &Value) -> Option<usize> {
    match (
        thinking["thinkingBudget"].as_i64(),
        thinking["thinkingLevel"].as_str(),
    ) {
        (Some(0), _) => None,
        (Some(1..=1_024), _) | (None, Some("minimal" | "low")) => Some(8),
        (Some(16_385..), _) | (None, Some("high")) => Some(48),
        (Some(_) | None, _) => Some(24),
    }
}
