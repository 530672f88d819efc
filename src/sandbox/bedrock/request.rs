//! Reads a checked request into the question a simulated model answers.

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::model;
use crate::sandbox::marks::Marks;
use crate::sandbox::reply::{Ask, Format};
use crate::sandbox::tokens;
use crate::sandbox::tools::{Parallel, Tool, ToolChoice};

/// Tokens that open the answer.
const PRIMING: usize = 3;
/// Tokens of an image, a document or a piece of audio.
const PER_ATTACHMENT: usize = 85;

/// A request, read.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) ask: Ask,
    pub(super) prompt_tokens: usize,
    pub(super) cached_tokens: usize,
    /// Tells the tool calls of this turn apart from those of others.
    pub(super) call_seed: String,
    /// Whether reasoning comes with a signature.
    pub(super) signs: bool,
}

impl Request {
    /// Reads the request; what is not understood is passed over, as `check` has had its say.
    pub(super) fn read(model: &str, body: &Value) -> Self {
        let messages = list(&body["messages"]);
        let tools = list(&body["toolConfig"]["tools"]);
        let prompt = messages
            .iter()
            .rev()
            .filter(|message| message["role"] == "user")
            .map(|message| texts(&message["content"]))
            .find(|text| !text.is_empty())
            .unwrap_or_default();
        let system: usize = list(&body["system"])
            .iter()
            .map(|block| string_tokens(&block["text"]))
            .sum();
        let prompt_tokens = PRIMING
            + system
            + messages.iter().map(message_tokens).sum::<usize>()
            + tools
                .iter()
                .map(|tool| tokens::count(&tool.to_string()))
                .sum::<usize>();
        Self {
            cached_tokens: Marks::of(&prompt).cached.min(prompt_tokens),
            prompt_tokens,
            call_seed: format!("{model}\n{}\n{prompt}", messages.len()),
            signs: model::is_claude(model),
            ask: Ask {
                house: "Amazon Bedrock",
                model: model.to_owned(),
                prompt,
                begun: String::new(),
                tool_result: messages.last().and_then(tool_result),
                tools: tools.iter().filter_map(tool).collect(),
                tool_choice: tool_choice(&body["toolConfig"]["toolChoice"]),
                parallel: Parallel::Allowed,
                format: format(&body["outputConfig"]["textFormat"]),
                usual_reasoning: model::usual_reasoning(
                    model,
                    &body["additionalModelRequestFields"],
                ),
                most_tokens: number(&body["inferenceConfig"]["maxTokens"]),
                stop: list(&body["inferenceConfig"]["stopSequences"])
                    .iter()
                    .filter_map(Value::as_str)
                    .map(str::to_owned)
                    .collect(),
            },
        }
    }
}

/// The signature that a simulated model gives a thought, and wants back.
pub(super) fn signature(thought: &str) -> String {
    format!("sandbox+{}==", hex::encode(Sha256::digest(thought)))
}

/// An array's elements; none of anything else.
pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn number(value: &Value) -> Option<usize> {
    usize::try_from(value.as_u64()?).ok()
}

fn texts(content: &Value) -> String {
    let texts: Vec<&str> = list(content)
        .iter()
        .filter_map(|block| block["text"].as_str())
        .collect();
    texts.join("\n")
}

/// The results in a message; `None` when there are none.
fn tool_result(message: &Value) -> Option<String> {
    let results: Vec<String> = list(&message["content"])
        .iter()
        .filter(|block| block["toolResult"].is_object())
        .map(|block| texts(&block["toolResult"]["content"]))
        .collect();
    (!results.is_empty()).then(|| results.join("\n"))
}

fn tool(offered: &Value) -> Option<Tool> {
    let spec = &offered["toolSpec"];
    Some(Tool {
        name: spec["name"].as_str()?.to_owned(),
        parameters: spec["inputSchema"]["json"].clone(),
    })
}

fn tool_choice(choice: &Value) -> ToolChoice {
    if choice["any"].is_object() {
        return ToolChoice::Required;
    }
    match choice["tool"]["name"].as_str() {
        Some(name) => ToolChoice::Named(name.to_owned()),
        None => ToolChoice::Auto,
    }
}

fn format(format: &Value) -> Format {
    let schema = format["structure"]["jsonSchema"]["schema"].as_str();
    let schema = schema.and_then(|text| serde_json::from_str(text).ok());
    schema.map_or(Format::Text, Format::JsonSchema)
}

fn message_tokens(message: &Value) -> usize {
    let blocks = list(&message["content"]).iter().map(|block| {
        if let Some(text) = block["text"].as_str() {
            tokens::count(text)
        } else if block["toolUse"].is_object() {
            string_tokens(&block["toolUse"]["name"])
                + tokens::count(&block["toolUse"]["input"].to_string())
        } else if block["toolResult"].is_object() {
            tokens::count(&texts(&block["toolResult"]["content"]))
        } else if block["cachePoint"].is_object() {
            0
        } else {
            PER_ATTACHMENT
        }
    });
    tokens::PER_MESSAGE + blocks.sum::<usize>()
}

fn string_tokens(value: &Value) -> usize {
    tokens::count(value.as_str().unwrap_or(""))
}
