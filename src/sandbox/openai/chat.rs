//! Chat completions: from a received request to the response.

use actix_web::{Error, HttpRequest, HttpResponse, web};
use bytes::Bytes;
use serde_json::{Value, json};

use super::check;
use super::completion::{self, Completion};
use super::desk::Desk;
use super::errors::Trouble;
use super::flavour::Flavour;
use super::headers;
use super::request::{ChatRequest, ReasoningForm};
use super::stream;
use crate::sandbox::call::{Delivery, Received};
use crate::sandbox::play::{self, Show};
use crate::sandbox::reply::{self, Answer, Content};

/// `POST …/chat/completions`.
pub(super) async fn chat(
    desk: web::Data<Desk>,
    request: HttpRequest,
    payload: Result<Bytes, Error>,
) -> HttpResponse {
    match desk.receive(&request, payload).await {
        Ok(received) => respond(&desk, received),
        Err(refusal) => refusal,
    }
}

fn respond(desk: &Desk, received: Received) -> HttpResponse {
    let Received {
        call,
        body,
        delivery,
    } = received;
    let flavour = desk.flavour;
    let Value::Object(body) = body else {
        return desk.refuse(call, &Trouble::NotJson);
    };
    if let Err(trouble) = check::chat(flavour, &call.model, &body) {
        return desk.refuse(call, &trouble);
    }
    let request = ChatRequest::read(flavour, &call.model, &body);
    let answers = (0..request.choices)
        .map(|choice| {
            if call.plan.empty {
                Answer::empty()
            } else {
                reply::answer(&request.ask, choice)
            }
        })
        .collect();
    let completion = Completion::new(flavour, request, answers);
    let mut builder = desk.accept();
    match delivery {
        Delivery::Stream => {
            builder
                .content_type(headers::stream_type(flavour))
                .insert_header(("cache-control", "no-cache"));
            let show = stream::show(completion, &call);
            play::respond(builder, show, call.plan, call.entry)
        }
        Delivery::Whole => {
            builder.content_type("application/json");
            let count = completion.count();
            let body = whole(&completion).to_string().into_bytes();
            let show = Show::whole(body, count.reasoning + count.visible);
            play::respond(builder, show, call.plan, call.entry)
        }
    }
}

/// The body of an answer that is not streamed.
fn whole(completion: &Completion) -> Value {
    let choices: Vec<Value> = completion
        .answers
        .iter()
        .enumerate()
        .map(|(index, answer)| choice(completion, index, answer))
        .collect();
    let mut body = completion.envelope("chat.completion");
    let mut add = |name: &str, value: Value| body.insert(name.to_owned(), value);
    add("choices", Value::Array(choices));
    add("usage", completion.usage());
    match completion.flavour {
        Flavour::OpenAi => {
            add("service_tier", json!("default"));
        }
        Flavour::Xai => {}
        Flavour::Groq => {
            add("service_tier", json!("on_demand"));
            add("usage_breakdown", Value::Null);
            add("x_groq", json!({"id": completion.groq_id, "seed": 1}));
        }
        Flavour::Cerebras => {
            add("time_info", completion.time_info());
        }
    }
    Value::Object(body)
}

fn choice(completion: &Completion, index: usize, answer: &Answer) -> Value {
    let mut choice = json!({"index": index, "message": message(completion, index, answer),
        "finish_reason": completion::finish_reason(answer.finish)});
    let logprobs = match (&answer.content, completion.request.logprobs) {
        (Content::Text(tokens), Some(top)) => completion::logprobs(tokens, top),
        (Content::Text(_) | Content::Refusal(_) | Content::Calls(_), _) => Value::Null,
    };
    match completion.flavour {
        Flavour::OpenAi | Flavour::Groq => choice["logprobs"] = logprobs,
        Flavour::Xai if !logprobs.is_null() => choice["logprobs"] = logprobs,
        Flavour::Xai | Flavour::Cerebras => {}
    }
    choice
}

fn message(completion: &Completion, choice: usize, answer: &Answer) -> Value {
    let flavour = completion.flavour;
    let mut message = json!({"role": "assistant"});
    if flavour == Flavour::OpenAi {
        message["annotations"] = json!([]);
    }
    if flavour == Flavour::OpenAi || flavour == Flavour::Xai {
        message["refusal"] = Value::Null;
    }
    match &answer.content {
        Content::Text(tokens) => message["content"] = json!(tokens.concat()),
        Content::Refusal(tokens) if flavour == Flavour::OpenAi => {
            message["content"] = Value::Null;
            message["refusal"] = json!(tokens.concat());
        }
        Content::Refusal(tokens) => message["content"] = json!(tokens.concat()),
        Content::Calls(calls) => {
            match flavour {
                Flavour::OpenAi => message["content"] = Value::Null,
                Flavour::Xai => message["content"] = json!(""),
                Flavour::Groq | Flavour::Cerebras => {}
            }
            let calls = calls.iter().enumerate().map(|(index, call)| {
                completion::whole_call(completion.call_id(choice, index), call)
            });
            message["tool_calls"] = calls.collect();
        }
    }
    if !answer.reasoning.is_empty() {
        let thought = answer.reasoning.concat();
        match completion.request.reasoning {
            ReasoningForm::Hidden => {}
            ReasoningForm::Field(name) => message[name] = json!(thought),
            ReasoningForm::Inline => {
                let content = message["content"].as_str().unwrap_or("");
                message["content"] = json!(format!("<think>\n{thought}\n</think>\n\n{content}"));
            }
        }
    }
    message
}
