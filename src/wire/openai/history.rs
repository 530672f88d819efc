//! Messages in the form a host takes. Those that need no change are copied byte for byte.

use std::borrow::Cow;

use super::super::chat::{Care, ChatRequest, Message, Part, Role};
use super::super::json::{self, Kind};
use super::super::object::{Object, array};
use super::super::{Reason, Warning};
use super::host::Host;

/// Members that say nothing when they are `null` and that strict hosts refuse even so.
const EMPTY_WORDS: [&str; 3] = ["audio", "function_call", "refusal"];

/// Appends the array of messages.
pub(super) fn write(request: &ChatRequest, raw: &str, host: Host, out: &mut String) {
    if request
        .messages()
        .all(|message| message.care() == Care::None)
    {
        out.push_str(raw);
        return;
    }
    out.push('[');
    let mut moved = Moved::default();
    for (index, message) in request.messages().enumerate() {
        if message.role() != Role::Tool {
            moved.write(out);
        }
        if index > 0 {
            out.push(',');
        }
        if message.role() == Role::Tool && moved.take(message, out) {
            continue;
        }
        match message.care() {
            Care::None => out.push_str(message.raw()),
            Care::MayNeedRewriting => match rewritten(message, host) {
                Some(text) => out.push_str(&text),
                None => out.push_str(message.raw()),
            },
        }
    }
    moved.write(out);
    out.push(']');
}

/// Images and files of tool results, on their way into a user message behind the results: OpenAI's
/// API takes only text from a tool.
#[derive(Default)]
struct Moved {
    parts: String,
}

impl Moved {
    /// Writes a tool message without its images and keeps those. Answers whether there were any.
    fn take(&mut self, message: Message<'_>, out: &mut String) -> bool {
        if message.care() == Care::None {
            return false;
        }
        let Ok(mut object) = Object::parse(message.raw()) else {
            return false;
        };
        let Some(content) = object.borrowed("content") else {
            return false;
        };
        if json::Kind::of(content) != Kind::Array {
            return false;
        }
        let Ok(parts) = array(content, usize::MAX) else {
            return false;
        };
        let is_text = |raw: &&str| is_part(raw, "text");
        let (texts, others): (Vec<&str>, Vec<&str>) = parts.into_iter().partition(is_text);
        if others.is_empty() {
            return false;
        }
        let mut kept = texts.join(",");
        if kept.is_empty() {
            kept.push_str(
                r#"{"type":"text","text":"The result follows in the next user message."}"#,
            );
        }
        if !self.parts.is_empty() {
            self.parts.push(',');
        }
        self.parts.push_str(r#"{"type":"text","text":"#);
        let call = message.tool_call_id().unwrap_or_default();
        json::push_string(&mut self.parts, &format!("Result of the tool call {call}:"));
        self.parts.push_str("},");
        self.parts.push_str(&others.join(","));
        object.set("content", Cow::Owned(format!("[{kept}]")));
        object.write(out);
        true
    }

    /// Writes the user message, once the run of tool results is over.
    fn write(&mut self, out: &mut String) {
        if !self.parts.is_empty() {
            out.push_str(r#",{"role":"user","content":["#);
            out.push_str(&std::mem::take(&mut self.parts));
            out.push_str("]}");
        }
    }
}

/// Whether a content part is of this type.
fn is_part(raw: &str, kind: &str) -> bool {
    let part = Object::parse(raw).ok();
    let named = part
        .as_ref()
        .and_then(|part| part.get("type"))
        .and_then(json::string);
    named.as_deref() == Some(kind)
}

/// What is lost on the way to this host.
pub(super) fn warnings(request: &ChatRequest, host: Host) -> Vec<Warning> {
    let refused = host.refuses_in_history();
    let mut lost: Vec<&'static str> = Vec::new();
    for message in request
        .messages()
        .filter(|message| message.care() != Care::None)
    {
        let Ok(object) = Object::parse(message.raw()) else {
            continue;
        };
        for name in refused.iter().filter(|name| object.get(name).is_some()) {
            if !lost.contains(name) {
                lost.push(name);
            }
        }
    }
    let mut warnings: Vec<Warning> = lost
        .into_iter()
        .map(|name| Warning::advisory(Reason::Unsupported, format!("messages.{name}")))
        .collect();
    let speaks_in_images = |message: Message<'_>| {
        message.role() == Role::Tool && message.parts().any(|part| !matches!(part, Part::Text(_)))
    };
    if request.messages().any(speaks_in_images) {
        warnings.push(Warning::advisory(Reason::Coerced, "messages.tool.content"));
    }
    warnings
}

/// The message without what the host refuses; `None` when nothing has to change.
fn rewritten(message: Message<'_>, host: Host) -> Option<String> {
    let mut object = Object::parse(message.raw()).ok()?;
    let mut changed = false;
    if message.role() == Role::Developer && !host.knows_developer() {
        object.set("role", "\"system\"");
        changed = true;
    }
    for name in host.refuses_in_history() {
        changed |= object.remove(name).is_some();
    }
    if host != Host::Other {
        for name in EMPTY_WORDS {
            if object.has(name) && object.get(name).is_none() {
                changed |= object.remove(name).is_some();
            }
        }
    }
    if !host.takes_cache_marks()
        && let Some(content) = object.borrowed("content")
        && let Some(content) = without_marks(content)
    {
        object.set("content", Cow::Owned(content));
        changed = true;
    }
    changed.then(|| {
        let mut out = String::with_capacity(message.raw().len());
        object.write(&mut out);
        out
    })
}

/// A content array without `cache_control`; `None` when there is none.
fn without_marks(content: &str) -> Option<String> {
    if json::Kind::of(content) != Kind::Array || !content.contains("cache_control") {
        return None;
    }
    let mut out = String::with_capacity(content.len());
    out.push('[');
    for (index, raw) in array(content, usize::MAX).ok()?.into_iter().enumerate() {
        let mut part = Object::parse(raw).ok()?;
        if index > 0 {
            out.push(',');
        }
        match part.remove("cache_control") {
            Some(_) => part.write(&mut out),
            None => out.push_str(raw),
        }
    }
    out.push(']');
    Some(out)
}
