//! What both scripted providers say: one text of sixty tokens, as OpenAI's chunks.

use serde_json::{Value, json};

/// Tokens of the whole answer.
pub const TOKENS: usize = 60;
/// What every prompt is said to count.
pub const PROMPT_TOKENS: usize = 12;

/// One token of the answer.
pub fn token(number: usize) -> String {
    match number {
        0 => "word0".to_owned(),
        number => format!(" word{number}"),
    }
}

/// The answer from one token up to another.
pub fn text(tokens: std::ops::Range<usize>) -> String {
    tokens.map(token).collect()
}

/// The first token that is not yet in `said`; `None` when `said` is no beginning of the answer.
pub fn continues_at(said: &str) -> Option<usize> {
    (0..=TOKENS).find(|number| text(0..*number) == said)
}

/// The event that carries a token.
pub fn chunk(number: usize) -> String {
    event(
        &json!({ "choices": [{ "index": 0, "delta": { "content": token(number) }, "finish_reason": null }] }),
    )
}

/// The event that opens an answer and says nothing yet.
pub fn opening() -> String {
    event(
        &json!({ "choices": [{ "index": 0, "delta": { "role": "assistant", "content": "" }, "finish_reason": null }] }),
    )
}

/// The event that ends an answer, and its usage.
pub fn ending(completion_tokens: usize) -> String {
    let finish = json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": "stop" }] });
    let usage = json!({ "choices": [], "usage": usage(completion_tokens) });
    event(&finish) + &event(&usage)
}

/// The same answer as one body.
pub fn whole(tokens: std::ops::Range<usize>) -> String {
    let count = tokens.len();
    json!({
        "id": "x", "object": "chat.completion", "created": 1, "model": "x",
        "choices": [{ "index": 0, "finish_reason": "stop",
            "message": { "role": "assistant", "content": text(tokens) } }],
        "usage": usage(count),
    })
    .to_string()
}

fn usage(completion_tokens: usize) -> Value {
    json!({
        "prompt_tokens": PROMPT_TOKENS,
        "completion_tokens": completion_tokens,
        "total_tokens": PROMPT_TOKENS + completion_tokens,
    })
}

fn event(members: &Value) -> String {
    let mut chunk =
        json!({ "id": "x", "object": "chat.completion.chunk", "created": 1, "model": "x" });
    for (name, value) in members.as_object().into_iter().flatten() {
        chunk[name.as_str()] = value.clone();
    }
    format!("data: {chunk}\n\n")
}
