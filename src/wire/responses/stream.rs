//! A streamed response: typed events, one item after the other or interleaved. It ends with
//! `response.completed`, `.incomplete` or `.failed`; there is no `[DONE]`.

use super::super::answer::{Delivered, Finish, ReasoningView};
use super::super::fault::{Fault, FaultClass};
use super::super::object::Object;
use super::super::sse::{Item as Frame, SseDecoder, TooLong};
use super::super::stream::Event;
use super::ending;
use super::events::Telling;

/// Unreadable events in a row after which a stream is given up.
const MOST_SKIPPED: u8 = 3;
/// As much text outside events as is kept, to find a bare JSON error in it.
const MOST_STRAY: usize = 64 * 1024;

/// The decoder's memory between two pieces of a body.
#[derive(Debug)]
pub(in crate::wire) struct Stream {
    sse: SseDecoder,
    state: State,
}

#[derive(Debug)]
struct State {
    telling: Telling,
    readable: bool,
    skipped_in_row: u8,
    stray: String,
}

impl Stream {
    pub(in crate::wire) fn new(view: ReasoningView) -> Self {
        Self {
            sse: SseDecoder::default(),
            state: State {
                telling: Telling::new(view),
                readable: false,
                skipped_in_row: 0,
                stray: String::new(),
            },
        }
    }

    pub(in crate::wire) fn push(&mut self, bytes: &[u8], out: &mut Vec<Event>) {
        if self.ended() {
            return;
        }
        let Self { sse, state } = self;
        let result = sse.push(bytes, |frame| state.take(frame, out));
        state.note_size(result, out);
    }

    pub(in crate::wire) fn finish(&mut self, out: &mut Vec<Event>) {
        if self.ended() {
            return;
        }
        let Self { sse, state } = self;
        let result = sse.finish(|frame| state.take(frame, out));
        state.note_size(result, out);
        state.end(out);
    }

    pub(in crate::wire) fn ended(&self) -> bool {
        self.state.telling.speaker().ended()
    }

    pub(in crate::wire) fn delivered(&self) -> Delivered {
        self.state.telling.speaker().delivered()
    }

    pub(in crate::wire) fn finish_reason(&self) -> Option<(Finish, &str)> {
        self.state.telling.speaker().finish_reason()
    }
}

impl State {
    fn note_size(&mut self, result: Result<(), TooLong>, out: &mut Vec<Event>) {
        if let Err(error) = result {
            self.malformed(error.to_string(), out);
        }
    }

    fn malformed(&mut self, what: impl Into<String>, out: &mut Vec<Event>) {
        self.telling
            .fail(Fault::ours(FaultClass::Malformed, what), out);
    }

    fn take(&mut self, frame: Frame<'_>, out: &mut Vec<Event>) {
        if self.telling.speaker().ended() {
            return;
        }
        match frame {
            Frame::Stray(line) => self.take_stray(line, out),
            // Not OpenAI's, but some gateways say it all the same.
            Frame::Event {
                data: b"[DONE]", ..
            } => self.end(out),
            Frame::Event { name, data } => {
                let event = std::str::from_utf8(data).ok().map(Object::parse);
                match event {
                    Some(Ok(event)) => {
                        self.readable = true;
                        self.skipped_in_row = 0;
                        self.telling.event(name, &event, data, out);
                    }
                    Some(Err(_)) | None => self.skip(out),
                }
            }
        }
    }

    fn take_stray(&mut self, line: &[u8], out: &mut Vec<Event>) {
        let room = MOST_STRAY.saturating_sub(self.stray.len());
        if line.len() < room {
            self.stray.push_str(&String::from_utf8_lossy(line));
            self.stray.push('\n');
        } else if !self.readable {
            self.malformed("the provider's answer is no event stream", out);
        }
    }

    fn skip(&mut self, out: &mut Vec<Event>) {
        self.skipped_in_row += 1;
        if !self.readable || self.skipped_in_row >= MOST_SKIPPED {
            self.malformed("the provider's stream could not be read", out);
        } else {
            out.push(Event::Skipped);
        }
    }

    /// The body is over, without its last event unless that came.
    fn end(&mut self, out: &mut Vec<Event>) {
        if self.telling.speaker().ended() {
            return;
        }
        let stray = Object::parse(self.stray.trim());
        if stray.is_ok_and(|stray| stray.get("error").is_some()) {
            let fault = ending::failed(self.stray.trim());
            return self.telling.fail(fault, out);
        }
        self.telling.close(out);
    }
}
