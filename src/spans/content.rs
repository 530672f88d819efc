//! What was said, in the conventions' JSON: only for accounts that ask for it, and bounded.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::wire::{Answer, ChatRequest, Chunk, Message, Part, Role};

/// Longest single text that is kept, in bytes.
const MOST_TEXT: usize = 16 << 10;
/// Longest list of messages, in bytes. Of a longer conversation, its end is kept.
const MOST_MESSAGES: usize = 64 << 10;
/// Answers to one request that are kept.
const MOST_CHOICES: usize = 8;
/// Calls of tools in one answer that are kept.
const MOST_CALLS: usize = 64;

/// The messages of a request, and whether anything was left out for its length.
pub fn input(request: &ChatRequest) -> (String, bool) {
    let mut cut = false;
    let mut kept = Vec::new();
    let mut bytes = 2;
    for message in request.messages().rev() {
        let text = message_of(&message, &mut cut).to_string();
        bytes += text.len() + 1;
        if bytes > MOST_MESSAGES {
            cut = true;
            break;
        }
        kept.push(text);
    }
    kept.reverse();
    (format!("[{}]", kept.join(",")), cut)
}

fn message_of(message: &Message<'_>, cut: &mut bool) -> Value {
    let role = match message.role() {
        Role::System | Role::Developer => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Tool | Role::Function => "tool",
    };
    let mut parts: Vec<Value> = Vec::new();
    for part in message.parts() {
        parts.push(match part {
            Part::Text(text) | Part::Refusal(text) => match message.tool_call_id() {
                Some(id) => {
                    json!({ "type": "tool_call_response", "id": id, "response": short(&text, cut) })
                }
                None => json!({ "type": "text", "content": short(&text, cut) }),
            },
            // What it shows is not copied: it would be larger than all the rest.
            Part::Image { .. } => json!({ "type": "image" }),
            Part::Audio(_) => json!({ "type": "audio" }),
            Part::File(_) => json!({ "type": "file" }),
        });
    }
    for call in message.tool_calls().take(MOST_CALLS) {
        parts.push(json!({
            "type": "tool_call",
            "id": call.id,
            "name": call.name,
            "arguments": short(&call.arguments, cut),
        }));
    }
    json!({ "role": role, "parts": parts })
}

fn short<'a>(text: &'a str, cut: &mut bool) -> &'a str {
    let end = text.floor_char_boundary(MOST_TEXT);
    *cut |= end < text.len();
    &text[..end]
}

/// An answer as it is said.
#[derive(Clone, Debug, Default)]
pub struct Said {
    choices: BTreeMap<u64, Choice>,
    cut: bool,
}

#[derive(Clone, Debug, Default)]
struct Choice {
    text: String,
    reasoning: String,
    calls: BTreeMap<u64, Call>,
    finish: Option<String>,
}

#[derive(Clone, Debug, Default)]
struct Call {
    id: String,
    name: String,
    arguments: String,
}

impl Said {
    /// Takes note of a whole answer.
    pub fn answer(&mut self, answer: &Answer) {
        self.members(answer.members(), "message");
    }

    /// Takes note of a chunk that goes to the caller.
    pub fn chunk(&mut self, chunk: &Chunk) {
        self.members(chunk.members(), "delta");
    }

    fn members(&mut self, members: &str, inner: &str) {
        let Ok(Value::Object(top)) = serde_json::from_str(&format!("{{{members}}}")) else {
            return;
        };
        let choices = top.get("choices").and_then(Value::as_array);
        for choice in choices.into_iter().flatten() {
            let index = choice.get("index").and_then(Value::as_u64).unwrap_or(0);
            let is_new = !self.choices.contains_key(&index);
            if is_new && self.choices.len() == MOST_CHOICES {
                self.cut = true;
                continue;
            }
            let kept = self.choices.entry(index).or_default();
            if let Some(finish) = choice.get("finish_reason").and_then(Value::as_str) {
                kept.finish = Some(finish.to_owned());
            }
            if let Some(said) = choice.get(inner).and_then(Value::as_object) {
                kept.take(said, &mut self.cut);
            }
        }
    }

    /// The messages that were said; empty when nothing was. And whether anything was left out.
    pub fn output(&self) -> (String, bool) {
        if self.choices.is_empty() {
            return (String::new(), self.cut);
        }
        let messages: Vec<Value> = self.choices.values().map(Choice::message).collect();
        (Value::Array(messages).to_string(), self.cut)
    }
}

