//! What the API refuses about `input`: items out of place, parts of the wrong kind, calls without
//! their results and without the reasoning that led to them.

use std::collections::HashSet;

use serde_json::Value;

use super::super::errors::Trouble;
use super::super::flavour::Flavour;
use super::check::missing;
use super::seal;

/// The longest id of a call.
const MOST_ID_CHARS: usize = 64;

/// Checks the input, a text or items.
///
/// # Errors
/// The first thing the API would refuse.
pub(super) fn input(model: &str, input: &Value) -> Result<(), Trouble> {
    let items = match input {
        Value::String(_) => return Ok(()),
        Value::Array(items) if !items.is_empty() => items,
        Value::Array(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
            return Err(missing("input"));
        }
    };
    for (at, item) in items.iter().enumerate() {
        match kind(item) {
            "message" => message(at, item)?,
            "reasoning" => reasoning(at, item, items.get(at + 1))?,
            "function_call" => call(at, item)?,
            "function_call_output" => output(at, item)?,
            other => {
                let message = format!("Invalid value: '{other}'.");
                return Err(Trouble::invalid(
                    &format!("input[{at}].type"),
                    "invalid_value",
                    message,
                ));
            }
        }
    }
    pairs(items)?;
    if Flavour::OpenAi.reasons(model) {
        thoughts(items)?;
    }
    Ok(())
}

/// The type of an item; messages may leave it out.
pub(super) fn kind(item: &Value) -> &str {
    match item.get("type") {
        Some(kind) => kind.as_str().unwrap_or_default(),
        None => "message",
    }
}

fn message(at: usize, item: &Value) -> Result<(), Trouble> {
    let supported: &[&str] = match item["role"].as_str() {
        Some("user") => &["input_text", "input_image", "input_file"],
        Some("system" | "developer") => &["input_text"],
        Some("assistant") => &["output_text", "refusal"],
        Some(_) | None => return Err(missing(&format!("input[{at}].role"))),
    };
    match &item["content"] {
        Value::String(_) => Ok(()),
        Value::Array(parts) => self::parts(&format!("input[{at}].content"), parts, supported),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
            Err(missing(&format!("input[{at}].content")))
        }
    }
}

fn parts(path: &str, parts: &[Value], supported: &[&str]) -> Result<(), Trouble> {
    for (at, part) in parts.iter().enumerate() {
        let path = format!("{path}[{at}]");
        let kind = part["type"].as_str().unwrap_or_default();
        if !supported.contains(&kind) {
            let listed: Vec<_> = supported.iter().map(|word| format!("'{word}'")).collect();
            return Err(Trouble::invalid(
                &path,
                "invalid_value",
                format!(
                    "Invalid value: '{kind}'. Supported values are: {}.",
                    listed.join(", ")
                ),
            ));
        }
        let needed: &[&str] = match kind {
            "input_image" => &["image_url", "file_id"],
            "input_file" => &["file_data", "file_id", "file_url"],
            "refusal" => &["refusal"],
            _ => &["text"],
        };
        if !needed.iter().any(|member| part[*member].is_string()) {
            return Err(missing(&format!("{path}.{}", needed[0])));
        }
        if part["file_data"].is_string() && !part["filename"].is_string() {
            return Err(missing(&format!("{path}.filename")));
        }
    }
    Ok(())
}

/// Reasoning of a provider that stores nothing has to be whole, and has to lead somewhere.
fn reasoning(at: usize, item: &Value, next: Option<&Value>) -> Result<(), Trouble> {
    let id = item["id"].as_str().unwrap_or_default();
    if !item["summary"].is_array() {
        return Err(missing(&format!("input[{at}].summary")));
    }
    let Some(sealed) = item["encrypted_content"].as_str() else {
        return Err(Trouble::plain(format!(
            "Item with id '{id}' not found. Items are not persisted when `store` is set to false. Try again with `store` set to true, or remove this item from your input."
        )));
    };
    if !seal::is_whole(sealed) {
        return Err(Trouble::Invalid {
            param: None,
            code: Some("invalid_encrypted_content"),
            message: format!(
                "The encrypted content for item {id} could not be verified. Reason: Encrypted content could not be decrypted or parsed."
            ),
        });
    }
    let led = match next {
        Some(next) => match kind(next) {
            "reasoning" | "function_call" => true,
            "message" => next["role"] == "assistant",
            _ => false,
        },
        None => false,
    };
    if led {
        return Ok(());
    }
    Err(Trouble::plain(format!(
        "Item '{id}' of type 'reasoning' was provided without its required following item."
    )))
}

