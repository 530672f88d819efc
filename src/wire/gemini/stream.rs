//! A streamed answer: one response a frame, no closing word.

use super::super::answer::{Delivered, Finish, ReasoningView};
use super::super::compose::Speaker;
use super::super::fault::{Fault, FaultClass};
use super::super::sse::{Item, SseDecoder, TooLong};
use super::super::stream::Event;
use super::answer::Reader;
use super::errors;
use super::frame::Frame;
use super::usage::Output;

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
    speaker: Speaker,
    reader: Reader,
    begun: bool,
    skipped_in_row: u8,
    stray: String,
}

impl Stream {
    pub(in crate::wire) fn new(view: ReasoningView) -> Self {
        Self {
            sse: SseDecoder::default(),
            state: State {
                speaker: Speaker::new(view),
                reader: Reader::default(),
                begun: false,
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
        let result = sse.push(bytes, |item| state.take(item, out));
        state.note_size(result, out);
    }

    pub(in crate::wire) fn finish(&mut self, out: &mut Vec<Event>) {
        if self.ended() {
            return;
        }
        let Self { sse, state } = self;
        let result = sse.finish(|item| state.take(item, out));
        state.note_size(result, out);
        state.end(out);
    }

    pub(in crate::wire) fn ended(&self) -> bool {
        self.state.speaker.ended()
    }

    pub(in crate::wire) fn delivered(&self) -> Delivered {
        self.state.speaker.delivered()
    }

    pub(in crate::wire) fn finish_reason(&self) -> Option<(Finish, &str)> {
        self.state.speaker.finish_reason()
    }
}

impl State {
    fn note_size(&mut self, result: Result<(), TooLong>, out: &mut Vec<Event>) {
        if let Err(error) = result {
            let fault = Fault::ours(FaultClass::Malformed, error.to_string());
            self.speaker.fail(fault, out);
        }
    }

    fn take(&mut self, item: Item<'_>, out: &mut Vec<Event>) {
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
    fn end(&mut self, out: &mut Vec<Event>) {
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
