//! Chat completions as server-sent events: one token a chunk, in each provider's form.

use bytes::Bytes;
use serde_json::{Value, json};

use super::completion::{self, Completion};
use super::errors::Trouble;
use super::events::{self, Event, Kind};
use super::flavour::Flavour;
use super::request::ReasoningForm;
use crate::sandbox::call::Call;
use crate::sandbox::dice::{self, Alphabet};
use crate::sandbox::play::{Frame, Show};

/// The stream of a completion.
pub(super) fn show(completion: Completion, call: &Call) -> Show {
    let flavour = completion.flavour;
    let events = events::all(&completion);
    let own_usage = completion.request.include_usage && flavour != Flavour::Cerebras;
    let usage = own_usage.then(|| usage_chunk(&completion));
    let done = (!call.plan.no_done).then(|| frame("data: [DONE]\n\n".to_owned(), 0));
    let chunks = events
        .into_iter()
        .map(move |event| frame(sse(&chunk(&completion, &event)), event.tokens));
    Show {
        frames: Box::new(chunks.chain(usage).chain(done)),
        malformed: Bytes::from_static(
            b"data: {\"id\":\"chatcmpl-broken\",\"choices\":[{\"delta\":{\"content\":\n\n",
        ),
        error: Bytes::from(error_event(flavour, &call.model)),
    }
}

/// A failure inside a stream that began well.
fn error_event(flavour: Flavour, model: &str) -> String {
    let (status, mut body) = Trouble::breakdown(model).answer(flavour);
    match flavour {
        Flavour::OpenAi | Flavour::Xai => sse(&body),
        Flavour::Groq => {
            body["error"]["status_code"] = json!(status.as_u16());
            format!("event: error\n{}", sse(&body))
        }
        Flavour::Cerebras => sse(&json!({"error": body, "status_code": status.as_u16()})),
    }
}

fn sse(value: &Value) -> String {
    format!("data: {value}\n\n")
}

fn frame(text: String, tokens: usize) -> Frame {
    Frame {
        bytes: Bytes::from(text),
        tokens,
    }
}

fn chunk(completion: &Completion, event: &Event) -> Value {
    let flavour = completion.flavour;
    let mut delta = delta(completion, event);
    if event.opens {
        delta["role"] = json!("assistant");
    }
    let mut choice = json!({"index": event.choice, "delta": delta});
    let finish = match event.kind {
        Kind::Finish(finish) => json!(completion::finish_reason(finish)),
        Kind::Greeting(_)
        | Kind::Reasoning(_)
        | Kind::Text(_)
        | Kind::Refusal(_)
        | Kind::CallStart { .. }
        | Kind::Arguments { .. } => Value::Null,
    };
    let finished = !finish.is_null();
    let logprobs = logprobs(completion, event);
    match flavour {
        Flavour::OpenAi | Flavour::Groq => {
            choice["finish_reason"] = finish;
            choice["logprobs"] = logprobs;
        }
        Flavour::Xai | Flavour::Cerebras => {
            if finished {
                choice["finish_reason"] = finish;
            }
            if !logprobs.is_null() {
                choice["logprobs"] = logprobs;
            }
        }
    }
    let mut chunk = Value::Object(completion.envelope("chat.completion.chunk"));
    chunk["choices"] = json!([choice]);
    match flavour {
        Flavour::OpenAi => openai_extras(completion, &mut chunk),
        Flavour::Xai => {}
        Flavour::Groq if finished => {
            chunk["usage"] = completion.usage();
            chunk["x_groq"] = json!({"id": completion.groq_id, "usage": completion.usage()});
        }
        Flavour::Groq if event.opens => {
            chunk["x_groq"] = json!({"id": completion.groq_id, "seed": 1});
        }
        Flavour::Cerebras if finished => {
            chunk["usage"] = completion.usage();
            chunk["time_info"] = completion.time_info();
        }
        Flavour::Groq | Flavour::Cerebras => {}
    }
    chunk
}

fn delta(completion: &Completion, event: &Event) -> Value {
    let flavour = completion.flavour;
    match &event.kind {
        Kind::Greeting(content) => match flavour {
            Flavour::OpenAi => json!({"content": content, "refusal": null}),
            Flavour::Groq => json!({"content": content}),
            Flavour::Xai | Flavour::Cerebras => json!({}),
        },
        Kind::Reasoning(text) => match completion.request.reasoning {
            ReasoningForm::Field(name) => {
                let mut delta = json!({name: text});
                if flavour == Flavour::Groq && completion.model.contains("gpt-oss") {
                    delta["channel"] = json!("analysis");
                }
                delta
            }
            ReasoningForm::Hidden | ReasoningForm::Inline => json!({}),
        },
        Kind::Text(text) => json!({"content": text}),
        Kind::Refusal(text) => json!({"refusal": text}),
        Kind::CallStart {
            index,
            name,
            arguments,
        } => json!({"tool_calls": [{"index": index, "type": "function",
            "id": completion.call_id(event.choice, *index),
            "function": {"name": name, "arguments": arguments}}]}),
        Kind::Arguments { index, text } => {
            let mut call = json!({"index": index, "function": {"arguments": text}});
            if flavour == Flavour::Cerebras {
                call["type"] = json!("function");
            }
            json!({"tool_calls": [call]})
        }
        Kind::Finish(_) => json!({}),
    }
}

fn logprobs(completion: &Completion, event: &Event) -> Value {
    let Some(top) = completion.request.logprobs else {
        return Value::Null;
    };
    match &event.kind {
        Kind::Text(token) => completion::logprobs(std::slice::from_ref(token), top),
        Kind::Greeting(_) => completion::logprobs(&[], top),
        Kind::Reasoning(_)
        | Kind::Refusal(_)
        | Kind::CallStart { .. }
        | Kind::Arguments { .. }
        | Kind::Finish(_) => Value::Null,
    }
}

fn usage_chunk(completion: &Completion) -> Frame {
    let mut chunk = Value::Object(completion.envelope("chat.completion.chunk"));
    chunk["choices"] = json!([]);
    match completion.flavour {
        Flavour::OpenAi => openai_extras(completion, &mut chunk),
        Flavour::Groq => chunk["service_tier"] = json!("on_demand"),
        Flavour::Xai | Flavour::Cerebras => {}
    }
    chunk["usage"] = completion.usage();
    frame(sse(&chunk), 0)
}

/// The padding depends on the chunk alone, so that an answer's bytes stay the same.
fn openai_extras(completion: &Completion, chunk: &mut Value) {
    chunk["service_tier"] = json!("default");
    if completion.request.include_usage {
        chunk["usage"] = Value::Null;
    }
    if completion.request.obfuscate {
        let seed = chunk["choices"].to_string();
        let length = 4 + seed.len() % 12;
        let padding = dice::draw(&mut dice::from_text(&seed), Alphabet::Alphanumeric, length);
        chunk["obfuscation"] = json!(padding);
    }
}
