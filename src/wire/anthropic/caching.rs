//! Cache marks (`cache_control`): where callers set them and how many the provider takes.

use super::super::chat::{Care, ChatRequest, Message};
use super::super::object::{Object, array};

/// Marks of one request at the most; the provider refuses a fifth.
const MOST_MARKS: usize = 4;

/// Lets the last marks of a request pass, which cover the longest prefixes.
#[derive(Debug)]
pub(super) struct Marks {
    to_skip: usize,
    dropped: bool,
}

impl Marks {
    /// For a request's tools and messages, in this order.
    pub(super) fn of(request: &ChatRequest) -> Self {
        let tools = tool_marks(request);
        let parts = request.messages().flat_map(of_parts).flatten().count();
        let automatic = usize::from(request.field("cache_control").is_some());
        Self {
            to_skip: (tools + parts + automatic).saturating_sub(MOST_MARKS),
            dropped: false,
        }
    }

    /// The mark in the provider's form, unless there is none, it is unknown, or others go before.
    pub(super) fn take(&mut self, raw: Option<&str>) -> Option<&'static str> {
        let raw = raw?;
        let mark = read(raw);
        if self.to_skip > 0 {
            self.to_skip -= 1;
            self.dropped = true;
            return None;
        }
        self.dropped |= mark.is_none();
        mark
    }

    /// Whether a mark was left out.
    pub(super) fn dropped(&self) -> bool {
        self.dropped
    }
}

/// A mark in the provider's form; `None` when it is not known.
pub(super) fn read(raw: &str) -> Option<&'static str> {
    let mark = Object::parse(raw).ok()?;
    match (mark.get("type"), mark.get("ttl")) {
        (Some(r#""ephemeral""#), None | Some(r#""5m""#)) => Some(r#"{"type":"ephemeral"}"#),
        (Some(r#""ephemeral""#), Some(r#""1h""#)) => Some(r#"{"type":"ephemeral","ttl":"1h"}"#),
        _ => None,
    }
}

/// The marks on a message's parts, in their order; empty when the message has none.
pub(super) fn of_parts(message: Message<'_>) -> Vec<Option<&str>> {
    if message.care() == Care::None || !message.raw().contains("cache_control") {
        return Vec::new();
    }
    let parts = Object::parse(message.raw())
        .ok()
        .and_then(|object| array(object.borrowed("content")?, usize::MAX).ok())
        .unwrap_or_default();
    let mark = |raw| Object::parse(raw).ok()?.borrowed("cache_control");
    parts.into_iter().map(mark).collect()
}

/// The mark on a tool: beside `function`, or inside it.
pub(super) fn of_tool<'a>(tool: &Object<'a>, function: &Object<'a>) -> Option<&'a str> {
    tool.borrowed("cache_control")
        .or_else(|| function.borrowed("cache_control"))
}

fn tool_marks(request: &ChatRequest) -> usize {
    let Some(raw) = request
        .tools_raw()
        .filter(|raw| raw.contains("cache_control"))
    else {
        return 0;
    };
    let marked = |raw: &&str| {
        Object::parse(raw).is_ok_and(|tool| {
            let function = tool
                .borrowed("function")
                .and_then(|raw| Object::parse(raw).ok());
            of_tool(&tool, &function.unwrap_or_default()).is_some()
        })
    };
    let tools = array(raw, usize::MAX).unwrap_or_default();
    tools.iter().filter(|raw| marked(raw)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_marks_are_written_one_way() {
        assert_eq!(
            read(r#"{ "ttl":"1h", "type":"ephemeral" }"#),
            Some(r#"{"type":"ephemeral","ttl":"1h"}"#)
        );
        assert_eq!(
            read(r#"{"type":"ephemeral","ttl":"5m"}"#),
            Some(r#"{"type":"ephemeral"}"#)
        );
        for unknown in [
            "true",
            "{}",
            r#"{"type":"forever"}"#,
            r#"{"type":"ephemeral","ttl":"9h"}"#,
        ] {
            assert_eq!(read(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn the_last_four_marks_pass() {
        let mut marks = Marks {
            to_skip: 1,
            dropped: false,
        };
        let raw = Some(r#"{"type":"ephemeral"}"#);
        assert_eq!(marks.take(raw), None);
        assert!(marks.take(raw).is_some() && marks.dropped());
        assert_eq!(marks.take(None), None);
    }
}
