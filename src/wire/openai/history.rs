//! Messages in the form a host takes. Those that need no change are copied byte for byte.

use std::borrow::Cow;

use super::super::chat::{Care, ChatRequest, Message, Role};
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
    for (index, message) in request.messages().enumerate() {
        if index > 0 {
            out.push(',');
        }
        match message.care() {
            Care::None => out.push_str(message.raw()),
            Care::MayNeedRewriting => match rewritten(message, host) {
                Some(text) => out.push_str(&text),
                None => out.push_str(message.raw()),
            },
        }
    }
    out.push(']');
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
    lost.into_iter()
        .map(|name| Warning::advisory(Reason::Unsupported, format!("messages.{name}")))
        .collect()
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
