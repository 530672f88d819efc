//! Requests as they leave for the API.

use std::sync::Arc;

use bytes::Bytes;

use super::super::super::{
    CannotEncode, ChatRequest, Context, Encoded, Reason, encode_chat, left_out,
};
use crate::catalog::model::KeyNeed;
use crate::catalog::{
    Abilities, Ability, Dialect, Endpoint, Model, ModelId, Price, Provider, ProviderName, Timeouts,
    Trait,
};

const CODEX: [Trait; 4] = [
    Trait::MaxCompletionTokens,
    Trait::NoSampling,
    Trait::NoStop,
    Trait::NoSystemMessage,
];

fn provider() -> Provider {
    Provider {
        name: ProviderName::new("openai"),
        dialect: Dialect::OpenAi,
        base_url: "https://example.invalid/v1".into(),
        base_url_env: None,
        api_key_env: Vec::new(),
        key_need: KeyNeed::Optional,
        omit: Vec::new(),
        on_disconnect: crate::catalog::OnDisconnect::Cancel,
        source: String::new(),
    }
}

fn model(upstream: &str, abilities: &[Ability], traits: &[Trait]) -> Model {
    Model {
        id: ModelId::new("id"),
        name: String::new(),
        provider: ProviderName::new("openai"),
        upstream: upstream.into(),
        endpoint: Endpoint::Responses,
        tiers: Vec::new(),
        free: false,
        context_window: 1000,
        max_input: None,
        max_output: 1000,
        tokenizer: std::sync::Arc::default(),
        price: Price::default(),
        abilities: abilities.iter().copied().collect::<Abilities>(),
        traits: traits.to_vec(),
        quality: None,
        coding: None,
        ttft_ms: 1,
        tokens_per_s: 1,
        timeouts: Timeouts::default(),
        same_as: None,
        deprecation_date: None,
        replacement: None,
        source: String::new(),
        as_of: time::Date::MIN,
    }
}

fn codex() -> Model {
    model("gpt-5.3-codex", &[Ability::Reasoning], &CODEX)
}

fn plain() -> Model {
    model("gpt-4.1", &[], &[])
}

fn parse(body: &str) -> ChatRequest {
    ChatRequest::parse(Bytes::copy_from_slice(body.as_bytes())).unwrap()
}

fn encode(body: &str, model: &Model) -> Result<Encoded, CannotEncode> {
    encode_chat(&parse(body), model, &provider(), &Context::PLAIN)
}

fn body(encoded: &Encoded) -> serde_json::Value {
    serde_json::from_slice(&encoded.body).unwrap()
}

fn input(body_text: &str, model: &Model) -> String {
    body(&encode(body_text, model).unwrap())["input"].to_string()
}

fn warnings(encoded: &Encoded) -> String {
    let shown: Vec<_> = encoded.warnings.iter().map(ToString::to_string).collect();
    shown.join(", ")
}

/// Every kind of message, field and format.
const RICH: &str = r##"{
  "model": "m", "stream": true, "stream_options": {"include_usage": true},
  "messages": [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "name": "ann", "content": [
      {"type": "text", "text": "Caf\u00e9\n?", "cache_control": {"type": "ephemeral"}},
      {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA", "detail": "low"}},
      {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
      {"type": "file", "file": {"file_data": "data:application/pdf;base64,AAAA"}},
      {"type": "file", "file": {"file_data": "JVBERi0x", "filename": "b.pdf"}},
      {"type": "file", "file": {"file_id": "file-1"}}]},
    {"role": "developer", "content": [{"type": "text", "text": "And kind."}]},
    {"role": "assistant", "content": "I look.", "refusal": null, "reasoning_content": "hm",
      "reasoning_details": [
        {"type": "reasoning.text", "text": "x", "signature": "s", "format": "anthropic-claude-v1"},
        {"type": "reasoning.summary", "summary": "first", "id": "rs_1", "format": "openai-responses-v1", "index": 0},
        {"type": "reasoning.encrypted", "data": "gAAA\u003d==", "id": "rs_1", "format": "openai-responses-v1", "index": 0},
        {"type": "reasoning.encrypted", "data": "gBBB", "id": "rs_2", "format": "openai-responses-v1", "index": 3}],
      "tool_calls": [
        {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}},
        {"id": "call_2", "type": "function", "function": {"name": "g", "arguments": ""}}]},
    {"role": "tool", "tool_call_id": "call_1", "content": "42"},
    {"role": "tool", "tool_call_id": "call_2", "content": [
      {"type": "text", "text": "seen"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,BBBB"}}]},
    {"role": "assistant", "content": null, "refusal": "No."},
    {"role": "user", "content": "Again."}
  ],
  "tools": [
    {"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": {"const": 1}}}, "strict": true}},
    {"type": "function", "function": {"name": "g"}}],
  "tool_choice": {"type": "function", "function": {"name": "f"}}, "parallel_tool_calls": false,
  "response_format": {"type": "json_schema", "json_schema": {"name": "out", "strict": true, "schema": {"type": "object", "properties": {}, "required": [], "additionalProperties": false}}},
  "verbosity": "low", "reasoning_effort": "xhigh", "max_completion_tokens": 500, "metadata": {"a": "b"},
  "user": "u", "service_tier": "flex", "store": true, "prompt_cache_key": "k",
  "temperature": 0.5, "top_p": 1, "n": 1, "stop": ["a"], "presence_penalty": 0, "logit_bias": {"1": 2}, "seed": 7,
  "prefer": "coding", "models": ["economy"], "provider": {"only": ["openai"]}, "x_unknown": 1
}"##;

