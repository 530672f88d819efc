//! One answer of a translated dialect as chunks, one for each piece as it comes.

use super::{Piece, Tally};
use crate::wire::answer::{Delivered, Finish, ReasoningView};
use crate::wire::fault::{Fault, FaultClass};
use crate::wire::json;
use crate::wire::stream::{Chunk, Event, Weight};
use crate::wire::usage::ReportedUsage;

/// Makes chunks of pieces.
#[derive(Debug)]
pub(in crate::wire) struct Speaker {
    tally: Tally,
    opened: bool,
    finish: Option<(Finish, String)>,
    usage: Option<ReportedUsage>,
    ended: bool,
}

impl Speaker {
    pub(in crate::wire) fn new(view: ReasoningView) -> Self {
        Self {
            tally: Tally::new(view),
            opened: false,
            finish: None,
            usage: None,
            ended: false,
        }
    }

    /// Says one piece.
    pub(in crate::wire) fn say(&mut self, piece: Piece<'_>, out: &mut Vec<Event>) {
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
    pub(in crate::wire) fn calls(&self) -> usize {
        self.tally.calls.len()
    }

    /// Notes the usage so far; a later one replaces it.
    pub(in crate::wire) fn count(&mut self, usage: ReportedUsage, out: &mut Vec<Event>) {
        self.usage = Some(usage.clone());
        out.push(Event::Usage(usage));
    }

    /// Notes why the answer ended; the last word holds. Said by [`Speaker::close`].
    pub(in crate::wire) fn end(&mut self, finish: Finish, native: &str) {
        self.finish = Some((self.tally.finish(finish), native.to_owned()));
    }

    /// Whether the answer's end was noted.
    pub(in crate::wire) fn has_end(&self) -> bool {
        self.finish.is_some()
    }

    /// The stream is over: `{}` for calls without arguments, the finish chunk, the replay, `Done`. A
    /// stream without an end, or empty without a reason, is a fault.
    pub(in crate::wire) fn close(&mut self, out: &mut Vec<Event>) {
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
    pub(in crate::wire) fn fail(&mut self, fault: Fault, out: &mut Vec<Event>) {
        if !self.ended {
            self.ended = true;
            out.push(Event::Fault(fault));
        }
    }

    pub(in crate::wire) fn ended(&self) -> bool {
        self.ended
    }

    pub(in crate::wire) fn delivered(&self) -> Delivered {
        self.tally.delivered
    }

    pub(in crate::wire) fn finish_reason(&self) -> Option<(Finish, &str)> {
        self.finish
            .as_ref()
            .map(|(finish, native)| (*finish, native.as_str()))
    }
}
