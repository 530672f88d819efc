//! Requests as they leave.

use serde_json::{Value, json};

use super::super::super::chat::tests::RICH;
use super::super::super::{ChatRequest, Context, left_out};
use super::{CATALOG, encode, encode_with, refused};

fn ask(extra: Value) -> Value {
    let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]});
    body.as_object_mut()
        .unwrap()
        .extend(extra.as_object().unwrap().clone());
    body
}

fn weather() -> Value {
    json!([{"type": "function", "function": {"name": "f", "parameters":
        {"type": "object", "properties": {"city": {"type": "string"}}}}}])
}

#[test]
fn a_rich_request() {
    let mut body: Value =
        serde_json::from_str(&RICH.replace("base64,AA\"", "base64,AAAA\"")).unwrap();
    // Audio is for others.
    for message in body["messages"].as_array_mut().unwrap() {
        if let Some(parts) = message["content"].as_array_mut() {
            parts.retain(|part| part["type"] != "input_audio" && part["file"]["file_id"].is_null());
        }
    }
    body["n"] = json!(1);
    let (encoded, warnings) = encode("claude-sonnet-4-6", &body);
    insta::assert_json_snapshot!("rich", json!({"body": encoded, "warnings": warnings}));
}

#[test]
fn headers_and_limits() {
    let encoded = encode_with("claude-opus-4-7", &ask(json!({})), &Context::PLAIN).unwrap();
    assert_eq!(
        encoded.headers,
        [("anthropic-version", "2023-06-01".to_owned())]
    );
    assert_eq!(
        encode("claude-opus-4-7", &ask(json!({}))).0["max_tokens"],
        128_000
    );
    let (body, warnings) = encode("claude-haiku-4-5", &ask(json!({"max_tokens": 99_999})));
    assert_eq!(body["max_tokens"], 64_000);
    assert_eq!(warnings, ["advisory;unsupported;max_tokens"]);
    let capped = Context {
        output_cap: Some(50),
        ..Context::PLAIN
    };
    let encoded = encode_with("claude-haiku-4-5", &ask(json!({})), &capped).unwrap();
    assert!(
        encoded
            .body
            .windows(15)
            .any(|text| text == b"\"max_tokens\":50")
    );
    assert_eq!(
        encoded.warnings[0].to_string(),
        "advisory;insufficient_credits;max_completion_tokens"
    );
}

#[test]
fn thinking_in_each_models_form() {
    let think = |model, extra| {
        let (body, warnings) = encode(model, &ask(extra));
        let effort = body["output_config"]["effort"].as_str().map(str::to_owned);
        (body["thinking"].clone(), effort, warnings)
    };
    let adaptive = json!({"type": "adaptive", "display": "summarized"});
    for (effort, level, newest) in [
        ("minimal", "low", "low"),
        ("medium", "medium", "medium"),
        ("xhigh", "max", "xhigh"),
    ] {
        let wish = json!({"reasoning_effort": effort});
        for (model, level) in [("claude-opus-4-6", level), ("claude-opus-4-7", newest)] {
            let expected = (adaptive.clone(), Some(level.to_owned()), vec![]);
            assert_eq!(think(model, wish.clone()), expected);
        }
    }
    let off = (Value::Null, None, vec![]);
    assert_eq!(
        think("claude-opus-4-7", json!({"reasoning_effort": "none"})),
        off
    );
    assert_eq!(
        think(
            "claude-sonnet-4-6",
            json!({"reasoning": {"enabled": false}})
        ),
        off
    );
    let budget = |tokens| json!({"type": "enabled", "budget_tokens": tokens});
    let haiku = |extra| think("claude-haiku-4-5", extra);
    assert_eq!(haiku(json!({"reasoning_effort": "high"})).0, budget(16_384));
    let tight = haiku(json!({"reasoning_effort": "high", "max_tokens": 4096}));
    assert_eq!(tight, (budget(3_072), None, vec![]));
    let narrow = haiku(json!({"reasoning_effort": "low", "max_tokens": 500}));
    assert_eq!(narrow.0, Value::Null);
    assert_eq!(narrow.2, ["advisory;unsupported;reasoning_effort"]);
    let wished = haiku(json!({"reasoning": {"max_tokens": 5000}}));
    assert_eq!(wished, (budget(5_000), None, vec![]));
    let (thinking, effort, warnings) = think(
        "claude-sonnet-4-6",
        json!({"reasoning": {"max_tokens": 5000}}),
    );
    assert_eq!((thinking, effort.as_deref()), (adaptive, Some("medium")));
    assert_eq!(warnings, ["advisory;untranslatable;reasoning.max_tokens"]);
}

#[test]
fn thinking_excludes_forced_calls_and_sampling() {
    let (body, warnings) = encode(
        "claude-sonnet-4-6",
        &ask(
            json!({"tools": weather(), "tool_choice": "required", "reasoning_effort": "low",
            "temperature": 0.5}),
        ),
    );
    assert_eq!(body["tool_choice"], json!({"type": "any"}));
    assert_eq!(
        (&body["thinking"], &body["temperature"]),
        (&Value::Null, &json!(0.5))
    );
    assert_eq!(warnings, ["advisory;unsupported;reasoning_effort"]);
    let (body, warnings) = encode(
        "claude-haiku-4-5",
        &ask(json!({"reasoning_effort": "low", "temperature": 0.5, "top_p": 1})),
    );
    assert_eq!(body["temperature"], Value::Null);
    assert_eq!(warnings, ["advisory;unsupported;temperature"]);
}

