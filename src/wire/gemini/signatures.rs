//! Thought signatures between `reasoning_details` and the parts that they stand on.
//!
//! Gemini 3 refuses a tool loop whose calls come back without their signatures. OpenAI's format
//! has no place for them, so they travel as encrypted reasoning, by the id of the call.
//! Source: <https://ai.google.dev/gemini-api/docs/thought-signatures>.

use super::super::Context;
use super::super::chat::{Care, Message};
use super::super::json;
use super::super::object::{Object, array};

/// Marks details that are ours to send back to Google.
const FORMAT: &str = "google-gemini-v1";

/// More details than one answer has.
const MOST_DETAILS: usize = 1_024;

/// What Google accepts where a signature is lost or the call was another model's.
pub(super) const UNSIGNED: &str = "\"skip_thought_signature_validator\"";

/// Appends the detail for a signature. `signature` is a raw JSON string and stays as it is.
pub(super) fn write_detail(signature: &str, call_id: Option<&str>, index: usize) -> String {
    let mut detail = String::with_capacity(signature.len() + 96);
    detail.push_str(r#"{"type":"reasoning.encrypted","data":"#);
    detail.push_str(signature);
    detail.push_str(r#","format":""#);
    detail.push_str(FORMAT);
    detail.push('"');
    if let Some(id) = call_id {
        detail.push_str(r#","id":"#);
        json::push_string(&mut detail, id);
    }
    detail.push_str(&format!(r#","index":{index}}}"#));
    detail
}

/// The signatures of one answer of the history, as raw JSON strings.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Signatures {
    by_call: Vec<(String, String)>,
    /// Those of texts.
    pub loose: Vec<String>,
}

impl Signatures {
    /// Those that the caller sent back, else those that were remembered.
    pub(super) fn of(message: Message<'_>, context: &Context<'_>) -> Self {
        let sent = match message.care() {
            Care::None => None,
            Care::MayNeedRewriting => Object::parse(message.raw())
                .ok()
                .and_then(|object| object.get("reasoning_details").map(Self::read)),
        };
        if let Some(sent) = sent
            && sent != Self::default()
        {
            return sent;
        }
        message
            .tool_calls()
            .filter_map(|call| call.id)
            .find_map(|id| (context.recall)(&id))
            .map(|details| Self::read(&details))
            .unwrap_or_default()
    }

    /// Reads Google's among the details; those of other providers are passed over.
    fn read(details: &str) -> Self {
        let mut found = Self::default();
        for raw in array(details, MOST_DETAILS).unwrap_or_default() {
            let Ok(detail) = Object::parse(raw) else {
                continue;
            };
            let text = |name: &str| detail.get(name).and_then(json::string);
            if text("format").as_deref() != Some(FORMAT) || text("data").is_none() {
                continue;
            }
            let data = detail.get("data").unwrap_or_default().to_owned();
            match text("id") {
                Some(id) => found.by_call.push((id.into_owned(), data)),
                None => found.loose.push(data),
            }
        }
        found
    }

    /// The signature of a call.
    pub(super) fn of_call(&self, id: Option<&str>) -> Option<&str> {
        let id = id?;
        self.by_call
            .iter()
            .find(|(known, _)| known == id)
            .map(|(_, signature)| signature.as_str())
    }
}