#[test]
fn a_rich_request() {
    let encoded = encode(RICH, &codex()).unwrap();
    assert_eq!(encoded.path, "/responses");
    insta::assert_json_snapshot!(body(&encoded));
    insta::assert_snapshot!(warnings(&encoded), @"advisory;unsupported;store, advisory;unsupported;temperature, advisory;unsupported;stop, advisory;unsupported;logit_bias, advisory;unsupported;seed, advisory;unsupported;x_unknown, advisory;unsupported;messages.name");
    assert_eq!(encode(RICH, &codex()).unwrap().body, encoded.body);
    let request = parse(RICH);
    let left_out = left_out(&request, &codex(), &provider());
    assert!(encoded.warnings.starts_with(&left_out));
}

#[test]
fn a_model_that_does_not_reason_gets_no_reasoning_and_a_developer() {
    let encoded = encode(RICH, &plain()).unwrap();
    let body = body(&encoded);
    for absent in ["instructions", "reasoning", "include"] {
        assert!(body.get(absent).is_none(), "{absent}");
    }
    assert_eq!(body["temperature"], 0.5);
    let roles: Vec<_> = body["input"].as_array().unwrap().iter().collect();
    assert_eq!(roles[0]["role"], "developer");
    assert!(roles.iter().all(|item| item["type"] != "reasoning"));
    assert!(warnings(&encoded).contains("advisory;unsupported;reasoning_effort"));
}

#[test]
fn encrypted_reasoning_goes_back_byte_for_byte_where_it_stood() {
    let sent = String::from_utf8(encode(RICH, &codex()).unwrap().body.to_vec()).unwrap();
    let place = |text: &str| sent.find(text).unwrap();
    let first = place(
        r#"{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"first"}],"encrypted_content":"gAAA\u003d=="}"#,
    );
    let spoken = place("I look.");
    let call_1 = place(r#""call_id":"call_1","name""#);
    let second = place(r#""id":"rs_2""#);
    let call_2 = place(r#""call_id":"call_2","name""#);
    assert!(first < spoken && spoken < call_1 && call_1 < second && second < call_2);
    assert!(!sent.contains("anthropic"));
}

#[test]
fn what_the_caller_dropped_is_recalled() {
    let request = parse(
        r#"{"model":"m","messages":[{"role":"user","content":"a"},{"role":"assistant","tool_calls":[
            {"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}},
            {"id":"c2","type":"function","function":{"name":"f","arguments":"{}"}}]},
            {"role":"tool","tool_call_id":"c2","content":"x"},{"role":"tool","tool_call_id":"c1","content":"y"}]}"#,
    );
    let kept = r#"[{"type":"reasoning.encrypted","data":"gAAA","id":"rs_1","format":"openai-responses-v1","index":0}]"#;
    let recall = |id: &str| (id == "c2").then(|| Arc::from(kept));
    let context = Context {
        output_cap: None,
        recall: &recall,
    };
    let encoded = encode_chat(&request, &codex(), &provider(), &context).unwrap();
    let body = body(&encoded);
    let kinds: Vec<_> = body["input"].as_array().unwrap().iter().collect();
    let kinds: Vec<_> = kinds.iter().map(|item| &item["type"]).collect();
    assert_eq!(
        kinds,
        [
            "message",
            "reasoning",
            "function_call",
            "function_call",
            "function_call_output",
            "function_call_output"
        ]
    );
}

