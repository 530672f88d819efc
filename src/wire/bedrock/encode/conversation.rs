//! The conversation as Converse wants it: instructions apart, user and assistant in turns.

use crate::catalog::{Model, Trait};

use super::super::super::chat::ChatRequest;
use super::super::super::{CannotEncode, Context, Reason, Warning};
use super::super::family::Family;
use super::history::Reader;
use super::marks::Marks;
use super::{STAND_IN, parts};

/// A request's messages, read.
pub(super) struct Conversation {
    /// Raw blocks.
    pub system: Vec<String>,
    /// Names of the tools that were called, each once.
    pub called: Vec<String>,
    pub open_loop: Loop,
    pub marks: Marks,
    pub warnings: Vec<Warning>,
    turns: Vec<Turn>,
}

/// Whether the assistant's last message called tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loop {
    /// It did not.
    Closed,
    /// It did, and its signed reasoning before the calls is there.
    Signed,
    /// It did, and its reasoning is lost.
    Unsigned,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    User,
    Assistant,
}

struct Turn {
    side: Side,
    /// Raw blocks.
    blocks: Vec<String>,
}

impl Conversation {
    pub(super) fn read(
        request: &ChatRequest,
        model: &Model,
        family: Family,
        context: &Context<'_>,
    ) -> Result<Self, CannotEncode> {
        let empty = Self {
            system: Vec::new(),
            called: Vec::new(),
            open_loop: Loop::Closed,
            marks: Marks::new(family),
            warnings: Vec::new(),
            turns: Vec::new(),
        };
        let mut conversation = Reader::new(empty, family, context).read(request)?;
        conversation.complete(model);
        Ok(conversation)
    }

    /// The raw array of messages.
    pub(super) fn messages(&self) -> String {
        let mut out = String::from("[");
        for turn in &self.turns {
            if out.len() > 1 {
                out.push(',');
            }
            out.push_str(match turn.side {
                Side::User => r#"{"role":"user","content":["#,
                Side::Assistant => r#"{"role":"assistant","content":["#,
            });
            out.push_str(&turn.blocks.join(","));
            out.push_str("]}");
        }
        out.push(']');
        out
    }

    /// Adds blocks to the last turn when it is of the same side, or else as a turn of their own.
    pub(super) fn push(&mut self, side: Side, blocks: Vec<String>) {
        if blocks.is_empty() {
            return;
        }
        match self.turns.last_mut() {
            Some(turn) if turn.side == side => turn.blocks.extend(blocks),
            Some(_) | None => self.turns.push(Turn { side, blocks }),
        }
    }

    /// Names a field that is not sent as it came, once.
    pub(super) fn warn(&mut self, field: &'static str) {
        let warning = Warning::advisory(Reason::Unsupported, field);
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// Lets the user speak first, and last where the model wants it so.
    fn complete(&mut self, model: &Model) {
        let stand_in = || vec![parts::text(STAND_IN)];
        let starts = self
            .turns
            .first()
            .is_some_and(|turn| turn.side == Side::User);
        if !starts {
            let side = Side::User;
            let blocks = stand_in();
            self.turns.insert(0, Turn { side, blocks });
            self.warn("messages");
        }
        let ends = self
            .turns
            .last()
            .is_some_and(|turn| turn.side == Side::User);
        if !ends && model.has_trait(Trait::NoPrefill) {
            self.push(Side::User, stand_in());
            self.warn("messages");
        }
        for turn in &mut self.turns {
            let has = |start: &str| turn.blocks.iter().any(|block| block.starts_with(start));
            // A document alone is refused.
            if turn.side == Side::User && has(r#"{"document""#) && !has(r#"{"text""#) {
                turn.blocks.push(parts::text(STAND_IN));
            }
        }
    }
}
