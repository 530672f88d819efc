//! A request's conversation: keyed hashes of its leading messages, by which the model that answered
//! it before is found. No text is kept.

use std::hash::{Hash, Hasher};
use std::time::Instant;

use super::Switchboard;
use crate::ids::AccountId;
use crate::routing::sticky::{Turn, Warm};
use crate::wire::{ChatRequest, Role};

/// How many messages a caller may have added since the answer that is looked for: the answer
/// itself, results of parallel tools, and the next question.
const MOST_ADDED: usize = 32;

/// The hashes of one conversation.
#[derive(Clone, Debug)]
pub struct Conversation {
    /// All messages first, then all but the last, and so on.
    hashes: Vec<u64>,
    turn: Turn,
}

impl Conversation {
    /// Hashes the account, the tools and then message after message.
    pub fn of(desk: &Switchboard, account: AccountId, request: &ChatRequest) -> Self {
        let mut hasher = desk.conversations.hasher();
        account.to_bytes().hash(&mut hasher);
        request.tools_raw().hash(&mut hasher);
        let after = request.messages().map(|message| {
            message.raw().hash(&mut hasher);
            hasher.finish()
        });
        let all: Vec<u64> = after.collect();
        let turn = match request.messages().next_back().map(|last| last.role()) {
            Some(Role::Tool | Role::Function) => Turn::ToolResults,
            Some(Role::System | Role::Developer | Role::User | Role::Assistant) | None => {
                Turn::Ordinary
            }
        };
        Self {
            hashes: all.into_iter().rev().take(MOST_ADDED).collect(),
            turn,
        }
    }

    /// The model that has answered it so far.
    pub fn warm(&self, desk: &Switchboard, now: Instant) -> Option<Warm> {
        desk.conversations.recall(&self.hashes, self.turn, now)
    }

    /// The hash of all messages.
    pub fn whole(&self) -> u64 {
        self.hashes.first().copied().unwrap_or_default()
    }
}
