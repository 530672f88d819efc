//! A streamed response: typed events, one item after the other or interleaved. It ends with
//! `response.completed`, `.incomplete` or `.failed`; there is no `[DONE]`.

use super::super::answer::{Delivered, Finish, ReasoningView};
use super::super::fault::{Fault, FaultClass};
use super::super::listen::{Listener, SseStream};
use super::super::object::Object;
use super::super::sse::Item;
use super::super::stream::Event;
use super::ending;
use super::events::Telling;

/// Unreadable events in a row after which a stream is given up.
const MOST_SKIPPED: u8 = 3;
/// As much text outside events as is kept, to find a bare JSON error in it.
const MOST_STRAY: usize = 64 * 1024;

/// Reads a stream.
pub(in crate::wire) type Stream = SseStream<State>;

/// The decoder's memory between two events.
#[derive(Debug)]
pub(in crate::wire) struct State {
    telling: Telling,
    readable: bool,
    skipped_in_row: u8,
    stray: String,
}

impl Listener for State {
    fn new(view: ReasoningView) -> Self {
        Self {
            telling: Telling::new(view),
            readable: false,
            skipped_in_row: 0,
            stray: String::new(),
        }
    }

    fn take(&mut self, item: Item<'_>, out: &mut Vec<Event>) {
        self.read(item, out);
    }

    fn fail(&mut self, fault: Fault, out: &mut Vec<Event>) {
        self.telling.fail(fault, out);
    }

    fn end(&mut self, out: &mut Vec<Event>) {
        self.close(out);
    }

    fn ended(&self) -> bool {
        self.telling.speaker().ended()
    }

    fn delivered(&self) -> Delivered {
        self.telling.speaker().delivered()
    }

    fn finish_reason(&self) -> Option<(Finish, &str)> {
        self.telling.speaker().finish_reason()
    }
}

impl State {
    fn malformed(&mut self, what: impl Into<String>, out: &mut Vec<Event>) {
        self.telling
            .fail(Fault::ours(FaultClass::Malformed, what), out);
    }

    fn read(&mut self, frame: Item<'_>, out: &mut Vec<Event>) {
        if self.telling.speaker().ended() {
            return;
        }
        match frame {
            Item::Stray(line) => self.take_stray(line, out),
            // Not OpenAI's, but some gateways say it all the same.
            Item::Event {
                data: b"[DONE]", ..
            } => self.close(out),
            Item::Event { name, data } => {
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
    fn close(&mut self, out: &mut Vec<Event>) {
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
