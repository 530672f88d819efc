//! Reasoning that a model wants back with the results of its tool calls.
//!
//! Anthropic's signed thinking blocks and Gemini's thought signatures have no place in OpenAI's
//! format. Callers get them as `reasoning_details`; for those that drop them, the router keeps them
//! by tool-call id for a while.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// The reasoning before some tool calls of one turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    /// The calls that it stands before, in order.
    pub call_ids: Vec<String>,
    /// A raw JSON array of `reasoning_details`.
    pub details: Arc<str>,
}

/// Largest reasoning that is kept for one turn, in bytes.
const MOST_BYTES_EACH: usize = 256 << 10;

/// A bounded memory of replays; the oldest go first.
#[derive(Debug)]
pub struct Replays {
    most_bytes: usize,
    bytes: usize,
    by_call: HashMap<String, Arc<str>>,
    order: VecDeque<(String, usize)>,
}

impl Replays {
    /// A memory of at most `most_bytes`.
    pub fn new(most_bytes: usize) -> Self {
        Self {
            most_bytes,
            bytes: 0,
            by_call: HashMap::new(),
            order: VecDeque::new(),
        }
    }

    /// Keeps the reasoning of a turn. `owner` separates accounts: call ids of models are not unique.
    pub fn remember(&mut self, owner: &str, replay: &Replay) {
        if replay.details.len() > MOST_BYTES_EACH {
            return;
        }
        for call in &replay.call_ids {
            let key = key(owner, call);
            // Each call of a turn is charged for the whole text, which they share: a safe bound.
            let size = key.len() + replay.details.len();
            if self
                .by_call
                .insert(key.clone(), Arc::clone(&replay.details))
                .is_none()
            {
                self.order.push_back((key, size));
                self.bytes += size;
            }
        }
        while self.bytes > self.most_bytes {
            let Some((oldest, size)) = self.order.pop_front() else {
                break;
            };
            self.by_call.remove(&oldest);
            self.bytes -= size;
        }
    }

    /// The reasoning before a call.
    pub fn recall(&self, owner: &str, call_id: &str) -> Option<Arc<str>> {
        self.by_call.get(&key(owner, call_id)).cloned()
    }
}

fn key(owner: &str, call_id: &str) -> String {
    format!("{owner}/{call_id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replay(call: &str, details: &str) -> Replay {
        Replay {
            call_ids: vec![call.to_owned()],
            details: Arc::from(details),
        }
    }

    #[test]
    fn the_oldest_go_first_and_owners_are_apart() {
        let mut replays = Replays::new(60);
        replays.remember("a", &replay("1", "[\"first\"]"));
        assert_eq!(replays.recall("a", "1").as_deref(), Some("[\"first\"]"));
        assert_eq!(replays.recall("b", "1"), None);
        for call in ["2", "3", "4", "5"] {
            replays.remember("a", &replay(call, "[\"later...\"]"));
        }
        assert_eq!(replays.recall("a", "1"), None);
        assert!(replays.recall("a", "5").is_some());
        assert!(replays.bytes <= 60);
    }
}
