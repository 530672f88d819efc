//! A conversation as the provider wants it: instructions apart, turns that alternate, and every
//! tool's result at the head of the turn right after its call, in the order of the calls.

use std::borrow::Cow;

use super::super::chat::{ChatRequest, Message, Part, Role};
use super::super::json;
use super::super::{CannotEncode, Context, Reason, Warning};
use super::caching::{self, Marks};
use super::conversation::{CONTINUE, Conversation, End};
use super::history;
use super::ids::Ids;
use super::parts::{self, At, Place};
use super::turn::{
    Content, Input, call_block, has_reasoning, input, push_blocks, result_block, woven,
};

/// Translates the messages.
pub(super) fn of(
    request: &ChatRequest,
    context: &Context<'_>,
    marks: &mut Marks,
) -> Result<Conversation, CannotEncode> {
    let mut writer = Writer {
        context,
        marks,
        said: Conversation::default(),
        side: Side::Start,
        written: Side::Start,
        blocks: String::new(),
        pending: Vec::new(),
        ids: Ids::default(),
        thinkless: false,
        last: request.messages().len().saturating_sub(1),
    };
    for (index, message) in request.messages().enumerate() {
        writer.message(index, message)?;
    }
    writer.finish()
}

/// Who speaks in the turn that is being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Start,
    User,
    Assistant,
}

/// A call whose result is to come.
#[derive(Debug)]
struct Pending {
    /// The caller's id, or the function's name in the form before tools.
    key: String,
    id: String,
    path: String,
    result: Option<String>,
}

struct Writer<'c, 'm> {
    context: &'c Context<'c>,
    marks: &'m mut Marks,
    said: Conversation,
    side: Side,
    /// Whose turn was written last.
    written: Side,
    /// Blocks of the turn that is being written.
    blocks: String,
    pending: Vec<Pending>,
    ids: Ids,
    /// Whether the calls in `pending` have no thinking before them.
    thinkless: bool,
    /// Index of the last message.
    last: usize,
}

impl Writer<'_, '_> {
    fn message(&mut self, index: usize, message: Message<'_>) -> Result<(), CannotEncode> {
        self.note_losses(message);
        match message.role() {
            Role::System | Role::Developer => self.system(index, message),
            Role::User => {
                self.turn(Side::User)?;
                let content = self.content(index, message, Place::Any)?;
                push_blocks(&mut self.blocks, content.blocks);
                Ok(())
            }
            Role::Assistant => {
                self.turn(Side::Assistant)?;
                self.assistant(index, message)
            }
            Role::Tool | Role::Function => {
                self.turn(Side::User)?;
                self.result(index, message)
            }
        }
    }

    fn system(&mut self, index: usize, message: Message<'_>) -> Result<(), CannotEncode> {
        if self.side != Side::Start {
            self.warn(Reason::Untranslatable, "messages.role");
        }
        let content = self.content(index, message, Place::TextOnly)?;
        push_blocks(&mut self.said.system, content.blocks);
        Ok(())
    }

    /// The content of a message as blocks.
    fn content(
        &mut self,
        index: usize,
        message: Message<'_>,
        place: Place,
    ) -> Result<Content, CannotEncode> {
        let marks = caching::of_parts(message);
        let mut content = Content::default();
        for (part_index, part) in message.parts().enumerate() {
            let at = At {
                message: index,
                part: part_index,
            };
            if let Part::Image {
                detail: Some(detail),
                ..
            } = &part
                && detail != "auto"
            {
                self.warn(Reason::Untranslatable, "messages.image_url.detail");
            }
            let mark = self.marks.take(marks.get(part_index).copied().flatten());
            if let Some(mut block) = parts::block(&part, place, at)? {
                match (mark, place) {
                    (Some(mark), Place::Any | Place::TextOnly) => {
                        json::push_member(&mut block, "cache_control", mark);
                    }
                    (Some(mark), Place::Result) => content.mark = Some(mark),
                    (None, _) => {}
                }
                block.push('}');
                content.blocks.push(block);
            }
        }
        Ok(content)
    }

