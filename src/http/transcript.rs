//! A chat request as the classifier reads it.

use serde::de::IgnoredAny;

use crate::routing::classify::{Conversation, Speaker};
use crate::wire::{ChatRequest, Role, ToolCall};

/// The conversation of a request. Texts in the middle of a long one are not even decoded.
pub fn transcript(request: &ChatRequest) -> Conversation {
    let mut conversation = Conversation::default();
    if let Some(tools) = request.tools_raw() {
        let count = serde_json::from_str::<Vec<IgnoredAny>>(tools).map_or(0, |tools| tools.len());
        conversation.declare(u32::try_from(count).unwrap_or(u32::MAX), tools);
    }
    let messages = request.messages();
    let total = messages.len();
    for (i, message) in messages.enumerate() {
        let speaker = match message.role() {
            Role::System | Role::Developer => Speaker::System,
            Role::User => Speaker::User,
            Role::Assistant => Speaker::Assistant,
            Role::Tool | Role::Function => Speaker::Tool,
        };
        if !Conversation::reads(i, total) {
            let calls = message.tool_calls().len();
            conversation.pass_over(speaker, message.raw().len(), calls);
            continue;
        }
        let texts: Vec<_> = message.texts().collect();
        let calls: Vec<ToolCall<'_>> = message.tool_calls().collect();
        let calls = calls.iter().map(|call| (&*call.name, &*call.arguments));
        conversation.say(speaker, texts.iter().map(|text| &**text), calls);
    }
    conversation
}
