//! The bench's caller: one streamed call of an explicit model with one fallback, and what came back.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::router::{FALLBACK, PRIMARY, Router};

/// What a caller got.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The HTTP status; 0 when no answer came at all.
    pub status: u16,
    /// `error.code` of a refusal.
    pub code: String,
    /// The text, put together.
    pub text: String,
    /// The model that the answer names.
    pub model: String,
    /// The last `finish_reason`.
    pub finish: String,
    /// `usage.completion_tokens`, where a usage came.
    pub completion_tokens: Option<u64>,
    /// `metadata.recovery` of the last chunk.
    pub recovery: Option<Value>,
    /// Whether an error chunk came.
    pub told_error: bool,
    /// Whether `[DONE]` ended it.
    pub done: bool,
    /// From the call to the end.
    pub took: Duration,
}

impl Seen {
    fn read(&mut self, body: &str) {
        for data in body.lines().filter_map(|line| line.strip_prefix("data: ")) {
            if data == "[DONE]" {
                self.done = true;
                continue;
            }
            let chunk: Value = serde_json::from_str(data).unwrap_or(Value::Null);
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            self.text
                .push_str(&text(&chunk["choices"][0]["delta"]["content"]));
            if self.model.is_empty() {
                self.model = text(&chunk["model"]);
            }
            if let Some(finish) = chunk["choices"][0]["finish_reason"].as_str() {
                self.finish = finish.to_owned();
            }
            if let Some(tokens) = chunk["usage"]["completion_tokens"].as_u64() {
                self.completion_tokens = Some(tokens);
            }
            if let Some(recovery) = chunk["metadata"].get("recovery") {
                self.recovery = Some(recovery.clone());
            }
            self.told_error |= chunk["error"].is_object();
        }
    }
}

/// The call of the bench.
pub fn pinned() -> Value {
    json!({
        "model": PRIMARY, "models": [FALLBACK], "stream": true,
        "messages": [{ "role": "user", "content": "Count to sixty." }],
    })
}

/// Calls and reads to the end. Whatever goes wrong is a status of 0 or a stream without its end.
pub async fn call(router: &Router, body: &Value) -> Seen {
    let started = Instant::now();
    let mut seen = Seen::default();
    if let Ok(answer) = router.post(body).send().await {
        seen.status = answer.status().as_u16();
        let body = answer.text().await.unwrap_or_default();
        match serde_json::from_str::<Value>(&body) {
            Ok(refusal) => {
                seen.code = refusal["error"]["code"].as_str().unwrap_or_default().into();
            }
            Err(_) => seen.read(&body),
        }
    }
    seen.took = started.elapsed();
    seen
}