impl Choice {
    fn take(&mut self, said: &Map<String, Value>, cut: &mut bool) {
        let text = |name: &str| said.get(name).and_then(Value::as_str).unwrap_or_default();
        append(&mut self.text, text("content"), cut);
        append(&mut self.text, text("refusal"), cut);
        append(&mut self.reasoning, text("reasoning_content"), cut);
        let calls = said.get("tool_calls").and_then(Value::as_array);
        for (at, call) in calls.into_iter().flatten().enumerate() {
            let index = call.get("index").and_then(Value::as_u64);
            let index = index.unwrap_or(at as u64);
            if !self.calls.contains_key(&index) && self.calls.len() == MOST_CALLS {
                *cut = true;
                continue;
            }
            let kept = self.calls.entry(index).or_default();
            let text = |pointer: &str| call.pointer(pointer).and_then(Value::as_str);
            append(&mut kept.id, text("/id").unwrap_or_default(), cut);
            append(
                &mut kept.name,
                text("/function/name").unwrap_or_default(),
                cut,
            );
            let arguments = text("/function/arguments").unwrap_or_default();
            append(&mut kept.arguments, arguments, cut);
        }
    }

    fn message(&self) -> Value {
        let mut parts = Vec::new();
        if !self.reasoning.is_empty() {
            parts.push(json!({ "type": "reasoning", "content": self.reasoning }));
        }
        if !self.text.is_empty() {
            parts.push(json!({ "type": "text", "content": self.text }));
        }
        for call in self.calls.values() {
            parts.push(json!({
                "type": "tool_call",
                "id": call.id,
                "name": call.name,
                "arguments": call.arguments,
            }));
        }
        let mut message = json!({ "role": "assistant", "parts": parts });
        if let Some(finish) = &self.finish {
            message["finish_reason"] = json!(finish);
        }
        message
    }
}

/// Lengthens a text up to its bound.
fn append(text: &mut String, more: &str, cut: &mut bool) {
    let room = MOST_TEXT.saturating_sub(text.len());
    let end = more.floor_char_boundary(room);
    *cut |= end < more.len();
    text.push_str(&more[..end]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(messages: &Value) -> ChatRequest {
        let body = json!({ "model": "m", "messages": messages }).to_string();
        ChatRequest::parse(body.into()).unwrap()
    }

    #[test]
    fn messages_become_parts() {
        let request = request(&json!([
            { "role": "system", "content": "Be brief." },
            { "role": "user", "content": [
                { "type": "text", "text": "What is this?" },
                { "type": "image_url", "image_url": { "url": "https://a.example/x.png" } },
            ] },
            { "role": "assistant", "tool_calls": [
                { "id": "c1", "type": "function", "function": { "name": "look", "arguments": "{}" } },
            ] },
            { "role": "tool", "tool_call_id": "c1", "content": "a cat" },
        ]));
        let (text, cut) = input(&request);
        assert!(!cut);
        let messages: Value = serde_json::from_str(&text).unwrap();
        let expected = json!([
            { "role": "system", "parts": [{ "type": "text", "content": "Be brief." }] },
            { "role": "user", "parts": [
                { "type": "text", "content": "What is this?" }, { "type": "image" },
            ] },
            { "role": "assistant", "parts": [
                { "type": "tool_call", "id": "c1", "name": "look", "arguments": "{}" },
            ] },
            { "role": "tool", "parts": [
                { "type": "tool_call_response", "id": "c1", "response": "a cat" },
            ] },
        ]);
        assert_eq!(messages, expected);
    }

    #[test]
    fn of_a_long_conversation_the_end_is_kept_and_long_texts_are_cut() {
        let long = "ö".repeat(MOST_TEXT);
        let mut all: Vec<Value> = (0..100)
            .map(|i| json!({ "role": "user", "content": format!("{i} {long}") }))
            .collect();
        all.push(json!({ "role": "user", "content": "the last word" }));
        let (text, cut) = input(&request(&Value::Array(all)));
        assert!(cut && text.len() <= MOST_MESSAGES && text.contains("the last word"));
        serde_json::from_str::<Value>(&text).unwrap();
    }

    #[test]
    fn a_streamed_answer_is_put_together() {
        let mut said = Said::default();
        for members in [
            r#""choices":[{"index":0,"delta":{"role":"assistant","content":"Hel"}}]"#,
            r#""choices":[{"index":0,"delta":{"content":"lo","tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"{\"a\""}}]}}]"#,
            r#""choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]},"finish_reason":"tool_calls"}]"#,
            "not json",
        ] {
            said.members(members, "delta");
        }
        let (text, cut) = said.output();
        let messages: Value = serde_json::from_str(&text).unwrap();
        let parts = json!([
            { "type": "text", "content": "Hello" },
            { "type": "tool_call", "id": "c", "name": "f", "arguments": "{\"a\":1}" },
        ]);
        let expected =
            json!([{ "role": "assistant", "parts": parts, "finish_reason": "tool_calls" }]);
        assert_eq!((messages, cut), (expected, false));
        assert_eq!(Said::default().output().0, "");
    }
}
