//! Who answered which conversation, shared by all workers: sharded, locked for one look-up and never
//! while awaiting.

use std::hash::BuildHasher;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use foldhash::quality::RandomState;

use crate::catalog::{Model, ModelId};
use crate::routing::sticky::{Conversations, Turn, Warm, warm_tokens};
use crate::usage::Usage;

/// Shards, so that workers seldom wait for each other.
const SHARDS: u64 = 16;
/// Answers that a shard remembers; about 100 bytes each.
const MOST_PER_SHARD: usize = 8192;

/// The memory of all conversations.
#[derive(Debug)]
pub struct Memory {
    shards: Vec<Mutex<Conversations>>,
    keys: RandomState,
}

impl Default for Memory {
    fn default() -> Self {
        let shard = |_| Mutex::new(Conversations::new(MOST_PER_SHARD));
        Self {
            shards: (0..SHARDS).map(shard).collect(),
            keys: RandomState::default(),
        }
    }
}

impl Memory {
    /// A hash under this process's own random key.
    pub fn hasher(&self) -> <RandomState as BuildHasher>::Hasher {
        self.keys.build_hasher()
    }

    /// Who answered the first of these messages that is known.
    pub fn recall(&self, messages: &[u64], turn: Turn, now: Instant) -> Option<Warm> {
        messages
            .iter()
            .find_map(|messages| self.shard(*messages)?.recall(*messages, turn, now))
    }

    /// Remembers who answered these messages.
    pub fn remember(&self, messages: u64, model: &Model, usage: &Usage, now: Instant) {
        if let Some(mut shard) = self.shard(messages) {
            let id = ModelId::clone(&model.id);
            shard.remember(messages, id, warm_tokens(model, usage), now);
        }
    }

    fn shard(&self, messages: u64) -> Option<MutexGuard<'_, Conversations>> {
        let index = usize::try_from(messages % SHARDS).ok()?;
        let shard = self.shards.get(index)?;
        Some(shard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
