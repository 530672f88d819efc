//! A finished answer with everything both its forms, whole body and stream, are made of.

use std::time::{SystemTime, UNIX_EPOCH};

use rand::RngExt;
use serde_json::{Map, Value, json};

use super::flavour::Flavour;
use super::request::ChatRequest;
use super::usage::{self, Count};
use crate::sandbox::dice;
use crate::sandbox::reply::{Answer, Finish, ToolCall};

/// Everything that is said in answer to one request.
#[derive(Debug)]
pub(super) struct Completion {
    pub(super) flavour: Flavour,
    pub(super) id: String,
    pub(super) created: u64,
    pub(super) model: String,
    pub(super) request: ChatRequest,
    pub(super) answers: Vec<Answer>,
    /// Groq's own request id.
    pub(super) groq_id: String,
}

impl Completion {
    /// Puts the answers under a new id.
    pub(super) fn new(flavour: Flavour, request: ChatRequest, answers: Vec<Answer>) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            flavour,
            id: flavour.completion_id(),
            created: now.map_or(0, |since| since.as_secs()),
            model: flavour.answering_model(&request.ask.model),
            request,
            answers,
            groq_id: flavour.request_id(),
        }
    }

    /// Tokens of the call, all choices together.
    pub(super) fn count(&self) -> Count {
        Count {
            prompt: self.request.prompt_tokens,
            cached: self.request.cached_tokens,
            reasoning: self.answers.iter().map(|one| one.reasoning.len()).sum(),
            visible: self.answers.iter().map(Answer::visible_tokens).sum(),
        }
    }

    /// The usage object.
    pub(super) fn usage(&self) -> Value {
        usage::usage(self.flavour, &self.request.ask.model, self.count())
    }

    /// The fields every body and every chunk begins with.
    pub(super) fn envelope(&self, object: &str) -> Map<String, Value> {
        let fields = [
            ("id", json!(self.id)),
            ("object", json!(object)),
            ("created", json!(self.created)),
            ("model", json!(self.model)),
            ("system_fingerprint", json!(self.flavour.fingerprint())),
        ];
        fields
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }

    /// The id of a choice's tool call; the same for the same conversation.
    pub(super) fn call_id(&self, choice: usize, index: usize) -> String {
        let seed = format!("{}\n{choice}\n{index}", self.request.call_seed);
        self.flavour.call_id(&seed)
    }

    /// Cerebras' timings, and Groq's numbers in `usage`, are made up.
    pub(super) fn time_info(&self) -> Value {
        json!({"created": self.created, "queue_time": 0.0002, "prompt_time": 0.002,
            "completion_time": 0.004, "total_time": 0.0075})
    }
}

/// The provider's word for the end of an answer.
pub(super) fn finish_reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop => "stop",
        Finish::Length => "length",
        Finish::ToolCalls => "tool_calls",
    }
}

/// A tool call in full.
pub(super) fn whole_call(id: String, call: &ToolCall) -> Value {
    json!({"id": id, "type": "function",
        "function": {"name": call.name, "arguments": call.arguments.concat()}})
}

/// Log probabilities of some tokens; `top` alternatives each.
pub(super) fn logprobs(tokens: &[String], top: usize) -> Value {
    let entries: Vec<Value> = tokens.iter().map(|token| logprob(token, top)).collect();
    json!({"content": entries, "refusal": null})
}

fn logprob(token: &str, top: usize) -> Value {
    let mut dice = dice::from_text(token);
    let mut chance = -f64::from(dice.random_range(0..500_u32)) / 1000.0;
    let entry = |token: &str, chance: f64| json!({"token": token, "logprob": chance, "bytes": token.as_bytes()});
    let mut own = entry(token, chance);
    let alternatives: Vec<Value> = (0..top)
        .map(|rank| {
            let text = match rank {
                0 => token.to_owned(),
                _ => format!("{token}{rank}"),
            };
            let alternative = entry(&text, chance);
            chance -= 1.5;
            alternative
        })
        .collect();
    own["top_logprobs"] = Value::Array(alternatives);
    own
}