fn call(at: usize, item: &Value) -> Result<(), Trouble> {
    for member in ["call_id", "name", "arguments"] {
        if !item[member].is_string() {
            return Err(missing(&format!("input[{at}].{member}")));
        }
    }
    call_id(at, item)
}

fn output(at: usize, item: &Value) -> Result<(), Trouble> {
    if !item["call_id"].is_string() {
        return Err(missing(&format!("input[{at}].call_id")));
    }
    call_id(at, item)?;
    match &item["output"] {
        Value::String(_) => Ok(()),
        Value::Array(parts) => self::parts(
            &format!("input[{at}].output"),
            parts,
            &["input_text", "input_image", "input_file"],
        ),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
            Err(missing(&format!("input[{at}].output")))
        }
    }
}

fn call_id(at: usize, item: &Value) -> Result<(), Trouble> {
    let id = item["call_id"].as_str().unwrap_or_default();
    let param = format!("input[{at}].call_id");
    if id.is_empty() {
        return Err(Trouble::invalid(
            &param,
            "empty_string",
            format!("Invalid '{param}': empty string."),
        ));
    }
    if id.chars().count() > MOST_ID_CHARS {
        let message = format!(
            "Invalid '{param}': string too long. Expected a string with maximum length {MOST_ID_CHARS}."
        );
        return Err(Trouble::invalid(&param, "string_above_max_length", message));
    }
    Ok(())
}

/// Every result needs its call before it, every call its result.
fn pairs(items: &[Value]) -> Result<(), Trouble> {
    let without_code = |message: String| Trouble::Invalid {
        param: Some("input".to_owned()),
        code: None,
        message,
    };
    let mut open: HashSet<&str> = HashSet::new();
    for item in items {
        let id = item["call_id"].as_str().unwrap_or_default();
        match kind(item) {
            "function_call" => {
                open.insert(id);
            }
            "function_call_output" if !open.remove(id) => {
                return Err(without_code(format!(
                    "No tool call found for function call output with call_id {id}."
                )));
            }
            _ => {}
        }
    }
    match open.into_iter().min() {
        Some(id) => Err(without_code(format!(
            "No tool output found for function call {id}."
        ))),
        None => Ok(()),
    }
}

/// A call that the model thought about needs that thought before it, in the same turn.
fn thoughts(items: &[Value]) -> Result<(), Trouble> {
    let mut thought = false;
    for item in items {
        match kind(item) {
            "reasoning" => thought = true,
            "function_call" => {
                let id = item["call_id"].as_str().unwrap_or_default();
                if seal::was_thought_about(id) && !thought {
                    return Err(Trouble::plain(format!(
                        "Item '{id}' of type 'function_call' was provided without its required 'reasoning' item."
                    )));
                }
            }
            "message" if item["role"] == "assistant" => {}
            _ => thought = false,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refused(items: Value) -> String {
        match input("gpt-5.3-codex", &items) {
            Ok(()) => String::new(),
            Err(trouble) => format!("{trouble:?}"),
        }
    }

    #[test]
    fn a_tool_loop_has_an_order() {
        let thought = json!({"type": "reasoning", "id": "rs_1", "summary": [],
            "encrypted_content": seal::seal("x")});
        let id = seal::call_id("x", seal::Thought::Before);
        let call = json!({"type": "function_call", "call_id": id, "name": "f", "arguments": "{}"});
        let result = json!({"type": "function_call_output", "call_id": id, "output": "1"});
        assert_eq!(refused(json!([thought, call, result])), "");
        assert!(refused(json!([call, result])).contains("required 'reasoning' item"));
        assert!(refused(json!([thought, call])).contains("No tool output found"));
        assert!(refused(json!([result])).contains("No tool call found"));
        assert!(refused(json!([thought])).contains("required following item"));
        let mut bare = thought.clone();
        bare["encrypted_content"] = Value::Null;
        assert!(refused(json!([bare, call, result])).contains("not persisted"));
        bare["encrypted_content"] = json!("gAAAAABx==");
        assert!(refused(json!([bare, call, result])).contains("could not be verified"));
    }

    #[test]
    fn parts_belong_to_roles() {
        let part = |role: &str, kind: &str| {
            refused(json!([{"role": role, "content": [{"type": kind, "text": "a"}]}]))
        };
        assert_eq!(part("user", "input_text"), "");
        assert_eq!(part("assistant", "output_text"), "");
        assert!(part("user", "text").contains("Supported values"));
        assert!(part("assistant", "input_text").contains("Supported values"));
        assert!(part("tool", "input_text").contains("role"));
        assert!(refused(json!([])).contains("Missing required"));
    }
}
