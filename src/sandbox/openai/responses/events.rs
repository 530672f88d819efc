//! A response as server-sent events, item after item and one token a delta.

use bytes::Bytes;
use serde_json::{Value, json};

use super::super::errors::Trouble;
use super::super::flavour::Flavour;
use super::output::{Item, Kind, Output, text_part};
use crate::sandbox::call::Call;
use crate::sandbox::dice::{self, Alphabet};
use crate::sandbox::play::{Frame, Show};

/// The stream of a response. There is no `[DONE]`.
pub(super) fn show(output: &Output, call: &Call) -> Show {
    let mut events = Events::default();
    let begun = output.beginning();
    events.push("response.created", 0, json!({"response": begun}));
    events.push("response.in_progress", 0, json!({"response": begun}));
    events.push("keepalive", 0, json!({}));
    for (index, item) in output.items.iter().enumerate() {
        events.item(index, item, output.status());
    }
    if !call.plan.no_done {
        let last = format!("response.{}", output.status());
        events.push(&last, 0, json!({"response": output.response()}));
    }
    let malformed = "event: response.output_text.delta\ndata: {\"type\":\"response.output\n\n";
    Show {
        malformed: Bytes::from_static(malformed.as_bytes()),
        error: Bytes::from(breakdown(output, &call.model)),
        frames: Box::new(events.frames.into_iter()),
    }
}

/// An error inside a stream that began well: the error, then the failed response.
fn breakdown(output: &Output, model: &str) -> String {
    let (_, body) = Trouble::breakdown(model).answer(Flavour::OpenAi);
    let error = &body["error"];
    let message = error["message"].as_str().unwrap_or_default();
    let code = "server_error";
    let failed = output.broken(code, message);
    let mut error = error.clone();
    error["code"] = json!(code);
    sse("error", &json!({"type": "error", "error": error}))
        + &sse(
            "response.failed",
            &json!({"type": "response.failed", "response": failed}),
        )
}

fn sse(name: &str, data: &Value) -> String {
    format!("event: {name}\ndata: {data}\n\n")
}

/// The events so far.
#[derive(Default)]
struct Events {
    frames: Vec<Frame>,
}

impl Events {
    fn push(&mut self, name: &str, tokens: usize, mut data: Value) {
        data["type"] = json!(name);
        data["sequence_number"] = json!(self.frames.len());
        self.frames.push(Frame {
            bytes: Bytes::from(sse(name, &data)),
            tokens,
        });
    }

    /// A delta, padded to hide its length. The padding depends on the text alone.
    fn delta(&mut self, name: &str, token: &str, place: &Value) {
        let length = 16_usize.saturating_sub(token.len() % 16);
        let padding = dice::draw(&mut dice::from_text(token), Alphabet::Alphanumeric, length);
        let mut data = place.clone();
        data["delta"] = json!(token);
        data["obfuscation"] = json!(padding);
        self.push(name, 1, data);
    }

    fn with(&mut self, name: &str, place: &Value, member: &str, value: Value) {
        let mut data = place.clone();
        data[member] = value;
        self.push(name, 0, data);
    }

    fn item(&mut self, index: usize, item: &Item, status: &str) {
        let place = json!({"output_index": index});
        let mut begun = place.clone();
        begun["item"] = item.beginning();
        let name_tokens = match &item.kind {
            Kind::Call { name_tokens, .. } => *name_tokens,
            Kind::Reasoning { .. } | Kind::Text(_) | Kind::Refusal(_) => 0,
        };
        self.push("response.output_item.added", name_tokens, begun);
        let inner = json!({"output_index": index, "item_id": item.id});
        match &item.kind {
            Kind::Reasoning { summary, .. } => self.summary(inner, summary),
            Kind::Text(tokens) => self.text(inner, tokens),
            Kind::Refusal(tokens) => self.refusal(inner, tokens),
            Kind::Call { arguments, .. } => self.arguments(&inner, arguments),
        }
        self.with(
            "response.output_item.done",
            &place,
            "item",
            item.whole(status),
        );
    }

    fn summary(&mut self, mut place: Value, tokens: &[String]) {
        if tokens.is_empty() {
            return;
        }
        place["summary_index"] = json!(0);
        let part = |text: &str| json!({"type": "summary_text", "text": text});
        let whole = tokens.concat();
        self.with(
            "response.reasoning_summary_part.added",
            &place,
            "part",
            part(""),
        );
        for token in tokens {
            self.delta("response.reasoning_summary_text.delta", token, &place);
        }
        self.with(
            "response.reasoning_summary_text.done",
            &place,
            "text",
            json!(whole),
        );
        self.with(
            "response.reasoning_summary_part.done",
            &place,
            "part",
            part(&whole),
        );
    }

    fn text(&mut self, mut place: Value, tokens: &[String]) {
        place["content_index"] = json!(0);
        let whole = tokens.concat();
        self.with("response.content_part.added", &place, "part", text_part(""));
        for token in tokens {
            self.delta("response.output_text.delta", token, &place);
        }
        self.with("response.output_text.done", &place, "text", json!(whole));
        self.with(
            "response.content_part.done",
            &place,
            "part",
            text_part(&whole),
        );
    }

    fn refusal(&mut self, mut place: Value, tokens: &[String]) {
        place["content_index"] = json!(0);
        let part = |text: &str| json!({"type": "refusal", "refusal": text});
        let whole = tokens.concat();
        self.with("response.content_part.added", &place, "part", part(""));
        for token in tokens {
            self.delta("response.refusal.delta", token, &place);
        }
        self.with("response.refusal.done", &place, "refusal", json!(whole));
        self.with("response.content_part.done", &place, "part", part(&whole));
    }

    fn arguments(&mut self, place: &Value, tokens: &[String]) {
        for token in tokens {
            self.delta("response.function_call_arguments.delta", token, place);
        }
        let whole = json!(tokens.concat());
        self.with(
            "response.function_call_arguments.done",
            place,
            "arguments",
            whole,
        );
    }
}
