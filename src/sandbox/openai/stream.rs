//! Chat completions as server-sent events: one token a chunk, in each provider's form.

use bytes::Bytes;
use serde_json::{Value, json};

use super::completion::{self, Completion};
use super::errors::Trouble;
use super::flavour::Flavour;
use super::request::ReasoningForm;
use crate::sandbox::call::Call;
use crate::sandbox::dice::{self, Alphabet};
use crate::sandbox::play::{Frame, Show};
use crate::sandbox::reply::{Answer, Content, Finish, ToolCall};

/// One chunk to come.
#[derive(Debug)]
struct Event {
    choice: usize,
    kind: Kind,
    /// Tokens of the answer that it carries.
    tokens: usize,
    /// Whether it says that the assistant speaks.
    opens: bool,
}

#[derive(Debug)]
enum Kind {
    /// A first chunk without text of the answer; `Null` content where calls follow.
    Greeting(Value),
    Reasoning(String),
    Text(String),
    Refusal(String),
    CallStart {
        index: usize,
        name: String,
        arguments: String,
    },
    Arguments {
        index: usize,
        text: String,
    },
    Finish(Finish),
}

/// The stream of a completion.
pub(super) fn show(completion: Completion, call: &Call) -> Show {
    let flavour = completion.flavour;
    let choices = completion.answers.iter().enumerate();
    let lists = choices
        .map(|(choice, answer)| events(&completion, choice, answer))
        .collect();
    let events = braid(lists);
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

/// What has happened when a provider fails in the middle.
pub(super) fn breakdown(model: &str) -> Trouble {
    Trouble::Status {
        code: 500,
        model: model.to_owned(),
    }
}

/// A failure inside a stream that began well.
fn error_event(flavour: Flavour, model: &str) -> String {
    let (status, mut body) = breakdown(model).answer(flavour);
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

/// One item of each list in turn, until all are used up.
fn braid<T>(lists: Vec<Vec<T>>) -> Vec<T> {
    let mut lists: Vec<_> = lists.into_iter().map(Vec::into_iter).collect();
    let mut braided = Vec::new();
    loop {
        let before = braided.len();
        braided.extend(lists.iter_mut().filter_map(Iterator::next));
        if braided.len() == before {
            return braided;
        }
    }
}

fn events(completion: &Completion, choice: usize, answer: &Answer) -> Vec<Event> {
    let flavour = completion.flavour;
    let event = |kind, tokens| Event {
        choice,
        kind,
        tokens,
        opens: false,
    };
    let greeting = match (&answer.content, flavour) {
        (Content::Calls(_), _) => Value::Null,
        (Content::Text(_) | Content::Refusal(_), _) => json!(""),
    };
    let mut events = Vec::new();
    if flavour != Flavour::Xai {
        events.push(event(Kind::Greeting(greeting), 0));
    }
    events.extend(
        reasoning_events(completion.request.reasoning, &answer.reasoning)
            .into_iter()
            .map(|kind| event(kind, 1)),
    );
    match &answer.content {
        Content::Text(tokens) => {
            events.extend(tokens.iter().map(|text| event(Kind::Text(text.clone()), 1)));
        }
        Content::Refusal(tokens) => events.extend(tokens.iter().map(|text| match flavour {
            Flavour::OpenAi => event(Kind::Refusal(text.clone()), 1),
            Flavour::Xai | Flavour::Groq | Flavour::Cerebras => event(Kind::Text(text.clone()), 1),
        })),
        Content::Calls(calls) => events.extend(
            call_events(flavour, calls)
                .into_iter()
                .map(|(kind, tokens)| event(kind, tokens)),
        ),
    }
    events.push(event(Kind::Finish(answer.finish), 0));
    if let Some(first) = events.first_mut() {
        first.opens = true;
    }
    events
}

fn reasoning_events(form: ReasoningForm, thought: &[String]) -> Vec<Kind> {
    let last = thought.len().saturating_sub(1);
    let inline = |(at, token): (usize, &String)| {
        let before = if at == 0 { "<think>\n" } else { "" };
        let after = if at == last { "\n</think>\n\n" } else { "" };
        Kind::Text(format!("{before}{token}{after}"))
    };
    match form {
        ReasoningForm::Hidden => Vec::new(),
        ReasoningForm::Field(_) => thought.iter().cloned().map(Kind::Reasoning).collect(),
        ReasoningForm::Inline => thought.iter().enumerate().map(inline).collect(),
    }
}

/// OpenAI and Cerebras send arguments in fragments, the former several calls in turn; xAI and Groq
/// send each call whole.
fn call_events(flavour: Flavour, calls: &[ToolCall]) -> Vec<(Kind, usize)> {
    let start = |index: usize, call: &ToolCall, arguments: String| Kind::CallStart {
        index,
        name: call.name.clone(),
        arguments,
    };
    let whole = |(index, call): (usize, &ToolCall)| {
        let tokens = call.name_tokens() + call.arguments.len();
        (start(index, call, call.arguments.concat()), tokens)
    };
    let fragments = |(index, call): (usize, &ToolCall)| {
        let first = (start(index, call, String::new()), call.name_tokens());
        let rest = call.arguments.iter().map(move |text| {
            let text = text.clone();
            (Kind::Arguments { index, text }, 1)
        });
        std::iter::once(first).chain(rest).collect::<Vec<_>>()
    };
    let calls = calls.iter().enumerate();
    match flavour {
        Flavour::Xai | Flavour::Groq => calls.map(whole).collect(),
        Flavour::OpenAi => braid(calls.map(fragments).collect()),
        Flavour::Cerebras => calls.flat_map(fragments).collect(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braiding_takes_turns() {
        assert_eq!(
            braid(vec![vec![1, 4, 6], vec![2], vec![3, 5]]),
            [1, 2, 3, 4, 5, 6]
        );
        assert_eq!(braid(Vec::<Vec<u8>>::new()), Vec::<u8>::new());
    }
}
