//! An answer as server-sent events: one token an event, with pings between.

use bytes::Bytes;
use serde_json::{Value, json};

use super::errors::Trouble;
use super::messages::Spoken;
use super::model;
use crate::sandbox::call::Call;
use crate::sandbox::play::{Frame, Show};
use crate::sandbox::reply::Content;

/// The stream of an answer.
pub(super) fn show(spoken: Spoken, call: &Call) -> Show {
    let mut writer = Writer {
        frames: Vec::new(),
        block: 0,
    };
    writer.answer(&spoken);
    if !call.plan.no_done {
        writer.event(&json!({"type": "message_stop"}), 0);
    }
    let error = Trouble::overloaded().body(&model::request_id());
    Show {
        frames: Box::new(writer.frames.into_iter()),
        malformed: Bytes::from_static(
            b"event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"delta\":{\n\n",
        ),
        error: Bytes::from(sse("error", &error)),
    }
}

fn sse(name: &str, value: &Value) -> String {
    format!("event: {name}\ndata: {value}\n\n")
}

struct Writer {
    frames: Vec<Frame>,
    /// The number of the next block.
    block: usize,
}

impl Writer {
    fn event(&mut self, value: &Value, tokens: usize) {
        let name = value["type"].as_str().unwrap_or("ping");
        self.frames.push(Frame {
            bytes: Bytes::from(sse(name, value)),
            tokens,
        });
    }

    fn answer(&mut self, spoken: &Spoken) {
        let mut message = spoken.envelope();
        let mut usage = spoken.usage();
        usage["output_tokens"] = json!(1);
        usage["cache_creation"] =
            json!({"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0});
        usage["service_tier"] = json!("standard");
        if let Some(usage) = usage.as_object_mut() {
            usage.remove("output_tokens_details");
        }
        message["usage"] = usage;
        self.event(&json!({"type": "message_start", "message": message}), 0);
        self.thought(spoken);
        match &spoken.answer.content {
            Content::Text(tokens) if tokens.is_empty() => {}
            Content::Text(tokens) => {
                self.start(&json!({"type": "text", "text": ""}), 0);
                for token in tokens {
                    self.delta(&json!({"type": "text_delta", "text": token}), 1);
                }
                self.stop();
            }
            Content::Refusal(_) => {}
            Content::Calls(calls) => {
                for (index, call) in calls.iter().enumerate() {
                    let block = json!({"type": "tool_use", "id": spoken.call_id(index),
                        "name": call.name, "input": {}, "caller": {"type": "direct"}});
                    self.start(&block, call.name_tokens());
                    self.delta(&json!({"type": "input_json_delta", "partial_json": ""}), 0);
                    // Without arguments only the empty fragment comes.
                    let no_arguments = call.arguments.concat() == "{}";
                    for token in call.arguments.iter().filter(|_| !no_arguments) {
                        let delta = json!({"type": "input_json_delta", "partial_json": token});
                        self.delta(&delta, 1);
                    }
                    self.stop();
                }
            }
        }
        let delta = json!({"type": "message_delta", "delta": spoken.ending(),
            "usage": spoken.usage()});
        self.event(&delta, 0);
    }

    fn thought(&mut self, spoken: &Spoken) {
        let Some((shown, signature)) = spoken.thought() else {
            return;
        };
        self.start(
            &json!({"type": "thinking", "thinking": "", "signature": ""}),
            0,
        );
        for token in shown {
            self.delta(&json!({"type": "thinking_delta", "thinking": token}), 1);
        }
        self.delta(
            &json!({"type": "signature_delta", "signature": signature}),
            0,
        );
        self.stop();
    }

    fn start(&mut self, block: &Value, tokens: usize) {
        let start = json!({"type": "content_block_start", "index": self.block,
            "content_block": block});
        self.event(&start, tokens);
        if self.block == 0 {
            self.event(&json!({"type": "ping"}), 0);
        }
    }

    fn delta(&mut self, delta: &Value, tokens: usize) {
        let event = json!({"type": "content_block_delta", "index": self.block, "delta": delta});
        self.event(&event, tokens);
    }

    fn stop(&mut self) {
        self.event(
            &json!({"type": "content_block_stop", "index": self.block}),
            0,
        );
        self.block += 1;
    }
}
