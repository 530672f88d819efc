//! Texts and tokens of content blocks.

use serde_json::Value;

use crate::sandbox::tokens;

/// Tokens of an image or a document.
const PER_ATTACHMENT: usize = 85;

/// The text of some content, in whatever form it comes.
pub(super) fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(blocks) => {
            let texts: Vec<&str> = blocks
                .iter()
                .filter_map(|block| block["text"].as_str())
                .collect();
            texts.join("\n")
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => String::new(),
    }
}

pub(super) fn tokens_of(text: &str) -> usize {
    tokens::count(text)
}

/// Tokens of a message with all its blocks.
pub(super) fn message_tokens(message: &Value) -> usize {
    let content = &message["content"];
    let blocks = content.as_array().into_iter().flatten().map(block_tokens);
    let plain = content.as_str().map_or(0, tokens_of);
    tokens::PER_MESSAGE + plain + blocks.sum::<usize>()
}

fn block_tokens(block: &Value) -> usize {
    let text = |name: &str| tokens_of(block[name].as_str().unwrap_or(""));
    match block["type"].as_str().unwrap_or("") {
        "text" => text("text"),
        "thinking" => text("thinking"),
        "tool_use" => text("name") + tokens_of(&block["input"].to_string()),
        "tool_result" => {
            let inner = block["content"]
                .as_array()
                .into_iter()
                .flatten()
                .map(block_tokens);
            text("content") + inner.sum::<usize>()
        }
        _ => PER_ATTACHMENT,
    }
}
