//! A streamed answer of the OpenAI family.

use super::super::answer::{Delivered, Finish, ReasoningView};
use super::super::fault::{Fault, FaultClass};
use super::super::json;
use super::super::listen::{Listener, SseStream};
use super::super::object::{Flaw, Object, nested_array};
use super::super::sse::Item;
use super::super::stream::{Chunk, Event};
use super::answer::MOST_CHOICES;
use super::choice::{ChoiceState, Tally};
use super::{content, errors, usage};

/// Unreadable events in a row after which a stream is given up.
const MOST_SKIPPED: u8 = 3;
/// As much text outside events as is kept, to find a bare JSON error in it.
const MOST_STRAY: usize = 64 * 1024;

/// Reads a stream.
pub(in crate::wire) type Stream = SseStream<State>;

/// The decoder's memory between two events.
#[derive(Debug)]
pub(in crate::wire) struct State {
    view: ReasoningView,
    choices: Vec<ChoiceState>,
    delivered: Delivered,
    /// The upstream has counted output tokens.
    billed: bool,
    phase: Phase,
    skipped_in_row: u8,
    stray: String,
}

/// How far a stream has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Nothing readable has come yet.
    Fresh,
    Running,
    /// `Done` or a fault was given out.
    Ended,
}

impl Listener for State {
    fn new(view: ReasoningView) -> Self {
        Self {
            view,
            choices: Vec::new(),
            delivered: Delivered::default(),
            billed: false,
            phase: Phase::Fresh,
            skipped_in_row: 0,
            stray: String::new(),
        }
    }

    fn take(&mut self, item: Item<'_>, out: &mut Vec<Event>) {
        self.read(item, out);
    }

    fn fail(&mut self, fault: Fault, out: &mut Vec<Event>) {
        self.give_up(fault, out);
    }

    fn end(&mut self, out: &mut Vec<Event>) {
        self.close(out);
    }

    fn ended(&self) -> bool {
        self.phase == Phase::Ended
    }

    fn delivered(&self) -> Delivered {
        self.delivered
    }

    fn finish_reason(&self) -> Option<(Finish, &str)> {
        self.choices.first()?.finish()
    }
}

impl State {
    fn give_up(&mut self, fault: Fault, out: &mut Vec<Event>) {
        if self.phase != Phase::Ended {
            self.phase = Phase::Ended;
            out.push(Event::Fault(fault));
        }
    }

    fn read(&mut self, item: Item<'_>, out: &mut Vec<Event>) {
        if self.phase == Phase::Ended {
            return;
        }
        match item {
            Item::Stray(line) => self.take_stray(line, out),
            Item::Event {
                data: b"[DONE]", ..
            } => self.close(out),
            Item::Event { name, data } => match std::str::from_utf8(data) {
                // A line break between tokens would break the frames that we write.
                Ok(text) if text.contains('\n') => self.event(name, &text.replace('\n', " "), out),
                Ok(text) => self.event(name, text, out),
                Err(_) => self.skip(out),
            },
        }
    }

    fn take_stray(&mut self, line: &[u8], out: &mut Vec<Event>) {
        let room = MOST_STRAY.saturating_sub(self.stray.len());
        if line.len() >= room && self.phase == Phase::Fresh {
            let what = "the provider's answer is no event stream";
            self.give_up(Fault::ours(FaultClass::Malformed, what), out);
        } else if line.len() < room {
            self.stray.push_str(&String::from_utf8_lossy(line));
            self.stray.push('\n');
        }
    }

    fn event(&mut self, name: &[u8], text: &str, out: &mut Vec<Event>) {
        if name == b"error" {
            return self.give_up(errors::decode_error(None, text.as_bytes()), out);
        }
        let Ok(top) = Object::parse(text) else {
            return self.skip(out);
        };
        // Groq puts the same numbers in up to three places; each replaces the one before.
        let in_groq = top.get("x_groq").and_then(|raw| Object::nested(raw).ok());
        let reported = top
            .get("usage")
            .or_else(|| in_groq.as_ref()?.get("usage"))
            .and_then(usage::read);
        match top.get("choices") {
            Some(_) if top.get("error").is_some() => {
                return self.give_up(errors::decode_error(None, text.as_bytes()), out);
            }
            Some(choices) => {
                if self.chunk(&top, choices, out).is_err() {
                    return self.skip(out);
                }
            }
            None => match (errors::in_band(text), &reported) {
                (Some(fault), _) => return self.give_up(fault, out),
                (None, None) => return self.skip(out),
                (None, Some(_)) => {}
            },
        }
        if self.phase == Phase::Fresh {
            self.phase = Phase::Running;
        }
        self.skipped_in_row = 0;
        if let Some(reported) = reported {
            self.billed |= reported.usage.completion_tokens > 0;
            out.push(Event::Usage(reported));
        }
    }

