//! What the double keeps: objects by their ids, events, and answers under their idempotency keys.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use serde_json::{Value, json};

use super::cards::Behaviour;
use super::form::Form;
use super::trouble::Trouble;
use crate::sandbox::dice::{Alphabet, fresh};

/// Objects at the most.
const MOST_OBJECTS: usize = 20_000;
/// Events that are kept.
const MOST_EVENTS: usize = 1000;
/// The version that events are written in.
const VERSION: &str = "2024-06-20";

/// An answer that is given again under the same key.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) path: String,
    pub(super) form: Form,
    pub(super) status: u16,
    pub(super) body: Value,
}

#[derive(Debug, Default)]
pub(super) struct State {
    objects: BTreeMap<String, Value>,
    behaviours: HashMap<String, Behaviour>,
    events: VecDeque<Value>,
    /// Events that have not been handed to delivery.
    outbox: Vec<Value>,
    pub(super) answers: HashMap<String, Kept>,
    /// Keys of calls that have not ended.
    pub(super) running: HashSet<String>,
}

impl State {
    /// Keeps a new object under a new id.
    pub(super) fn create(&mut self, prefix: &str, mut object: Value) -> Result<Value, Trouble> {
        if self.objects.len() >= MOST_OBJECTS || self.answers.len() >= MOST_OBJECTS {
            return Err(Trouble::full());
        }
        let id = format!("{prefix}_{}", fresh(Alphabet::Alphanumeric, 24));
        object["id"] = json!(id);
        object["livemode"] = json!(false);
        self.objects.insert(id, object.clone());
        Ok(object)
    }

    pub(super) fn get(&self, id: &str) -> Option<&Value> {
        self.objects.get(id)
    }

    /// An object of a kind, named by a parameter.
    pub(super) fn find(&self, kind: &str, id: &str, param: &str) -> Result<&Value, Trouble> {
        let found = self.objects.get(id);
        found
            .filter(|object| object["object"] == kind)
            .ok_or_else(|| Trouble::no_such(kind, id, param))
    }

    /// Changes an object and answers with it as it is then.
    pub(super) fn change(&mut self, id: &str, members: &[(&str, Value)]) -> Value {
        let Some(object) = self.objects.get_mut(id) else {
            return Value::Null;
        };
        for (name, value) in members {
            object[*name] = value.clone();
        }
        object.clone()
    }

    pub(super) fn remove(&mut self, id: &str) {
        self.objects.remove(id);
    }

    /// The objects of a kind whose member has this value, newest last.
    pub(super) fn all(&self, kind: &str, member: &str, value: &str) -> Vec<Value> {
        let of_kind = |object: &&Value| object["object"] == kind && object[member] == value;
        self.objects.values().filter(of_kind).cloned().collect()
    }

    pub(super) fn behaviour(&self, method: &str) -> Behaviour {
        self.behaviours.get(method).copied().unwrap_or_default()
    }

    pub(super) fn set_behaviour(&mut self, method: &str, behaviour: Behaviour) {
        self.behaviours.insert(method.to_owned(), behaviour);
    }

    /// Says that something happened to an object.
    pub(super) fn happened(&mut self, kind: &str, object: &Value, now_s: u64) {
        let event = json!({
            "id": format!("evt_{}", fresh(Alphabet::Alphanumeric, 24)),
            "object": "event",
            "api_version": VERSION,
            "created": now_s,
            "data": { "object": object },
            "livemode": false,
            "pending_webhooks": 1,
            "request": { "id": null, "idempotency_key": null },
            "type": kind,
        });
        if self.events.len() == MOST_EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(event.clone());
        self.outbox.push(event);
    }

    pub(super) fn events(&self) -> impl Iterator<Item = &Value> {
        self.events.iter()
    }

    pub(super) fn take_outbox(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.outbox)
    }
}
