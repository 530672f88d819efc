//! Says in OpenAI's words what a translated dialect said: chunks for a stream, one message otherwise.
//!
//! A dialect's decoder turns what it reads into [`Piece`]s. [`Speaker`] makes chunks of them,
//! [`Collector`] a whole answer; both give the same text, calls, reasoning and finish.

use std::sync::Arc;

use super::answer::{Answer, Delivered, Finish, ReasoningView};
use super::fault::{Fault, FaultClass};
use super::json;
use super::replay::Replay;
use super::stream::{Chunk, Event, Weight};
use super::usage::ReportedUsage;

/// Tool calls of one answer at the most.
const MOST_CALLS: usize = 256;

/// One thing that a model said. Texts may be empty: then nothing is said.
#[derive(Clone, Copy, Debug)]
pub(super) enum Piece<'a> {
    /// Text of the answer.
    Text(&'a str),
    /// Text of a refusal.
    Refusal(&'a str),
    /// Reasoning that may be shown.
    Reasoning(&'a str),
    /// One complete raw JSON object for `reasoning_details`: a signed or encrypted block, byte for
    /// byte as the provider wants it back. The shown text of a signed block was said before.
    Detail(&'a str),
    /// One complete raw JSON object for `annotations`, in OpenAI's chat form.
    Annotation(&'a str),
    /// A tool call begins. Calls are numbered in the order in which they begin.
    Call {
        /// Its id, unique in the answer.
        id: &'a str,
        /// The tool.
        name: &'a str,
    },
    /// A fragment of the JSON arguments of the call with this number.
    Arguments(usize, &'a str),
}

/// What both forms keep account of.
#[derive(Debug)]
struct Tally {
    view: ReasoningView,
    delivered: Delivered,
    calls: Vec<Call>,
    /// Raw `reasoning_details`, comma separated.
    details: String,
}

#[derive(Debug)]
struct Call {
    id: String,
    name: String,
    arguments: String,
}

impl Tally {
    fn new(view: ReasoningView) -> Self {
        Self {
            view,
            delivered: Delivered::default(),
            calls: Vec::new(),
            details: String::new(),
        }
    }

    /// Whether a piece is to be said at all.
    fn takes(&mut self, piece: Piece<'_>) -> bool {
        match piece {
            Piece::Text(text) | Piece::Refusal(text) => self.add(text),
            Piece::Reasoning(text) => self.add(text) && self.view == ReasoningView::Include,
            Piece::Detail(raw) => {
                if !self.details.is_empty() {
                    self.details.push(',');
                }
                self.details.push_str(raw);
                self.view == ReasoningView::Include
            }
            Piece::Annotation(_) => true,
            Piece::Call { id, name } => {
                if self.calls.len() == MOST_CALLS {
                    return false;
                }
                self.delivered.add(name.len());
                self.calls.push(Call {
                    id: id.to_owned(),
                    name: name.to_owned(),
                    arguments: String::new(),
                });
                true
            }
            Piece::Arguments(call, fragment) => match self.calls.get_mut(call) {
                Some(call) => {
                    call.arguments.push_str(fragment);
                    self.add(fragment)
                }
                None => false,
            },
        }
    }

    fn add(&mut self, text: &str) -> bool {
        if text.is_empty() {
            return false;
        }
        self.delivered.add(text.len());
        true
    }

    /// Tools were called, so the answer ended for them, whatever the provider calls that.
    fn finish(&self, finish: Finish) -> Finish {
        match finish {
            Finish::Stop if !self.calls.is_empty() => Finish::ToolCalls,
            Finish::Stop
            | Finish::Length
            | Finish::ToolCalls
            | Finish::FunctionCall
            | Finish::ContentFilter
            | Finish::Error => finish,
        }
    }

    fn replay(&self) -> Option<Replay> {
        if self.details.is_empty() || self.calls.is_empty() {
            return None;
        }
        let call_ids = self.calls.iter().map(|call| call.id.clone()).collect();
        Some(Replay {
            call_ids,
            details: Arc::from(format!("[{}]", self.details)),
        })
    }

    /// An answer without content is an answer only when its finish or its usage explains why.
    fn fault(&self, finish: Finish, usage: Option<&ReportedUsage>) -> Option<Fault> {
        let usage = usage.map(|reported| reported.usage);
        let has_output = usage.is_some_and(|usage| usage.completion_tokens > 0);
        let (class, what) = match finish {
            Finish::Error => (FaultClass::Server, "the provider broke its answer off"),
            Finish::Stop | Finish::ToolCalls | Finish::FunctionCall
                if !self.delivered.has_content && !has_output =>
            {
                let what = "the provider answered without any content";
                (FaultClass::Empty, what)
            }
            Finish::Length
            | Finish::ContentFilter
            | Finish::Stop
            | Finish::ToolCalls
            | Finish::FunctionCall => return None,
        };
        Some(Fault {
            billed: usage.map(Box::new),
            ..Fault::ours(class, what)
        })
    }
}

/// Makes chunks of pieces.
#[derive(Debug)]
pub(super) struct Speaker {
    tally: Tally,
    opened: bool,
    finish: Option<(Finish, String)>,
    usage: Option<ReportedUsage>,
    ended: bool,
}

impl Speaker {
    pub(super) fn new(view: ReasoningView) -> Self {
        Self {
            tally: Tally::new(view),
            opened: false,
            finish: None,
            usage: None,
            ended: false,
        }
    }

    /// Says one piece.
    pub(super) fn say(&mut self, piece: Piece<'_>, out: &mut Vec<Event>) {
        if self.ended {
            return;
        }
        if !self.tally.takes(piece) {
            out.push(Event::Alive);
            return;
        }
        let mut delta = String::from("{");
        if !self.opened {
            self.opened = true;
            json::push_member(&mut delta, "role", "\"assistant\"");
        }
        let text_bytes = self.write(piece, &mut delta);
        delta.push('}');
        let weight = match piece {
            // Encrypted and redacted reasoning is nothing that the caller can read.
            Piece::Detail(_) => Weight::Role,
            Piece::Text(_)
            | Piece::Refusal(_)
            | Piece::Reasoning(_)
            | Piece::Annotation(_)
            | Piece::Call { .. }
            | Piece::Arguments(..) => Weight::Content,
        };
        self.chunk(&delta, "null", None, weight, text_bytes, out);
    }

    /// Appends a piece to a delta; answers with its UTF-8 bytes of content.
    fn write(&self, piece: Piece<'_>, delta: &mut String) -> u64 {
        let (name, text) = match piece {
            Piece::Text(text) => ("content", text),
            Piece::Refusal(text) => ("refusal", text),
            Piece::Reasoning(text) => ("reasoning_content", text),
            Piece::Detail(raw) => {
                json::push_member(delta, "reasoning_details", &format!("[{raw}]"));
                return 0;
            }
            Piece::Annotation(raw) => {
                json::push_member(delta, "annotations", &format!("[{raw}]"));
                return 0;
            }
            Piece::Call { id, name } => {
                let number = self.tally.calls.len().saturating_sub(1);
                let mut call = format!(r#"[{{"index":{number},"id":"#);
                json::push_string(&mut call, id);
                call.push_str(r#","type":"function","function":{"name":"#);
                json::push_string(&mut call, name);
                call.push_str(r#","arguments":""}}]"#);
                json::push_member(delta, "tool_calls", &call);
                return name.len() as u64;
            }
            Piece::Arguments(number, fragment) => {
                let mut call = format!(r#"[{{"index":{number},"function":{{"arguments":"#);
                json::push_string(&mut call, fragment);
                call.push_str("}}]");
                json::push_member(delta, "tool_calls", &call);
                return fragment.len() as u64;
            }
        };
        let mut value = String::with_capacity(text.len() + 2);
        json::push_string(&mut value, text);
        json::push_member(delta, name, &value);
        text.len() as u64
    }

    fn chunk(
        &self,
        delta: &str,
        finish: &str,
        native: Option<&str>,
        weight: Weight,
        text_bytes: u64,
        out: &mut Vec<Event>,
    ) {
        let mut members =
            format!(r#""choices":[{{"index":0,"delta":{delta},"finish_reason":{finish}"#);
        if let Some(native) = native {
            members.push_str(r#","native_finish_reason":"#);
            json::push_string(&mut members, native);
        }
        members.push_str("}]");
        let finish = self
            .finish
            .as_ref()
            .map(|(finish, _)| *finish)
            .filter(|_| native.is_some());
        out.push(Event::Chunk(Chunk {
            members,
            weight,
            text_bytes,
            finish,
        }));
    }

    /// How many calls have begun.
    pub(super) fn calls(&self) -> usize {
        self.tally.calls.len()
    }

    /// Notes the usage so far; a later one replaces it.
    pub(super) fn count(&mut self, usage: ReportedUsage, out: &mut Vec<Event>) {
        self.usage = Some(usage.clone());
        out.push(Event::Usage(usage));
    }

    /// Notes why the answer ended; the last word holds. Said by [`Speaker::close`].
    pub(super) fn end(&mut self, finish: Finish, native: &str) {
        self.finish = Some((self.tally.finish(finish), native.to_owned()));
    }

    /// Whether the answer's end was noted.
    pub(super) fn has_end(&self) -> bool {
        self.finish.is_some()
    }

    /// The stream is over: `{}` for calls without arguments, the finish chunk, the replay, `Done`. A
    /// stream without an end, or empty without a reason, is a fault.
    pub(super) fn close(&mut self, out: &mut Vec<Event>) {
        if self.ended {
            return;
        }
        let Some((finish, native)) = self.finish.clone() else {
            return self.fail(
                Fault::ours(FaultClass::Malformed, "the provider's stream ended early"),
                out,
            );
        };
        // Calls may have begun after the end was noted.
        let finish = self.tally.finish(finish);
        if let Some(fault) = self.tally.fault(finish, self.usage.as_ref()) {
            return self.fail(fault, out);
        }
        for number in 0..self.tally.calls.len() {
            if self
                .tally
                .calls
                .get(number)
                .is_some_and(|call| call.arguments.is_empty())
            {
                self.say(Piece::Arguments(number, "{}"), out);
            }
        }
        self.finish = Some((finish, native.clone()));
        let role = if self.opened {
            "{}"
        } else {
            r#"{"role":"assistant"}"#
        };
        self.chunk(
            role,
            &format!("\"{}\"", finish.as_str()),
            Some(&native),
            Weight::Nothing,
            0,
            out,
        );
        if let Some(replay) = self.tally.replay() {
            out.push(Event::Replay(replay));
        }
        self.ended = true;
        out.push(Event::Done);
    }

    /// The stream failed. Nothing follows.
    pub(super) fn fail(&mut self, fault: Fault, out: &mut Vec<Event>) {
        if !self.ended {
            self.ended = true;
            out.push(Event::Fault(fault));
        }
    }

    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    pub(super) fn delivered(&self) -> Delivered {
        self.tally.delivered
    }

    pub(super) fn finish_reason(&self) -> Option<(Finish, &str)> {
        self.finish
            .as_ref()
            .map(|(finish, native)| (*finish, native.as_str()))
    }
}

/// Makes one message of pieces.
#[derive(Debug)]
pub(super) struct Collector {
    tally: Tally,
    text: String,
    refusal: String,
    reasoning: String,
    /// Raw `annotations`, comma separated.
    annotations: String,
}

impl Collector {
    pub(super) fn new(view: ReasoningView) -> Self {
        Self {
            tally: Tally::new(view),
            text: String::new(),
            refusal: String::new(),
            reasoning: String::new(),
            annotations: String::new(),
        }
    }

    /// Says one piece.
    pub(super) fn say(&mut self, piece: Piece<'_>) {
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
    pub(super) fn calls(&self) -> usize {
        self.tally.calls.len()
    }

    /// The whole answer. Empty without a reason is a fault.
    pub(super) fn answer(
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
