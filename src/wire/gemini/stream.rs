//! A streamed answer: one response a frame, no closing word.

use super::super::answer::{Delivered, Finish, ReasoningView};
use super::super::compose::Speaker;
use super::super::fault::{Fault, FaultClass};
use super::super::listen::{Listener, SseStream};
use super::super::sse::Item;
use super::super::stream::Event;
use super::answer::Reader;
use super::errors;
use super::frame::Frame;
use super::usage::Output;

/// Unreadable events in a row after which a stream is given up.
const MOST_SKIPPED: u8 = 3;
/// As much text outside events as is kept, to find a bare JSON error in it.
const MOST_STRAY: usize = 64 * 1024;

/// Reads a stream.
pub(in crate::wire) type Stream = SseStream<State>;

/// The decoder's memory between two events.
#[derive(Debug)]
pub(in crate::wire) struct State {
    speaker: Speaker,
    reader: Reader,
    begun: bool,
    skipped_in_row: u8,
    stray: String,
}

impl Listener for State {
    fn new(view: ReasoningView) -> Self {
        Self {
            speaker: Speaker::new(view),
            reader: Reader::default(),
            begun: false,
            skipped_in_row: 0,
            stray: String::new(),
        }
    }

    fn take(&mut self, item: Item<'_>, out: &mut Vec<Event>) {
        self.read(item, out);
    }

    fn fail(&mut self, fault: Fault, out: &mut Vec<Event>) {
        self.speaker.fail(fault, out);
    }

    fn end(&mut self, out: &mut Vec<Event>) {
        self.close(out);
    }

    fn ended(&self) -> bool {
        self.speaker.ended()
    }

    fn delivered(&self) -> Delivered {
        self.speaker.delivered()
    }

    fn finish_reason(&self) -> Option<(Finish, &str)> {
        self.speaker.finish_reason()
    }
}

impl State {
    fn read(&mut self, item: Item<'_>, out: &mut Vec<Event>) {
        if self.speaker.ended() {
            return;
        }
        match item {
            Item::Stray(line) => self.take_stray(line, out),
            Item::Event {
                data: b"[DONE]", ..
            } => {}
            Item::Event { data, .. } => match std::str::from_utf8(data) {
                Ok(text) => self.event(text, out),
                Err(_) => self.skip(out),
            },
        }
    }

    /// Google breaks a stream off with an error in bare JSON.
    fn take_stray(&mut self, line: &[u8], out: &mut Vec<Event>) {
        if line.len() < MOST_STRAY.saturating_sub(self.stray.len()) {
            self.stray.push_str(&String::from_utf8_lossy(line));
            self.stray.push('\n');
        } else if !self.begun {
            let what = "the provider's answer is no event stream";
            self.speaker
                .fail(Fault::ours(FaultClass::Malformed, what), out);
        }
    }

    fn event(&mut self, text: &str, out: &mut Vec<Event>) {
        let Ok(frame) = Frame::parse(text) else {
            return self.skip(out);
        };
        if frame.error.is_some() {
            let fault = errors::decode_error(None, text.as_bytes());
            return self.speaker.fail(fault, out);
        }
        self.begun = true;
        self.skipped_in_row = 0;
        let Self {
            speaker, reader, ..
        } = self;
        reader.read(&frame, |piece| speaker.say(piece, out));
        if let Some(Ok((finish, native))) = reader.end() {
            speaker.end(finish, &native);
        }
        if frame.usage_metadata.is_some()
            && let Some(counted) = reader.counted()
            && counted.output == Output::Told
        {
            speaker.count(counted.reported, out);
        }
    }

    fn skip(&mut self, out: &mut Vec<Event>) {
        self.skipped_in_row += 1;
        if !self.begun || self.skipped_in_row >= MOST_SKIPPED {
            let what = "the provider's stream could not be read";
            self.speaker
                .fail(Fault::ours(FaultClass::Malformed, what), out);
        } else {
            out.push(Event::Skipped);
        }
    }

    /// The end of the body is the end of the answer.
    fn close(&mut self, out: &mut Vec<Event>) {
        if self.speaker.ended() {
            return;
        }
        let Self {
            speaker,
            reader,
            stray,
            ..
        } = self;
        if stray.trim_start().starts_with(['{', '[']) {
            return speaker.fail(errors::decode_error(None, stray.as_bytes()), out);
        }
        if let Some(Err(fault)) = reader.end() {
            return speaker.fail(fault, out);
        }
        if let Some(counted) = reader.counted()
            && counted.output == Output::Inferred
        {
            speaker.count(counted.reported, out);
        }
        if reader.end().is_some() {
            reader.details(|piece| speaker.say(piece, out));
        }
        speaker.close(out);
    }
}
