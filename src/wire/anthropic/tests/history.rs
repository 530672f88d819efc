//! Conversations as the provider wants them.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::super::Context;
use super::{encode, encode_with, refused};

const SONNET: &str = "claude-sonnet-4-6";

fn talk(messages: Value) -> Value {
    json!({"model": "m", "messages": messages})
}

fn called(ids: &[&str]) -> Value {
    let calls = ids.iter().map(|id| {
        json!({"id": id, "type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}})
    });
    json!({"role": "assistant", "content": null, "tool_calls": calls.collect::<Vec<_>>()})
}

fn result(id: &str, content: Value) -> Value {
    json!({"role": "tool", "tool_call_id": id, "content": content})
}

fn user(text: &str) -> Value {
    json!({"role": "user", "content": text})
}

#[test]
fn results_stand_together_in_the_order_of_their_calls() {
    let image = json!({"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}});
    let (body, warnings) = encode(
        SONNET,
        &talk(json!([
            {"role": "system", "content": "one"}, {"role": "developer", "content": "two"},
            user("go"), user("on"), called(&["a", "functions.f:0"]),
            result("functions.f:0", json!([{"type": "text", "text": "seen"}, image])),
            result("a", json!("")), user("so?"),
            called(&["functions.f:0"]), result("functions.f:0", json!("x")),
        ])),
    );
    insta::assert_json_snapshot!("history", body);
    assert!(warnings.is_empty(), "{warnings:?}");
    // The calls' tools are declared, but may not be called any more.
    assert_eq!(body["tool_choice"], json!({"type": "none"}));
}

#[test]
fn results_without_calls_and_calls_without_results() {
    let lone = talk(json!([user("go"), result("a", json!("x"))]));
    assert_eq!(refused(SONNET, &lone).0, "messages[1].tool_call_id");
    let twice = talk(json!([
        user("go"),
        called(&["a"]),
        result("a", json!("x")),
        result("a", json!("y"))
    ]));
    assert_eq!(refused(SONNET, &twice).0, "messages[3].tool_call_id");
    for tail in [
        json!([]),
        json!([user("and?")]),
        json!([{"role": "assistant", "content": "x"}]),
    ] {
        let mut messages = vec![user("go"), called(&["a", "b"]), result("a", json!("x"))];
        messages.extend(tail.as_array().unwrap().clone());
        let (param, message) = refused(SONNET, &talk(json!(messages)));
        assert_eq!(param, "messages[1].tool_calls[1]", "{message}");
    }
    let open = talk(json!([user("go"), called(&["a"])]));
    assert_eq!(refused(SONNET, &open).0, "messages[1].tool_calls[0]");
}

#[test]
fn parts_that_cannot_go() {
    let with = |part: Value| {
        talk(json!([{"role": "user", "content": [{"type": "text", "text": "x"}, part]}]))
    };
    let image = |url: &str| with(json!({"type": "image_url", "image_url": {"url": url}}));
    let cases = [
        (
            image("data:image/png;base64,a*b="),
            "image_url.url",
            "invalid",
        ),
        (image("data:image/png,plain"), "image_url.url", "invalid"),
        (
            image("http://example.com/a.png"),
            "image_url.url",
            "unsupported",
        ),
        (
            image("data:image/tiff;base64,aGk="),
            "image_url.url",
            "unsupported",
        ),
        (
            with(json!({"type": "input_audio", "input_audio": {"data": "aGk=", "format": "wav"}})),
            "input_audio",
            "unsupported",
        ),
        (
            with(json!({"type": "file", "file": {"file_id": "file-1"}})),
            "file.file_id",
            "unsupported",
        ),
        (
            with(json!({"type": "file", "file": {"file_data": "data:text/plain;base64,//8="}})),
            "file.file_data",
            "invalid",
        ),
    ];
    for (body, field, kind) in cases {
        let (param, message) = refused(SONNET, &body);
        assert_eq!(
            param,
            format!("messages[0].content[1].{field}"),
            "{message}"
        );
        assert!(message.starts_with(kind), "{message}");
    }
}

#[test]
fn parts_that_go() {
    let (body, _) = encode(
        SONNET,
        &talk(json!([{"role": "user", "content": [
            {"type": "text", "text": " \n"},
            {"type": "image_url", "image_url": {"url": "https://example.com/a.png", "detail": "low"}},
            {"type": "file", "file": {"file_data": "data:application/pdf;base64,aGk=", "filename": "a.pdf"}},
            {"type": "file", "file": {"file_data": "data:text/csv;base64,YSxi"}},
            {"type": "file", "file": {"file_data": "https://example.com/b.pdf"}}]}])),
    );
    assert_eq!(
        body["messages"][0]["content"],
        json!([
            {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}},
            {"type": "document", "title": "a.pdf", "source":
                {"type": "base64", "media_type": "application/pdf", "data": "aGk="}},
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "a,b"}},
            {"type": "document", "source": {"type": "url", "url": "https://example.com/b.pdf"}}
        ])
    );
}

#[test]
fn beginnings_and_ends() {
    let roles = |model, messages| -> (Vec<String>, Value) {
        let (body, _) = encode(model, &talk(messages));
        let turns = body["messages"].as_array().unwrap();
        let roles = turns
            .iter()
            .map(|turn| turn["role"].as_str().unwrap().to_owned());
        (roles.collect(), turns.last().unwrap()["content"].clone())
    };
    let assistant = |text: &str| json!({"role": "assistant", "content": text});
    let (turns, _) = roles(SONNET, json!([assistant("hi"), user("go")]));
    assert_eq!(turns, ["user", "assistant", "user"]);
    let (turns, _) = roles(SONNET, json!([user("go"), assistant("I say ")]));
    assert_eq!(turns, ["user", "assistant", "user"]);
    let (turns, last) = roles("claude-haiku-4-5", json!([user("go"), assistant("I say ")]));
    assert_eq!(turns, ["user", "assistant"]);
    assert_eq!(last, json!([{"type": "text", "text": "I say"}]));
    let (turns, last) = roles(SONNET, json!([{"role": "system", "content": "only"}]));
    assert_eq!(
        (turns, last),
        (
            vec!["user".to_owned()],
            json!([{"type": "text", "text": "only"}])
        )
    );
    let (turns, _) = roles(SONNET, json!([user("a"), assistant(" "), user("b")]));
    assert_eq!(turns, ["user"]);
    assert_eq!(roles(SONNET, json!([user("")])).0, ["user"]);
}

#[test]
fn thinking_comes_back_from_the_caller_or_from_memory() {
    let details = json!([
        {"type": "reasoning.text", "text": "hm é\n", "signature": "s1", "format": "anthropic-claude-v1", "index": 0},
        {"type": "reasoning.encrypted", "data": "zz", "format": "anthropic-claude-v1", "index": 2}]);
    let thought = json!({"type": "thinking", "thinking": "hm é\n", "signature": "s1"});
    let redacted = json!({"type": "redacted_thinking", "data": "zz"});
    let mut turn = called(&["a"]);
    turn["content"] = json!("Let me see.");
    let mut kept = turn.clone();
    kept["reasoning_details"] = details.clone();
    let content = |turn: &Value, context: &Context<'_>| -> Vec<Value> {
        let body = talk(json!([user("go"), turn, result("a", json!("x"))]));
        let encoded = encode_with(SONNET, &body, context).unwrap();
        let body: Value = serde_json::from_slice(&encoded.body).unwrap();
        body["messages"][1]["content"].as_array().unwrap().clone()
    };
    let whole = content(&kept, &Context::PLAIN);
    assert_eq!([&whole[0], &whole[2]], [&thought, &redacted]);
    assert_eq!(
        (&whole[1]["type"], &whole[3]["type"]),
        (&json!("text"), &json!("tool_use"))
    );
    let text: Arc<str> = details.to_string().into();
    let memory = |id: &str| (id == "a").then(|| Arc::clone(&text));
    let remembers = Context {
        recall: &memory,
        ..Context::PLAIN
    };
    assert_eq!(content(&turn, &remembers), whole);
    assert_eq!(content(&turn, &Context::PLAIN).len(), 2);
}

