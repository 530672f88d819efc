//! Reads a checked chat request into the question a simulated model answers.

use serde_json::{Map, Value};

use super::flavour::Flavour;
use crate::sandbox::marks::Marks;
use crate::sandbox::reply::{Ask, Format};
use crate::sandbox::tokens;
use crate::sandbox::tools::{Parallel, Tool, ToolChoice};

/// Tokens that open the answer.
const PRIMING: usize = 3;

/// Tokens of an image, a file or a piece of audio.
const PER_ATTACHMENT: usize = 85;

/// The most alternatives `top_logprobs` may ask for.
const MOST_LOGPROBS: usize = 20;

/// A chat request, read.
#[derive(Debug)]
pub(super) struct ChatRequest {
    pub(super) ask: Ask,
    pub(super) choices: usize,
    pub(super) prompt_tokens: usize,
    pub(super) cached_tokens: usize,
    /// Whether a stream shall end with a chunk of usage.
    pub(super) include_usage: bool,
    /// Whether chunks are padded to hide their length.
    pub(super) obfuscate: bool,
    /// How many alternatives each token's log probability shall name.
    pub(super) logprobs: Option<usize>,
    pub(super) reasoning: ReasoningForm,
    /// Tells the tool calls of this turn apart from those of others.
    pub(super) call_seed: String,
}

/// How the provider shows what the model thought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReasoningForm {
    /// Counted, not shown.
    Hidden,
    /// In a field of this name.
    Field(&'static str),
    /// Inside the content, between `<think>` and `</think>`.
    Inline,
}

impl ChatRequest {
    /// Reads the request; what is not understood is passed over, as `check` has had its say.
    pub(super) fn read(flavour: Flavour, model: &str, body: &Map<String, Value>) -> Self {
        let empty = Vec::new();
        let messages = body
            .get("messages")
            .and_then(Value::as_array)
            .unwrap_or(&empty);
        let offered = body.get("tools").and_then(Value::as_array);
        let asking = without_attachments(messages);
        let prompt = asking
            .iter()
            .rfind(|message| message["role"] == "user")
            .map(|message| text_of(&message["content"]))
            .unwrap_or_default();
        let prompt_tokens = PRIMING
            + messages.iter().map(message_tokens).sum::<usize>()
            + offered.map_or(0, |tools| tools.iter().map(value_tokens).sum());
        let effort = body.get("reasoning_effort").and_then(Value::as_str);
        let options = body.get("stream_options");
        let option = |name: &str| options.and_then(|options| options[name].as_bool());
        Self {
            choices: number(body, "n").unwrap_or(1).max(1),
            prompt_tokens,
            cached_tokens: Marks::of(&prompt).cached.min(prompt_tokens),
            include_usage: option("include_usage") == Some(true),
            obfuscate: option("include_obfuscation") != Some(false),
            logprobs: logprobs(flavour, body),
            reasoning: reasoning_form(flavour, model, body),
            call_seed: format!("{model}\n{}\n{prompt}", messages.len()),
            ask: Ask {
                house: flavour.house(),
                model: model.to_owned(),
                prompt,
                begun: begun(flavour, messages),
                tool_result: asking
                    .last()
                    .filter(|message| message["role"] == "tool")
                    .map(|message| text_of(&message["content"])),
                tools: offered
                    .map_or_else(Vec::new, |tools| tools.iter().filter_map(tool).collect()),
                tool_choice: tool_choice(body.get("tool_choice")),
                parallel: parallel(flavour, model, body),
                format: format(body.get("response_format")),
                usual_reasoning: flavour.usual_reasoning(model, effort),
                most_tokens: number(body, "max_completion_tokens")
                    .or_else(|| number(body, "max_tokens")),
                stop: stop(body.get("stop")),
            },
        }
    }
}

/// The assistant message at the end, where the provider goes on with it instead of answering anew.
fn begun(flavour: Flavour, messages: &[Value]) -> String {
    let last = messages
        .last()
        .filter(|message| message["role"] == "assistant");
    match (flavour, last) {
        (Flavour::Groq, Some(message)) => text_of(&message["content"]),
        (Flavour::OpenAi | Flavour::Xai | Flavour::Groq | Flavour::Cerebras, _) => String::new(),
    }
}

