//! What each flavour of OpenAI's dialect refuses.

#![allow(clippy::panic)]

use super::*;
use serde_json::json;

fn refused(flavour: Flavour, model: &str, extra: Value) -> Option<String> {
    let mut body = json!({"model": model, "messages": [{"role": "user", "content": "hi"}]});
    let fields = body.as_object_mut().unwrap();
    fields.extend(extra.as_object().unwrap().clone());
    match chat(flavour, model, fields) {
        Ok(()) => None,
        Err(Trouble::Invalid { message, .. }) => Some(message),
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn fields_of_ours_do_not_pass() {
    for field in ["prefer", "provider", "models"] {
        let leak = json!({field: []});
        assert_eq!(
            refused(Flavour::OpenAi, "gpt-4.1", leak.clone()).unwrap(),
            format!("Unrecognized request argument supplied: {field}")
        );
        assert!(refused(Flavour::Groq, "llama", leak.clone()).is_some());
        assert!(refused(Flavour::Cerebras, "llama", leak.clone()).is_some());
        assert_eq!(refused(Flavour::Xai, "grok-3-beta", leak), None);
    }
}

#[test]
fn openai_reasoning_models_are_picky() {
    let o3 = |extra| refused(Flavour::OpenAi, "o3", extra);
    assert!(
        o3(json!({"max_tokens": 5}))
            .unwrap()
            .contains("max_completion_tokens")
    );
    assert!(o3(json!({"temperature": 1})).is_some());
    assert!(o3(json!({"stop": ["x"]})).is_some());
    assert_eq!(
        o3(json!({"max_completion_tokens": 5, "temperature": null})),
        None
    );
    let five = |extra| refused(Flavour::OpenAi, "gpt-5.4", extra);
    assert!(five(json!({"temperature": 0.2})).is_some());
    assert_eq!(five(json!({"temperature": 1})), None);
    let ordinary = json!({"max_tokens": 5, "temperature": 0.2, "stop": "x"});
    assert_eq!(refused(Flavour::OpenAi, "gpt-4.1", ordinary), None);
}

#[test]
fn others_have_their_own_limits() {
    let groq = |extra| refused(Flavour::Groq, "llama-3.3-70b-versatile", extra);
    assert!(groq(json!({"logprobs": true})).is_some());
    assert!(groq(json!({"logit_bias": {}})).is_some());
    assert!(groq(json!({"n": 2})).is_some());
    assert!(
        groq(json!({"max_tokens": 40_000}))
            .unwrap()
            .contains("32768")
    );
    assert_eq!(groq(json!({"max_tokens": 32_768, "n": 1})), None);
    let grok = |model, extra| refused(Flavour::Xai, model, extra);
    assert!(grok("grok-3-beta", json!({"reasoning_effort": "low"})).is_some());
    assert_eq!(
        grok("grok-3-mini", json!({"reasoning_effort": "low"})),
        None
    );
    assert!(grok("grok-3-mini", json!({"presence_penalty": 0.5})).is_some());
}

#[test]
fn messages_must_be_there() {
    let empty = chat(Flavour::OpenAi, "m", &Map::new());
    assert!(matches!(empty, Err(Trouble::Invalid { code, .. })
        if code == Some("missing_required_parameter")));
    let none = refused(Flavour::OpenAi, "gpt-4.1", json!({"messages": []}));
    assert!(none.unwrap().contains("empty array"));
    let role = json!({"messages": [{"role": "boss", "content": "x"}]});
    assert!(
        refused(Flavour::OpenAi, "gpt-4.1", role)
            .unwrap()
            .contains("boss")
    );
}

#[test]
fn fields_that_need_another_are_refused_alone() {
    let openai = |extra| refused(Flavour::OpenAi, "gpt-4.1", extra);
    assert!(openai(json!({"stream_options": {"include_usage": true}})).is_some());
    assert!(openai(json!({"tool_choice": "auto"})).is_some());
    assert!(
        openai(json!({"temperature": 99.0}))
            .unwrap()
            .contains("99.0")
    );
    assert!(openai(json!({"n": 129})).is_some());
}
