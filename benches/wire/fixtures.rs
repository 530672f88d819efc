//! Requests, answers and streams made by hand, one of each kind for every dialect.

use model_router::catalog::Dialect;
use serde_json::{Value, json};

const REQUEST_BYTES: usize = 64 * 1024;
/// Pieces of text in a streamed answer.
pub const PIECES: usize = 2_000;
const TEXT: &str = "The quick brown fox says \"hello\" to the lazy dog, 犬も歩けば棒に当たる.\n";

/// A conversation with tools, a call, its result and many turns.
pub fn request() -> String {
    let tool = |i: usize| {
        json!({ "type": "function", "function": {
            "name": format!("tool_{i}"),
            "description": TEXT,
            "parameters": { "type": "object", "required": ["city"], "properties": {
                "city": { "type": "string", "description": TEXT },
                "days": { "type": "integer" },
            } },
        } })
    };
    let mut messages = vec![
        json!({ "role": "system", "content": TEXT.repeat(10) }),
        json!({ "role": "user", "content": "What is the weather in Oslo?" }),
        json!({ "role": "assistant", "content": null, "tool_calls": [{
            "id": "call_1", "type": "function",
            "function": { "name": "tool_0", "arguments": "{\"city\":\"Oslo\"}" },
        }] }),
        json!({ "role": "tool", "tool_call_id": "call_1", "content": TEXT }),
    ];
    let tools: Vec<Value> = (0..8).map(tool).collect();
    let mut body = json!({ "model": "any", "tools": tools, "max_tokens": 1000 });
    loop {
        messages.push(json!({ "role": "assistant", "content": TEXT.repeat(6) }));
        messages.push(json!({ "role": "user", "content": TEXT.repeat(6) }));
        body["messages"] = json!(messages);
        let text = body.to_string();
        if text.len() >= REQUEST_BYTES {
            return text;
        }
    }
}

