//! Requests as they leave for models of several makers.

use std::sync::Arc;

use bytes::Bytes;

use super::super::super::{CannotEncode, ChatRequest, Context, Encoded, encode_chat, left_out};
use super::super::reasoning;
use crate::catalog::model::KeyNeed;
use crate::catalog::{
    Abilities, Ability, Dialect, Endpoint, Model, ModelId, Price, Provider, ProviderName, Timeouts,
    Trait,
};

pub(super) fn provider() -> Provider {
    Provider {
        name: ProviderName::new("bedrock"),
        dialect: Dialect::Bedrock,
        base_url: "https://example.invalid".into(),
        base_url_env: None,
        api_key_env: Vec::new(),
        key_need: KeyNeed::Optional,
        omit: vec!["seed".into(), "user".into(), "parallel_tool_calls".into()],
        on_disconnect: crate::catalog::OnDisconnect::Cancel,
        source: String::new(),
    }
}

pub(super) fn model(upstream: &str) -> Model {
    Model {
        id: ModelId::new("id"),
        name: String::new(),
        provider: ProviderName::new("bedrock"),
        upstream: upstream.into(),
        endpoint: Endpoint::Chat,
        tiers: Vec::new(),
        free: false,
        context_window: 100_000,
        max_input: None,
        max_output: 8_000,
        tokenizer: std::sync::Arc::default(),
        price: Price::default(),
        abilities: Ability::ALL.into_iter().collect::<Abilities>(),
        traits: Vec::new(),
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

pub(super) const GLM: &str = "zai.glm-4.7";
pub(super) const CLAUDE: &str = "us.anthropic.claude-sonnet-4-6";
pub(super) const OLD_CLAUDE: &str = "us.anthropic.claude-haiku-4-5-20251001-v1:0";

fn parse(body: &str) -> ChatRequest {
    ChatRequest::parse(Bytes::copy_from_slice(body.as_bytes())).unwrap()
}

/// A request with these messages and fields.
fn request(messages: &str, fields: &str) -> ChatRequest {
    parse(&format!(
        r#"{{"model":"m","messages":[{messages}]{fields}}}"#
    ))
}

/// A request of one user message.
pub(super) fn hi(fields: &str) -> ChatRequest {
    request(r#"{"role":"user","content":"hi"}"#, fields)
}

fn try_encode(request: &ChatRequest, upstream: &str) -> Result<Encoded, CannotEncode> {
    let encoded = encode_chat(request, &model(upstream), &provider(), &Context::PLAIN)?;
    let again = encode_chat(request, &model(upstream), &provider(), &Context::PLAIN)?;
    assert_eq!(again.body, encoded.body);
    Ok(encoded)
}

fn show(encoded: &Encoded) -> String {
    let body = std::str::from_utf8(&encoded.body).unwrap();
    let checked = serde_json::from_str::<serde::de::IgnoredAny>(body);
    assert!(checked.is_ok(), "{body}");
    let warnings: Vec<_> = encoded.warnings.iter().map(ToString::to_string).collect();
    format!("{}\n{body}\n{}", encoded.path, warnings.join(", "))
}

pub(super) fn sent(request: &ChatRequest, upstream: &str) -> String {
    show(&try_encode(request, upstream).unwrap())
}

pub(super) fn refused(request: &ChatRequest, upstream: &str) -> String {
    match try_encode(request, upstream).unwrap_err() {
        CannotEncode::Unsupported { param, .. } => format!("unsupported {param}"),
        CannotEncode::Invalid { param, .. } => format!("invalid {param}"),
        unspoken @ CannotEncode::Unspoken(_) => unspoken.to_string(),
    }
}

const RICH: &str = r##"{
  "model": "m", "stream": true, "stream_options": {"include_usage": true},
  "messages": [
    {"role": "system", "content": "Be brief."},
    {"role": "developer", "content": [{"type": "text", "text": "Be kind.", "cache_control": {"type": "ephemeral", "ttl": "1h"}}]},
    {"role": "user", "name": "ann", "content": [
      {"type": "text", "text": "Café\n?", "cache_control": {"type": "ephemeral"}},
      {"type": "text", "text": " "},
      {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,AAAA", "detail": "low"}},
      {"type": "file", "file": {"file_data": "data:application/pdf;base64,AAAA", "filename": "a_b.pdf"}},
      {"type": "file", "file": {"file_data": "AAAA", "filename": "a b.md"}}]},
    {"role": "user", "content": "And?"},
    {"role": "assistant", "content": "", "refusal": null, "reasoning_content": "hm", "tool_calls": [
      {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}},
      {"id": "has space", "type": "function", "function": {"name": "g", "arguments": ""}},
      {"id": "call_3", "type": "function", "function": {"name": "f", "arguments": "{\"a\":"}}]},
    {"role": "tool", "tool_call_id": "has space", "content": ""},
    {"role": "tool", "tool_call_id": "call_3", "content": [{"type": "text", "text": "see"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]},
    {"role": "tool", "tool_call_id": "call_1", "content": "42"},
    {"role": "user", "content": "Go on."}
  ],
  "tools": [
    {"type": "function", "function": {"name": "f", "description": "F", "parameters": {"$defs": {"x": {"type": ["string", "null"]}}, "properties": {"a": {"$ref": "#/$defs/x"}}}, "strict": true}},
    {"type": "function", "cache_control": {"type": "ephemeral"}, "function": {"name": "g", "description": ""}}],
  "tool_choice": {"type": "function", "function": {"name": "f"}}, "parallel_tool_calls": false,
  "temperature": 1.5, "top_p": 0.9, "n": 1, "max_tokens": 7, "stop": ["a", " "], "presence_penalty": 0,
  "frequency_penalty": 0.5, "logit_bias": {"5": 1}, "seed": -1, "user": "u", "store": null, "top_k": 5,
  "service_tier": "flex", "prefer": "coding", "reasoning": {"effort": "high"}, "x_unknown": 1
}"##;

#[test]
fn a_rich_request_for_a_model_with_few_fields() {
    insta::assert_snapshot!(sent(&parse(RICH), GLM));
}

#[test]
fn a_rich_request_for_claude() {
    insta::assert_snapshot!(sent(&parse(RICH), CLAUDE));
}

#[test]
fn what_is_left_out_is_among_the_warnings() {
    let request = parse(RICH);
    let left = left_out(&request, &model(GLM), &provider());
    let encoded = try_encode(&request, GLM).unwrap();
    assert!(encoded.warnings.starts_with(&left));
    let defaults = hi(
        r#","temperature":1,"n":1,"parallel_tool_calls":true,"seed":null,"metadata":{},"service_tier":"auto""#,
    );
    insta::assert_snapshot!(sent(&defaults, GLM), @r#"
    /model/zai.glm-4.7/converse
    {"messages":[{"role":"user","content":[{"text":"hi"}]}],"inferenceConfig":{"temperature":1}}
    "#);
}

#[test]
fn ids_are_encoded_and_no_path_escapes() {
    let path = |upstream: &str| try_encode(&hi(""), upstream).map(|encoded| encoded.path);
    assert_eq!(path("a:0").unwrap(), "/model/a%3A0/converse");
    assert_eq!(
        path("../x?\n#%2f").unwrap(),
        "/model/..%2Fx%3F%0A%23%252f/converse"
    );
    for dots in ["", ".", ".."] {
        assert!(path(dots).is_err(), "{dots}");
    }
}

#[test]
fn parts_that_cannot_be_carried_are_named() {
    let part = |part: &str| {
        let messages = format!(
            r#"{{"role":"system","content":"s"}},{{"role":"user","content":[{{"type":"text","text":"x"}},{part}]}}"#
        );
        refused(&request(&messages, ""), GLM)
    };
    let image = |url: &str| {
        part(&format!(
            r#"{{"type":"image_url","image_url":{{"url":"{url}"}}}}"#
        ))
    };
    let url = "messages[1].content[1].image_url.url";
    assert_eq!(
        image("https://example.com/a.png"),
        format!("unsupported {url}")
    );
    assert_eq!(
        image("data:image/tiff;base64,AAAA"),
        format!("unsupported {url}")
    );
    assert_eq!(
        image("data:image/png;base64,A*=="),
        format!("invalid {url}")
    );
    assert_eq!(image("data:image/png,AAAA"), format!("invalid {url}"));
    let file = |file: &str| part(&format!(r#"{{"type":"file","file":{file}}}"#));
    assert_eq!(
        file(r#"{"file_id":"f"}"#),
        "unsupported messages[1].content[1].file.file_id"
    );
    assert_eq!(
        file(r#"{"file_data":"data:application/pdf;base64,A"}"#),
        "invalid messages[1].content[1].file.file_data"
    );
    assert_eq!(
        file(r#"{"file_data":"data:video/mp4;base64,AAAA"}"#),
        "unsupported messages[1].content[1].file.file_data"
    );
    assert_eq!(
        part(r#"{"type":"input_audio","input_audio":{"data":"AAAA","format":"midi"}}"#),
        "unsupported messages[1].content[1].input_audio.format"
    );
    let system = r#"{"role":"system","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]}"#;
    assert_eq!(
        refused(&request(system, ""), GLM),
        "unsupported messages[0].content[0].image_url"
    );
}

#[test]
fn calls_and_results_must_match() {
    let call = r#"{"role":"user","content":"q"},{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]}"#;
    let result = |id: &str| format!(r#"{{"role":"tool","tool_call_id":"{id}","content":"r"}}"#);
    let outcome = |messages: String| refused(&request(&messages, ""), GLM);
    assert_eq!(outcome(result("a")), "invalid messages[0].tool_call_id");
    assert_eq!(
        outcome(format!("{call},{}", result("b"))),
        "invalid messages[2].tool_call_id"
    );
    assert_eq!(
        outcome(format!("{call},{},{}", result("a"), result("a"))),
        "invalid messages[3].tool_call_id"
    );
    assert_eq!(
        outcome(call.to_owned()),
        "invalid messages[1].tool_calls[0]"
    );
    assert_eq!(
        outcome(format!(r#"{call},{{"role":"user","content":"x"}}"#)),
        "invalid messages[1].tool_calls[0]"
    );
    // Without tools in the request, those of the history are described.
    let history = format!("{call},{}", result("a"));
    insta::assert_snapshot!(sent(&request(&history, ""), GLM), @r#"
    /model/zai.glm-4.7/converse
    {"messages":[{"role":"user","content":[{"text":"q"}]},{"role":"assistant","content":[{"toolUse":{"toolUseId":"a","name":"f","input":{}}}]},{"role":"user","content":[{"toolResult":{"toolUseId":"a","content":[{"text":"r"}]}}]}],"toolConfig":{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":{"type":"object"}}}}]}}
    "#);
}

#[test]
fn functions_are_the_older_tools() {
    let messages = r#"{"role":"user","content":"q"},{"role":"assistant","content":null,"function_call":{"name":"f","arguments":"{\"x\":1}"}},{"role":"function","name":"f","content":"r"}"#;
    let fields = r#","functions":[{"name":"f","parameters":{"type":"object"}}],"function_call":{"name":"f"}"#;
    insta::assert_snapshot!(sent(&request(messages, fields), "openai.gpt-oss-120b-1:0"), @r#"
    /model/openai.gpt-oss-120b-1%3A0/converse
    {"messages":[{"role":"user","content":[{"text":"q"}]},{"role":"assistant","content":[{"toolUse":{"toolUseId":"function_call_1","name":"f","input":{"x":1}}}]},{"role":"user","content":[{"toolResult":{"toolUseId":"function_call_1","content":[{"text":"r"}]}}]}],"toolConfig":{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":{"type":"object"}}}}],"toolChoice":{"tool":{"name":"f"}}}}
    "#);
}

#[test]
fn signed_reasoning_goes_back_and_is_recalled() {
    let text = reasoning::text_detail("hm", Some("sig=="));
    let secret = reasoning::encrypted_detail("\"AAAA\"");
    let call =
        r#""tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]"#;
    let turn = |details: &str| {
        format!(
            r#"{{"role":"user","content":"q"}},{{"role":"assistant","content":"t",{details}{call}}},{{"role":"tool","tool_call_id":"a","content":"r"}}"#
        )
    };
    let kept = turn(&format!(r#""reasoning_details":[{text},{secret}],"#));
    let lost = turn("");
    let expected = r#"{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"hm","signature":"sig=="}}},{"reasoningContent":{"redactedContent":"AAAA"}},{"text":"t"},{"toolUse""#;
    assert!(sent(&request(&kept, ""), CLAUDE).contains(expected));
    assert!(!sent(&request(&kept, ""), GLM).contains("reasoningContent"));
    let details: Arc<str> = format!("[{text},{secret}]").into();
    let recall = |id: &str| (id == "a").then(|| Arc::clone(&details));
    let context = Context {
        output_cap: None,
        recall: &recall,
    };
    let request = request(&lost, r#","reasoning_effort":"low""#);
    let recalled = encode_chat(&request, &model(OLD_CLAUDE), &provider(), &context).unwrap();
    assert!(show(&recalled).contains(expected));
    assert!(show(&recalled).contains("budget_tokens"));
    // A thinking budget is refused where the thought before the calls is lost.
    assert!(!sent(&request, OLD_CLAUDE).contains("budget_tokens"));
}

#[test]
fn the_user_speaks_first_and_where_needed_last() {
    let system = request(r#"{"role":"system","content":"s"}"#, "");
    insta::assert_snapshot!(sent(&system, GLM), @r#"
    /model/zai.glm-4.7/converse
    {"messages":[{"role":"user","content":[{"text":"Continue."}]}],"system":[{"text":"s"}]}
    advisory;unsupported;messages
    "#);
    let prefill = request(
        r#"{"role":"user","content":"q"},{"role":"assistant","content":"The \n"}"#,
        "",
    );
    assert!(sent(&prefill, GLM).contains(r#"{"role":"assistant","content":[{"text":"The"}]}]"#));
    let mut strict = model(GLM);
    strict.traits = vec![Trait::NoPrefill];
    let encoded = encode_chat(&prefill, &strict, &provider(), &Context::PLAIN).unwrap();
    assert!(show(&encoded).contains(r#"{"role":"user","content":[{"text":"Continue."}]}]"#));
}

#[test]
fn output_is_bounded_by_model_and_purse() {
    let most = |fields: &str, cap: Option<u64>| {
        let context = Context {
            output_cap: cap,
            recall: &|_| None,
        };
        let encoded = encode_chat(&hi(fields), &model(GLM), &provider(), &context).unwrap();
        let text = show(&encoded);
        let (_, rest) = text.split_once(r#""maxTokens":"#).unwrap_or(("", "-}\n"));
        rest.replace("}}\n", " ").trim().to_owned()
    };
    assert_eq!(
        most("", Some(50)),
        "50 advisory;insufficient_credits;max_tokens"
    );
    assert_eq!(most(r#","max_completion_tokens":20"#, Some(50)), "20");
    assert_eq!(
        most(r#","max_completion_tokens":9000"#, None),
        "8000 advisory;unsupported;max_completion_tokens"
    );
}
