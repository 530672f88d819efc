//! Reads a streamed answer and checks its form, chunk by chunk.

use serde_json::Value;

use super::seen::{Choice, Seen, ToolCall, arguments};

/// Reads the body of a stream into `seen`.
pub fn read(text: &str, seen: &mut Seen) {
    let content_type = seen.header("content-type").to_owned();
    seen.note(
        (!content_type.starts_with("text/event-stream"))
            .then(|| format!("content type {content_type:?}")),
    );
    let frames: Vec<&str> = text
        .split("\n\n")
        .filter(|frame| !frame.is_empty() && !frame.starts_with(':'))
        .collect();
    let Some((&"data: [DONE]", frames)) = frames.split_last() else {
        let end = frames.last().copied().unwrap_or_default();
        return seen
            .breaches
            .push(format!("no [DONE] at the end but {end:?}"));
    };
    let mut created = Value::Null;
    let mut usage_chunks = 0_usize;
    for (at, frame) in frames.iter().enumerate() {
        let data = frame.strip_prefix("data: ").unwrap_or_default();
        let chunk: Value = match serde_json::from_str(data) {
            Ok(chunk) => chunk,
            Err(error) => return seen.breaches.push(format!("{frame:?}: {error}")),
        };
        seen.expect_head(&chunk, "chat.completion.chunk");
        if created.is_null() {
            created = chunk["created"].clone();
        }
        seen.note((chunk["created"] != created).then(|| "created changes".to_owned()));
        if chunk["error"].is_object() {
            seen.error = chunk["error"].clone();
        }
        if chunk["usage"].is_object() {
            usage_chunks += 1;
            seen.usage = chunk["usage"].clone();
            let alone = chunk["choices"].as_array().is_some_and(Vec::is_empty);
            seen.note(
                (!alone || at + 1 != frames.len())
                    .then(|| "the usage chunk is not the last one, or has choices".to_owned()),
            );
        }
        for choice in chunk["choices"].as_array().into_iter().flatten() {
            delta(choice, seen);
        }
    }
    seen.note((usage_chunks != 1).then(|| format!("{usage_chunks} usage chunks")));
    finish(seen);
}

fn delta(choice: &Value, seen: &mut Seen) {
    let index = choice["index"]
        .as_u64()
        .and_then(|at| usize::try_from(at).ok());
    let Some(index) = index.filter(|at| *at < 128) else {
        return seen
            .breaches
            .push(format!("a choice with index {}", choice["index"]));
    };
    let first = seen.choices.len() <= index;
    if first {
        seen.choices.resize_with(index + 1, Choice::default);
    }
    let delta = &choice["delta"];
    let breaks_off = choice["finish_reason"] == "error";
    seen.note(
        (first && !breaks_off && delta["role"] != "assistant")
            .then(|| "the first delta has no role".to_owned()),
    );
    seen.note((!first && !delta["role"].is_null()).then(|| "the role comes twice".to_owned()));
    let ended = seen.choices[index].finish.is_some();
    let says_something = ["content", "reasoning_content", "refusal", "tool_calls"]
        .iter()
        .any(|name| !delta[name].is_null() && delta[name] != "");
    seen.note((ended && says_something).then(|| "content after the finish chunk".to_owned()));
    for call in delta["tool_calls"].as_array().into_iter().flatten() {
        call_delta(call, index, seen);
    }
    let into = &mut seen.choices[index];
    for (text, name) in [
        (&mut into.text, "content"),
        (&mut into.reasoning, "reasoning_content"),
        (&mut into.refusal, "refusal"),
    ] {
        text.push_str(delta[name].as_str().unwrap_or_default());
    }
    if let Some(reason) = choice["finish_reason"].as_str() {
        into.finish = Some(reason.to_owned());
        seen.note((ended && !breaks_off).then(|| "two finish chunks".to_owned()));
    }
}

/// Joins a call's fragments: arguments as text until all have come.
fn call_delta(delta: &Value, choice: usize, seen: &mut Seen) {
    let calls = seen.choices[choice].calls.len();
    let index = delta["index"]
        .as_u64()
        .and_then(|at| usize::try_from(at).ok());
    let (id, name) = (&delta["id"], &delta["function"]["name"]);
    let fragment = delta["function"]["arguments"].as_str().unwrap_or_default();
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match index {
        Some(index) if index == calls => {
            seen.note(
                (!id.is_string() || !name.is_string())
                    .then(|| "a call's first delta has no id or no name".to_owned()),
            );
            seen.choices[choice].calls.push(ToolCall {
                id: word(id),
                name: word(name),
                arguments: Value::String(fragment.to_owned()),
            });
        }
        Some(index) if index < calls => {
            seen.note(
                (!id.is_null() || !name.is_null())
                    .then(|| "a call's id or name comes twice".to_owned()),
            );
            if let Value::String(text) = &mut seen.choices[choice].calls[index].arguments {
                text.push_str(fragment);
            }
        }
        Some(_) | None => seen.breaches.push(format!(
            "a tool delta with index {} after {calls} calls",
            delta["index"]
        )),
    }
}

fn finish(seen: &mut Seen) {
    for choice in &mut seen.choices {
        for call in &mut choice.calls {
            call.arguments = arguments(&call.arguments);
        }
    }
    let all_end = seen.choices.iter().all(|choice| choice.finish.is_some());
    seen.note((!all_end).then(|| "a choice has no finish chunk".to_owned()));
}
