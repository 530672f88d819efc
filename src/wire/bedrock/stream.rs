//! A streamed answer of ConverseStream.

use super::super::answer::{Delivered, Finish, ReasoningView};
use super::super::compose::{Piece, Speaker};
use super::super::eventstream::{Frame, FrameDecoder, FrameError};
use super::super::fault::{Fault, FaultClass};
use super::super::json;
use super::super::object::{Flaw, Object};
use super::super::stream::Event;
use super::calls::CallIds;
use super::{ANSWER_TOOL, errors, finish, reasoning, usage};

/// Unreadable events in a row after which a stream is given up.
const MOST_SKIPPED: u8 = 3;
/// Blocks that are open at a time.
const MOST_OPEN: usize = 256;
/// Reasoning of one block beyond this cannot be sent back; it is still shown.
const MOST_REPLAYED: usize = 1 << 20;

/// The decoder's memory between two pieces of a body.
#[derive(Debug)]
pub(in crate::wire) struct Stream {
    frames: FrameDecoder,
    state: State,
}

#[derive(Debug)]
struct State {
    speaker: Speaker,
    ids: CallIds,
    open: Vec<(u64, Block)>,
    /// The fault that the stop reason stands for; said once the usage has come.
    broken: Option<Fault>,
    fresh: bool,
    skipped_in_row: u8,
}

/// A content block that has not ended. Text blocks need no memory.
#[derive(Debug)]
enum Block {
    /// The call with this number.
    Call(usize),
    /// The JSON that was asked for, in the form of a call.
    Answer,
    Reasoning {
        text: String,
        signature: String,
    },
    /// Nothing for the caller.
    Hidden,
}

impl Stream {
    pub(in crate::wire) fn new(view: ReasoningView) -> Self {
        Self {
            frames: FrameDecoder::default(),
            state: State {
                speaker: Speaker::new(view),
                ids: CallIds::default(),
                open: Vec::new(),
                broken: None,
                fresh: true,
                skipped_in_row: 0,
            },
        }
    }

    pub(in crate::wire) fn push(&mut self, bytes: &[u8], out: &mut Vec<Event>) {
        if self.ended() {
            return;
        }
        let Self { frames, state } = self;
        let result = frames.push(bytes, |frame| state.take(frame, out));
        state.note_damage(result, out);
    }

