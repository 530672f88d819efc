//! `text`: the form of the answer, `response_format` and `verbosity` in this API's words.

use super::super::chat::ChatRequest;
use super::super::json;
use super::super::object::Object;
use super::fields::Fate;

/// Appends `text`, if the caller said anything that goes there.
pub(super) fn write(request: &ChatRequest, verbosity: Fate, out: &mut String) {
    let mut text = String::from("{");
    if let Some(raw) = request.field("response_format") {
        json::push_member(&mut text, "format", &flat(raw));
    }
    if let (Fate::Translate, Some(raw)) = (verbosity, request.field("verbosity")) {
        json::push_member(&mut text, "verbosity", raw);
    }
    if text.len() > 1 {
        text.push('}');
        json::push_member(out, "text", &text);
    }
}

/// Whether the answer is to be any JSON object, which the input then has to mention.
pub(super) fn wants_json_object(request: &ChatRequest) -> bool {
    let format = request
        .field("response_format")
        .and_then(|raw| Object::parse(raw).ok());
    format.is_some_and(|format| format.get("type") == Some("\"json_object\""))
}

/// The format without the nesting of `json_schema`.
fn flat(raw: &str) -> String {
    let format = Object::parse(raw).unwrap_or_default();
    let mut out = String::from("{");
    json::push_member(&mut out, "type", format.get("type").unwrap_or("\"text\""));
    if let Some(nested) = format.get("json_schema") {
        let nested = Object::parse(nested).unwrap_or_default();
        for (name, raw) in nested.iter().filter(|(_, raw)| *raw != "null") {
            json::push_member(&mut out, name, raw);
        }
        if nested.get("schema").is_none() {
            json::push_member(&mut out, "schema", r#"{"type":"object"}"#);
        }
    }
    out.push('}');
    out
}
