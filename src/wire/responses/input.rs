//! `input`: the messages as items, tool calls and their results among them.

use std::borrow::Cow;
use std::collections::HashSet;

use sha2::{Digest, Sha256};

use crate::catalog::{Ability, Model};

use super::super::chat::{Care, ChatRequest, Message, Part, Role};
use super::super::json;
use super::super::object::Object;
use super::super::{CannotEncode, Context, Reason, Warning};
use super::parts::{self, Place};
use super::{format, reasoning};

/// The longest call id that the API takes, in bytes.
const MOST_ID_BYTES: usize = 64;

/// Said where JSON is asked for and no message of the input says so, which the API refuses.
const JSON_REMINDER: &str = r#"{"type":"message","role":"developer","content":[{"type":"input_text","text":"Answer with one JSON object."}]}"#;

/// Writes the items.
pub(super) struct Input<'a, 'o> {
    request: &'a ChatRequest,
    model: &'a Model,
    context: &'a Context<'a>,
    out: &'o mut String,
    warnings: &'o mut Vec<Warning>,
    /// Ids of the calls so far, as the caller spells them.
    calls: HashSet<Cow<'a, str>>,
    /// Name and invented id of calls in the form before tools, which have no ids.
    nameless: Vec<(Cow<'a, str>, String)>,
    written: usize,
}

impl<'a, 'o> Input<'a, 'o> {
    pub(super) fn new(
        request: &'a ChatRequest,
        model: &'a Model,
        context: &'a Context<'a>,
        out: &'o mut String,
        warnings: &'o mut Vec<Warning>,
    ) -> Self {
        Self {
            request,
            model,
            context,
            out,
            warnings,
            calls: HashSet::new(),
            nameless: Vec::new(),
            written: 0,
        }
    }

    /// Appends all items, comma separated.
    pub(super) fn write(mut self, instructions: Instructions) -> Result<(), CannotEncode> {
        let start = self.out.len();
        for (index, message) in self.request.messages().enumerate() {
            self.note_losses(&message);
            match message.role() {
                Role::System | Role::Developer => {
                    self.instruction(index, &message, instructions)?
                }
                Role::User => self.spoken(index, &message, "user")?,
                Role::Assistant => self.assistant(index, &message)?,
                Role::Tool => self.result(index, &message)?,
                Role::Function => self.old_result(index, &message)?,
            }
        }
        let said = self.out.get(start..).unwrap_or_default();
        if format::wants_json_object(self.request) && !mentions_json(said) {
            self.item();
            self.out.push_str(JSON_REMINDER);
        }
        Ok(())
    }

    /// Begins an item.
    fn item(&mut self) {
        if self.written > 0 {
            self.out.push(',');
        }
        self.written += 1;
    }

    /// Names what a message loses on the way: this API has no speakers' names.
    fn note_losses(&mut self, message: &Message<'_>) {
        if message.role() != Role::Function && message.name().is_some() {
            self.lost("messages.name");
        }
        if message.care() == Care::MayNeedRewriting
            && Object::parse(message.raw()).is_ok_and(|object| object.get("audio").is_some())
        {
            self.lost("messages.audio");
        }
    }

    fn lost(&mut self, field: &'static str) {
        if self.warnings.iter().all(|warning| warning.field != field) {
            self.warnings
                .push(Warning::advisory(Reason::Unsupported, field));
        }
    }

    fn instruction(
        &mut self,
        index: usize,
        message: &Message<'a>,
        instructions: Instructions,
    ) -> Result<(), CannotEncode> {
        for (part, content) in message.parts().enumerate() {
            parts::check_text(
                &content,
                Place {
                    message: index,
                    part,
                },
            )?;
        }
        match instructions {
            Instructions::Apart => Ok(()),
            Instructions::InPlace => self.spoken(index, message, "developer"),
        }
    }

