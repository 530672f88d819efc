//! The calls of one turn and their results: all of them in one content, in the order of the calls.
//!
//! Google matches results to calls by name and order and refuses any other number of them.

use super::super::CannotEncode;
use super::super::chat::{Message, Part};
use super::super::json;
use super::generation::{Generation, Kind};
use super::media::Blob;

/// A call that waits for its result.
#[derive(Debug)]
pub(super) struct Call {
    /// The caller's id; the form before tools had none.
    pub id: Option<String>,
    pub name: String,
    /// Google's own id for it, where it has one.
    pub google_id: Option<String>,
    /// Where it stands.
    pub at: String,
    pub result: Option<Outcome>,
}

/// The result of a call, as raw parts.
#[derive(Debug)]
pub(super) struct Outcome {
    /// `{"functionResponse":…}`.
    response: String,
    /// What cannot stand inside it.
    beside: String,
}

/// The calls of the last turn.
#[derive(Debug, Default)]
pub(super) struct Pending(pub Vec<Call>);

impl Pending {
    /// Takes a tool's message. A result without its call is an error of the caller's.
    pub(super) fn take(
        &mut self,
        message: Message<'_>,
        index: usize,
        kind: Kind,
    ) -> Result<(), CannotEncode> {
        let (field, word) = match message.tool_call_id() {
            Some(id) => ("tool_call_id", id),
            None => ("name", message.name().unwrap_or_default()),
        };
        let waiting = self.0.iter_mut().find(|call| {
            let named = match field {
                "tool_call_id" => call.id.as_deref() == Some(&word),
                _ => call.id.is_none() && call.name == word,
            };
            named && call.result.is_none()
        });
        let Some(call) = waiting else {
            let param = format!("messages[{index}].{field}");
            let message = format!(
                "Invalid value for '{param}': no call '{word}' of the assistant's message before waits for a result."
            );
            return Err(CannotEncode::Invalid { param, message });
        };
        call.result = Some(outcome(call, message, index, kind)?);
        Ok(())
    }

    /// Takes the parts of the finished turn; nothing when no calls were made.
    pub(super) fn settle(&mut self) -> Result<String, CannotEncode> {
        let mut parts = String::new();
        let mut beside = String::new();
        for call in self.0.drain(..) {
            let Some(outcome) = call.result else {
                let param = call.at;
                let message = format!(
                    "Invalid value for '{param}': the call has no result; a tool message has to answer every call."
                );
                return Err(CannotEncode::Invalid { param, message });
            };
            push_joined(&mut parts, &outcome.response);
            push_joined(&mut beside, &outcome.beside);
        }
        push_joined(&mut parts, &beside);
        Ok(parts)
    }
}

/// Appends parts to others.
pub(super) fn push_joined(out: &mut String, parts: &str) {
    if !parts.is_empty() {
        if !out.is_empty() {
            out.push(',');
        }
        out.push_str(parts);
    }
}

fn outcome(
    call: &Call,
    message: Message<'_>,
    index: usize,
    kind: Kind,
) -> Result<Outcome, CannotEncode> {
    let mut text = String::new();
    let mut inside = String::new();
    let mut beside = String::new();
    for (number, part) in message.parts().enumerate() {
        match part {
            Part::Text(said) | Part::Refusal(said) => {
                if !text.is_empty() {
                    text.push('\n');
                }
                text.push_str(&said);
            }
            Part::Image { .. } | Part::Audio(_) | Part::File(_) => {
                let at = format!("messages[{index}].content[{number}]");
                if let Some(blob) = Blob::of(part, &at)? {
                    let nested = kind.generation == Generation::Level && blob.fits_response();
                    blob.write(if nested { &mut inside } else { &mut beside });
                }
            }
        }
    }
    let mut response = String::from(r#"{"functionResponse":{"#);
    if let Some(id) = &call.google_id {
        response.push_str(r#""id":"#);
        json::push_string(&mut response, id);
        response.push(',');
    }
    response.push_str(r#""name":"#);
    json::push_string(&mut response, &call.name);
    response.push_str(r#","response":{"result":"#);
    json::push_string(&mut response, &text);
    response.push('}');
    if !inside.is_empty() {
        response.push_str(&format!(r#","parts":[{inside}]"#));
    }
    response.push_str("}}");
    Ok(Outcome { response, beside })
}
