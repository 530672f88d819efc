//! The frames of a streamed answer, in the order the provider sends them.

use bytes::Bytes;
use serde_json::{Value, json};

use super::chat::Completion;
use super::{frames, request};
use crate::sandbox::call::Call;
use crate::sandbox::play::{Frame, Show};
use crate::sandbox::reply::{Content, ToolCall};

/// The stream of a completion.
pub(super) fn show(completion: &Completion, call: &Call) -> Show {
    let mut stream = Stream::default();
    stream.add("messageStart", json!({"role": "assistant"}), 0);
    stream.reasoning(completion);
    match &completion.answer.content {
        Content::Text(tokens) | Content::Refusal(tokens) => stream.text(tokens),
        Content::Calls(calls) => {
            for (index, call) in calls.iter().enumerate() {
                stream.call(&completion.call_id(index), call);
            }
        }
    }
    let stop = json!({"stopReason": completion.stop_reason()});
    stream.add("messageStop", stop, 0);
    if !call.plan.no_done {
        let metadata = json!({"usage": completion.usage(), "metrics": {"latencyMs": 12}});
        stream.add("metadata", metadata, 0);
    }
    Show {
        frames: Box::new(stream.frames.into_iter()),
        malformed: frames::unreadable(),
        error: frames::exception(
            "modelStreamErrorException",
            "The system encountered an unexpected error during processing. Try your request again.",
        ),
    }
}

#[derive(Default)]
struct Stream {
    frames: Vec<Frame>,
    /// The index of the next content block.
    block: usize,
}

impl Stream {
    fn add(&mut self, name: &'static str, payload: Value, tokens: usize) {
        let bytes: Bytes = frames::event(name, payload);
        self.frames.push(Frame { bytes, tokens });
    }

    fn delta(&mut self, delta: Value, tokens: usize) {
        let payload = json!({"contentBlockIndex": self.block, "delta": delta});
        self.add("contentBlockDelta", payload, tokens);
    }

    fn stop(&mut self) {
        let payload = json!({"contentBlockIndex": self.block});
        self.add("contentBlockStop", payload, 0);
        self.block += 1;
    }

    fn reasoning(&mut self, completion: &Completion) {
        let thought = &completion.answer.reasoning;
        if thought.is_empty() {
            return;
        }
        for token in thought {
            self.delta(json!({"reasoningContent": {"text": token}}), 1);
        }
        if completion.request.signs {
            let signature = request::signature(&thought.concat());
            self.delta(json!({"reasoningContent": {"signature": signature}}), 0);
        }
        self.stop();
    }

    /// Text blocks have no start.
    fn text(&mut self, tokens: &[String]) {
        if tokens.is_empty() {
            return;
        }
        for token in tokens {
            self.delta(json!({"text": token}), 1);
        }
        self.stop();
    }

    fn call(&mut self, id: &str, call: &ToolCall) {
        let start = json!({"contentBlockIndex": self.block,
            "start": {"toolUse": {"toolUseId": id, "name": call.name}}});
        self.add("contentBlockStart", start, call.name_tokens());
        for token in &call.arguments {
            self.delta(json!({"toolUse": {"input": token}}), 1);
        }
        self.stop();
    }
}
