//! Output items in OpenAI's chat words. Streams and whole answers tell them alike.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use super::super::compose::Piece;
use super::super::json::{self, Kind};
use super::super::object::{Object, array};
use super::reasoning;

/// Between two pieces of reasoning that stand apart.
const GAP: &str = "\n\n";

/// More parts than any item has.
const MOST_PARTS: usize = 1_024;

/// What an output item is to a chat client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item {
    Message,
    Reasoning,
    Call,
    /// A server's own tool, or something new: it has no place in a chat.
    Other,
}

impl Item {
    pub(super) fn of(item: &Object<'_>) -> Self {
        match item.get("type") {
            Some("\"message\"") => Self::Message,
            Some("\"reasoning\"") => Self::Reasoning,
            Some("\"function_call\"") => Self::Call,
            Some(_) | None => Self::Other,
        }
    }
}

/// Tells the items of one response, in their order.
#[derive(Debug, Default)]
pub(super) struct Teller {
    /// The response's id, from which ids of calls are derived that have none.
    pub(super) answer_id: String,
    ids: Vec<String>,
    thought: Thought,
}

/// Where the telling of reasoning stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Thought {
    #[default]
    Nothing,
    Running,
    /// More would be a new piece.
    Paused,
}

impl Teller {
    /// Tells a complete item. `calls` is how many calls were told before.
    pub(super) fn whole(
        &mut self,
        item: &Object<'_>,
        index: u64,
        calls: usize,
        say: &mut dyn FnMut(Piece<'_>),
    ) {
        match Item::of(item) {
            Item::Message => {
                for part in parts(item, "content") {
                    message_part(&part, say);
                }
            }
            Item::Reasoning => {
                self.thoughts(item, say);
                self.detail(item, index, say);
            }
            Item::Call => {
                self.call(item, index, say);
                arguments(item, calls, say);
            }
            Item::Other => {}
        }
    }

    /// Tells reasoning, apart from what was told before a pause.
    pub(super) fn thought(&mut self, text: &str, say: &mut dyn FnMut(Piece<'_>)) {
        if text.is_empty() {
            return;
        }
        if self.thought == Thought::Paused {
            say(Piece::Reasoning(GAP));
        }
        self.thought = Thought::Running;
        say(Piece::Reasoning(text));
    }

    /// A piece of reasoning is over.
    pub(super) fn pause(&mut self) {
        if self.thought == Thought::Running {
            self.thought = Thought::Paused;
        }
    }

    /// Tells the summary of a reasoning item, and its text where a server shows it.
    pub(super) fn thoughts(&mut self, item: &Object<'_>, say: &mut dyn FnMut(Piece<'_>)) {
        for name in ["summary", "content"] {
            for part in parts(item, name) {
                if let Some(text) = part.get("text").and_then(json::string) {
                    self.thought(&text, say);
                    self.pause();
                }
            }
        }
    }

    /// Hands out what the model wants back: the encrypted reasoning with its summary.
    pub(super) fn detail(&mut self, item: &Object<'_>, index: u64, say: &mut dyn FnMut(Piece<'_>)) {
        self.pause();
        let encrypted = item.get("encrypted_content");
        let Some(data) = encrypted.filter(|raw| Kind::of(raw) == Kind::String) else {
            return;
        };
        let tail = |detail: &mut String| {
            if let Some(id) = item.get("id") {
                json::push_member(detail, "id", id);
            }
            json::push_member(detail, "format", reasoning::FORMAT);
            json::push_member(detail, "index", &index.to_string());
            detail.push('}');
        };
        for part in parts(item, "summary") {
            if let Some(text) = part.get("text").filter(|raw| Kind::of(raw) == Kind::String) {
                let mut detail = String::from(r#"{"type":"reasoning.summary""#);
                json::push_member(&mut detail, "summary", text);
                tail(&mut detail);
                say(Piece::Detail(&detail));
            }
        }
        let mut detail = String::with_capacity(data.len() + 128);
        detail.push_str(r#"{"type":"reasoning.encrypted""#);
        json::push_member(&mut detail, "data", data);
        tail(&mut detail);
        say(Piece::Detail(&detail));
    }

    /// Begins a call.
    pub(super) fn call(&mut self, item: &Object<'_>, index: u64, say: &mut dyn FnMut(Piece<'_>)) {
        let word = |name: &str| item.get(name).and_then(json::string).unwrap_or_default();
        let name = word("name");
        let given = word("call_id").into_owned();
        let id = if given.is_empty() || self.ids.contains(&given) {
            self.invented_id(index, &name)
        } else {
            given
        };
        say(Piece::Call {
            id: &id,
            name: &name,
        });
        self.ids.push(id);
    }

    /// An id for a call that came without one of its own; the same for the same response.
    fn invented_id(&self, index: u64, name: &str) -> String {
        let digest = Sha256::digest(format!("{}\n{index}\n{name}", self.answer_id));
        format!("call_{}", hex::encode(digest.get(..12).unwrap_or_default()))
    }
}

/// Tells the arguments of a call.
pub(super) fn arguments(item: &Object<'_>, call: usize, say: &mut dyn FnMut(Piece<'_>)) {
    let Some(raw) = item.get("arguments") else {
        return;
    };
    // Some servers send the object itself.
    let text = json::string(raw).unwrap_or(Cow::Borrowed(raw));
    say(Piece::Arguments(call, &text));
}

/// Tells a content part of a message.
pub(super) fn message_part(part: &Object<'_>, say: &mut dyn FnMut(Piece<'_>)) {
    let text = |name: &str| part.get(name).and_then(json::string).unwrap_or_default();
    match part.get("type") {
        Some("\"output_text\"" | "\"text\"") => {
            say(Piece::Text(&text("text")));
            for raw in part
                .get("annotations")
                .and_then(|raw| array(raw, MOST_PARTS).ok())
                .unwrap_or_default()
            {
                annotation(raw, say);
            }
        }
        Some("\"refusal\"") => say(Piece::Refusal(&text("refusal"))),
        Some(_) | None => {}
    }
}

/// Tells an annotation, which chat completions nest under its type.
pub(super) fn annotation(raw: &str, say: &mut dyn FnMut(Piece<'_>)) {
    let annotation = Object::parse(raw).unwrap_or_default();
    let Some(kind) = annotation.get("type") else {
        return;
    };
    let mut nested = String::from("{");
    for (name, raw) in annotation.iter().filter(|(name, _)| *name != "type") {
        json::push_member(&mut nested, name, raw);
    }
    nested.push('}');
    let mut flat = String::from("{");
    json::push_member(&mut flat, "type", kind);
    let name = json::string(kind).unwrap_or_default();
    json::push_member(&mut flat, &name, &nested.replace('\n', " "));
    flat.push('}');
    say(Piece::Annotation(&flat));
}

/// The objects of an array member.
fn parts<'a>(item: &'a Object<'_>, name: &str) -> Vec<Object<'a>> {
    let raw = item.get(name).unwrap_or("[]");
    array(raw, MOST_PARTS)
        .unwrap_or_default()
        .into_iter()
        .filter_map(|raw| Object::parse(raw).ok())
        .collect()
}
