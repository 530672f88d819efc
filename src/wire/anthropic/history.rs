//! Thinking blocks of earlier turns, as the caller or the router's own memory hands them back.

use super::super::Context;
use super::super::chat::{Care, Message};
use super::super::json;
use super::super::object::{Object, array};
use super::DETAIL_FORMAT;

/// Entries of `reasoning_details` that are read at the most.
const MOST_DETAILS: usize = 4_096;

/// A thinking block, ready to be sent, and its place in the answer it came from.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Thought {
    pub(super) index: Option<u64>,
    pub(super) block: String,
}

/// The thinking blocks of an assistant message. Only signed and redacted ones count: the provider
/// refuses others, and those of other providers mean nothing to it.
pub(super) fn thoughts(message: Message<'_>, context: &Context<'_>) -> Vec<Thought> {
    if message.care() == Care::MayNeedRewriting
        && let Ok(object) = Object::parse(message.raw())
        && let Some(raw) = object.get("reasoning_details")
    {
        let thoughts = read(raw);
        if !thoughts.is_empty() {
            return thoughts;
        }
    }
    message
        .tool_calls()
        .filter_map(|call| (context.recall)(&call.id?))
        .map(|details| read(&details))
        .find(|thoughts| !thoughts.is_empty())
        .unwrap_or_default()
}

fn read(raw: &str) -> Vec<Thought> {
    let details = array(raw, MOST_DETAILS).unwrap_or_default();
    details.into_iter().filter_map(thought).collect()
}

/// The values are copied as they stand: the signature covers the text to the letter.
fn thought(raw: &str) -> Option<Thought> {
    let detail = Object::parse(raw).ok()?;
    let word = |name: &str| detail.get(name).and_then(json::string);
    if word("format")? != DETAIL_FORMAT {
        return None;
    }
    let filled = |name: &str| detail.get(name).filter(|raw| json::string_len(raw) > 0);
    let mut block = String::with_capacity(raw.len());
    block.push('{');
    match &*word("type")? {
        "reasoning.text" => {
            let signature = filled("signature")?;
            let text = detail.get("text").unwrap_or("\"\"");
            json::push_member(&mut block, "type", r#""thinking""#);
            json::push_member(&mut block, "thinking", text);
            json::push_member(&mut block, "signature", signature);
        }
        "reasoning.encrypted" => {
            json::push_member(&mut block, "type", r#""redacted_thinking""#);
            json::push_member(&mut block, "data", filled("data")?);
        }
        _ => return None,
    }
    block.push('}');
    let index = detail.get("index").and_then(json::count);
    Some(Thought { index, block })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sealed_blocks_of_this_provider_go_back() {
        let details = r#"[
            {"type":"reasoning.text","text":"a \u00e9","signature":"s+/=","format":"anthropic-claude-v1","index":0},
            {"type":"reasoning.text","text":"no signature","format":"anthropic-claude-v1"},
            {"type":"reasoning.text","text":"x","signature":"y","format":"google-gemini-v1"},
            {"type":"reasoning.encrypted","data":"zz","format":"anthropic-claude-v1","index":2},
            {"type":"reasoning.summary","summary":"x","format":"anthropic-claude-v1"}, 7]"#;
        let blocks: Vec<_> = read(details)
            .into_iter()
            .map(|t| (t.index, t.block))
            .collect();
        assert_eq!(
            blocks,
            [
                (
                    Some(0),
                    r#"{"type":"thinking","thinking":"a \u00e9","signature":"s+/="}"#.to_owned()
                ),
                (
                    Some(2),
                    r#"{"type":"redacted_thinking","data":"zz"}"#.to_owned()
                ),
            ]
        );
        assert_eq!(read("{}"), []);
    }
}
