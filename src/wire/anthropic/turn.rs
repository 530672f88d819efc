//! The blocks of one turn: content, calls, results, and thinking where it stood among them.

use super::super::chat::{Care, Message};
use super::super::json;
use super::super::object::{Flaw, Object};
use super::history::Thought;
use super::ids;

/// The content of one message.
#[derive(Debug, Default)]
pub(super) struct Content {
    pub(super) blocks: Vec<String>,
    /// A tool result takes cache marks as a whole, not on its parts.
    pub(super) mark: Option<&'static str>,
}

pub(super) fn push_blocks(out: &mut String, blocks: Vec<String>) {
    for block in blocks {
        if !out.is_empty() {
            out.push(',');
        }
        out.push_str(&block);
    }
}

/// Puts thinking blocks where they stood among the others.
pub(super) fn woven(thoughts: Vec<Thought>, blocks: Vec<String>) -> Vec<String> {
    let mut woven: Vec<String> = Vec::with_capacity(thoughts.len() + blocks.len());
    let mut blocks = blocks.into_iter();
    for thought in thoughts {
        while thought
            .index
            .is_some_and(|index| (woven.len() as u64) < index)
        {
            match blocks.next() {
                Some(block) => woven.push(block),
                None => break,
            }
        }
        woven.push(thought.block);
    }
    woven.extend(blocks);
    woven
}

/// The arguments of an earlier call.
pub(super) enum Input<'a> {
    Object(&'a str),
    /// What a model wrote that is no object, inside one.
    Wrapped(String),
}

pub(super) fn input(arguments: &str) -> Input<'_> {
    let arguments = match arguments.trim() {
        "" => "{}",
        text => text,
    };
    match Object::parse(arguments) {
        Ok(_) | Err(Flaw::TooMany(_) | Flaw::Duplicate(_)) => Input::Object(arguments),
        Err(Flaw::NotJson(_) | Flaw::WrongKind { .. }) => {
            let mut raw = String::from(r#"{"input":"#);
            json::push_string(&mut raw, arguments);
            raw.push('}');
            Input::Wrapped(raw)
        }
    }
}

pub(super) fn call_block(id: &str, name: &str, input: &str) -> String {
    let mut out = String::with_capacity(input.len() + 96);
    out.push_str(r#"{"type":"tool_use","id":"#);
    json::push_string(&mut out, id);
    json::push_member(&mut out, "name", "");
    json::push_string(&mut out, &ids::name(name));
    json::push_member(&mut out, "input", input);
    out.push('}');
    out
}

/// Whether an assistant message carries reasoning in any spelling.
pub(super) fn has_reasoning(message: Message<'_>) -> bool {
    const SPELLINGS: [&str; 3] = ["reasoning_content", "reasoning", "reasoning_details"];
    message.care() == Care::MayNeedRewriting
        && Object::parse(message.raw())
            .is_ok_and(|object| SPELLINGS.iter().any(|name| object.get(name).is_some()))
}

pub(super) fn result_block(id: &str, content: &Content) -> String {
    let mut out = String::from(r#"{"type":"tool_result","tool_use_id":"#);
    json::push_string(&mut out, id);
    if !content.blocks.is_empty() {
        json::push_member(&mut out, "content", "[");
        out.push_str(&content.blocks.join(","));
        out.push(']');
    }
    if let Some(mark) = content.mark {
        json::push_member(&mut out, "cache_control", mark);
    }
    out.push('}');
    out
}
