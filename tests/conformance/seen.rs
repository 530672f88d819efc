//! What the caller got, in one form for whole and streamed answers.

use reqwest::header::HeaderMap;
use serde_json::{Map, Value};

use super::case::Mode;
use super::stream;

/// An answer as the caller sees it.
#[derive(Debug, Default)]
pub struct Seen {
    pub status: u16,
    pub headers: HeaderMap,
    /// One for each choice, in order of their index.
    pub choices: Vec<Choice>,
    pub usage: Value,
    /// The error of a refused request, or the one a stream broke off with.
    pub error: Value,
    /// What is wrong with the form of the body.
    pub breaches: Vec<String>,
}

/// One choice.
#[derive(Debug, Default)]
pub struct Choice {
    pub text: String,
    pub reasoning: String,
    pub refusal: String,
    pub calls: Vec<ToolCall>,
    pub finish: Option<String>,
}

/// One tool call.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ToolCall {
    pub id: String,
    pub name: String,
    /// Parsed; a string that is not JSON stays a string.
    pub arguments: Value,
}

/// Arguments as a value. Nothing at all means no arguments.
pub fn arguments(raw: &Value) -> Value {
    match raw {
        Value::Null => Value::Object(Map::new()),
        Value::String(text) if text.trim().is_empty() => Value::Object(Map::new()),
        Value::String(text) => serde_json::from_str(text).unwrap_or_else(|_| raw.clone()),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => raw.clone(),
    }
}

impl Seen {
    pub fn read(mode: Mode, status: u16, headers: HeaderMap, body: &[u8]) -> Self {
        let mut seen = Self {
            status,
            headers,
            ..Self::default()
        };
        let text = String::from_utf8_lossy(body);
        match mode {
            Mode::Streamed if status == 200 => stream::read(&text, &mut seen),
            Mode::Whole | Mode::Streamed => seen.read_whole(&text),
        }
        seen
    }

    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.and_then(|v| v.to_str().ok()).unwrap_or_default()
    }

    /// Keeps a breach of the form, if there is one; a stream repeats its breaches.
    pub fn note(&mut self, breach: Option<String>) {
        if let Some(breach) = breach.filter(|breach| !self.breaches.contains(breach)) {
            self.breaches.push(breach);
        }
    }

    fn read_whole(&mut self, text: &str) {
        let body: Value = match serde_json::from_str(text) {
            Ok(body) => body,
            Err(error) => return self.breaches.push(format!("the body is no JSON: {error}")),
        };
        self.error = body["error"].clone();
        if self.status != 200 {
            for member in ["message", "type", "code"] {
                self.note(
                    (!self.error[member].is_string()).then(|| format!("error.{member} is no text")),
                );
            }
            return;
        }
        self.usage = body["usage"].clone();
        self.expect_head(&body, "chat.completion");
        for (at, choice) in body["choices"].as_array().into_iter().flatten().enumerate() {
            self.note(
                (choice["index"] != at)
                    .then(|| format!("choice {at} has index {}", choice["index"])),
            );
            self.read_choice(choice);
        }
    }

    fn read_choice(&mut self, choice: &Value) {
        let message = &choice["message"];
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let calls: Vec<ToolCall> = message["tool_calls"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|call| ToolCall {
                id: word(&call["id"]),
                name: word(&call["function"]["name"]),
                arguments: arguments(&call["function"]["arguments"]),
            })
            .collect();
        self.note((message["role"] != "assistant").then(|| format!("role is {}", message["role"])));
        self.note(
            (!calls.is_empty() && message["content"] == "")
                .then(|| r#"content is "" beside tool calls, not null"#.to_owned()),
        );
        self.note(
            (choice.get("native_finish_reason").is_none())
                .then(|| "native_finish_reason is missing".to_owned()),
        );
        self.choices.push(Choice {
            text: word(&message["content"]),
            reasoning: word(&message["reasoning_content"]),
            refusal: word(&message["refusal"]),
            calls,
            finish: choice["finish_reason"].as_str().map(str::to_owned),
        });
    }

    /// What a body and all chunks of a stream have in common.
    pub fn expect_head(&mut self, body: &Value, object: &str) {
        self.note((body["object"] != object).then(|| format!("object is {}", body["object"])));
        for (member, header) in [
            ("id", "x-model-router-generation-id"),
            ("model", "x-model-router-model"),
            ("provider", "x-model-router-provider"),
        ] {
            let told = self.header(header).to_owned();
            self.note(
                (told.is_empty() || body[member] != told)
                    .then(|| format!("{member} is {}, the header says {told:?}", body[member])),
            );
        }
        self.note((!body["created"].is_u64()).then(|| format!("created is {}", body["created"])));
    }
}