#[test]
fn a_budget_cannot_begin_inside_a_loop() {
    let mut body = talk(json!([user("go"), called(&["a"]), result("a", json!("x"))]));
    body["reasoning_effort"] = json!("low");
    let (encoded, warnings) = encode("claude-haiku-4-5", &body);
    assert_eq!(encoded["thinking"], Value::Null);
    assert!(warnings.contains(&"advisory;unsupported;reasoning_effort".to_owned()));
    assert_eq!(encode(SONNET, &body).0["thinking"]["type"], "adaptive");
}

/// A message of any kind; tool results answer the calls that are open.
fn messages() -> impl Strategy<Value = Vec<Value>> {
    let kinds = proptest::collection::vec((0..5_u8, "[a-z ]{0,3}"), 1..12);
    kinds.prop_map(|kinds| {
        let mut messages = Vec::new();
        for (number, (kind, text)) in kinds.into_iter().enumerate() {
            match kind {
                0 => messages.push(json!({"role": "system", "content": text})),
                1 => messages.push(user(&text)),
                2 => messages.push(json!({"role": "assistant", "content": text})),
                kind => {
                    let ids = [format!("c:{}", number % 3), format!("d{number}")];
                    let ids: Vec<&str> = ids
                        .iter()
                        .map(String::as_str)
                        .take(usize::from(kind) - 2)
                        .collect();
                    messages.push(called(&ids));
                    messages.extend(ids.iter().rev().map(|id| result(id, json!(text))));
                }
            }
        }
        messages
    })
}

proptest! {
    #[test]
    fn turns_alternate_and_every_call_is_answered_in_the_next(messages in messages()) {
        let (body, _) = encode(SONNET, &talk(json!(messages)));
        let turns = body["messages"].as_array().unwrap();
        for (index, turn) in turns.iter().enumerate() {
            let role = if index % 2 == 0 { "user" } else { "assistant" };
            prop_assert_eq!(&turn["role"], role);
            let blocks = turn["content"].as_array().unwrap();
            prop_assert!(!blocks.is_empty());
            let ids = |turn: &Value, kind: &str, field: &str| -> Vec<String> {
                turn["content"].as_array().unwrap().iter()
                    .filter(|block| block["type"] == kind)
                    .map(|block| block[field].as_str().unwrap().to_owned())
                    .collect()
            };
            let called = ids(turn, "tool_use", "id");
            if !called.is_empty() {
                prop_assert_eq!(called, ids(&turns[index + 1], "tool_result", "tool_use_id"));
            }
        }
        prop_assert_eq!(&turns.last().unwrap()["role"], "user");
    }
}
