//! The beginning of an answer, and how a model is asked to go on with it.

use bytes::Bytes;

use super::super::chat::{ChatRequest, Role};
use super::super::json;
use crate::catalog::{Ability, Model, ModelId};

/// Bytes of text that make a token when nobody counted.
const BYTES_PER_TOKEN: u64 = 4;

/// How a model is asked to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// With the beginning as its own message: it says only the rest.
    Prefill,
    /// From the start: what it says first must be the beginning, word for word.
    Restart,
}

/// A beginning that another model is to go on with.
#[derive(Clone, Debug)]
pub struct Begun {
    said: String,
    prefilled: Option<ChatRequest>,
    refused: Vec<ModelId>,
}

impl Begun {
    /// `said` is what reached the caller of the answer to `request`.
    pub fn new(said: &str, request: &ChatRequest) -> Self {
        Self {
            said: said.to_owned(),
            prefilled: prefilled(said.trim_end(), request),
            refused: Vec::new(),
        }
    }

    /// What was said.
    pub fn said(&self) -> &str {
        &self.said
    }

    /// How this model is asked.
    pub fn opening(&self, model: &Model) -> Opening {
        let can = model.abilities.has(Ability::Prefill) && !self.refused.contains(&model.id);
        match &self.prefilled {
            Some(request) if can && !thinks(request, model) => Opening::Prefill,
            Some(_) | None => Opening::Restart,
        }
    }

    /// The request that this model is asked, in place of `plain`.
    pub fn request<'a>(&'a self, plain: &'a ChatRequest, model: &Model) -> &'a ChatRequest {
        match (self.opening(model), &self.prefilled) {
            (Opening::Prefill, Some(request)) => request,
            (Opening::Prefill | Opening::Restart, _) => plain,
        }
    }

    /// The model does not take a prefill after all: from now on it is asked from the start.
    pub fn refuse_prefill(&mut self, model: &ModelId) {
        self.refused.push(model.clone());
    }
}

/// Thinking comes before an answer, and an answer that has begun leaves it no place.
fn thinks(request: &ChatRequest, model: &Model) -> bool {
    let wish = request.reasoning_wish();
    let wished = request.field("reasoning_effort").is_some()
        || wish.effort.is_some()
        || wish.max_tokens.is_some()
        || wish.enabled == Some(true);
    wished && model.abilities.has(Ability::Reasoning)
}

/// The request with the beginning as a last message, and so much less room for the rest. `None` when
/// it has no place for one: it ends in such a message, or asks for a form that is the model's to open.
fn prefilled(said: &str, request: &ChatRequest) -> Option<ChatRequest> {
    let last = request.messages().next_back()?.role();
    let formed = request.field("response_format").is_some();
    if said.is_empty() || last == Role::Assistant || formed {
        return None;
    }
    let used = (said.len() as u64).div_ceil(BYTES_PER_TOKEN);
    let mut body = String::with_capacity(request.body_len() + said.len() + 64);
    body.push('{');
    for (name, raw) in request.fields() {
        match name {
            "messages" => {
                let open = raw.trim_end().strip_suffix(']')?;
                let mut messages = format!(r#"{open},{{"role":"assistant","content":"#);
                json::push_string(&mut messages, said);
                messages.push_str("}]");
                json::push_member(&mut body, name, &messages);
            }
            "max_tokens" | "max_completion_tokens" => match json::count(raw) {
                Some(most) => {
                    let left = most.saturating_sub(used).max(1);
                    json::push_member(&mut body, name, &left.to_string());
                }
                None => json::push_member(&mut body, name, raw),
            },
            _ => json::push_member(&mut body, name, raw),
        }
    }
    body.push('}');
    ChatRequest::parse(Bytes::from(body)).ok()
}