#[test]
fn parts_that_cannot_go_are_named() {
    let with_part = |role: &str, part: &str| {
        let body =
            format!(r#"{{"model":"m","messages":[{{"role":"{role}","content":[{part}]}}]}}"#);
        match encode(&body, &plain()).unwrap_err() {
            CannotEncode::Unsupported { param, .. } => format!("unsupported {param}"),
            CannotEncode::Invalid { param, .. } => format!("invalid {param}"),
            CannotEncode::Unspoken(_) => "unspoken".to_owned(),
        }
    };
    let image = |url: &str| {
        format!(
            r#"{{"type":"text","text":"a"}},{{"type":"image_url","image_url":{{"url":"{url}"}}}}"#
        )
    };
    assert_eq!(
        with_part("user", &image("data:image/png;base64,A*")),
        "invalid messages[0].content[1].image_url.url"
    );
    let good = image("data:image/png;base64,AAAA");
    assert_eq!(
        with_part("assistant", &good),
        "unsupported messages[0].content[1].image_url"
    );
    assert_eq!(
        with_part("system", &good),
        "unsupported messages[0].content[1].image_url"
    );
    let audio = r#"{"type":"input_audio","input_audio":{"data":"AAAA","format":"wav"}}"#;
    assert_eq!(
        with_part("user", audio),
        "unsupported messages[0].content[0].input_audio"
    );
    let file = r#"{"type":"file","file":{"file_data":"hello"}}"#;
    assert_eq!(
        with_part("user", file),
        "invalid messages[0].content[0].file.file_data"
    );
}

#[test]
fn results_need_their_call_and_ids_have_a_bound() {
    let long = "x".repeat(80);
    let turn = |id: &str, answered: &str| {
        format!(
            r#"{{"model":"m","messages":[{{"role":"assistant","tool_calls":[{{"id":"{id}","type":"function","function":{{"name":"f","arguments":"{{}}"}}}}]}},{{"role":"tool","tool_call_id":"{answered}","content":""}}]}}"#
        )
    };
    let error = encode(&turn("a", "b"), &plain()).unwrap_err();
    assert!(
        matches!(error, CannotEncode::Invalid { param, .. } if param == "messages[1].tool_call_id")
    );
    let body = body(&encode(&turn(&long, &long), &plain()).unwrap());
    let id = body["input"][0]["call_id"].as_str().unwrap();
    assert!(id.len() <= 64);
    assert_eq!(body["input"][1]["call_id"], id);
    assert_eq!(body["input"][1]["output"], "");
}

#[test]
fn functions_of_old_become_tools() {
    let body_text = r#"{"model":"m","messages":[{"role":"user","content":"a"},
        {"role":"assistant","content":null,"function_call":{"name":"f","arguments":"{}"}},
        {"role":"function","name":"f","content":"r"}],
        "functions":[{"name":"f","parameters":{}}],"function_call":{"name":"f"}}"#;
    let encoded = encode(body_text, &plain()).unwrap();
    insta::assert_json_snapshot!(body(&encoded));
    assert_eq!(warnings(&encoded), "advisory;untranslatable;functions");
    let orphan = r#"{"model":"m","messages":[{"role":"function","name":"f","content":"r"}]}"#;
    assert!(matches!(
        encode(orphan, &plain()),
        Err(CannotEncode::Invalid { param, .. }) if param == "messages[0].name"
    ));
}

