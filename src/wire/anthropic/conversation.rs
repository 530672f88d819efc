//! A translated conversation, and how it ends.

use super::super::{Reason, Warning};

/// What stands in where the provider wants the user to speak.
pub(super) const CONTINUE: &str = r#"{"type":"text","text":"Please continue."}"#;

/// A translated conversation.
#[derive(Debug, Default)]
pub(super) struct Conversation {
    /// Instructions: content blocks, comma separated.
    pub(super) system: String,
    /// Turns, comma separated.
    pub(super) messages: String,
    pub(super) warnings: Vec<Warning>,
    /// How the last turns stand.
    pub(super) end: End,
}

/// How a conversation ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum End {
    /// With the user.
    #[default]
    User,
    /// With results of tools whose calls have no thinking before them.
    ThinklessResults,
    /// With the assistant: the answer is to go on from there.
    Assistant,
}

impl Conversation {
    /// Lets the user have the last word, where the model does not continue an assistant's.
    pub(super) fn end_with_user(&mut self) {
        if self.end == End::Assistant {
            self.messages
                .push_str(&format!(r#",{{"role":"user","content":[{CONTINUE}]}}"#));
            self.end = End::User;
            self.warnings
                .push(Warning::advisory(Reason::Unsupported, "messages.prefill"));
        }
    }
}
