//! The messages of a request as Converse wants them: instructions apart, user and assistant in
//! turns, and the results of all calls of a turn together in the next one, in call order.

use crate::catalog::{Model, Trait};

use super::super::super::chat::{Care, ChatRequest, Message, Part, Role, ToolCall};
use super::super::super::json::{self, Kind};
use super::super::super::object::Object;
use super::super::super::{CannotEncode, Context, Reason, Warning};
use super::super::calls::{portable_id, portable_name};
use super::super::family::Family;
use super::super::reasoning;
use super::files::Names;
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
enum Side {
    User,
    Assistant,
}

struct Turn {
    side: Side,
    /// Raw blocks.
    blocks: Vec<String>,
}

/// A call whose result is awaited.
struct Pending {
    id: Option<String>,
    name: String,
    portable_id: String,
    result: Option<String>,
    /// Where the call stands.
    path: String,
}

struct Reader<'c> {
    conversation: Conversation,
    pending: Vec<Pending>,
    names: Names,
    family: Family,
    context: &'c Context<'c>,
    /// The last message's index.
    last: usize,
    /// Calls without an id so far.
    nameless: usize,
}

impl Conversation {
    pub(super) fn read(
        request: &ChatRequest,
        model: &Model,
        family: Family,
        context: &Context<'_>,
    ) -> Result<Self, CannotEncode> {
        let mut reader = Reader {
            conversation: Self {
                system: Vec::new(),
                called: Vec::new(),
                open_loop: Loop::Closed,
                marks: Marks::new(family),
                warnings: Vec::new(),
                turns: Vec::new(),
            },
            pending: Vec::new(),
            names: Names::default(),
            family,
            context,
            last: request.messages().len().saturating_sub(1),
            nameless: 0,
        };
        for (index, message) in request.messages().enumerate() {
            reader.message(index, message)?;
        }
        reader.settle()?;
        let mut conversation = reader.conversation;
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

    fn push(&mut self, side: Side, blocks: Vec<String>) {
        if blocks.is_empty() {
            return;
        }
        match self.turns.last_mut() {
            Some(turn) if turn.side == side => turn.blocks.extend(blocks),
            Some(_) | None => self.turns.push(Turn { side, blocks }),
        }
    }

    /// Names a field that is not sent as it came, once.
    fn warn(&mut self, field: &'static str) {
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

impl Reader<'_> {
    fn message(&mut self, index: usize, message: Message<'_>) -> Result<(), CannotEncode> {
        match message.role() {
            Role::System | Role::Developer => {
                let blocks = self.blocks(index, message, Place::Instructions)?;
                self.conversation.system.extend(blocks);
            }
            Role::User => {
                self.settle()?;
                let blocks = self.blocks(index, message, Place::Turn)?;
                self.conversation.push(Side::User, blocks);
            }
            Role::Assistant => {
                self.settle()?;
                let place = if index == self.last {
                    Place::Prefill
                } else {
                    Place::Turn
                };
                self.assistant(index, message, place)?;
            }
            Role::Tool | Role::Function => self.result(index, message)?,
        }
        Ok(())
    }

    /// The content of a message as blocks, with the caller's cache marks.
    fn blocks(
        &mut self,
        index: usize,
        message: Message<'_>,
        place: Place,
    ) -> Result<Vec<String>, CannotEncode> {
        let controls = self.conversation.marks.of_parts(message);
        let mut blocks = Vec::new();
        for (at, part) in message.parts().enumerate() {
            let path = format!("messages[{index}].content[{at}]");
            let part = place.fit(part, &path)?;
            if let Part::Image { detail, .. } = &part
                && detail.as_deref().is_some_and(|detail| detail != "auto")
            {
                self.conversation.warn("messages.image_url.detail");
            }
            if let Some(block) = parts::block(&part, &path, &mut self.names)? {
                blocks.push(block);
                let control = controls.get(at).copied().flatten();
                blocks.extend(self.conversation.marks.point(control));
            }
        }
        Ok(blocks)
    }

    fn assistant(
        &mut self,
        index: usize,
        message: Message<'_>,
        place: Place,
    ) -> Result<(), CannotEncode> {
        let mut blocks = self.reasoning(message);
        let signed = !blocks.is_empty();
        blocks.extend(self.blocks(index, message, place)?);
        for (at, call) in message.tool_calls().enumerate() {
            let path = format!("messages[{index}].tool_calls[{at}]");
            blocks.push(self.call(&call, path));
        }
        self.conversation.open_loop = match (self.pending.is_empty(), signed) {
            (true, _) => Loop::Closed,
            (false, true) => Loop::Signed,
            (false, false) => Loop::Unsigned,
        };
        self.conversation.push(Side::Assistant, blocks);
        Ok(())
    }

    /// The signed reasoning of a message: the caller's copy, or else the router's.
    fn reasoning(&self, message: Message<'_>) -> Vec<String> {
        if !self.family.replays_reasoning() {
            return Vec::new();
        }
        let own = match message.care() {
            Care::None => Vec::new(),
            Care::MayNeedRewriting => Object::parse(message.raw())
                .ok()
                .and_then(|object| object.get("reasoning_details").map(reasoning::blocks))
                .unwrap_or_default(),
        };
        if !own.is_empty() {
            return own;
        }
        let id = message.tool_calls().find_map(|call| call.id);
        id.and_then(|id| (self.context.recall)(&id))
            .map(|details| reasoning::blocks(&details))
            .unwrap_or_default()
    }

    fn call(&mut self, call: &ToolCall<'_>, path: String) -> String {
        let name = portable_name(&call.name);
        let portable_id = match call.id.as_deref() {
            Some(id) => portable_id(id),
            // The form before tools had no ids.
            None => {
                self.nameless += 1;
                format!("function_call_{}", self.nameless)
            }
        };
        let mut block = String::from(r#"{"toolUse":{"toolUseId":"#);
        json::push_string(&mut block, &portable_id);
        block.push_str(r#","name":"#);
        json::push_string(&mut block, &name);
        json::push_member(&mut block, "input", &input(&call.arguments));
        block.push_str("}}");
        if !self.conversation.called.contains(&name) {
            self.conversation.called.push(name);
        }
        self.pending.push(Pending {
            id: call.id.as_deref().map(str::to_owned),
            name: call.name.to_string(),
            portable_id,
            result: None,
            path,
        });
        block
    }

    /// Puts a result where its call stands.
    fn result(&mut self, index: usize, message: Message<'_>) -> Result<(), CannotEncode> {
        let id = message.tool_call_id();
        let name = message.name();
        let call = self.pending.iter().position(|call| {
            call.result.is_none()
                && match &id {
                    Some(id) => call.id.as_deref() == Some(id),
                    None => call.id.is_none() && name.as_deref() == Some(call.name.as_str()),
                }
        });
        let Some(call) = call else {
            let field = id.map_or("name", |_| "tool_call_id");
            let param = format!("messages[{index}].{field}");
            return Err(CannotEncode::Invalid {
                message: format!(
                    "Invalid '{param}': no call of the assistant's message before awaits this result."
                ),
                param,
            });
        };
        let mut blocks = self.blocks(index, message, Place::Result)?;
        let is_point = |block: &String| block.starts_with(r#"{"cachePoint""#);
        let points: Vec<String> = blocks
            .iter()
            .filter(|block| is_point(block))
            .cloned()
            .collect();
        blocks.retain(|block| !is_point(block));
        if blocks.is_empty() {
            blocks.push(parts::text("(no output)"));
        }
        if let Some(pending) = self.pending.get_mut(call) {
            let mut result = String::from(r#"{"toolResult":{"toolUseId":"#);
            json::push_string(&mut result, &pending.portable_id);
            json::push_member(&mut result, "content", &format!("[{}]", blocks.join(",")));
            result.push_str("}}");
            for point in points {
                result.push(',');
                result.push_str(&point);
            }
            pending.result = Some(result);
        }
        Ok(())
    }

    /// The turn of results is over: each call must have got one.
    fn settle(&mut self) -> Result<(), CannotEncode> {
        let mut results = Vec::with_capacity(self.pending.len());
        for call in std::mem::take(&mut self.pending) {
            match call.result {
                Some(result) => results.push(result),
                None => {
                    return Err(CannotEncode::Invalid {
                        message: format!(
                            "Invalid '{}': the call has no result; send a tool message for each call.",
                            call.path
                        ),
                        param: call.path,
                    });
                }
            }
        }
        self.conversation.push(Side::User, results);
        Ok(())
    }
}

/// Where a message's content goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Instructions,
    Turn,
    /// The beginning of the answer, which may not end in white space.
    Prefill,
    Result,
}

impl Place {
    /// The part as it may stand here.
    fn fit<'a>(self, part: Part<'a>, path: &str) -> Result<Part<'a>, CannotEncode> {
        let (field, what) = match (self, &part) {
            (Self::Prefill, Part::Text(text)) => {
                return Ok(Part::Text(text.trim_end().to_owned().into()));
            }
            (_, Part::Text(_) | Part::Refusal(_)) | (Self::Turn | Self::Prefill, _) => {
                return Ok(part);
            }
            (Self::Result, Part::Image { .. } | Part::File(_)) => return Ok(part),
            (Self::Result, Part::Audio(_)) => ("input_audio", "Results of tools"),
            (Self::Instructions, Part::Audio(_)) => ("input_audio", "Instructions"),
            (Self::Instructions, Part::Image { .. }) => ("image_url", "Instructions"),
            (Self::Instructions, Part::File(_)) => ("file", "Instructions"),
        };
        Err(CannotEncode::Unsupported {
            param: format!("{path}.{field}"),
            message: format!(
                "{what} cannot hold this part on Bedrock; move it into a user message."
            ),
        })
    }
}

/// The arguments of a call as an object. A model's broken arguments stay readable to it.
fn input(arguments: &str) -> String {
    let arguments = arguments.trim();
    if arguments.is_empty() {
        return "{}".to_owned();
    }
    let is_object = Kind::of(arguments) == Kind::Object
        && serde_json::from_str::<serde::de::IgnoredAny>(arguments).is_ok();
    if is_object {
        return arguments.to_owned();
    }
    let mut wrapped = String::from(r#"{"arguments":"#);
    json::push_string(&mut wrapped, arguments);
    wrapped.push('}');
    wrapped
}
