//! Messages into turns, one after the other; the results of all calls of a turn together in the
//! next one, in call order.

use super::super::super::chat::{Care, ChatRequest, Message, Part, Role, ToolCall};
use super::super::super::json::{self, Kind};
use super::super::super::object::Object;
use super::super::super::{CannotEncode, Context};
use super::super::calls::{portable_id, portable_name};
use super::super::family::Family;
use super::super::reasoning;
use super::conversation::{Conversation, Loop, Side};
use super::files::Names;
use super::parts::{self, Place};

/// A call whose result is awaited.
struct Pending {
    id: Option<String>,
    name: String,
    portable_id: String,
    result: Option<String>,
    /// Where the call stands.
    path: String,
}

/// Reads messages one after the other.
pub(super) struct Reader<'c> {
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

impl<'c> Reader<'c> {
    pub(super) fn new(
        conversation: Conversation,
        family: Family,
        context: &'c Context<'c>,
    ) -> Self {
        Self {
            conversation,
            pending: Vec::new(),
            names: Names::default(),
            family,
            context,
            last: 0,
            nameless: 0,
        }
    }

    /// Reads all messages of a request.
    pub(super) fn read(mut self, request: &ChatRequest) -> Result<Conversation, CannotEncode> {
        self.last = request.messages().len().saturating_sub(1);
        for (index, message) in request.messages().enumerate() {
            self.message(index, message)?;
        }
        self.settle()?;
        Ok(self.conversation)
    }

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
