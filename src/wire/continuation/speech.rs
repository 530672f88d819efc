//! What one chunk says, taken apart: the text of the first choice, and everything else.

use super::super::json;
use super::super::object::{Object, array};
use super::super::stream::Chunk;

/// A chunk taken apart. Only chunks with one choice are.
pub(super) struct Speech {
    /// Text of the answer.
    pub text: String,
    /// Whether it says anything but text, reasoning and a role.
    pub others: Others,
    /// The delta without its text, its role and its reasoning, as a raw JSON object.
    delta: String,
}

/// Whether a chunk says what no other model could go on with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Others {
    None,
    /// A tool call, a refusal, audio.
    Some,
}

/// Members of a delta that a continuation does not repeat.
const NOT_REPEATED: [&str; 4] = [
    "role",
    "reasoning",
    "reasoning_content",
    "reasoning_details",
];

impl Speech {
    /// Takes a chunk apart. `None` when it has several choices, or none that is readable.
    pub(super) fn of(chunk: &Chunk) -> Option<Self> {
        let whole = format!("{{{}}}", chunk.members);
        let top = Object::parse(&whole).ok()?;
        let choices = array(top.get("choices")?, 2).ok()?;
        let [choice] = choices.as_slice() else {
            return choices.is_empty().then(Self::nothing);
        };
        let choice = Object::parse(choice).ok()?;
        if choice.get("index").and_then(json::count).unwrap_or(0) != 0 {
            return None;
        }
        let mut delta = Object::parse(choice.get("delta").unwrap_or("{}")).ok()?;
        for name in NOT_REPEATED {
            delta.remove(name);
        }
        let text = delta
            .remove("content")
            .and_then(|raw| json::string(&raw).map(String::from))
            .unwrap_or_default();
        let says = |(name, raw): (&str, &str)| name != "annotations" && raw != "null";
        let others = if delta.iter().any(says) {
            Others::Some
        } else {
            Others::None
        };
        let mut rest = String::new();
        delta.write(&mut rest);
        Some(Self {
            text,
            others,
            delta: rest,
        })
    }

    fn nothing() -> Self {
        Self {
            text: String::new(),
            others: Others::None,
            delta: "{}".to_owned(),
        }
    }

    /// The same chunk with this text, and without a role and reasoning. `None` when nothing is left.
    pub(super) fn with_text(&self, text: &str, chunk: &Chunk) -> Option<Chunk> {
        let whole = format!("{{{}}}", chunk.members);
        let mut top = Object::parse(&whole).ok()?;
        let choices = array(top.borrowed("choices")?, 2).ok()?;
        let Some(choice) = choices.first() else {
            return Some(chunk.clone());
        };
        if text.is_empty() && self.others == Others::None && chunk.finish.is_none() {
            return None;
        }
        let mut choice = Object::parse(choice).ok()?;
        let mut delta = Object::parse(&self.delta).ok()?;
        if !text.is_empty() {
            let mut raw = String::with_capacity(text.len() + 2);
            json::push_string(&mut raw, text);
            delta.set("content", raw);
        }
        choice.set("delta", written(&delta));
        top.set("choices", format!("[{}]", written(&choice)));
        let members = written(&top);
        Some(Chunk {
            members: members.get(1..members.len() - 1)?.to_owned(),
            text_bytes: text.len() as u64,
            ..chunk.clone()
        })
    }
}

fn written(object: &Object<'_>) -> String {
    let mut out = String::new();
    object.write(&mut out);
    out
}
