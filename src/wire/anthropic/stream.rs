//! A streamed answer of the Messages API.

use super::super::answer::{Delivered, Finish, ReasoningView};
use super::super::compose::{Piece, Speaker};
use super::super::fault::{Fault, FaultClass};
use super::super::json;
use super::super::listen::{Listener, SseStream};
use super::super::object::{Flaw, Object};
use super::super::openai;
use super::super::sse::Item;
use super::super::stream::Event;
use super::ANSWER_TOOL;
use super::blocks::{self, CallIds};
use super::open::{Block, OpenBlocks};
use super::usage::Counts;

/// Unreadable events in a row after which a stream is given up.
const MOST_SKIPPED: u8 = 3;
/// The longest thinking block that is kept to be handed back, in bytes.
const MOST_THINKING: usize = 4 << 20;
/// As much text outside events as is kept, to find a bare JSON error in it.
const MOST_STRAY: usize = 64 << 10;

/// Reads a stream.
pub(in crate::wire) type Stream = SseStream<State>;

/// The decoder's memory between two events.
#[derive(Debug)]
pub(in crate::wire) struct State {
    speaker: Speaker,
    counts: Counts,
    ids: CallIds,
    open: OpenBlocks,
    skipped_in_row: u8,
    stray: String,
}

impl Listener for State {
    fn new(view: ReasoningView) -> Self {
        Self {
            speaker: Speaker::new(view),
            counts: Counts::default(),
            ids: CallIds::default(),
            open: OpenBlocks::default(),
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
            Item::Stray(line) => {
                if self.stray.len() + line.len() < MOST_STRAY {
                    self.stray.push_str(&String::from_utf8_lossy(line));
                    self.stray.push('\n');
                }
            }
            Item::Event { data, .. } => {
                let read = std::str::from_utf8(data).map(|text| self.event(text, out));
                match read {
                    Ok(Ok(())) => self.skipped_in_row = 0,
                    Ok(Err(_)) | Err(_) => self.skip(out),
                }
            }
        }
    }

    fn skip(&mut self, out: &mut Vec<Event>) {
        self.skipped_in_row += 1;
        if self.skipped_in_row >= MOST_SKIPPED {
            let what = "the provider's stream could not be read";
            self.speaker
                .fail(Fault::ours(FaultClass::Malformed, what), out);
        } else {
            out.push(Event::Skipped);
        }
    }

    fn event(&mut self, text: &str, out: &mut Vec<Event>) -> Result<(), Flaw> {
        let top = Object::parse(text)?;
        let part = |name: &str| Object::parse(top.get(name).unwrap_or("{}"));
        let index = top.get("index").and_then(json::count).unwrap_or(0);
        let kind = top.get("type").and_then(json::string).unwrap_or_default();
        match &*kind {
            "content_block_delta" => self.delta(index, &part("delta")?, out),
            "content_block_start" => self.start_block(index, &part("content_block")?, out),
            "content_block_stop" => self.stop_block(index, out),
            "message_start" => self.start(&part("message")?, out),
            "message_delta" => {
                if let Some(raw) = top.get("usage") {
                    self.counts.overlay(raw);
                }
                self.turn_end(&part("delta")?, out);
            }
            "message_stop" => self.close(out),
            _ if kind == "error" || top.get("error").is_some() => {
                let fault = openai::decode_error(None, text.as_bytes());
                self.speaker.fail(fault, out);
            }
            // Pings, and events to come.
            _ => out.push(Event::Alive),
        }
        Ok(())
    }

    /// The usage here counts the first output token only: an answer that breaks off is not billed
    /// by it, so it is not reported yet.
    fn start(&mut self, message: &Object<'_>, out: &mut Vec<Event>) {
        let id = message.get("id").and_then(json::string);
        self.ids = CallIds::new(&id.unwrap_or_default());
        if let Some(raw) = message.get("usage") {
            self.counts.overlay(raw);
        }
        out.push(Event::Alive);
    }