/// The messages without a last one of the user that only shows what the tools before it returned:
/// a model takes it for a part of the results, as their messages can hold nothing but text.
fn without_attachments(messages: &[Value]) -> &[Value] {
    match messages {
        [asking @ .., shown]
            if shown["role"] == "user"
                && attachments(shown) > 0
                && asking.last().is_some_and(|last| last["role"] == "tool") =>
        {
            asking
        }
        _ => messages,
    }
}

fn attachments(message: &Value) -> usize {
    let parts = message["content"].as_array();
    let parts = parts.into_iter().flatten();
    parts.filter(|part| part["text"].is_null()).count()
}

fn number(body: &Map<String, Value>, field: &str) -> Option<usize> {
    let number = body.get(field).and_then(Value::as_u64)?;
    usize::try_from(number).ok()
}

/// The text of a message's content, in whatever form it comes.
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

fn message_tokens(message: &Value) -> usize {
    let attachments = attachments(message);
    let calls = message["tool_calls"].as_array().map_or(0, |calls| {
        calls
            .iter()
            .map(|call| &call["function"])
            .map(|function| {
                string_tokens(&function["name"]) + string_tokens(&function["arguments"])
            })
            .sum()
    });
    tokens::PER_MESSAGE
        + tokens::count(&text_of(&message["content"]))
        + attachments * PER_ATTACHMENT
        + calls
}

fn string_tokens(value: &Value) -> usize {
    tokens::count(value.as_str().unwrap_or(""))
}

fn value_tokens(value: &Value) -> usize {
    tokens::count(&value.to_string())
}

fn tool(offered: &Value) -> Option<Tool> {
    let function = &offered["function"];
    Some(Tool {
        name: function["name"].as_str()?.to_owned(),
        parameters: function["parameters"].clone(),
    })
}

fn tool_choice(choice: Option<&Value>) -> ToolChoice {
    match choice {
        Some(Value::String(word)) if word == "none" => ToolChoice::Never,
        Some(Value::String(word)) if word == "required" => ToolChoice::Required,
        Some(named @ Value::Object(_)) => match named["function"]["name"].as_str() {
            Some(name) => ToolChoice::Named(name.to_owned()),
            None => ToolChoice::Auto,
        },
        Some(_) | None => ToolChoice::Auto,
    }
}

/// OpenAI's o-series never makes several calls at once.
fn parallel(flavour: Flavour, model: &str, body: &Map<String, Value>) -> Parallel {
    let off = body.get("parallel_tool_calls") == Some(&Value::Bool(false));
    let unable = flavour == Flavour::OpenAi && super::flavour::is_o_series(model);
    if off || unable {
        Parallel::Single
    } else {
        Parallel::Allowed
    }
}

fn format(format: Option<&Value>) -> Format {
    let Some(format) = format else {
        return Format::Text;
    };
    match format["type"].as_str() {
        Some("json_object") => Format::JsonObject,
        Some("json_schema") => Format::JsonSchema(format["json_schema"]["schema"].clone()),
        Some(_) | None => Format::Text,
    }
}

fn stop(stop: Option<&Value>) -> Vec<String> {
    match stop {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(texts)) => texts
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        Some(_) | None => Vec::new(),
    }
}

fn logprobs(flavour: Flavour, body: &Map<String, Value>) -> Option<usize> {
    let asked = body.get("logprobs") == Some(&Value::Bool(true));
    let top = number(body, "top_logprobs").unwrap_or(0).min(MOST_LOGPROBS);
    match flavour {
        Flavour::OpenAi | Flavour::Xai => asked.then_some(top),
        Flavour::Groq | Flavour::Cerebras => None,
    }
}

fn reasoning_form(flavour: Flavour, model: &str, body: &Map<String, Value>) -> ReasoningForm {
    let form = body.get("reasoning_format").and_then(Value::as_str);
    let shown = body.get("include_reasoning") != Some(&Value::Bool(false));
    match flavour {
        Flavour::OpenAi => ReasoningForm::Hidden,
        Flavour::Xai => ReasoningForm::Field("reasoning_content"),
        Flavour::Groq | Flavour::Cerebras => match form {
            Some("hidden") => ReasoningForm::Hidden,
            Some("raw") if !model.contains("gpt-oss") => ReasoningForm::Inline,
            Some(_) | None if !shown => ReasoningForm::Hidden,
            Some(_) | None => ReasoningForm::Field("reasoning"),
        },
    }
}

#[cfg(test)]
mod tests;
