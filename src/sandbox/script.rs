//! A test's hand on a running simulated provider: what shall go wrong, and what has been asked.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::Notify;

use super::fault::Faults;
use super::line::Line;

/// How many calls the log keeps.
const MOST_CALLS: usize = 256;

/// How many model names are counted.
const MOST_MODELS: usize = 1024;

/// How long [`Script::wait`] waits.
const PATIENCE: Duration = Duration::from_secs(10);

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It has not ended yet.
    Running,
    /// The whole response was handed over.
    Complete,
    /// A fault ended it.
    Broken,
    /// The client went away before the end, or the server was stopped.
    HungUp,
}

/// One call as the provider saw it.
#[derive(Clone, Debug)]
pub struct SeenCall {
    /// The model asked for, without its fault suffix. Empty where the route names none.
    pub model: String,
    /// The path of the request.
    pub path: String,
    /// Request headers without the key: names in lower case. `authorization` holds only the
    /// scheme, where there was one.
    pub headers: Vec<(String, String)>,
    /// The request's body; null when it was no JSON or above 256 KiB.
    pub body: Value,
    /// Whether a stream was asked for.
    pub streamed: bool,
    /// How it ended.
    pub ending: Ending,
}

impl SeenCall {
    /// The value of a header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Controls one simulated provider while it runs.
#[derive(Debug, Default)]
pub struct Script {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    always: Faults,
    by_model: HashMap<String, Faults>,
    next: VecDeque<(usize, Faults)>,
    calls: VecDeque<SeenCall>,
    /// How many calls have left the front of `calls`.
    forgotten: usize,
    counts: HashMap<String, usize>,
}

impl Script {
    /// Faults for every call from now on.
    pub fn set(&self, faults: impl Into<Faults>) {
        self.state().always = faults.into();
    }

    /// Faults for every call to one model, by its name at the provider.
    pub fn set_for(&self, upstream_model: &str, faults: impl Into<Faults>) {
        let mut state = self.state();
        if state.by_model.len() < MOST_MODELS || state.by_model.contains_key(upstream_model) {
            state
                .by_model
                .insert(upstream_model.to_owned(), faults.into());
        }
    }

    /// Faults for the next `n` calls only. Said twice, the second lot follows the first.
    pub fn next(&self, n: usize, faults: impl Into<Faults>) {
        let mut state = self.state();
        if n > 0 && state.next.len() < MOST_CALLS {
            state.next.push_back((n, faults.into()));
        }
    }

    /// Takes all faults back. The log stays.
    pub fn clear(&self) {
        let mut state = self.state();
        state.always = Faults::default();
        state.by_model.clear();
        state.next.clear();
    }

    /// The last calls, oldest first, at most 256.
    pub fn calls(&self) -> Vec<SeenCall> {
        self.state().calls.iter().cloned().collect()
    }

    /// How many calls have asked for the model.
    pub fn call_count(&self, model: &str) -> usize {
        self.state().counts.get(model).copied().unwrap_or_default()
    }

    /// Waits until the log satisfies `wanted`, at most ten seconds, and says whether it does.
    pub async fn wait(&self, wanted: impl Fn(&[SeenCall]) -> bool) -> bool {
        let watch = async {
            loop {
                let changed = self.changed.notified();
                if wanted(&self.calls()) {
                    return;
                }
                changed.await;
            }
        };
        tokio::time::timeout(PATIENCE, watch).await.is_ok()
    }

    /// The faults of the call that now comes in; uses one of [`Script::next`] up.
    pub(super) fn faults_of_call(&self, model: &str) -> Faults {
        let mut state = self.state();
        let mut faults = state.always.clone();
        if let Some(own) = state.by_model.get(model) {
            faults = faults.and(own);
        }
        if let Some((left, next)) = state.next.front_mut() {
            faults = faults.and(next);
            *left -= 1;
            if *left == 0 {
                state.next.pop_front();
            }
        }
        faults
    }

    /// Writes the call into the log. The entry notes how it ends.
    pub(super) fn begin(self: &Arc<Self>, call: SeenCall, line: Option<Line>) -> Entry {
        let mut state = self.state();
        if state.counts.len() < MOST_MODELS || state.counts.contains_key(&call.model) {
            *state.counts.entry(call.model.clone()).or_default() += 1;
        }
        if state.calls.len() == MOST_CALLS {
            state.calls.pop_front();
            state.forgotten += 1;
        }
        let number = state.forgotten + state.calls.len();
        state.calls.push_back(call);
        drop(state);
        self.changed.notify_waiters();
        Entry {
            script: Arc::clone(self),
            number,
            line,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self, number: usize, ending: Ending) {
        let mut state = self.state();
        let place = number.checked_sub(state.forgotten);
        if let Some(call) = place.and_then(|place| state.calls.get_mut(place))
            && call.ending == Ending::Running
        {
            call.ending = ending;
        }
        drop(state);
        self.changed.notify_waiters();
    }
}

/// A running call's line in the log. Dropped before its end, the call counts as hung up.
#[derive(Debug)]
pub(super) struct Entry {
    script: Arc<Script>,
    number: usize,
    /// The connection that the call came on.
    line: Option<Line>,
}

impl Entry {
    /// Makes the end of the call's connection a reset.
    pub(super) fn reset_on_close(&self) {
        if let Some(line) = &self.line {
            line.reset_on_close();
        }
    }

    /// Notes how the call ended. Only the first word counts.
    pub(super) fn end(&self, ending: Ending) {
        self.script.end(self.number, ending);
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.end(Ending::HungUp);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::Fault;

    fn call(model: &str) -> SeenCall {
        SeenCall {
            model: model.to_owned(),
            path: "/v1/chat/completions".to_owned(),
            headers: Vec::new(),
            body: Value::Null,
            streamed: false,
            ending: Ending::Running,
        }
    }

    #[test]
    fn next_is_used_up_in_order() {
        let script = Script::default();
        script.set(Fault::Malformed);
        script.next(2, Fault::Status(500));
        script.next(1, Fault::Reset);
        let with = |fault: Fault| Faults::from([Fault::Malformed, fault]);
        assert_eq!(script.faults_of_call("m"), with(Fault::Status(500)));
        assert_eq!(script.faults_of_call("m"), with(Fault::Status(500)));
        assert_eq!(script.faults_of_call("m"), with(Fault::Reset));
        assert_eq!(script.faults_of_call("m"), Fault::Malformed.into());
        script.clear();
        assert_eq!(script.faults_of_call("m"), Faults::default());
    }

    #[test]
    fn the_log_is_bounded_and_entries_find_their_line() {
        let script = Arc::new(Script::default());
        let first = script.begin(call("first"), None);
        let mut last = None;
        for _ in 0..MOST_CALLS {
            last = Some(script.begin(call("m"), None));
        }
        first.end(Ending::Complete);
        last.unwrap().end(Ending::Broken);
        let calls = script.calls();
        assert_eq!(calls.len(), MOST_CALLS);
        assert_eq!(calls[MOST_CALLS - 1].ending, Ending::Broken);
        assert_eq!(calls[0].ending, Ending::HungUp);
        assert_eq!(script.call_count("m"), MOST_CALLS);
        assert_eq!(script.call_count("first"), 1);
    }
}