    pub(in crate::wire) fn finish(&mut self, out: &mut Vec<Event>) {
        if self.ended() {
            return;
        }
        let state = &mut self.state;
        if self.frames.is_between_frames() || state.speaker.has_end() {
            state.close(out);
        } else {
            let what = "the provider's stream ended early";
            state.fail(Fault::ours(FaultClass::Malformed, what), out);
        }
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
    fn note_damage(&mut self, result: Result<(), FrameError>, out: &mut Vec<Event>) {
        if let Err(error) = result {
            self.fail(Fault::ours(FaultClass::Malformed, error.to_string()), out);
        }
    }

    fn fail(&mut self, fault: Fault, out: &mut Vec<Event>) {
        self.speaker.fail(fault, out);
    }

    fn take(&mut self, frame: Frame<'_>, out: &mut Vec<Event>) {
        if self.speaker.ended() {
            return;
        }
        match frame {
            Frame::Failure { code, payload } => {
                self.fail(errors::decode_exception(code, payload), out);
            }
            Frame::Event { name, payload } => match self.event(name, payload, out) {
                Ok(()) => {
                    self.fresh = false;
                    self.skipped_in_row = 0;
                }
                Err(_) => self.skip(out),
            },
        }
    }

    fn skip(&mut self, out: &mut Vec<Event>) {
        self.skipped_in_row += 1;
        if self.fresh || self.skipped_in_row >= MOST_SKIPPED {
            let what = "the provider's stream could not be read";
            self.fail(Fault::ours(FaultClass::Malformed, what), out);
        } else {
            out.push(Event::Skipped);
        }
    }

    fn event(&mut self, name: &str, payload: &[u8], out: &mut Vec<Event>) -> Result<(), Flaw> {
        let text =
            std::str::from_utf8(payload).map_err(|error| Flaw::NotJson(error.to_string()))?;
        let event = Object::parse(text)?;
        let index = event.get("contentBlockIndex").and_then(json::count);
        let index = index.unwrap_or_default();
        match name {
            "contentBlockStart" => self.start(index, &event, out)?,
            "contentBlockDelta" => self.delta(index, &event, out)?,
            "contentBlockStop" => self.stop(index, out),
            "messageStop" => self.end(&event, out),
            "metadata" => {
                if let Some(reported) = event.get("usage").and_then(usage::read) {
                    self.speaker.count(reported, out);
                }
                // The usage comes after the end, and nothing comes after the usage.
                if self.speaker.has_end() || self.broken.is_some() {
                    self.close(out);
                }
            }
            // `messageStart` says only that the assistant speaks, which goes without saying.
            _ => out.push(Event::Alive),
        }
        Ok(())
    }

    fn start(&mut self, index: u64, event: &Object<'_>, out: &mut Vec<Event>) -> Result<(), Flaw> {
        let start = Object::parse(event.get("start").unwrap_or("{}"))?;
        let block = match start.get("toolUse") {
            Some(raw) => self.start_call(&Object::parse(raw)?, out),
            None => Block::Hidden,
        };
        self.open(index, block);
        Ok(())
    }

    fn start_call(&mut self, call: &Object<'_>, out: &mut Vec<Event>) -> Block {
        // The provider runs its own tools; the caller cannot answer them.
        if call.get("type") == Some("\"server_tool_use\"") {
            return Block::Hidden;
        }
        let word = |name: &str| call.get(name).and_then(json::string).unwrap_or_default();
        let name = word("name");
        if name == ANSWER_TOOL {
            return Block::Answer;
        }
        let id = self.ids.unique(&word("toolUseId"));
        let number = self.speaker.calls();
        let (id, name) = (id.as_str(), name.as_ref());
        self.speaker.say(Piece::Call { id, name }, out);
        Block::Call(number)
    }

    fn open(&mut self, index: u64, block: Block) {
        self.open.retain(|(known, _)| *known != index);
        if self.open.len() < MOST_OPEN {
            self.open.push((index, block));
        }
    }

    fn delta(&mut self, index: u64, event: &Object<'_>, out: &mut Vec<Event>) -> Result<(), Flaw> {
        let delta = Object::parse(event.get("delta").unwrap_or("{}"))?;
        if let Some(text) = delta.get("text").and_then(json::string) {
            self.speaker.say(Piece::Text(&text), out);
        } else if let Some(raw) = delta.get("toolUse") {
            let call = Object::parse(raw)?;
            let input = call.get("input").and_then(json::string).unwrap_or_default();
            let block = self.open.iter().find(|(known, _)| *known == index);
            match block.map(|(_, block)| block) {
                Some(Block::Call(number)) => {
                    self.speaker.say(Piece::Arguments(*number, &input), out);
                }
                Some(Block::Answer) => self.speaker.say(Piece::Text(&input), out),
                Some(Block::Reasoning { .. } | Block::Hidden) | None => out.push(Event::Alive),
            }
        } else if let Some(raw) = delta.get("reasoningContent") {
            self.reason(index, &Object::parse(raw)?, out);
        } else {
            out.push(Event::Alive);
        }
        Ok(())
    }

    fn reason(&mut self, index: u64, delta: &Object<'_>, out: &mut Vec<Event>) {
        let is_open = self.open.iter().any(|(known, _)| *known == index);
        if !is_open {
            let (text, signature) = (String::new(), String::new());
            self.open(index, Block::Reasoning { text, signature });
        }
        let word = |name: &str| delta.get(name).and_then(json::string);
        let block = self.open.iter_mut().find(|(known, _)| *known == index);
        if let Some((_, Block::Reasoning { text, signature })) = block {
            let push = |whole: &mut String, piece: Option<std::borrow::Cow<'_, str>>| {
                if whole.len() <= MOST_REPLAYED {
                    whole.push_str(&piece.unwrap_or_default());
                }
            };
            push(text, word("text"));
            push(signature, word("signature"));
        }
        if let Some(text) = word("text") {
            self.speaker.say(Piece::Reasoning(&text), out);
        } else if let Some(data) = delta.get("redactedContent") {
            let detail = reasoning::encrypted_detail(data);
            self.speaker.say(Piece::Detail(&detail), out);
        } else {
            out.push(Event::Alive);
        }
    }

    fn stop(&mut self, index: u64, out: &mut Vec<Event>) {
        let at = self.open.iter().position(|(known, _)| *known == index);
        if let Some(at) = at {
            let (_, block) = self.open.remove(at);
            self.close_block(block, out);
        }
    }

    fn close_block(&mut self, block: Block, out: &mut Vec<Event>) {
        match block {
            Block::Reasoning { text, signature } => {
                let whole = text.len() <= MOST_REPLAYED && signature.len() <= MOST_REPLAYED;
                if whole && !(text.is_empty() && signature.is_empty()) {
                    let signature = Some(signature.as_str()).filter(|text| !text.is_empty());
                    let detail = reasoning::text_detail(&text, signature);
                    self.speaker.say(Piece::Detail(&detail), out);
                }
            }
            Block::Call(_) | Block::Answer | Block::Hidden => {}
        }
    }

    fn end(&mut self, event: &Object<'_>, out: &mut Vec<Event>) {
        for (_, block) in std::mem::take(&mut self.open) {
            self.close_block(block, out);
        }
        let native = event.get("stopReason").and_then(json::string);
        let native = native.unwrap_or_default();
        match finish::of(&native) {
            Ok(finish) => {
                let finish = finish::with_calls(finish, self.speaker.calls());
                self.speaker.end(finish, &native);
            }
            Err(fault) => self.broken = Some(fault),
        }
    }

    fn close(&mut self, out: &mut Vec<Event>) {
        match self.broken.take() {
            Some(fault) => self.fail(fault, out),
            None => self.speaker.close(out),
        }
    }
}
