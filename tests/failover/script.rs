//! What a scripted provider does with its calls, and what it has seen of them.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What happens to one call.
#[derive(Clone, Copy, Debug)]
pub enum Act {
    /// The whole answer.
    Answer,
    /// The whole answer, after a wait for its first token.
    Late(Duration),
    /// A refusal with this status and OpenAI's error code.
    Refuse {
        status: u16,
        retry_after_s: Option<u64>,
        code: &'static str,
    },
    /// The connection is reset before any header.
    Reset,
    /// No header comes.
    Silence,
    /// The connection is cut after so many tokens.
    CutAfter(usize),
    /// The stream falls silent after so many tokens.
    StallAfter(usize),
    /// One unreadable event after so many tokens, and then the rest.
    MalformedAt(usize),
    /// The whole answer without `[DONE]`.
    NoDone,
    /// A good status, and an error event before any content.
    ErrorEvent,
}

/// Whether a provider takes an assistant message as the beginning of its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefill {
    /// It continues it.
    Continued,
    /// It refuses it with a 400.
    Refused,
}

/// One call as it came.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    pub at: Instant,
}

/// Calls are kept to be looked at; a load run only counts them.
const MOST_KEPT: usize = 64;

/// What one provider does.
pub struct Script {
    state: Mutex<State>,
}

struct State {
    next: VecDeque<Act>,
    always: Act,
    prefill: Prefill,
    tokens: usize,
    calls: Vec<Call>,
    count: usize,
}

/// What is to be done with the call that has come.
pub struct Order {
    pub act: Act,
    pub prefill: Prefill,
    pub tokens: usize,
}

impl Script {
    /// A provider that answers with so many tokens.
    pub fn new(tokens: usize) -> Self {
        Self {
            state: Mutex::new(State {
                next: VecDeque::new(),
                always: Act::Answer,
                prefill: Prefill::Continued,
                tokens,
                calls: Vec::new(),
                count: 0,
            }),
        }
    }

    /// What happens to every call from now on.
    pub fn always(&self, act: Act) {
        self.state().always = act;
    }

    /// What happens to the next call.
    pub fn once(&self, act: Act) {
        self.state().next.push_back(act);
    }

    pub fn prefill(&self, prefill: Prefill) {
        self.state().prefill = prefill;
    }

    /// Answers every call again.
    pub fn heal(&self) {
        let mut state = self.state();
        state.next.clear();
        state.always = Act::Answer;
    }

    /// The calls so far, the first of them in full.
    pub fn calls(&self) -> Vec<Call> {
        self.state().calls.clone()
    }

    pub fn count(&self) -> usize {
        self.state().count
    }

    /// Takes note of a call and says what happens to it.
    pub fn take(&self) -> Order {
        let mut state = self.state();
        state.count += 1;
        if state.calls.len() < MOST_KEPT {
            state.calls.push(Call { at: Instant::now() });
        }
        Order {
            act: state.next.pop_front().unwrap_or(state.always),
            prefill: state.prefill,
            tokens: state.tokens,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
