//! One answer of a translated dialect as one message.

use super::{Piece, Tally};
use crate::wire::answer::{Answer, Finish, ReasoningView};
use crate::wire::fault::Fault;
use crate::wire::json;
use crate::wire::usage::ReportedUsage;

/// Makes one message of pieces.
#[derive(Debug)]
pub(in crate::wire) struct Collector {
    tally: Tally,
    text: String,
    refusal: String,
    reasoning: String,
    /// Raw `annotations`, comma separated.
    annotations: String,
}

impl Collector {
    pub(in crate::wire) fn new(view: ReasoningView) -> Self {
        Self {
            tally: Tally::new(view),
            text: String::new(),
            refusal: String::new(),
            reasoning: String::new(),
            annotations: String::new(),
        }
    }

    /// Says one piece.
    pub(in crate::wire) fn say(&mut self, piece: Piece<'_>) {
        let shown = self.tally.takes(piece);
        match piece {
            Piece::Text(text) => self.text.push_str(text),
            Piece::Refusal(text) => self.refusal.push_str(text),
            Piece::Reasoning(text) if shown => self.reasoning.push_str(text),
            Piece::Annotation(raw) => {
                if !self.annotations.is_empty() {
                    self.annotations.push(',');
                }
                self.annotations.push_str(raw);
            }
            Piece::Reasoning(_) | Piece::Detail(_) | Piece::Call { .. } | Piece::Arguments(..) => {}
        }
    }

    /// How many calls have begun.
    pub(in crate::wire) fn calls(&self) -> usize {
        self.tally.calls.len()
    }

    /// The whole answer. Empty without a reason is a fault.
    pub(in crate::wire) fn answer(
        self,
        finish: Finish,
        native: &str,
        usage: Option<ReportedUsage>,
    ) -> Result<Answer, Fault> {
        let finish = self.tally.finish(finish);
        if let Some(fault) = self.tally.fault(finish, usage.as_ref()) {
            return Err(fault);
        }
        let mut choices = format!(
            r#""choices":[{{"index":0,"message":{},"logprobs":null,"finish_reason":"{}","native_finish_reason":"#,
            self.message(),
            finish.as_str()
        );
        json::push_string(&mut choices, native);
        choices.push_str("}]");
        Ok(Answer {
            choices,
            rest: String::new(),
            usage,
            finish,
            native_finish: Some(native.to_owned()),
            delivered: self.tally.delivered,
            replay: self.tally.replay(),
        })
    }

    fn message(&self) -> String {
        let mut message = String::from(r#"{"role":"assistant""#);
        let text_or_null = |text: &str, empty: &str| {
            if text.is_empty() {
                return empty.to_owned();
            }
            let mut value = String::with_capacity(text.len() + 2);
            json::push_string(&mut value, text);
            value
        };
        let speechless = !self.tally.calls.is_empty() || !self.refusal.is_empty();
        let empty = if speechless { "null" } else { "\"\"" };
        json::push_member(&mut message, "content", &text_or_null(&self.text, empty));
        json::push_member(
            &mut message,
            "refusal",
            &text_or_null(&self.refusal, "null"),
        );
        if !self.annotations.is_empty() {
            json::push_member(
                &mut message,
                "annotations",
                &format!("[{}]", self.annotations),
            );
        }
        if !self.reasoning.is_empty() {
            json::push_member(
                &mut message,
                "reasoning_content",
                &text_or_null(&self.reasoning, "null"),
            );
        }
        if !self.tally.details.is_empty() && self.tally.view == ReasoningView::Include {
            json::push_member(
                &mut message,
                "reasoning_details",
                &format!("[{}]", self.tally.details),
            );
        }
        if !self.tally.calls.is_empty() {
            json::push_member(&mut message, "tool_calls", &self.calls_json());
        }
        message.push('}');
        message
    }

    fn calls_json(&self) -> String {
        let mut calls = String::from("[");
        for call in &self.tally.calls {
            if calls.len() > 1 {
                calls.push(',');
            }
            calls.push_str(r#"{"id":"#);
            json::push_string(&mut calls, &call.id);
            calls.push_str(r#","type":"function","function":{"name":"#);
            json::push_string(&mut calls, &call.name);
            calls.push_str(r#","arguments":"#);
            let arguments = if call.arguments.is_empty() {
                "{}"
            } else {
                &call.arguments
            };
            json::push_string(&mut calls, arguments);
            calls.push_str("}}");
        }
        calls.push(']');
        calls
    }
}
