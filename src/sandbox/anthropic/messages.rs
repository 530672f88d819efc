//! Messages: from a received request to the response.

use actix_web::{Error, HttpRequest, HttpResponse, web};
use bytes::Bytes;
use serde_json::{Value, json};

use super::desk::{self, Desk};
use super::errors::Trouble;
use super::request::Request;
use super::thinking::{self, Display};
use super::{check, model, stream};
use crate::sandbox::call::{Delivery, Received};
use crate::sandbox::play::{self, Show};
use crate::sandbox::reply::{self, Answer, Content, Finish};

/// `POST /v1/messages`.
pub(super) async fn create(
    desk: web::Data<Desk>,
    request: HttpRequest,
    payload: Result<Bytes, Error>,
) -> HttpResponse {
    match desk.receive(&request, payload).await {
        Ok(received) => respond(received),
        Err(refusal) => refusal,
    }
}

fn respond(received: Received) -> HttpResponse {
    let Received {
        call,
        body,
        delivery,
    } = received;
    let Value::Object(body) = body else {
        let message = "Input does not match the expected shape.";
        return desk::refuse(call, &Trouble::invalid(message));
    };
    if let Err(trouble) = check::request(&call.model, &body) {
        return desk::refuse(call, &trouble);
    }
    let request = Request::read(&call.model, &body);
    let answer = if call.plan.empty {
        Answer::empty()
    } else {
        reply::answer(&request.ask, 0)
    };
    let spoken = Spoken::new(request, answer);
    let mut builder = desk::accept();
    match delivery {
        Delivery::Stream => {
            builder
                .content_type("text/event-stream; charset=utf-8")
                .insert_header(("cache-control", "no-cache"));
            let show = stream::show(spoken, &call);
            play::respond(builder, show, call.plan, call.entry)
        }
        Delivery::Whole => {
            builder.content_type("application/json");
            let tokens = spoken.output_tokens();
            let body = spoken.whole().to_string().into_bytes();
            play::respond(builder, Show::whole(body, tokens), call.plan, call.entry)
        }
    }
}

/// A finished answer with everything both its forms are made of.
#[derive(Debug)]
pub(super) struct Spoken {
    pub(super) id: String,
    pub(super) request: Request,
    pub(super) answer: Answer,
}

impl Spoken {
    fn new(request: Request, answer: Answer) -> Self {
        Self {
            id: model::message_id(),
            request,
            answer,
        }
    }

    pub(super) fn output_tokens(&self) -> usize {
        let said = match &self.answer.content {
            // A refusal is explained beside the content.
            Content::Refusal(_) => 1,
            Content::Text(_) | Content::Calls(_) => self.answer.visible_tokens(),
        };
        self.answer.reasoning.len() + said
    }

    /// The thought and its signature; the thought is empty where it is not shown.
    pub(super) fn thought(&self) -> Option<(Vec<String>, String)> {
        if self.answer.reasoning.is_empty() {
            return None;
        }
        let signature = thinking::sign(&self.answer.reasoning.concat());
        let shown = match self.request.display {
            Display::Summarized => self.answer.reasoning.clone(),
            Display::Omitted => Vec::new(),
        };
        Some((shown, signature))
    }

    pub(super) fn call_id(&self, index: usize) -> String {
        model::call_id(&format!("{}\n{index}", self.request.call_seed))
    }

    /// The usage; cached tokens stand beside the input, not in it.
    pub(super) fn usage(&self) -> Value {
        let cached = self.request.cached_tokens;
        json!({"input_tokens": self.request.prompt_tokens - cached,
            "cache_creation_input_tokens": 0, "cache_read_input_tokens": cached,
            "output_tokens": self.output_tokens(),
            "output_tokens_details": {"thinking_tokens": self.answer.reasoning.len()}})
    }

    /// The end: `stop_reason` and what goes with it.
    pub(super) fn ending(&self) -> Value {
        let (reason, details) = match (&self.answer.content, self.answer.finish) {
            (Content::Refusal(tokens), _) => (
                "refusal",
                json!({"type": "refusal", "category": null, "explanation": tokens.concat()}),
            ),
            (_, Finish::Length) => ("max_tokens", Value::Null),
            (_, Finish::ToolCalls) => ("tool_use", Value::Null),
            (_, Finish::Stop) => ("end_turn", Value::Null),
        };
        json!({"stop_reason": reason, "stop_sequence": null, "stop_details": details})
    }

    pub(super) fn envelope(&self) -> Value {
        json!({"id": self.id, "type": "message", "role": "assistant",
            "model": self.request.ask.model, "content": [], "stop_reason": null,
            "stop_sequence": null, "stop_details": null})
    }

    fn whole(&self) -> Value {
        let mut blocks = Vec::new();
        if let Some((shown, signature)) = self.thought() {
            blocks.push(json!({"type": "thinking", "thinking": shown.concat(),
                "signature": signature}));
        }
        match &self.answer.content {
            Content::Text(tokens) if tokens.is_empty() => {}
            Content::Text(tokens) => {
                blocks.push(json!({"type": "text", "text": tokens.concat()}));
            }
            Content::Refusal(_) => {}
            Content::Calls(calls) => {
                for (index, call) in calls.iter().enumerate() {
                    let input: Value =
                        serde_json::from_str(&call.arguments.concat()).unwrap_or(json!({}));
                    blocks.push(json!({"type": "tool_use", "id": self.call_id(index),
                        "name": call.name, "input": input, "caller": {"type": "direct"}}));
                }
            }
        }
        let mut body = self.envelope();
        body["content"] = Value::Array(blocks);
        body["usage"] = self.usage();
        body["usage"]["service_tier"] = json!("standard");
        for (name, value) in self.ending().as_object().into_iter().flatten() {
            body[name.as_str()] = value.clone();
        }
        body
    }
}