    /// A message of the user or of the system.
    fn spoken(
        &mut self,
        index: usize,
        message: &Message<'a>,
        role: &str,
    ) -> Result<(), CannotEncode> {
        self.item();
        self.out.push_str(r#"{"type":"message","role":""#);
        self.out.push_str(role);
        self.out.push_str(r#"","content":["#);
        self.parts(index, message)?;
        self.out.push_str("]}");
        Ok(())
    }

    fn parts(&mut self, index: usize, message: &Message<'a>) -> Result<(), CannotEncode> {
        for (part, content) in message.parts().enumerate() {
            if part > 0 {
                self.out.push(',');
            }
            parts::write(
                &content,
                Place {
                    message: index,
                    part,
                },
                self.out,
            )?;
        }
        Ok(())
    }

    /// What the model said, thought and called, in the order in which it did.
    fn assistant(&mut self, index: usize, message: &Message<'a>) -> Result<(), CannotEncode> {
        let thoughts = if self.model.abilities.has(Ability::Reasoning) {
            reasoning::thoughts(message, self.context)
        } else {
            Vec::new()
        };
        let mut items: Vec<String> = parts::spoken_before(index, message)?.into_iter().collect();
        for (position, call) in message.tool_calls().enumerate() {
            let id = match &call.id {
                Some(id) => {
                    self.calls.insert(id.clone());
                    short_id(id).into_owned()
                }
                None => {
                    let id = format!("call_{index}_{position}");
                    self.nameless.push((call.name.clone(), id.clone()));
                    id
                }
            };
            items.push(call_item(&id, &call.name, &call.arguments));
        }
        let last = items.len().saturating_sub(1);
        let mut thoughts = thoughts.into_iter().peekable();
        let mut before = 0;
        for (position, item) in items.iter().enumerate() {
            // A thought must not be the last item of its turn.
            while let Some(thought) =
                thoughts.next_if(|thought| thought.before <= before || position == last)
            {
                self.item();
                self.out.push_str(&thought.item);
                before += 1;
            }
            self.item();
            self.out.push_str(item);
            before += 1;
        }
        Ok(())
    }

    fn result(&mut self, index: usize, message: &Message<'a>) -> Result<(), CannotEncode> {
        let id = message.tool_call_id().unwrap_or_default();
        if !self.calls.contains(&id) {
            return Err(CannotEncode::Invalid {
                param: format!("messages[{index}].tool_call_id"),
                message: format!(
                    "No tool call with the id '{id}' stands before this result; send the \
                     assistant's message that made the call."
                ),
            });
        }
        self.output(index, message, &short_id(&id))
    }

    /// A function's result in the form before tools belongs to the oldest open call of its name.
    fn old_result(&mut self, index: usize, message: &Message<'a>) -> Result<(), CannotEncode> {
        let name = message.name().unwrap_or_default();
        let Some(at) = self.nameless.iter().position(|(known, _)| *known == name) else {
            return Err(CannotEncode::Invalid {
                param: format!("messages[{index}].name"),
                message: format!("No call of the function '{name}' stands before this result."),
            });
        };
        let (_, id) = self.nameless.remove(at);
        self.output(index, message, &id)
    }

    fn output(
        &mut self,
        index: usize,
        message: &Message<'a>,
        id: &str,
    ) -> Result<(), CannotEncode> {
        self.item();
        self.out
            .push_str(r#"{"type":"function_call_output","call_id":"#);
        json::push_string(self.out, id);
        self.out.push_str(r#","output":"#);
        let mut parts = message.parts();
        match (parts.next(), parts.next()) {
            (None, _) => self.out.push_str("\"\""),
            (Some(Part::Text(text)), None) => json::push_string(self.out, &text),
            (Some(_), _) => {
                self.out.push('[');
                self.parts(index, message)?;
                self.out.push(']');
            }
        }
        self.out.push('}');
        Ok(())
    }
}

/// Where the instructions of the system go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Instructions {
    /// Into a field of their own.
    Apart,
    /// Into the input, as the developer's messages.
    InPlace,
}

fn call_item(id: &str, name: &str, arguments: &str) -> String {
    let mut item = String::from(r#"{"type":"function_call","call_id":"#);
    json::push_string(&mut item, id);
    item.push_str(r#","name":"#);
    json::push_string(&mut item, name);
    item.push_str(r#","arguments":"#);
    json::push_string(
        &mut item,
        if arguments.is_empty() {
            "{}"
        } else {
            arguments
        },
    );
    item.push('}');
    item
}

/// The id as the API takes it; the ids of other providers may be too long.
fn short_id(id: &str) -> Cow<'_, str> {
    if (1..=MOST_ID_BYTES).contains(&id.len()) {
        return Cow::Borrowed(id);
    }
    let digest = Sha256::digest(id);
    let hex = hex::encode(digest.get(..12).unwrap_or_default());
    Cow::Owned(format!("call_{hex}"))
}

fn mentions_json(text: &str) -> bool {
    text.as_bytes()
        .windows(4)
        .any(|word| word.eq_ignore_ascii_case(b"json"))
}
