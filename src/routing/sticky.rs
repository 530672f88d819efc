//! Conversations stay where their prompt is warm: which model answered what, remembered for a while.

use std::time::{Duration, Instant};

use super::candidates::Candidate;
use crate::catalog::{Model, ModelId, Prefer};
use crate::ids::IdMap;
use crate::usage::Usage;

/// How long a provider's prompt cache is taken to be warm. Anthropic's default cache lives five
/// minutes from its last use, OpenAI's five to ten.
const WARM: Duration = Duration::from_secs(10 * 60);
/// How long a model is asked again with the results of its own tool calls.
const TOOL_LOOP: Duration = Duration::from_secs(60 * 60);
/// Shortest prompt that providers cache without being asked to, and the steps in which they do
/// (OpenAI, "Prompt caching"; Google's implicit caching begins there too).
const LEAST_CACHED: u64 = 1024;
const CACHED_STEP: u64 = 128;
/// A measured speed has to be better by this much to move a conversation.
const CLEARLY_FASTER: f64 = 0.9;

/// The model that has answered a conversation so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warm {
    /// The model.
    pub model: ModelId,
    /// Tokens of the prompt that its provider's cache is expected to hold.
    pub tokens: u64,
    /// Why the conversation stays there.
    pub tie: Tie,
}

/// Why a conversation stays with a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tie {
    /// Its prompt is read at the cached rate there; another may still be better.
    Cache,
    /// The model waits for the results of tools that it called.
    ToolLoop,
}

/// How a request goes on from the one that was remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It ends in something else than a tool's result.
    Ordinary,
    /// It brings results of tools.
    ToolResults,
}

/// One remembered answer.
#[derive(Clone, Debug)]
struct Answered {
    model: ModelId,
    tokens: u64,
    at: Instant,
}

/// Who answered which conversation, by a keyed hash of account and leading messages; no text is
/// kept. Two generations of bounded size: when the young one is full, the old one is forgotten.
#[derive(Debug)]
pub struct Conversations {
    young: IdMap<u64, Answered>,
    old: IdMap<u64, Answered>,
    most: usize,
}

impl Conversations {
    /// Remembers at least `most / 2` of the latest answers, and at most `most`.
    pub fn new(most: usize) -> Self {
        Self {
            young: IdMap::default(),
            old: IdMap::default(),
            most,
        }
    }

    /// Remembers that a model answered the messages with this hash, with so much of them cached.
    pub fn remember(&mut self, messages: u64, model: ModelId, tokens: u64, at: Instant) {
        if self.young.len() >= self.most / 2 && !self.young.contains_key(&messages) {
            self.old = std::mem::take(&mut self.young);
        }
        let answered = Answered { model, tokens, at };
        self.young.insert(messages, answered);
    }

    /// Who answered the messages with this hash, if a conversation should stay there.
    pub fn recall(&self, messages: u64, turn: Turn, now: Instant) -> Option<Warm> {
        let answered = self
            .young
            .get(&messages)
            .or_else(|| self.old.get(&messages))?;
        let age = now.saturating_duration_since(answered.at);
        let tokens = if age < WARM { answered.tokens } else { 0 };
        let tie = match turn {
            Turn::ToolResults if age < TOOL_LOOP => Tie::ToolLoop,
            Turn::ToolResults | Turn::Ordinary => Tie::Cache,
        };
        (tokens > 0 || tie == Tie::ToolLoop).then(|| Warm {
            model: answered.model.clone(),
            tokens,
            tie,
        })
    }
}

/// Tokens of the next prompt that the provider's cache is expected to hold after this answer.
pub fn warm_tokens(model: &Model, usage: &Usage) -> u64 {
    let rates = model.price.rates(usage.prompt_tokens);
    let marked = usage.cached_tokens + usage.cache_write_tokens + usage.cache_write_1h_tokens;
    if rates.cache_read >= rates.input {
        0
    } else if rates.cache_write > rates.input || usage.prompt_tokens < LEAST_CACHED {
        // Where writing is billed, only what was marked is kept, and the usage says how much.
        marked
    } else {
        (usage.prompt_tokens - usage.prompt_tokens % CACHED_STEP).max(marked)
    }
}

/// Moves the conversation's model to the front of a ranked pool where it should stay. Its cost is
/// already that of a cached prompt; what `cheap` and `balanced` make of it stands.
pub fn stay(pool: &mut [Candidate], warm: &Warm, prefer: Prefer) {
    let Some(place) = pool.iter().position(|c| c.model.id == warm.model) else {
        return;
    };
    if stays(warm.tie, prefer, pool[place].seconds, pool[0].seconds) {
        pool[..=place].rotate_right(1);
    }
}

/// Whether a conversation stays with a model that needs so many seconds, when the first of its pool needs
/// so many.
pub(super) fn stays(tie: Tie, prefer: Prefer, seconds: f64, first: f64) -> bool {
    match (tie, prefer) {
        (Tie::ToolLoop, _) => true,
        (Tie::Cache, Prefer::Fast) => seconds * CLEARLY_FASTER <= first,
        (Tie::Cache, Prefer::Cheap | Prefer::Balanced | Prefer::Quality | Prefer::Coding) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Catalog, Layer};

    fn id(text: &str) -> ModelId {
        ModelId::new(text)
    }

    #[test]
    fn a_cache_is_warm_for_ten_minutes_and_a_tool_loop_lasts_longer() {
        let start = Instant::now();
        let mut memory = Conversations::new(8);
        memory.remember(1, id("m"), 2048, start);
        let after =
            |minutes: u64, turn| memory.recall(1, turn, start + Duration::from_secs(60 * minutes));
        let warm = |tokens, tie| {
            Some(Warm {
                model: id("m"),
                tokens,
                tie,
            })
        };
        assert_eq!(after(9, Turn::Ordinary), warm(2048, Tie::Cache));
        assert_eq!(after(10, Turn::Ordinary), None);
        assert_eq!(after(9, Turn::ToolResults), warm(2048, Tie::ToolLoop));
        assert_eq!(after(59, Turn::ToolResults), warm(0, Tie::ToolLoop));
        assert_eq!(after(60, Turn::ToolResults), None);
        assert_eq!(memory.recall(2, Turn::Ordinary, start), None);
    }

    #[test]
    fn memory_is_bounded_and_keeps_the_latest() {
        let now = Instant::now();
        let mut memory = Conversations::new(100);
        for key in 0..1000 {
            memory.remember(key, id("m"), 1024, now);
            assert!(memory.young.len() + memory.old.len() <= 100);
        }
        let known = |key| memory.recall(key, Turn::Ordinary, now).is_some();
        assert!((950..1000).all(known));
        assert!(!known(0));
    }

    #[test]
    fn what_is_cached_follows_the_providers_rules() {
        let catalog = Catalog::load(&[Layer::builtin()]).unwrap();
        let warm = |model: &str, prompt_tokens, cached_tokens, cache_write_tokens| {
            let usage = Usage {
                prompt_tokens,
                cached_tokens,
                cache_write_tokens,
                ..Usage::default()
            };
            warm_tokens(catalog.model(model).unwrap(), &usage)
        };
        assert_eq!(warm("gpt-4.1", 1000, 0, 0), 0, "too short");
        assert_eq!(warm("gpt-4.1", 2100, 0, 0), 2048);
        assert_eq!(warm("claude-sonnet-4-6", 5000, 0, 0), 0, "not marked");
        assert_eq!(warm("claude-sonnet-4-6", 5000, 3000, 1500), 4500);
        assert_eq!(warm("zai.glm-5", 5000, 0, 0), 0, "no cached rate");
    }
}
