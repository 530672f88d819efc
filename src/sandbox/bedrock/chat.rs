//! Converse and ConverseStream: from a received request to the response.

use actix_web::{Error, HttpRequest, HttpResponse, web};
use bytes::Bytes;
use serde_json::{Value, json};

use super::desk::{self, Desk};
use super::request::{self, Request};
use super::{check, stream as streamed};
use crate::sandbox::call::Delivery;
use crate::sandbox::dice::{self, Alphabet};
use crate::sandbox::play::{self, Show};
use crate::sandbox::reply::{self, Answer, Content, Finish};

/// Everything that is said in answer to one request.
#[derive(Debug)]
pub(super) struct Completion {
    pub(super) request: Request,
    pub(super) answer: Answer,
}

/// `POST /model/{id}/converse`.
pub(super) async fn converse(
    desk: web::Data<Desk>,
    request: HttpRequest,
    model: web::Path<String>,
    payload: Result<Bytes, Error>,
) -> HttpResponse {
    respond(&desk, &request, &model, payload, Delivery::Whole).await
}

/// `POST /model/{id}/converse-stream`.
pub(super) async fn stream(
    desk: web::Data<Desk>,
    request: HttpRequest,
    model: web::Path<String>,
    payload: Result<Bytes, Error>,
) -> HttpResponse {
    respond(&desk, &request, &model, payload, Delivery::Stream).await
}

async fn respond(
    desk: &Desk,
    request: &HttpRequest,
    model: &str,
    payload: Result<Bytes, Error>,
    delivery: Delivery,
) -> HttpResponse {
    let (call, body) = match desk.receive(request, payload, model, delivery).await {
        Ok(received) => received,
        Err(refusal) => return refusal,
    };
    if let Err(trouble) = check::chat(&call.model, &body) {
        return desk::refuse(call, &trouble);
    }
    let request = Request::read(&call.model, &body);
    let answer = if call.plan.empty {
        Answer::empty()
    } else {
        reply::answer(&request.ask, 0)
    };
    let completion = Completion { request, answer };
    let mut builder = HttpResponse::Ok();
    builder.insert_header(("x-amzn-requestid", dice::fresh_uuid()));
    let show = match delivery {
        Delivery::Stream => {
            builder.content_type("application/vnd.amazon.eventstream");
            streamed::show(&completion, &call)
        }
        Delivery::Whole => {
            builder.content_type("application/json");
            let tokens = completion.answer.reasoning.len() + completion.answer.visible_tokens();
            Show::whole(completion.whole().to_string().into_bytes(), tokens)
        }
    };
    play::respond(builder, show, call.plan, call.entry)
}

impl Completion {
    /// The body of an answer that is not streamed.
    fn whole(&self) -> Value {
        let mut content = Vec::new();
        if !self.answer.reasoning.is_empty() {
            let text = self.answer.reasoning.concat();
            let mut thought = json!({"text": text});
            if self.request.signs {
                thought["signature"] = json!(request::signature(&text));
            }
            content.push(json!({"reasoningContent": {"reasoningText": thought}}));
        }
        match &self.answer.content {
            Content::Text(tokens) | Content::Refusal(tokens) => {
                if !tokens.is_empty() {
                    content.push(json!({"text": tokens.concat()}));
                }
            }
            Content::Calls(calls) => {
                content.extend(calls.iter().enumerate().map(|(index, call)| {
                    let text = call.arguments.concat();
                    let input = serde_json::from_str(&text).unwrap_or_else(|_| json!({}));
                    json!({"toolUse": {"toolUseId": self.call_id(index), "name": call.name,
                        "input": input}})
                }));
            }
        }
        json!({"output": {"message": {"role": "assistant", "content": content}},
            "stopReason": self.stop_reason(), "usage": self.usage(),
            "metrics": {"latencyMs": 12}})
    }

    pub(super) fn stop_reason(&self) -> &'static str {
        match self.answer.finish {
            Finish::Stop => "end_turn",
            Finish::Length => "max_tokens",
            Finish::ToolCalls => "tool_use",
        }
    }

    /// Cached tokens are counted apart from the input.
    pub(super) fn usage(&self) -> Value {
        let Request {
            prompt_tokens,
            cached_tokens,
            ..
        } = self.request;
        let output = self.answer.reasoning.len() + self.answer.visible_tokens();
        json!({"inputTokens": prompt_tokens - cached_tokens, "outputTokens": output,
            "totalTokens": prompt_tokens + output, "cacheReadInputTokens": cached_tokens,
            "cacheReadInputTokenCount": cached_tokens, "cacheWriteInputTokens": 0,
            "serverToolUsage": {}})
    }

    /// The id of a tool call; the same for the same conversation.
    pub(super) fn call_id(&self, index: usize) -> String {
        let mut dice = dice::from_text(&format!("{}\n{index}", self.request.call_seed));
        format!(
            "tooluse_{}",
            dice::draw(&mut dice, Alphabet::Alphanumeric, 22)
        )
    }
}
