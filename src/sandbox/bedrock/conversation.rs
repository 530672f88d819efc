//! The rules of a conversation: turns, blocks, and results right after their calls.

use std::collections::HashSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::check::{is_name, known};
use super::errors::Trouble;
use super::model;
use super::request::{list, signature};

const IMAGES: [&str; 4] = ["png", "jpeg", "gif", "webp"];
const DOCUMENTS: [&str; 9] = [
    "pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md",
];

/// Checks one block of the instructions.
///
/// # Errors
/// What is wrong with it.
pub(super) fn system(model: &str, block: &Value, at: &str) -> Result<(), Trouble> {
    known(block, &["text", "cachePoint"])?;
    cache_point(model, block)?;
    text(block, at)
}

/// Checks the messages.
///
/// # Errors
/// The first thing that is wrong.
pub(super) fn messages(model: &str, body: &Value) -> Result<(), Trouble> {
    let messages = list(&body["messages"]);
    let mut awaited: Vec<&str> = Vec::new();
    let mut documents = HashSet::new();
    for (index, message) in messages.iter().enumerate() {
        known(message, &["role", "content"])?;
        let expected = if index % 2 == 0 { "user" } else { "assistant" };
        if message["role"] != expected {
            return Err(Trouble::invalid(match index {
                0 => {
                    "A conversation must start with a user message. Try again with a conversation that starts with a user message."
                }
                _ => {
                    "A conversation must alternate between user and assistant roles. Make sure the conversation alternates between user and assistant roles and try again."
                }
            }));
        }
        let content = list(&message["content"]);
        if content.is_empty() {
            return Err(Trouble::invalid(format!(
                "The content field in the Message object at messages.{index} is empty. Add a ContentBlock object to the content field and try again."
            )));
        }
        results(content, &awaited, index)?;
        for (at, block) in content.iter().enumerate() {
            let at = format!("messages.{index}.content.{at}");
            self::block(model, block, &at, &mut documents)?;
        }
        if content.iter().any(|block| block["document"].is_object())
            && !content.iter().any(|block| block["text"].is_string())
        {
            return Err(Trouble::invalid(
                "A text block is required when a document is in the message.",
            ));
        }
        awaited = calls(content);
        if !awaited.is_empty() && !body["toolConfig"].is_object() {
            return Err(Trouble::invalid(
                "The toolConfig field must be defined when using toolUse and toolResult content blocks.",
            ));
        }
    }
    if messages.is_empty() || !awaited.is_empty() {
        return Err(Trouble::invalid(format!(
            "Expected toolResult blocks at messages.{}.content for the following Ids: {}",
            messages.len(),
            awaited.join(", ")
        )));
    }
    thinking(model, body, messages)
}

fn calls(content: &[Value]) -> Vec<&str> {
    content
        .iter()
        .filter_map(|block| block["toolUse"]["toolUseId"].as_str())
        .collect()
}

/// The results at the start of a turn answer exactly the calls of the turn before.
fn results(content: &[Value], awaited: &[&str], index: usize) -> Result<(), Trouble> {
    let ids: Vec<&str> = content
        .iter()
        .filter_map(|block| block["toolResult"]["toolUseId"].as_str())
        .collect();
    if let Some(missing) = awaited.iter().find(|id| !ids.contains(id)) {
        return Err(Trouble::invalid(format!(
            "Expected toolResult blocks at messages.{index}.content for the following Ids: {missing}"
        )));
    }
    if ids.len() > awaited.len() {
        return Err(Trouble::invalid(format!(
            "The number of toolResult blocks at messages.{index}.content exceeds the number of toolUse blocks of previous turn."
        )));
    }
    let first = content
        .iter()
        .take_while(|block| block["toolResult"].is_object() || block["cachePoint"].is_object());
    if first
        .filter(|block| block["toolResult"].is_object())
        .count()
        < ids.len()
    {
        return Err(Trouble::invalid(format!(
            "toolResult blocks must come first at messages.{index}.content."
        )));
    }
    Ok(())
}

