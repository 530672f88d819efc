//! Reasoning of Converse as `reasoning_details`, and back.
//!
//! Signed and redacted blocks go back byte for byte; a model refuses changed ones.

use super::super::json;
use super::super::object::{Object, array};

/// The `format` of details that are ours.
const FORMAT: &str = "\"bedrock-converse-v1\"";
/// Details of one message at the most.
const MOST_DETAILS: usize = 1024;

/// A block of reasoning text as a detail.
pub(super) fn text_detail(text: &str, signature: Option<&str>) -> String {
    let mut detail = String::with_capacity(text.len() + 96);
    detail.push_str(r#"{"type":"reasoning.text","text":"#);
    json::push_string(&mut detail, text);
    if let Some(signature) = signature {
        detail.push_str(r#","signature":"#);
        json::push_string(&mut detail, signature);
    }
    json::push_member(&mut detail, "format", FORMAT);
    detail.push('}');
    detail
}

/// A redacted block as a detail. `data` is a JSON string.
pub(super) fn encrypted_detail(data: &str) -> String {
    format!(r#"{{"type":"reasoning.encrypted","data":{data},"format":{FORMAT}}}"#)
}

/// The content blocks that a raw array of details stands for. Those of other providers and those
/// without a signature are left out: no model wants them back.
pub(super) fn blocks(details: &str) -> Vec<String> {
    array(details, MOST_DETAILS)
        .unwrap_or_default()
        .into_iter()
        .filter_map(|raw| block(&Object::parse(raw).ok()?))
        .collect()
}

fn block(detail: &Object<'_>) -> Option<String> {
    if detail.get("format") != Some(FORMAT) {
        return None;
    }
    let content = match detail.get("type")? {
        "\"reasoning.text\"" => {
            let (text, signature) = (detail.get("text")?, detail.get("signature")?);
            format!(r#""reasoningText":{{"text":{text},"signature":{signature}}}"#)
        }
        "\"reasoning.encrypted\"" => format!(r#""redactedContent":{}"#, detail.get("data")?),
        _ => return None,
    };
    Some(format!(r#"{{"reasoningContent":{{{content}}}}}"#))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signed_and_redacted_blocks_come_back_as_they_were() {
        let details = format!(
            "[{},{},{},{}]",
            text_detail("Hm, \"é\"\n", Some("a+/=")),
            encrypted_detail("\"c2VjcmV0\""),
            text_detail("unsigned", None),
            r#"{"type":"reasoning.text","text":"x","signature":"y","format":"anthropic-claude-v1"}"#,
        );
        assert_eq!(
            blocks(&details),
            [
                r#"{"reasoningContent":{"reasoningText":{"text":"Hm, \"é\"\n","signature":"a+/="}}}"#,
                r#"{"reasoningContent":{"redactedContent":"c2VjcmV0"}}"#
            ]
        );
        assert!(blocks("nonsense").is_empty());
    }
}
