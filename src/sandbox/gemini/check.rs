//! What Google refuses in a request.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::model::Model;
use super::trouble::Trouble;
use super::{config, history};

const FIELDS: [&str; 7] = [
    "cachedContent",
    "contents",
    "generationConfig",
    "safetySettings",
    "systemInstruction",
    "toolConfig",
    "tools",
];

/// The members of a part, one of which says what it is.
const KINDS: [&str; 5] = [
    "text",
    "inlineData",
    "fileData",
    "functionCall",
    "functionResponse",
];

/// Checks a whole request as the provider would.
///
/// # Errors
/// The first thing the provider would refuse.
pub(super) fn request(model: Model, body: &Value) -> Result<(), Trouble> {
    let Some(fields) = body.as_object() else {
        return Err(Trouble::invalid(
            "Invalid JSON payload received. Expected an object.",
        ));
    };
    if let Some(name) = fields.keys().find(|name| !FIELDS.contains(&name.as_str())) {
        return Err(config::unknown(name, ""));
    }
    let contents = body["contents"].as_array().filter(|all| !all.is_empty());
    let Some(contents) = contents else {
        return Err(Trouble::invalid(
            "* GenerateContentRequest.contents: contents is not specified\n",
        ));
    };
    for (index, content) in contents.iter().enumerate() {
        if content["role"] != "user" && content["role"] != "model" {
            return Err(Trouble::invalid("Please use a valid role: user, model."));
        }
        parts(content, &format!("contents[{index}]"), model)?;
    }
    if fields.contains_key("systemInstruction") {
        parts(&body["systemInstruction"], "system_instruction", model)?;
    }
    history::check(model, contents)?;
    config::check(model, body)
}

fn parts(content: &Value, at: &str, model: Model) -> Result<(), Trouble> {
    let parts = content["parts"].as_array().filter(|all| !all.is_empty());
    let Some(parts) = parts else {
        return Err(Trouble::invalid(format!(
            "* GenerateContentRequest.{at}.parts: contents.parts must not be empty.\n"
        )));
    };
    for (index, part) in parts.iter().enumerate() {
        let at = format!("{at}.parts[{index}]");
        let fields = part.as_object().into_iter().flat_map(|all| all.keys());
        let kinds: Vec<&str> = fields
            .clone()
            .map(String::as_str)
            .filter(|name| KINDS.contains(name))
            .collect();
        let [kind] = kinds.as_slice() else {
            return Err(Trouble::invalid(format!(
                "* GenerateContentRequest.{at}.data: required oneof field 'data' must have one initialized field\n"
            )));
        };
        for name in fields {
            if name != kind && name != "thoughtSignature" && name != "thought" {
                return Err(config::unknown(name, &at));
            }
        }
        data(kind, part, &at, model)?;
    }
    Ok(())
}

fn data(kind: &str, part: &Value, at: &str, model: Model) -> Result<(), Trouble> {
    let value = &part[kind];
    let refused = |what: &str| Err(Trouble::invalid(format!("{at}: {what}")));
    match kind {
        "text" if value.as_str() == Some("") && part["thoughtSignature"].is_null() => {
            refused("Unable to submit request because it must have a text parameter.")
        }
        "inlineData" => blob(value, at),
        "fileData" => {
            let uri = value["fileUri"].as_str().unwrap_or_default();
            if uri.starts_with("https://") {
                Ok(())
            } else {
                refused("Invalid or unsupported file uri")
            }
        }
        "functionCall" if value["name"].is_string() && value["args"].is_object() => Ok(()),
        "functionCall" => refused("function_call needs a name and args."),
        "functionResponse" if value["name"].is_string() && value["response"].is_object() => {
            match value["parts"].as_array() {
                Some(_) if !model.is_third() => {
                    refused("Multimodal function response is not supported for this model.")
                }
                Some(inner) => inner
                    .iter()
                    .try_for_each(|one| blob(&one["inlineData"], at)),
                None => Ok(()),
            }
        }
        "functionResponse" => refused("function_response needs a name and a response."),
        _ => Ok(()),
    }
}

fn blob(value: &Value, at: &str) -> Result<(), Trouble> {
    let mime = value["mimeType"].as_str().unwrap_or_default();
    let kind = mime.split('/').next().unwrap_or_default();
    let known = mime == "application/pdf" || ["image", "audio", "video", "text"].contains(&kind);
    if !known || mime == "image/gif" {
        return Err(Trouble::invalid(format!("Unsupported MIME type: {mime}")));
    }
    let data = value["data"].as_str().unwrap_or_default();
    if data.is_empty() || STANDARD.decode(data).is_err() {
        return Err(Trouble::invalid(format!(
            "Invalid value at '{at}.inline_data.data' (TYPE_BYTES), Base64 decoding failed"
        )));
    }
    Ok(())
}