fn block<'a>(
    model: &str,
    block: &'a Value,
    at: &str,
    documents: &mut HashSet<&'a str>,
) -> Result<(), Trouble> {
    known(
        block,
        &[
            "text",
            "image",
            "document",
            "audio",
            "toolUse",
            "toolResult",
            "reasoningContent",
            "cachePoint",
        ],
    )?;
    cache_point(model, block)?;
    text(block, at)?;
    media(&block["image"], &IMAGES, at)?;
    media(&block["document"], &DOCUMENTS, at)?;
    if block["document"].is_object() {
        let name = block["document"]["name"].as_str().unwrap_or("");
        if !is_document_name(name) || !documents.insert(name) {
            return Err(Trouble::invalid(format!(
                "The document file name at {at} can only contain alphanumeric characters, whitespace characters, hyphens, parentheses, and square brackets, and must be unique."
            )));
        }
    }
    for kind in ["toolUse", "toolResult"] {
        let id = &block[kind]["toolUseId"];
        if block[kind].is_object() && !id.as_str().is_some_and(is_id) {
            return Err(Trouble::invalid(format!(
                "1 validation error detected: Value '{id}' at '{at}.{kind}.toolUseId' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.:-]+"
            )));
        }
    }
    let call = &block["toolUse"];
    if call.is_object()
        && !(call["input"].is_object() && call["name"].as_str().is_some_and(is_name))
    {
        return Err(Trouble::invalid(format!(
            "The format of the value at {at}.toolUse.input is invalid. Provide a json object for the field and try again."
        )));
    }
    for (index, inner) in list(&block["toolResult"]["content"]).iter().enumerate() {
        let at = format!("{at}.toolResult.content.{index}");
        known(inner, &["text", "json", "image", "document"])?;
        text(inner, &at)?;
        media(&inner["image"], &IMAGES, &at)?;
        media(&inner["document"], &DOCUMENTS, &at)?;
    }
    reasoning(model, &block["reasoningContent"], at)
}

fn text(block: &Value, at: &str) -> Result<(), Trouble> {
    match block["text"].as_str() {
        Some(text) if text.trim().is_empty() => Err(Trouble::invalid(format!(
            "The text field in the ContentBlock object at {at} is blank. Add text to the text field, and try again."
        ))),
        Some(_) | None => Ok(()),
    }
}

fn media(media: &Value, formats: &[&str], at: &str) -> Result<(), Trouble> {
    if media.is_null() {
        return Ok(());
    }
    let known = media["format"]
        .as_str()
        .is_some_and(|format| formats.contains(&format));
    let data = media["source"]["bytes"].as_str().unwrap_or("");
    if known && !data.is_empty() && STANDARD.decode(data).is_ok() {
        return Ok(());
    }
    Err(Trouble::invalid(format!(
        "The format or the bytes at {at} are invalid: {}",
        media["format"]
    )))
}

fn cache_point(model: &str, block: &Value) -> Result<(), Trouble> {
    if block["cachePoint"].is_object() && !model::takes_cache_points(model) {
        return Err(Trouble::invalid(
            "Malformed input request: extraneous key [cachePoint] is not permitted, please reformat your input and try again.",
        ));
    }
    Ok(())
}

fn is_id(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte);
    (1..=64).contains(&text.len()) && text.bytes().all(allowed)
}

fn is_document_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || " -()[]".contains(c);
    (1..=200).contains(&name.len()) && name.chars().all(allowed) && !name.contains("  ")
}

/// Signed blocks must come back as they were; other models take none at all.
fn reasoning(model: &str, content: &Value, at: &str) -> Result<(), Trouble> {
    if content.is_null() {
        return Ok(());
    }
    if !model::is_claude(model) {
        return Err(Trouble::invalid(format!(
            "User and assistant messages cannot contain reasoning content for this model. Remove the reasoning content at {at} and try again."
        )));
    }
    let block = &content["reasoningText"];
    let text = block["text"].as_str().unwrap_or("");
    if content["redactedContent"].is_string() || block["signature"] == signature(text) {
        return Ok(());
    }
    Err(Trouble::invalid(format!(
        "The model returned the following errors: {at}: Invalid `signature` in `thinking` block"
    )))
}

/// With a thinking budget, the calls that are being answered stand behind signed reasoning.
fn thinking(model: &str, body: &Value, messages: &[Value]) -> Result<(), Trouble> {
    let told = body["additionalModelRequestFields"]["thinking"]["type"] == "enabled";
    if !told || !model::is_claude(model) {
        return Ok(());
    }
    let last = messages
        .iter()
        .rfind(|message| message["role"] == "assistant");
    let content = last.map_or(&[][..], |message| list(&message["content"]));
    let thinks = content
        .first()
        .is_some_and(|block| block["reasoningContent"].is_object());
    if calls(content).is_empty() || thinks {
        return Ok(());
    }
    Err(Trouble::invalid(
        "The model returned the following errors: Expected `thinking` or `redacted_thinking`, but found `tool_use`. When `thinking` is enabled, a final `assistant` message must start with a thinking block.",
    ))
}