    fn skip(&mut self, out: &mut Vec<Event>) {
        self.skipped_in_row += 1;
        if self.phase == Phase::Fresh || self.skipped_in_row >= MOST_SKIPPED {
            let what = "the provider's stream could not be read";
            self.give_up(Fault::ours(FaultClass::Malformed, what), out);
        } else {
            out.push(Event::Skipped);
        }
    }

    fn chunk(&mut self, top: &Object<'_>, choices: &str, out: &mut Vec<Event>) -> Result<(), Flaw> {
        let raw_choices = nested_array(choices, MOST_CHOICES)?;
        let mut members = String::with_capacity(choices.len() + 256);
        members.push_str("\"choices\":[");
        let mut tally = Tally::default();
        for (position, raw) in raw_choices.iter().enumerate() {
            if position > 0 {
                members.push(',');
            }
            let choice = Object::nested(raw)?;
            let index = choice.get("index").and_then(json::count);
            let index = index.unwrap_or(position as u64);
            let answer_id = top.get("id").unwrap_or_default();
            let view = self.view;
            self.choice(index)?
                .write(&choice, view, answer_id, &mut tally, &mut members)?;
        }
        members.push(']');
        let side = push_rest(top, &mut members);
        self.delivered.merge(tally.delivered);
        if tally.visible || side == Side::Telling {
            out.push(Event::Chunk(Chunk {
                members,
                weight: tally.weight,
                text_bytes: tally.delivered.text_bytes,
                finish: tally.finish,
            }));
        } else if !raw_choices.is_empty() {
            out.push(Event::Alive);
        }
        Ok(())
    }

    fn choice(&mut self, index: u64) -> Result<&mut ChoiceState, Flaw> {
        let at = match self.choices.iter().position(|state| state.index() == index) {
            Some(at) => at,
            None if self.choices.len() == MOST_CHOICES => return Err(Flaw::TooMany(MOST_CHOICES)),
            None => {
                self.choices.push(ChoiceState::new(index));
                self.choices.len() - 1
            }
        };
        self.choices.get_mut(at).ok_or(Flaw::TooMany(MOST_CHOICES))
    }

    /// The end of the stream, by `[DONE]` or by the end of the body.
    fn close(&mut self, out: &mut Vec<Event>) {
        if self.phase == Phase::Ended {
            return;
        }
        if !self.stray.is_empty()
            && let Some(fault) = errors::in_band(&self.stray)
        {
            return self.give_up(fault, out);
        }
        let all_ended = self.choices.iter().all(|choice| choice.finish().is_some());
        if self.choices.is_empty() || !all_ended {
            let what = "the provider's stream ended early";
            return self.give_up(Fault::ours(FaultClass::Malformed, what), out);
        }
        let excused = self.choices.iter().any(|choice| match choice.finish() {
            Some((Finish::Length | Finish::ContentFilter, _)) => true,
            Some((Finish::Stop | Finish::ToolCalls | Finish::FunctionCall | Finish::Error, _))
            | None => false,
        });
        if !self.delivered.has_content && !self.billed && !excused {
            let what = "the provider answered without any content";
            return self.give_up(Fault::ours(FaultClass::Empty, what), out);
        }
        self.phase = Phase::Ended;
        out.push(Event::Done);
    }
}

/// Whether a chunk without choices says something all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Telling,
    Boilerplate,
}

/// Appends the unknown members of a chunk.
fn push_rest(top: &Object<'_>, members: &mut String) -> Side {
    let mut side = Side::Boilerplate;
    for (name, raw) in top
        .iter()
        .filter(|(name, raw)| !content::is_dropped(name, raw))
    {
        if !matches!(name, "system_fingerprint" | "service_tier" | "time_info") {
            side = Side::Telling;
        }
        json::push_member(members, name, raw);
    }
    side
}