#[test]
fn choices_and_formats_are_flat() {
    let with = |fields: &str| {
        let text = format!(
            r#"{{"model":"m","messages":[{{"role":"user","content":"a"}}],"tools":[{{"type":"function","function":{{"name":"f"}}}}],{fields}}}"#
        );
        body(&encode(&text, &plain()).unwrap())
    };
    assert_eq!(
        with(r#""tool_choice":"required""#)["tool_choice"],
        "required"
    );
    let allowed = r#""tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[{"type":"function","function":{"name":"f"}}]}}"#;
    assert_eq!(
        with(allowed)["tool_choice"],
        serde_json::json!({"type": "allowed_tools", "mode": "auto",
            "tools": [{"type": "function", "name": "f"}]})
    );
    let object = with(r#""response_format":{"type":"json_object"}"#);
    assert_eq!(object["text"]["format"]["type"], "json_object");
    let last = object["input"].as_array().unwrap().last().unwrap();
    assert!(last.to_string().contains("JSON"));
    let custom = r#"{"model":"m","messages":[{"role":"user","content":"a"}],"tools":[{"type":"custom","custom":{"name":"f"}}]}"#;
    assert!(matches!(
        encode(custom, &plain()),
        Err(CannotEncode::Unsupported { param, .. }) if param == "tools[0].type"
    ));
}

#[test]
fn json_is_mentioned_once() {
    let text = r#"{"model":"m","messages":[{"role":"system","content":"hi"},{"role":"user","content":"As Json, please."}],"response_format":{"type":"json_object"}}"#;
    assert_eq!(input(text, &plain()).matches("one JSON object").count(), 0);
}

#[test]
fn instructions_alone_are_the_input() {
    let text = r#"{"model":"m","messages":[{"role":"system","content":"a"},{"role":"system","content":"b"}]}"#;
    let only = body(&encode(text, &codex()).unwrap());
    assert!(only.get("instructions").is_none());
    assert_eq!(only["input"].as_array().unwrap().len(), 2);
}

#[test]
fn output_limits_stay_in_their_bounds() {
    let with = |most: u64, cap: Option<u64>| {
        let text = format!(
            r#"{{"model":"m","messages":[{{"role":"user","content":"a"}}],"max_tokens":{most}}}"#
        );
        let context = Context {
            output_cap: cap,
            ..Context::PLAIN
        };
        let encoded = encode_chat(&parse(&text), &plain(), &provider(), &context).unwrap();
        let most = body(&encoded)["max_output_tokens"].as_u64().unwrap();
        let reasons: Vec<_> = encoded
            .warnings
            .iter()
            .map(|warning| warning.reason)
            .collect();
        (most, reasons)
    };
    assert_eq!(with(500, None), (500, vec![]));
    assert_eq!(with(5, None), (16, vec![Reason::Unsupported]));
    assert_eq!(with(5000, None), (1000, vec![Reason::Unsupported]));
    assert_eq!(with(500, Some(99)), (99, vec![Reason::InsufficientCredits]));
    assert_eq!(with(50, Some(99)), (50, vec![]));
}

#[test]
fn every_wish_about_reasoning_becomes_an_effort() {
    let with = |fields: &str, model: &Model| {
        let text =
            format!(r#"{{"model":"m","messages":[{{"role":"user","content":"a"}}],{fields}}}"#);
        let encoded = encode(&text, model).unwrap();
        let reasoning = body(&encoded)["reasoning"].to_string();
        format!("{reasoning} {}", warnings(&encoded))
    };
    let shown = |fields| with(fields, &codex());
    insta::assert_snapshot!(shown(r#""reasoning":{"effort":"high"}"#), @r#"{"effort":"high","summary":"auto"} "#);
    insta::assert_snapshot!(shown(r#""reasoning_effort":"minimal""#), @r#"{"effort":"low","summary":"auto"} advisory;unsupported;reasoning_effort"#);
    insta::assert_snapshot!(shown(r#""reasoning":{"enabled":false}"#), @r#"{"effort":"low","summary":"auto"} advisory;unsupported;reasoning.enabled"#);
    insta::assert_snapshot!(shown(r#""reasoning":{"max_tokens":5000,"exclude":true}"#), @r#"{"effort":"medium"} advisory;untranslatable;reasoning.max_tokens"#);
    insta::assert_snapshot!(shown(r#""include_reasoning":false"#), @"null ");
    insta::assert_snapshot!(with(r#""reasoning":{"effort":"high"}"#, &plain()), @"null advisory;unsupported;reasoning.effort");
    insta::assert_snapshot!(with(r#""reasoning_effort":"none""#, &plain()), @"null ");
}
