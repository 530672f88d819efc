//! Parts of a model's turn: its calls, and the signatures on them.

use std::borrow::Cow;

use super::super::chat::{Care, Message, ToolCall};
use super::super::json::{self, Kind};
use super::super::object::Object;

/// Puts a signature, a raw JSON string, on the part that `parts` ends with.
pub(super) fn sign(parts: &mut String, signature: &str) {
    parts.pop();
    parts.push_str(r#","thoughtSignature":"#);
    parts.push_str(signature);
    parts.push('}');
}

/// Appends a call; with its id where that is Google's own.
pub(super) fn push_call(parts: &mut String, call: &ToolCall<'_>, google_id: Option<&str>) {
    if !parts.is_empty() {
        parts.push(',');
    }
    parts.push_str(r#"{"functionCall":{"#);
    if let Some(id) = google_id {
        parts.push_str(r#""id":"#);
        json::push_string(parts, id);
        parts.push(',');
    }
    parts.push_str(r#""name":"#);
    json::push_string(parts, &call.name);
    parts.push_str(r#","args":"#);
    parts.push_str(&arguments(&call.arguments));
    parts.push_str("}}");
}

/// Google wants an object. What another model botched is kept as a text in one.
fn arguments(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    if text.is_empty() {
        return Cow::Borrowed("{}");
    }
    let is_json = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
    if is_json && Kind::of(text) == Kind::Object {
        return Cow::Borrowed(text);
    }
    let mut wrapped = String::from(r#"{"arguments":"#);
    json::push_string(&mut wrapped, text);
    wrapped.push('}');
    Cow::Owned(wrapped)
}

/// What the model said instead of an answer, in the member of its own.
pub(super) fn refusal(message: Message<'_>) -> Option<Cow<'_, str>> {
    match message.care() {
        Care::None => None,
        Care::MayNeedRewriting => {
            let object = Object::parse(message.raw()).ok()?;
            let text = object.borrowed("refusal").and_then(json::string)?;
            (!text.is_empty()).then_some(text)
        }
    }
}