#[test]
fn plain_fields() {
    let (body, warnings) = encode(
        "claude-haiku-4-5",
        &ask(
            json!({"temperature": 1.7, "top_p": 0.9, "top_k": 5, "stop": ["END", " "],
            "user": "u1", "seed": 7, "frequency_penalty": 0, "n": 1, "logprobs": false,
            "presence_penalty": 0.5, "metadata": {"a": "b"}, "unknown": 1, "service_tier": "auto",
            "cache_control": {"type": "ephemeral"}, "store": false}),
        ),
    );
    assert_eq!(body["temperature"], 1);
    assert_eq!((&body["top_p"], &body["top_k"]), (&Value::Null, &json!(5)));
    assert_eq!(body["stop_sequences"], json!(["END"]));
    assert_eq!(body["metadata"], json!({"user_id": "u1"}));
    assert_eq!(body["cache_control"], json!({"type": "ephemeral"}));
    let fields = [
        "metadata",
        "presence_penalty",
        "seed",
        "stop",
        "temperature",
        "top_p",
        "unknown",
    ];
    assert_eq!(
        warnings,
        fields.map(|name| format!("advisory;unsupported;{name}"))
    );
    let (body, warnings) = encode(
        "claude-opus-4-7",
        &ask(json!({"temperature": 0.2, "top_p": 1})),
    );
    assert_eq!(body["temperature"], Value::Null);
    assert_eq!(warnings, ["advisory;unsupported;temperature"]);
}

#[test]
fn left_out_says_what_encoding_warns_of() {
    let body = ask(json!({"seed": 1, "reasoning_effort": "low", "max_tokens": 9}));
    let request = ChatRequest::parse(body.to_string().into()).unwrap();
    let model = CATALOG.model("claude-haiku-4-5").unwrap();
    let provider = CATALOG.provider(&model.provider).unwrap();
    let said: Vec<_> = left_out(&request, model, provider)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(said, encode("claude-haiku-4-5", &body).1);
}

#[test]
fn tool_choices() {
    let choose = |extra: Value| {
        let mut body = ask(extra);
        body["tools"] = weather();
        encode("claude-sonnet-4-6", &body).0["tool_choice"].clone()
    };
    assert_eq!(choose(json!({})), Value::Null);
    assert_eq!(
        choose(json!({"tool_choice": "auto"})),
        json!({"type": "auto"})
    );
    assert_eq!(
        choose(json!({"tool_choice": "none"})),
        json!({"type": "none"})
    );
    let single = json!({"type": "auto", "disable_parallel_tool_use": true});
    assert_eq!(choose(json!({"parallel_tool_calls": false})), single);
    let named = json!({"tool_choice": {"type": "function", "function": {"name": "f"}}});
    assert_eq!(choose(named), json!({"type": "tool", "name": "f"}));
    let mut body = ask(json!({"tool_choice": {"type": "function", "function": {"name": "g"}}}));
    body["tools"] = weather();
    assert_eq!(
        refused("claude-sonnet-4-6", &body).0,
        "tool_choice.function.name"
    );
    let two = json!([weather()[0], {"type": "function", "function": {"name": "g"}}]);
    let allowed = json!({"tools": two, "tool_choice": {"type": "allowed_tools", "allowed_tools":
        {"mode": "required", "tools": [{"type": "function", "function": {"name": "g"}}]}}});
    let (body, _) = encode("claude-sonnet-4-6", &ask(allowed));
    assert_eq!(body["tool_choice"], json!({"type": "any"}));
    assert_eq!(
        body["tools"],
        json!([{"name": "g", "input_schema":
        {"type": "object", "properties": {}}}])
    );
    assert_eq!(
        encode("claude-sonnet-4-6", &ask(json!({"tool_choice": "auto"}))).0["tool_choice"],
        Value::Null
    );
}

#[test]
fn cache_marks_stay_and_the_fifth_goes() {
    let mark = json!({"type": "ephemeral", "ttl": "5m"});
    let part = json!({"type": "text", "text": "x", "cache_control": mark});
    let tool = json!({"type": "function", "function": {"name": "f"}, "cache_control": mark});
    let body = json!({"model": "m", "tools": [tool], "messages": [
        {"role": "system", "content": [part]}, {"role": "user", "content": [part, part, part]}]});
    let (body, warnings) = encode("claude-sonnet-4-6", &body);
    assert_eq!(body["tools"][0]["cache_control"], Value::Null);
    assert_eq!(body.to_string().matches("cache_control").count(), 4);
    assert_eq!(
        body["system"][0]["cache_control"],
        json!({"type": "ephemeral"})
    );
    assert_eq!(warnings, ["advisory;unsupported;cache_control"]);
}