    fn assistant(&mut self, index: usize, message: Message<'_>) -> Result<(), CannotEncode> {
        let thoughts = history::thoughts(message, self.context);
        let mut blocks = if index == self.last && message.tool_calls().len() == 0 {
            // A text to be continued may not end in white space.
            let text: String = message.texts().collect();
            let block = parts::text_block(text.trim_end());
            block.map(|block| block + "}").into_iter().collect()
        } else {
            self.content(index, message, Place::TextOnly)?.blocks
        };
        if thoughts.is_empty() && has_reasoning(message) {
            self.warn(Reason::Untranslatable, "messages.reasoning_content");
        }
        if message.tool_calls().len() > 0 && self.pending.is_empty() {
            self.thinkless = !self.blocks.starts_with(r#"{"type":"thinking"#)
                && !self.blocks.starts_with(r#"{"type":"redacted_thinking"#)
                && thoughts.is_empty();
        }
        for (number, call) in message.tool_calls().enumerate() {
            let original = call.id.as_deref().unwrap_or(&call.name);
            let id = self.ids.give(original);
            let path = format!("messages[{index}].tool_calls[{number}]");
            let input = match input(&call.arguments) {
                Input::Object(raw) => Cow::Borrowed(raw),
                Input::Wrapped(raw) => {
                    self.warn(Reason::Untranslatable, "messages.tool_calls.arguments");
                    Cow::Owned(raw)
                }
            };
            blocks.push(call_block(&id, &call.name, &input));
            self.pending.push(Pending {
                key: original.to_owned(),
                id,
                path,
                result: None,
            });
        }
        push_blocks(&mut self.blocks, woven(thoughts, blocks));
        Ok(())
    }

    fn result(&mut self, index: usize, message: Message<'_>) -> Result<(), CannotEncode> {
        let (key, field) = match message.tool_call_id() {
            Some(id) => (id, "tool_call_id"),
            None => (message.name().unwrap_or_default(), "name"),
        };
        let waiting = |call: &Pending| call.key == key && call.result.is_none();
        let Some(at) = self.pending.iter().position(waiting) else {
            let param = format!("messages[{index}].{field}");
            let message = format!(
                "'{param}' answers no call of the assistant message before it ('{key}'); a result \
                 follows its call, once."
            );
            return Err(CannotEncode::Invalid { param, message });
        };
        let content = self.content(index, message, Place::Result)?;
        if let Some(call) = self.pending.get_mut(at) {
            call.result = Some(result_block(&call.id, &content));
        }
        Ok(())
    }

    /// Ends the turn that is being written when another side speaks.
    fn turn(&mut self, side: Side) -> Result<(), CannotEncode> {
        if self.side == side {
            return Ok(());
        }
        self.close_turn()?;
        self.side = side;
        Ok(())
    }

    /// Writes the turn's blocks, results first. A turn of nothing is left out.
    fn close_turn(&mut self) -> Result<(), CannotEncode> {
        if self.side == Side::User {
            let rest = std::mem::take(&mut self.blocks);
            for call in std::mem::take(&mut self.pending) {
                let Some(result) = call.result else {
                    return Err(CannotEncode::Invalid {
                        message: format!(
                            "'{}' has no result; a tool message with its id must follow.",
                            call.path
                        ),
                        param: call.path,
                    });
                };
                push_blocks(&mut self.blocks, vec![result]);
            }
            if !rest.is_empty() {
                push_blocks(&mut self.blocks, vec![rest]);
            }
        }
        let role = match self.side {
            Side::Start => return Ok(()),
            Side::User => "user",
            Side::Assistant => "assistant",
        };
        if self.blocks.is_empty() {
            return Ok(());
        }
        if self.written == Side::Start && self.side == Side::Assistant {
            // The provider wants the user to begin.
            self.warn(Reason::Untranslatable, "messages[0].role");
            self.said.messages = format!(r#"{{"role":"user","content":[{CONTINUE}]}}"#);
        }
        let messages = &mut self.said.messages;
        if self.written == self.side {
            // What stood between them had no content.
            messages.truncate(messages.len().saturating_sub("]}".len()));
            messages.push(',');
        } else {
            if !messages.is_empty() {
                messages.push(',');
            }
            messages.push_str(&format!(r#"{{"role":"{role}","content":["#));
        }
        messages.push_str(&self.blocks);
        messages.push_str("]}");
        self.blocks.clear();
        self.written = self.side;
        Ok(())
    }

    fn finish(mut self) -> Result<Conversation, CannotEncode> {
        if self.side == Side::Assistant && !self.pending.is_empty() {
            // Says which result is missing.
            self.turn(Side::User)?;
        }
        let has_results = !self.pending.is_empty();
        self.close_turn()?;
        self.said.end = match self.written {
            Side::Assistant => End::Assistant,
            Side::User if has_results && self.thinkless => End::ThinklessResults,
            Side::User | Side::Start => End::User,
        };
        if self.said.messages.is_empty() {
            self.only_instructions();
        }
        Ok(self.said)
    }

    /// Instructions alone are what the user says; nothing at all asks the model to go on.
    fn only_instructions(&mut self) {
        let blocks = match std::mem::take(&mut self.said.system) {
            none if none.is_empty() => CONTINUE.to_owned(),
            system => system,
        };
        self.said.messages = format!(r#"{{"role":"user","content":[{blocks}]}}"#);
        self.said.end = End::User;
    }

    fn warn(&mut self, reason: Reason, field: &'static str) {
        let warning = Warning::advisory(reason, field);
        if !self.said.warnings.contains(&warning) {
            self.said.warnings.push(warning);
        }
    }

    fn note_losses(&mut self, message: Message<'_>) {
        let speaks = !matches!(message.role(), Role::Tool | Role::Function);
        if speaks && message.name().is_some() {
            self.warn(Reason::Untranslatable, "messages.name");
        }
    }
}
