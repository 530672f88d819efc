//! What Google refuses in a conversation: calls and responses that do not match, lost signatures.

use serde_json::Value;

use super::model::Model;
use super::seal;
use super::trouble::Trouble;

/// Checks the turns one after the other.
pub(super) fn check(model: Model, contents: &[Value]) -> Result<(), Trouble> {
    let mut waiting: Vec<&Value> = Vec::new();
    let current = first_of_current_turn(contents);
    for (index, content) in contents.iter().enumerate() {
        let calls = inner(content, "functionCall");
        let responses = inner(content, "functionResponse");
        if !responses.is_empty() && waiting.is_empty() {
            return Err(Trouble::invalid(
                "Please ensure that function response turn comes immediately after a function call turn.",
            ));
        }
        matched(&waiting, &responses)?;
        if !calls.is_empty() && (content["role"] != "model" || index == 0) {
            return Err(Trouble::invalid(
                "Please ensure that function call turn comes immediately after a user turn or after a function response turn.",
            ));
        }
        signatures(model, content, index >= current)?;
        waiting = calls;
    }
    matched(&waiting, &[])
}

/// Responses answer the calls before them, all of them and in their order.
fn matched(calls: &[&Value], responses: &[&Value]) -> Result<(), Trouble> {
    if calls.len() != responses.len() {
        return Err(Trouble::invalid(
            "Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.",
        ));
    }
    for (call, response) in calls.iter().zip(responses) {
        if call["name"] != response["name"] || call["id"] != response["id"] {
            return Err(Trouble::invalid(
                "Please ensure that function responses match the function calls in name, id and order.",
            ));
        }
    }
    Ok(())
}

fn inner<'a>(content: &'a Value, kind: &str) -> Vec<&'a Value> {
    parts(content)
        .map(|part| &part[kind])
        .filter(|value| !value.is_null())
        .collect()
}

fn parts(content: &Value) -> impl Iterator<Item = &Value> {
    content["parts"].as_array().into_iter().flatten()
}

/// The current turn begins behind the last words of the user.
fn first_of_current_turn(contents: &[Value]) -> usize {
    contents
        .iter()
        .rposition(|content| {
            content["role"] == "user" && parts(content).any(|part| part["text"].is_string())
        })
        .map_or(0, |last| last + 1)
}

/// A signature has to be as it was handed out; the third generation demands that of the first call
/// of every step of the current turn.
fn signatures(model: Model, content: &Value, is_current: bool) -> Result<(), Trouble> {
    let mut demanded = model.is_third() && is_current;
    for (position, part) in parts(content).enumerate() {
        let signature = part["thoughtSignature"].as_str();
        let call = &part["functionCall"];
        let name = call["name"].as_str().unwrap_or_default();
        match signature {
            Some(signature) => {
                let fits = if call.is_null() {
                    seal::is_of_text(signature)
                } else {
                    seal::fits_call(signature, name, &call["args"])
                };
                if !fits {
                    return Err(Trouble::invalid("Thought signature is not valid."));
                }
            }
            None if demanded && !call.is_null() => {
                return Err(Trouble::invalid(format!(
                    "Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly, and missing thought_signature may lead to degraded model performance. Additional data, function call `default_api:{name}` , position {}.",
                    position + 1
                )));
            }
            None => {}
        }
        demanded &= call.is_null();
    }
    Ok(())
}
