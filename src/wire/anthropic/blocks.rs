//! What answers and streams have in common: stop reasons, ids of calls, signed thinking.

use sha2::{Digest, Sha256};

use super::super::answer::Finish;
use super::super::json;
use super::DETAIL_FORMAT;

/// OpenAI's word for a `stop_reason`. A call of tools without any call that the caller sees (a
/// schema's answer, the provider's own tools) is a plain end.
pub(super) fn finish(native: &str, calls: usize) -> Finish {
    match native {
        "tool_use" if calls == 0 => Finish::Stop,
        "tool_use" => Finish::ToolCalls,
        "max_tokens" | "model_context_window_exceeded" => Finish::Length,
        "refusal" => Finish::ContentFilter,
        // end_turn, stop_sequence, pause_turn, and words to come.
        _ => Finish::Stop,
    }
}

/// Gives every call of one answer an id of its own: the provider's, or an invented one.
#[derive(Debug, Default)]
pub(super) struct CallIds {
    /// The answer's own id, which keeps invented ids of two answers apart.
    answer: String,
    given: Vec<String>,
}

impl CallIds {
    pub(super) fn new(answer: &str) -> Self {
        Self {
            answer: answer.to_owned(),
            given: Vec::new(),
        }
    }

    /// The id for the next call.
    pub(super) fn next(&mut self, native: &str, name: &str) -> String {
        let id = if native.is_empty() || self.given.iter().any(|id| id == native) {
            let seed = format!("{}\n{}\n{name}", self.answer, self.given.len());
            let digest = Sha256::digest(seed);
            format!("call_{}", hex::encode(digest.get(..12).unwrap_or_default()))
        } else {
            native.to_owned()
        };
        self.given.push(id.clone());
        id
    }
}

/// A signed thinking block as an entry of `reasoning_details`. `text` and `signature` are raw JSON
/// strings; `index` is the block's place in the answer.
pub(super) fn signed_detail(text: &str, signature: &str, index: u64) -> String {
    let mut detail = String::with_capacity(text.len() + signature.len() + 96);
    detail.push_str(r#"{"type":"reasoning.text","text":"#);
    detail.push_str(text);
    detail.push_str(r#","signature":"#);
    detail.push_str(signature);
    close(detail, index)
}

/// A redacted thinking block as an entry of `reasoning_details`. `data` is a raw JSON string.
pub(super) fn redacted_detail(data: &str, index: u64) -> String {
    let mut detail = String::with_capacity(data.len() + 96);
    detail.push_str(r#"{"type":"reasoning.encrypted","data":"#);
    detail.push_str(data);
    close(detail, index)
}

fn close(mut detail: String, index: u64) -> String {
    json::push_member(&mut detail, "format", "");
    json::push_string(&mut detail, DETAIL_FORMAT);
    json::push_member(&mut detail, "index", &index.to_string());
    detail.push('}');
    detail
}

/// The explanation beside a refusal, where the provider gives one.
pub(super) fn refusal(stop_details: Option<&str>) -> Option<String> {
    let details = super::super::object::Object::parse(stop_details?).ok()?;
    let text = json::string(details.get("explanation")?)?;
    (!text.is_empty()).then(|| text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stop_reason_has_its_word() {
        let table = [
            ("end_turn", Finish::Stop),
            ("stop_sequence", Finish::Stop),
            ("pause_turn", Finish::Stop),
            ("tool_use", Finish::ToolCalls),
            ("max_tokens", Finish::Length),
            ("model_context_window_exceeded", Finish::Length),
            ("refusal", Finish::ContentFilter),
            ("something_new", Finish::Stop),
        ];
        for (native, word) in table {
            assert_eq!(finish(native, 1), word, "{native}");
        }
        assert_eq!(finish("tool_use", 0), Finish::Stop);
    }

    #[test]
    fn ids_are_passed_on_and_unique() {
        let mut ids = CallIds::new("msg_1");
        assert_eq!(ids.next("toolu_1", "f"), "toolu_1");
        let second = ids.next("toolu_1", "f");
        assert!(second.starts_with("call_"));
        assert_ne!(ids.next("", "f"), second);
        assert_eq!(
            CallIds::new("m").next("", "f"),
            CallIds::new("m").next("", "f")
        );
    }
}
