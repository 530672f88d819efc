//! Requests as they leave for each server of the family.

use bytes::Bytes;

use super::super::super::chat::tests::RICH;
use super::super::super::{ChatRequest, Context, Encoded, encode_chat, left_out};
use crate::catalog::model::KeyNeed;
use crate::catalog::{
    Abilities, Ability, Dialect, Endpoint, Model, ModelId, Price, Provider, ProviderName, Timeouts,
    Trait,
};

fn provider(name: &str, omit: &[&str]) -> Provider {
    Provider {
        name: ProviderName::new(name),
        dialect: Dialect::OpenAi,
        base_url: "https://example.invalid/v1".into(),
        base_url_env: None,
        api_key_env: Vec::new(),
        key_need: KeyNeed::Optional,
        omit: omit.iter().map(|field| (*field).to_owned()).collect(),
        on_disconnect: crate::catalog::OnDisconnect::Cancel,
        source: String::new(),
    }
}

fn model(abilities: &[Ability], traits: &[Trait]) -> Model {
    Model {
        id: ModelId::new("id"),
        name: String::new(),
        provider: ProviderName::new("p"),
        upstream: "upstream/\"name\"".into(),
        endpoint: Endpoint::Chat,
        tiers: Vec::new(),
        free: false,
        context_window: 1000,
        max_input: None,
        max_output: 100,
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

fn parse(body: &str) -> ChatRequest {
    ChatRequest::parse(Bytes::copy_from_slice(body.as_bytes())).unwrap()
}

fn show(encoded: &Encoded) -> String {
    let body = std::str::from_utf8(&encoded.body).unwrap();
    assert!(
        serde_json::from_str::<serde::de::IgnoredAny>(body).is_ok(),
        "{body}"
    );
    let warnings: Vec<_> = encoded.warnings.iter().map(ToString::to_string).collect();
    format!("{}\n{body}\n{}", encoded.path, warnings.join(", "))
}

#[test]
fn openai_gets_everything_but_our_extensions() {
    let model = model(&[Ability::Reasoning], &[]);
    let request = parse(RICH);
    let encoded = encode_chat(&request, &model, &provider("openai", &[]), &Context::PLAIN).unwrap();
    insta::assert_snapshot!(show(&encoded));
    let again = encode_chat(&request, &model, &provider("openai", &[]), &Context::PLAIN).unwrap();
    assert_eq!(again.body, encoded.body);
}

#[test]
fn a_reasoning_model_refuses_sampling() {
    let traits = [
        Trait::MaxCompletionTokens,
        Trait::NoSampling,
        Trait::NoStop,
        Trait::NoParallelTools,
    ];
    let encoded = encode_chat(
        &parse(RICH),
        &model(&[Ability::Reasoning], &traits),
        &provider("openai", &[]),
        &Context::PLAIN,
    );
    insta::assert_snapshot!(show(&encoded.unwrap()));
}

#[test]
fn groq_gets_no_developer_no_cache_marks_and_no_reasoning_of_earlier_turns() {
    let model = model(&[], &[]);
    let provider = provider("groq", &["seed", "user", "logit_bias", "store"]);
    let request = parse(RICH);
    let encoded = encode_chat(&request, &model, &provider, &Context::PLAIN).unwrap();
    insta::assert_snapshot!(show(&encoded));
    assert!(
        encoded
            .warnings
            .starts_with(&left_out(&request, &model, &provider))
    );
}

#[test]
fn a_server_of_ones_own_gets_the_messages_as_they_are() {
    let body = r#"{"messages":[ {"role":"user", "content":[{"type":"text","text":"a","cache_control":{}}],"reasoning_content":"b"} ],"model":"m","max_tokens":5,"max_completion_tokens":6,"stream_options":{"include_usage":true}}"#;
    let encoded = encode_chat(
        &parse(body),
        &model(&[], &[]),
        &provider("local", &[]),
        &Context::PLAIN,
    )
    .unwrap();
    insta::assert_snapshot!(show(&encoded), @r#"
    /chat/completions
    {"messages":[{"role":"user", "content":[{"type":"text","text":"a","cache_control":{}}],"reasoning_content":"b"}],"model":"upstream/\"name\"","max_tokens":5,"max_completion_tokens":6}
    "#);
}

#[test]
fn untouched_messages_are_copied_byte_for_byte() {
    let messages = r#"[ {"role":"user" ,"content":"\u0041"} , {"content":"b","role":"system"} ]"#;
    let body = format!(r#"{{"model":"m","messages":{messages},"x":[ 1 ]}}"#);
    let encoded = encode_chat(
        &parse(&body),
        &model(&[], &[]),
        &provider("groq", &[]),
        &Context::PLAIN,
    )
    .unwrap();
    let sent = std::str::from_utf8(&encoded.body).unwrap();
    assert!(
        sent.contains(messages) && sent.contains(r#""x":[ 1 ]"#),
        "{sent}"
    );
    assert!(encoded.warnings.is_empty());
}

#[test]
fn reasoning_where_it_cannot_be_said_is_named() {
    let body = r#"{"model":"m","messages":[{"role":"user","content":"a"}],"reasoning":{"effort":"low","max_tokens":9}}"#;
    let warn = |abilities: &[Ability]| {
        let warnings = left_out(&parse(body), &model(abilities, &[]), &provider("xai", &[]));
        let warnings: Vec<_> = warnings.iter().map(ToString::to_string).collect();
        warnings.join(",")
    };
    assert_eq!(
        warn(&[Ability::Reasoning]),
        "advisory;untranslatable;reasoning.max_tokens"
    );
    assert_eq!(
        warn(&[]),
        "advisory;unsupported;reasoning.effort,advisory;untranslatable;reasoning.max_tokens"
    );
}

#[test]
fn images_of_tool_results_move_behind_the_results() {
    let body = r#"{"model":"x","messages":[
        {"role":"user","content":"look"},
        {"role":"assistant","content":null,"tool_calls":[
            {"id":"a","type":"function","function":{"name":"f","arguments":"{}"}},
            {"id":"b","type":"function","function":{"name":"f","arguments":"{}"}}]},
        {"role":"tool","tool_call_id":"a","content":[{"type":"text","text":"seen"},
            {"type":"image_url","image_url":{"url":"data:image/png;base64,aGk="}}]},
        {"role":"tool","tool_call_id":"b","content":"nothing"},
        {"role":"user","content":"so?"}]}"#;
    let encoded = encode_chat(
        &parse(body),
        &model(&[], &[]),
        &provider("openai", &[]),
        &Context::PLAIN,
    )
    .unwrap();
    let sent: serde_json::Value = serde_json::from_slice(&encoded.body).unwrap();
    let roles: Vec<&str> = sent["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["role"].as_str().unwrap())
        .collect();
    assert_eq!(roles, ["user", "assistant", "tool", "tool", "user", "user"]);
    assert_eq!(
        sent["messages"][2]["content"],
        serde_json::json!([{ "type": "text", "text": "seen" }])
    );
    assert_eq!(
        sent["messages"][4]["content"][0]["text"],
        "Result of the tool call a:"
    );
    assert_eq!(sent["messages"][4]["content"][1]["type"], "image_url");
    let warnings: Vec<String> = encoded.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(warnings, ["advisory;coerced;messages.tool.content"]);
}
