//! An answer as output items, and the response object around them.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::super::flavour::Flavour;
use super::request::{Request, Wanted};
use super::seal::{self, Thought};
use crate::sandbox::dice::{self, Alphabet};
use crate::sandbox::reply::{Answer, Content, Finish};

/// A finished answer.
#[derive(Debug)]
pub(super) struct Output {
    id: String,
    created: u64,
    model: String,
    pub(super) items: Vec<Item>,
    finish: Finish,
    prompt_tokens: usize,
    cached_tokens: usize,
    reasoning_tokens: usize,
    visible_tokens: usize,
}

/// One output item, its texts in tokens.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) id: String,
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    Reasoning {
        /// Empty when no summary was asked for.
        summary: Vec<String>,
        encrypted: Option<String>,
    },
    Text(Vec<String>),
    Refusal(Vec<String>),
    Call {
        call_id: String,
        name: String,
        name_tokens: usize,
        arguments: Vec<String>,
    },
}

impl Output {
    /// Puts an answer into items under a new id.
    pub(super) fn new(request: &Request, answer: Answer) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let visible_tokens = answer.visible_tokens();
        let reasoning_tokens = answer.reasoning.len();
        Self {
            id: format!("resp_{}", dice::fresh(Alphabet::Hex, 50)),
            created: now.map_or(0, |since| since.as_secs()),
            model: Flavour::OpenAi.answering_model(&request.ask.model),
            finish: answer.finish,
            items: items(request, answer),
            prompt_tokens: request.prompt_tokens,
            cached_tokens: request.cached_tokens,
            reasoning_tokens,
            visible_tokens,
        }
    }

    /// Tokens of the answer, reasoning included.
    pub(super) fn output_tokens(&self) -> usize {
        self.reasoning_tokens + self.visible_tokens
    }

    /// The response as it is when all has been said.
    pub(super) fn response(&self) -> Value {
        let status = self.status();
        let items: Vec<Value> = self.items.iter().map(|item| item.whole(status)).collect();
        let output = self.output_tokens();
        let mut response = self.object(status, items);
        response["usage"] = json!({"input_tokens": self.prompt_tokens,
            "input_tokens_details": {"cached_tokens": self.cached_tokens},
            "output_tokens": output,
            "output_tokens_details": {"reasoning_tokens": self.reasoning_tokens},
            "total_tokens": self.prompt_tokens + output});
        if self.finish == Finish::Length {
            response["incomplete_details"] = json!({"reason": "max_output_tokens"});
        }
        response
    }

    /// The response as it is when it begins.
    pub(super) fn beginning(&self) -> Value {
        self.object("in_progress", Vec::new())
    }

    /// The response as it is when the provider breaks down.
    pub(super) fn broken(&self, code: &str, message: &str) -> Value {
        let mut response = self.object("failed", Vec::new());
        response["error"] = json!({"code": code, "message": message});
        response
    }

    /// The status of a finished response and of its items.
    pub(super) fn status(&self) -> &'static str {
        match self.finish {
            Finish::Stop | Finish::ToolCalls => "completed",
            Finish::Length => "incomplete",
        }
    }

    fn object(&self, status: &str, items: Vec<Value>) -> Value {
        json!({"id": self.id, "object": "response", "created_at": self.created,
            "status": status, "background": false, "error": null, "incomplete_details": null,
            "model": self.model, "output": items, "parallel_tool_calls": true,
            "previous_response_id": null, "service_tier": "default", "store": false,
            "tool_choice": "auto", "truncation": "disabled", "usage": null, "metadata": {}})
    }
}

fn items(request: &Request, answer: Answer) -> Vec<Item> {
    let seed = &request.seed;
    let id = |prefix: &str, at: usize| {
        let mut dice = dice::from_text(&format!("{seed}\n{prefix}{at}"));
        format!("{prefix}_{}", dice::draw(&mut dice, Alphabet::Hex, 50))
    };
    let mut items = Vec::new();
    let thought = if answer.reasoning.is_empty() {
        Thought::None
    } else {
        let encrypted = request.encrypted == Wanted::Yes;
        items.push(Item {
            id: id("rs", 0),
            kind: Kind::Reasoning {
                summary: match request.summary {
                    Wanted::Yes => answer.reasoning,
                    Wanted::No => Vec::new(),
                },
                encrypted: encrypted.then(|| seal::seal(seed)),
            },
        });
        Thought::Before
    };
    match answer.content {
        Content::Text(tokens) if tokens.is_empty() => {}
        Content::Text(tokens) => items.push(Item {
            id: id("msg", 0),
            kind: Kind::Text(tokens),
        }),
        Content::Refusal(tokens) => items.push(Item {
            id: id("msg", 0),
            kind: Kind::Refusal(tokens),
        }),
        Content::Calls(calls) => items.extend(calls.into_iter().enumerate().map(|(at, call)| {
            let name_tokens = call.name_tokens();
            Item {
                id: id("fc", at),
                kind: Kind::Call {
                    call_id: seal::call_id(&format!("{seed}\n{at}"), thought),
                    name: call.name,
                    name_tokens,
                    arguments: call.arguments,
                },
            }
        })),
    }
    items
}

impl Item {
    /// The item when it begins.
    pub(super) fn beginning(&self) -> Value {
        match &self.kind {
            Kind::Reasoning { .. } => json!({"id": self.id, "type": "reasoning", "summary": []}),
            Kind::Text(_) | Kind::Refusal(_) => json!({"id": self.id, "type": "message",
                "status": "in_progress", "content": [], "role": "assistant"}),
            Kind::Call { call_id, name, .. } => json!({"id": self.id, "type": "function_call",
                "status": "in_progress", "arguments": "", "call_id": call_id, "name": name}),
        }
    }

    /// The item when it is complete.
    pub(super) fn whole(&self, status: &str) -> Value {
        let mut item = self.beginning();
        match &self.kind {
            Kind::Reasoning { summary, encrypted } => {
                if !summary.is_empty() {
                    item["summary"] = json!([{"type": "summary_text", "text": summary.concat()}]);
                }
                if let Some(encrypted) = encrypted {
                    item["encrypted_content"] = json!(encrypted);
                }
                return item;
            }
            Kind::Text(tokens) => {
                item["content"] = json!([text_part(&tokens.concat())]);
            }
            Kind::Refusal(tokens) => {
                item["content"] = json!([{"type": "refusal", "refusal": tokens.concat()}]);
            }
            Kind::Call { arguments, .. } => item["arguments"] = json!(arguments.concat()),
        }
        item["status"] = json!(status);
        item
    }
}

/// A part of a message.
pub(super) fn text_part(text: &str) -> Value {
    json!({"type": "output_text", "annotations": [], "logprobs": [], "text": text})
}