    fn start_block(&mut self, index: u64, block: &Object<'_>, out: &mut Vec<Event>) {
        let text = |name: &str| block.get(name).and_then(json::string).unwrap_or_default();
        let begun = match &*text("type") {
            "text" => {
                self.speaker.say(Piece::Text(&text("text")), out);
                Block::Text
            }
            "thinking" => {
                self.speaker.say(Piece::Reasoning(&text("thinking")), out);
                Block::Thinking {
                    text: text("thinking").into_owned(),
                    signature: text("signature").into_owned(),
                }
            }
            "redacted_thinking" => {
                let data = block.get("data").unwrap_or("\"\"");
                let detail = blocks::redacted_detail(data, index);
                self.speaker.say(Piece::Detail(&detail), out);
                Block::Other
            }
            "tool_use" if text("name") == ANSWER_TOOL => Block::Answer,
            "tool_use" => {
                let name = text("name");
                let id = self.ids.next(&text("id"), &name);
                let number = self.speaker.calls();
                let call = Piece::Call {
                    id: &id,
                    name: &name,
                };
                self.speaker.say(call, out);
                let input = block.get("input").filter(|raw| *raw != "{}");
                Block::Call {
                    number,
                    whole: input.map(str::to_owned),
                }
            }
            _ => {
                out.push(Event::Alive);
                Block::Other
            }
        };
        self.open.begin(index, begun);
    }

    fn delta(&mut self, index: u64, delta: &Object<'_>, out: &mut Vec<Event>) {
        let field = |name: &str| delta.get(name).and_then(json::string).unwrap_or_default();
        match (&*field("type"), self.open.get(index)) {
            // Text is text even where its block's start was lost.
            ("text_delta", Some(Block::Text) | None) => {
                self.speaker.say(Piece::Text(&field("text")), out);
            }
            ("thinking_delta", Some(Block::Thinking { text, .. })) => {
                let piece = field("thinking");
                if text.len() < MOST_THINKING {
                    text.push_str(&piece);
                }
                self.speaker.say(Piece::Reasoning(&piece), out);
            }
            ("signature_delta", Some(Block::Thinking { signature, .. })) => {
                if signature.len() < MOST_THINKING {
                    signature.push_str(&field("signature"));
                }
                out.push(Event::Alive);
            }
            ("input_json_delta", Some(Block::Call { number, whole })) => {
                let piece = field("partial_json");
                if !piece.is_empty() {
                    *whole = None;
                }
                let number = *number;
                self.speaker.say(Piece::Arguments(number, &piece), out);
            }
            ("input_json_delta", Some(Block::Answer)) => {
                self.speaker.say(Piece::Text(&field("partial_json")), out);
            }
            _ => out.push(Event::Alive),
        }
    }

    fn stop_block(&mut self, index: u64, out: &mut Vec<Event>) {
        if let Some(block) = self.open.end(index) {
            self.close_block(index, block, out);
        }
    }

    fn close_block(&mut self, index: u64, block: Block, out: &mut Vec<Event>) {
        match block {
            Block::Thinking { text, signature }
                if !signature.is_empty() && text.len() < MOST_THINKING =>
            {
                let raw = |text: &str| {
                    let mut raw = String::with_capacity(text.len() + 16);
                    json::push_string(&mut raw, text);
                    raw
                };
                let detail = blocks::signed_detail(&raw(&text), &raw(&signature), index);
                self.speaker.say(Piece::Detail(&detail), out);
            }
            Block::Call {
                number,
                whole: Some(arguments),
            } => self.speaker.say(Piece::Arguments(number, &arguments), out),
            Block::Call { .. }
            | Block::Thinking { .. }
            | Block::Text
            | Block::Answer
            | Block::Other => {}
        }
    }

    fn turn_end(&mut self, delta: &Object<'_>, out: &mut Vec<Event>) {
        if let Some(explanation) = blocks::refusal(delta.get("stop_details")) {
            self.speaker.say(Piece::Refusal(&explanation), out);
        }
        if let Some(native) = delta.get("stop_reason").and_then(json::string) {
            let finish = blocks::finish(&native, self.speaker.calls());
            self.speaker.end(finish, &native);
        }
        match self.counts.report() {
            Some(usage) => self.speaker.count(usage, out),
            None => out.push(Event::Alive),
        }
    }

    /// The end of the stream, by its last event or by the end of the body.
    fn close(&mut self, out: &mut Vec<Event>) {
        if !self.speaker.has_end() && self.stray.contains("\"error\"") {
            let fault = openai::decode_error(None, self.stray.as_bytes());
            return self.speaker.fail(fault, out);
        }
        for (index, block) in self.open.end_all() {
            self.close_block(index, block, out);
        }
        self.speaker.close(out);
    }
}