/// A whole answer of some kilobytes with one tool call.
pub fn answer(dialect: Dialect) -> Vec<u8> {
    let text = TEXT.repeat(30);
    let arguments = json!({ "city": "Oslo", "days": 3 });
    let body = match dialect {
        Dialect::OpenAi => json!({
            "id": "c", "object": "chat.completion", "created": 1, "model": "m",
            "choices": [{ "index": 0, "finish_reason": "tool_calls", "message": {
                "role": "assistant", "content": text,
                "tool_calls": [{ "id": "call_1", "type": "function", "function": {
                    "name": "tool_0", "arguments": arguments.to_string() } }],
            } }],
            "usage": { "prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18 },
        }),
        Dialect::Responses => json!({
            "id": "r", "object": "response", "status": "completed", "model": "m",
            "output": [
                { "type": "message", "id": "m", "role": "assistant", "status": "completed",
                  "content": [{ "type": "output_text", "text": text, "annotations": [] }] },
                { "type": "function_call", "id": "f", "call_id": "call_1", "name": "tool_0",
                  "arguments": arguments.to_string(), "status": "completed" },
            ],
            "usage": { "input_tokens": 9, "output_tokens": 9, "total_tokens": 18 },
        }),
        Dialect::Anthropic => json!({
            "id": "a", "type": "message", "role": "assistant", "model": "m",
            "content": [
                { "type": "text", "text": text },
                { "type": "tool_use", "id": "toolu_1", "name": "tool_0", "input": arguments },
            ],
            "stop_reason": "tool_use",
            "usage": { "input_tokens": 9, "output_tokens": 9 },
        }),
        Dialect::Gemini => json!({
            "candidates": [{ "index": 0, "finishReason": "STOP", "content": { "role": "model",
                "parts": [{ "text": text },
                          { "functionCall": { "name": "tool_0", "args": arguments } }] } }],
            "usageMetadata": { "promptTokenCount": 9, "candidatesTokenCount": 9, "totalTokenCount": 18 },
        }),
        Dialect::Bedrock => json!({
            "output": { "message": { "role": "assistant", "content": [
                { "text": text },
                { "toolUse": { "toolUseId": "t", "name": "tool_0", "input": arguments } },
            ] } },
            "stopReason": "tool_use",
            "usage": { "inputTokens": 9, "outputTokens": 9, "totalTokens": 18 },
        }),
    };
    body.to_string().into_bytes()
}

/// What an upstream sends: the event's name, if the format has names, and its JSON.
type Event = (&'static str, Value);

/// A stream: what opens it, each piece of text, what ends it.
struct Script {
    opening: Vec<Event>,
    text: fn(String) -> Event,
    end: Vec<Event>,
}

/// A streamed answer in [`PIECES`] pieces of text.
pub fn stream(dialect: Dialect) -> Vec<u8> {
    let script = match dialect {
        Dialect::OpenAi => openai(),
        Dialect::Responses => responses(),
        Dialect::Anthropic => anthropic(),
        Dialect::Gemini => gemini(),
        Dialect::Bedrock => bedrock(),
    };
    let text = (0..PIECES).map(|i| (script.text)(format!("word {i} ")));
    let events = script.opening.into_iter().chain(text).chain(script.end);
    events
        .flat_map(|(kind, body)| {
            if dialect == Dialect::Bedrock {
                return frame(kind, &body.to_string());
            }
            let name = match kind {
                "" => String::new(),
                kind => format!("event: {kind}\n"),
            };
            format!("{name}data: {body}\n\n").into_bytes()
        })
        .collect()
}

fn openai() -> Script {
    fn chunk(delta: Value, finish: Value) -> Event {
        let choices = json!([{ "index": 0, "delta": delta, "finish_reason": finish }]);
        let body = json!({
            "id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
            "choices": choices, "usage": null,
        });
        ("", body)
    }
    Script {
        opening: vec![chunk(
            json!({ "role": "assistant", "content": "" }),
            Value::Null,
        )],
        text: |text| chunk(json!({ "content": text }), Value::Null),
        end: vec![chunk(json!({}), json!("stop"))],
    }
}

fn responses() -> Script {
    let response = |status| {
        json!({ "response": {
        "id": "r", "object": "response", "status": status, "output": [],
        "usage": { "input_tokens": 9, "output_tokens": 9, "total_tokens": 18 },
    } })
    };
    Script {
        opening: vec![
            named("response.created", response("in_progress")),
            named(
                "response.output_item.added",
                json!({ "output_index": 0,
                "item": { "type": "message", "id": "m", "role": "assistant", "content": [] } }),
            ),
        ],
        text: |text| {
            named(
                "response.output_text.delta",
                json!({
            "item_id": "m", "output_index": 0, "content_index": 0, "delta": text }),
            )
        },
        end: vec![named("response.completed", response("completed"))],
    }
}

fn anthropic() -> Script {
    Script {
        opening: vec![
            named(
                "message_start",
                json!({ "message": { "id": "a", "role": "assistant",
                "model": "m", "content": [], "usage": { "input_tokens": 9, "output_tokens": 1 } } }),
            ),
            named(
                "content_block_start",
                json!({ "index": 0, "content_block": { "type": "text", "text": "" } }),
            ),
        ],
        text: |text| {
            named(
                "content_block_delta",
                json!({ "index": 0, "delta": { "type": "text_delta", "text": text } }),
            )
        },
        end: vec![
            named("content_block_stop", json!({ "index": 0 })),
            named(
                "message_delta",
                json!({ "delta": { "stop_reason": "end_turn" },
                "usage": { "output_tokens": 9 } }),
            ),
            named("message_stop", json!({})),
        ],
    }
}

/// An event whose JSON repeats its name.
fn named(kind: &'static str, mut body: Value) -> Event {
    body["type"] = json!(kind);
    (kind, body)
}

fn gemini() -> Script {
    fn part(text: &str, finish: Value) -> Event {
        let body = json!({
            "candidates": [{ "index": 0, "finishReason": finish,
                "content": { "role": "model", "parts": [{ "text": text }] } }],
            "usageMetadata": { "promptTokenCount": 9, "candidatesTokenCount": 9, "totalTokenCount": 18 },
        });
        ("", body)
    }
    Script {
        opening: Vec::new(),
        text: |text| part(&text, Value::Null),
        end: vec![part("end", json!("STOP"))],
    }
}

fn bedrock() -> Script {
    let usage = json!({ "usage": { "inputTokens": 9, "outputTokens": 9, "totalTokens": 18 } });
    Script {
        opening: vec![("messageStart", json!({ "role": "assistant" }))],
        text: |text| {
            (
                "contentBlockDelta",
                json!({ "contentBlockIndex": 0, "delta": { "text": text }, "p": "abcdef" }),
            )
        },
        end: vec![
            ("messageStop", json!({ "stopReason": "end_turn" })),
            ("metadata", usage),
        ],
    }
}

/// One message of `application/vnd.amazon.eventstream`.
fn frame(kind: &str, payload: &str) -> Vec<u8> {
    let mut headers = Vec::new();
    let pairs = [
        (":event-type", kind),
        (":content-type", "application/json"),
        (":message-type", "event"),
    ];
    for (name, value) in pairs {
        headers.push(u8::try_from(name.len()).unwrap());
        headers.extend_from_slice(name.as_bytes());
        headers.push(7);
        headers.extend_from_slice(&u16::try_from(value.len()).unwrap().to_be_bytes());
        headers.extend_from_slice(value.as_bytes());
    }
    let total = u32::try_from(16 + headers.len() + payload.len()).unwrap();
    let mut out = total.to_be_bytes().to_vec();
    out.extend_from_slice(&u32::try_from(headers.len()).unwrap().to_be_bytes());
    out.extend_from_slice(&crc32fast::hash(&out).to_be_bytes());
    out.extend_from_slice(&headers);
    out.extend_from_slice(payload.as_bytes());
    out.extend_from_slice(&crc32fast::hash(&out).to_be_bytes());
    out
}
