//! The chat request of a case: what the case is about in a caller's words, with the router's own
//! extensions, which no upstream may see.

use model_router::catalog::{Ability, Trait};
use serde_json::{Value, json};

use super::case::{Case, Mode};
use super::target::Target;
use super::upstream::marker;

/// The tool of the history, with what its two calls returned.
pub const HISTORY_TOOL: &str = "conformance_lookup";
pub const HISTORY_RESULTS: [&str; 2] = ["first-result-of-the-history", "second-result-of-it"];
/// A PNG of one pixel.
pub const IMAGE: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";

/// What a request carries beside its question.
pub struct Contents {
    pub tools: Vec<String>,
    pub history: bool,
    pub image: bool,
}

/// What the case's model can take of what the case is about.
pub fn contents(case: &Case, target: Target<'_>) -> Contents {
    let can = |ability| target.model.abilities.has(ability);
    let history = case.has("tool_result") && can(Ability::Tools);
    let calls = case.derived["tool_calls"].as_array();
    let mut tools: Vec<String> = calls
        .into_iter()
        .flatten()
        .filter_map(|call| call["name"].as_str().map(str::to_owned))
        .chain(history.then(|| HISTORY_TOOL.to_owned()))
        .collect();
    tools.sort();
    tools.dedup();
    Contents {
        tools,
        history,
        image: case.has("vision") && can(Ability::Vision),
    }
}

/// The body for `/v1/chat/completions`.
pub fn body(number: usize, case: &Case, target: Target<'_>) -> Value {
    let contents = contents(case, target);
    let mut messages = vec![json!({ "role": "system", "content": "Answer as recorded." })];
    if contents.history {
        messages.extend(history());
    }
    messages.push(json!({ "role": "user", "content": question(number, &contents) }));
    let mut body = json!({
        "model": target.model.id.as_str(),
        "messages": messages,
        "stream": case.mode == Mode::Streamed,
        "max_completion_tokens": 4096,
        "prefer": "balanced",
        "include_reasoning": true,
        "provider": { "allow_fallbacks": false },
    });
    if !contents.tools.is_empty() {
        body["tools"] = contents.tools.iter().map(|name| tool(name)).collect();
    }
    if case.has("n_choices") && target.model.abilities.has(Ability::N) {
        body["n"] = json!(2);
    }
    if case.has("stop_sequence") && !target.model.has_trait(Trait::NoStop) {
        body["stop"] = json!(["END-OF-ANSWER"]);
    }
    if case.has("reasoning") && target.model.abilities.has(Ability::Reasoning) {
        body["reasoning"] = json!({ "effort": "low" });
    }
    body
}

fn question(number: usize, contents: &Contents) -> Value {
    let text = format!("What was recorded for {}?", marker(number));
    if !contents.image {
        return json!(text);
    }
    let url = format!("data:image/png;base64,{IMAGE}");
    json!([
        { "type": "text", "text": text },
        { "type": "image_url", "image_url": { "url": url } },
    ])
}

/// A turn with two calls whose results come back in the other order.
fn history() -> [Value; 4] {
    let call = |id: &str, key: u8| {
        let arguments = format!(r#"{{"key":{key}}}"#);
        json!({ "id": id, "type": "function", "function": { "name": HISTORY_TOOL, "arguments": arguments } })
    };
    let result =
        |id: &str, text: &str| json!({ "role": "tool", "tool_call_id": id, "content": text });
    [
        json!({ "role": "user", "content": "Look both up." }),
        json!({ "role": "assistant", "content": null, "tool_calls": [call("call_one", 1), call("call_two", 2)] }),
        result("call_two", HISTORY_RESULTS[1]),
        result("call_one", HISTORY_RESULTS[0]),
    ]
}

fn tool(name: &str) -> Value {
    json!({
        "type": "function",
        "function": {
            "name": name,
            "description": "A tool of the recording.",
            "parameters": {
                "type": "object",
                "properties": { "key": { "type": "integer" } },
            },
        },
    })
}
