//! Reads a checked request into the question a simulated model answers.

use serde_json::{Map, Value};

use super::reading::{message_tokens, text_of, tokens_of};
use super::thinking::{self, Display, Mode};
use crate::sandbox::marks::Marks;
use crate::sandbox::reply::{Ask, Format};
use crate::sandbox::tools::{Parallel, Tool, ToolChoice};

/// Tokens that open the answer.
const PRIMING: usize = 3;
/// Reasoning tokens of an answer at medium effort.
const USUAL_REASONING: usize = 24;

/// A request, read.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) ask: Ask,
    pub(super) display: Display,
    pub(super) prompt_tokens: usize,
    pub(super) cached_tokens: usize,
    /// Tells the calls of this turn apart from those of others.
    pub(super) call_seed: String,
}

impl Request {
    /// Reads the request; what is not understood is passed over, as `check` has had its say.
    pub(super) fn read(model: &str, body: &Map<String, Value>) -> Self {
        let empty = Vec::new();
        let list = |name: &str| body.get(name).and_then(Value::as_array).unwrap_or(&empty);
        let messages = list("messages");
        let is_question = |message: &&Value| {
            message["role"] == "user" && !text_of(&message["content"]).is_empty()
        };
        let prompt = messages.iter().rfind(is_question);
        let prompt = prompt.map_or_else(String::new, |message| text_of(&message["content"]));
        let (mode, display) =
            thinking::mode(model, body).unwrap_or((Mode::Off, Display::Summarized));
        let system = body
            .get("system")
            .map_or(0, |system| tokens_of(&text_of(system)));
        let prompt_tokens = PRIMING
            + system
            + messages.iter().map(message_tokens).sum::<usize>()
            + list("tools")
                .iter()
                .map(|tool| tokens_of(&tool.to_string()))
                .sum::<usize>();
        Self {
            display,
            prompt_tokens,
            cached_tokens: Marks::of(&prompt).cached.min(prompt_tokens),
            call_seed: format!("{model}\n{}\n{prompt}", messages.len()),
            ask: Ask {
                house: "Anthropic",
                model: model.to_owned(),
                prompt,
                begun: messages
                    .last()
                    .filter(|message| message["role"] == "assistant")
                    .map_or_else(String::new, |message| text_of(&message["content"])),
                tool_result: messages.last().and_then(result),
                tools: list("tools").iter().filter_map(tool).collect(),
                tool_choice: choice(body.get("tool_choice")),
                parallel: parallel(body.get("tool_choice")),
                format: format(body),
                usual_reasoning: reasoning(mode, body),
                most_tokens: body
                    .get("max_tokens")
                    .and_then(Value::as_u64)
                    .and_then(|most| usize::try_from(most).ok()),
                stop: list("stop_sequences")
                    .iter()
                    .filter_map(|stop| stop.as_str().map(str::to_owned))
                    .collect(),
            },
        }
    }
}

/// The text of the last result, when the message brings results.
fn result(message: &Value) -> Option<String> {
    let blocks = message["content"].as_array()?;
    let last = blocks
        .iter()
        .rfind(|block| block["type"] == "tool_result")?;
    Some(text_of(&last["content"]))
}

fn tool(tool: &Value) -> Option<Tool> {
    Some(Tool {
        name: tool["name"].as_str()?.to_owned(),
        parameters: tool["input_schema"].clone(),
    })
}

fn choice(choice: Option<&Value>) -> ToolChoice {
    let choice = choice.unwrap_or(&Value::Null);
    match choice["type"].as_str() {
        Some("any") => ToolChoice::Required,
        Some("none") => ToolChoice::Never,
        Some("tool") => ToolChoice::Named(choice["name"].as_str().unwrap_or("").to_owned()),
        Some(_) | None => ToolChoice::Auto,
    }
}

fn parallel(choice: Option<&Value>) -> Parallel {
    match choice.map(|choice| &choice["disable_parallel_tool_use"]) {
        Some(Value::Bool(true)) => Parallel::Single,
        Some(_) | None => Parallel::Allowed,
    }
}

fn format(body: &Map<String, Value>) -> Format {
    let format = body
        .get("output_config")
        .map_or(&Value::Null, |config| &config["format"]);
    if format["type"] == "json_schema" {
        return Format::JsonSchema(format["schema"].clone());
    }
    let system = body.get("system").map(text_of).unwrap_or_default();
    if system.contains("JSON object") {
        Format::JsonObject
    } else {
        Format::Text
    }
}

fn reasoning(mode: Mode, body: &Map<String, Value>) -> Option<usize> {
    let effort = body
        .get("output_config")
        .and_then(|config| config["effort"].as_str());
    match (mode, effort) {
        (Mode::Off, _) => None,
        (Mode::Adaptive, Some("low")) => Some(USUAL_REASONING / 2),
        (Mode::Adaptive, Some("high" | "xhigh" | "max")) => Some(USUAL_REASONING * 2),
        (Mode::Adaptive | Mode::Budget(_), _) => Some(USUAL_REASONING),
    }
}
