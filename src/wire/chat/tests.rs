//! Requests as callers send them: rich, minimal and wrong.

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::catalog::Ability;

fn parse(body: &str) -> Result<ChatRequest, Invalid> {
    ChatRequest::parse(Bytes::copy_from_slice(body.as_bytes()))
}

/// A valid request with one more field.
fn with(field: &str) -> Result<ChatRequest, Invalid> {
    parse(&format!(
        r#"{{"model":"auto","messages":[{{"role":"user","content":"hi"}}],{field}}}"#
    ))
}

/// A valid request with one more message.
fn with_message(message: &str) -> Result<ChatRequest, Invalid> {
    parse(&format!(
        r#"{{"model":"auto","messages":[{{"role":"user","content":"hi"}},{message}]}}"#
    ))
}

pub(in crate::wire) const RICH: &str = r#"{
  "model": " gpt-4.1 ", "stream": true, "stream_options": {"include_usage": false, "include_obfuscation": false},
  "messages": [
    {"role": "developer", "content": "Be brief."},
    {"role": "user", "name": "ann", "content": [
      {"type": "text", "text": "Caf\u00e9\n?", "cache_control": {"type": "ephemeral"}},
      {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA", "detail": "low"}},
      {"type": "file", "file": {"file_data": "data:application/pdf;base64,AA", "filename": "a.pdf"}}]},
    {"role": "assistant", "content": null, "refusal": null, "reasoning_content": "hm", "tool_calls": [
      {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}}]},
    {"role": "tool", "tool_call_id": "call_1", "content": "42"}
  ],
  "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}, "strict": null}}],
  "tool_choice": {"type": "function", "function": {"name": "f"}}, "parallel_tool_calls": false,
  "response_format": {"type": "json_schema", "json_schema": {"name": "out", "schema": {}}},
  "temperature": 0.5, "top_p": 1, "n": 2, "max_tokens": 7, "stop": ["a", "b"], "presence_penalty": 0,
  "logprobs": true, "top_logprobs": 3, "logit_bias": {"50256": -100}, "seed": -1, "user": "u", "store": null,
  "prefer": "coding", "include_reasoning": false, "models": ["economy"],
  "reasoning": {"effort": "high", "max_tokens": 100},
  "provider": {"order": ["openai"], "ignore": ["groq"], "allow_fallbacks": true, "require_parameters": false,
               "max_price": {"prompt": 2.5, "completion": "10"}},
  "x_unknown": {"kept" : [1,2 , 3]}
}"#;

#[test]
fn a_rich_request_is_understood() {
    let request = parse(RICH).unwrap();
    assert_eq!(request.model(), "gpt-4.1");
    assert!(request.stream());
    assert_eq!(request.prefer(), Some(Prefer::Coding));
    assert_eq!(request.max_output_tokens(), Some(7));
    assert_eq!(request.n(), 2);
    assert_eq!(request.fallback_models(), ["economy"]);
    assert_eq!(request.reasoning_view(), ReasoningView::Exclude);
    assert_eq!(request.reasoning_wish().effort, Some(Effort::High));
    assert_eq!(request.body_len(), RICH.len());
    let rules = request.provider_rules();
    assert_eq!((rules.order.len(), rules.only.len()), (1, 0));
    assert_eq!(rules.allow_fallbacks, Some(true));
    assert_eq!(
        rules.max_prompt_price.map(|rate| rate.get()),
        Some(2_500_000)
    );
    assert_eq!(
        rules.max_completion_price.map(|rate| rate.get()),
        Some(10_000_000)
    );
    let needs: Vec<_> = request.needs().iter().map(Ability::as_str).collect();
    assert_eq!(
        needs,
        ["tools", "vision", "files", "json_schema", "logprobs", "n"]
    );
    assert_eq!(
        request.tools_raw().unwrap(),
        r#"[{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}, "strict": null}}]"#
    );
    let advisory: Vec<_> = request.advisory_fields().collect();
    assert_eq!(
        advisory,
        [
            "parallel_tool_calls",
            "temperature",
            "top_p",
            "stop",
            "presence_penalty",
            "logit_bias",
            "seed",
            "user"
        ]
    );
    assert_eq!(request.field("x_unknown"), Some(r#"{"kept" : [1,2 , 3]}"#));
    assert_eq!(request.field("store"), None);
}

#[test]
fn messages_are_seen_typed() {
    let request = parse(RICH).unwrap();
    let messages: Vec<_> = request.messages().collect();
    assert_eq!(messages[0].role(), Role::Developer);
    assert_eq!(messages[1].name().as_deref(), Some("ann"));
    assert_eq!(messages[1].texts().collect::<Vec<_>>(), ["Café\n?"]);
    assert_eq!(messages[1].images(), 1);
    let parts: Vec<_> = messages[1].parts().collect();
    assert!(
        matches!(&parts[1], Part::Image { url, detail: Some(detail) }
        if url.starts_with("data:image") && detail == "low")
    );
    assert!(matches!(parts[2], Part::File(raw) if raw.contains("a.pdf")));
    let call = messages[2].tool_calls().next().unwrap();
    assert_eq!((&*call.name, &*call.arguments), ("f", r#"{"a":1}"#));
    assert_eq!(messages[2].texts().count(), 0);
    assert_eq!(messages[3].tool_call_id().as_deref(), Some("call_1"));
}

#[track_caller]
fn refused(result: Result<ChatRequest, Invalid>, code: InvalidCode, param: Option<&str>) {
    let error = result.unwrap_err();
    assert_eq!(
        (error.code, error.param.as_deref()),
        (code, param),
        "{error}"
    );
}

#[test]
fn bodies_that_are_no_request() {
    let json = |body: &str| refused(parse(body), InvalidCode::InvalidJson, None);
    for body in [
        "",
        "[]",
        "7",
        "{",
        "{\"model\":\"a\"} x",
        "{\"model\":\"a\",\"model\":\"b\"}",
    ] {
        json(body);
    }
    json(&format!(
        "{{\"model\":\"a\",\"x\":{}{}}}",
        "[".repeat(128),
        "]".repeat(128)
    ));
    json(&format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)));
    refused(
        ChatRequest::parse(Bytes::from_static(b"{\"a\":\"\xff\"}")),
        InvalidCode::InvalidJson,
        None,
    );
    let deep = format!("\"x\":{}{}", "[".repeat(127), "]".repeat(127));
    assert!(with(&deep).is_ok());
}

#[test]
fn required_fields() {
    use InvalidCode::MissingRequiredParameter as Missing;
    refused(parse("{}"), Missing, Some("model"));
    refused(parse(r#"{"model":null}"#), Missing, Some("model"));
    refused(
        parse(r#"{"model":"  ","messages":[]}"#),
        Missing,
        Some("model"),
    );
    refused(parse(r#"{"model":"a"}"#), Missing, Some("messages"));
    let message = |message, param| refused(with_message(message), Missing, Some(param));
    message(r#"{"content":"x"}"#, "messages[1].role");
    message(r#"{"role":"user"}"#, "messages[1].content");
    message(
        r#"{"role":"assistant","content":null}"#,
        "messages[1].content",
    );
    message(
        r#"{"role":"tool","content":"x"}"#,
        "messages[1].tool_call_id",
    );
    message(
        r#"{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{}}]}"#,
        "messages[1].content[1].image_url.url",
    );
    message(
        r#"{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f"}}]}"#,
        "messages[1].tool_calls[0].function.arguments",
    );
    message(
        r#"{"role":"user","content":[{"type":"file","file":{"filename":"a"}}]}"#,
        "messages[1].content[0].file.file_data",
    );
}

#[test]
fn wrong_values_name_their_field() {
    for (field, param) in [
        (r#""temperature":2.1"#, "temperature"),
        (r#""temperature":"1""#, "temperature"),
        (r#""temperature":1e999"#, "temperature"),
        (r#""top_p":-0.1"#, "top_p"),
        (r#""n":0"#, "n"),
        (r#""n":1.5"#, "n"),
        (r#""max_tokens":0"#, "max_tokens"),
        (
            r#""max_completion_tokens":99999999999999999999"#,
            "max_completion_tokens",
        ),
        (r#""stop":["a","b","c","d","e"]"#, "stop"),
        (r#""stop":["a",1]"#, "stop[1]"),
        (r#""presence_penalty":3"#, "presence_penalty"),
        (r#""top_logprobs":2"#, "top_logprobs"),
        (r#""logprobs":true,"top_logprobs":21"#, "top_logprobs"),
        (r#""logit_bias":[]"#, "logit_bias"),
        (r#""stream":"yes""#, "stream"),
        (
            r#""stream_options":{"include_usage":1}"#,
            "stream_options.include_usage",
        ),
        (r#""modalities":["text","smell"]"#, "modalities[1]"),
        (r#""reasoning_effort":"huge""#, "reasoning_effort"),
        (r#""prefer":"best""#, "prefer"),
        (r#""models":[1]"#, "models[0]"),
        (
            r#""tools":[{"type":"function","function":{"name":"a b"}}]"#,
            "tools[0].function.name",
        ),
        (r#""tools":[{"type":"teapot"}]"#, "tools[0].type"),
        (r#""tool_choice":"maybe""#, "tool_choice"),
        (
            r#""response_format":{"type":"xml"}"#,
            "response_format.type",
        ),
        (
            r#""response_format":{"type":"json_schema","json_schema":{"name":""}}"#,
            "response_format.json_schema.name",
        ),
        (
            r#""response_format":{"type":"json_schema","json_schema":{"name":"x","description":{}}}"#,
            "response_format.json_schema.description",
        ),
        (
            r#""provider":{"max_price":{"prompt":-1}}"#,
            "provider.max_price.prompt",
        ),
    ] {
        refused(with(field), InvalidCode::InvalidValue, Some(param));
    }
    let prefer = with(r#""prefer":"best""#).unwrap_err();
    assert!(
        prefer
            .message
            .contains("cheap, fast, balanced, quality, coding")
    );
    refused(
        with(r#""provider":{"sort":"price"}"#),
        InvalidCode::UnsupportedParameter,
        Some("provider.sort"),
    );
}

#[test]
fn a_price_is_any_number_of_json() {
    for (price, picos) in [
        ("1e-06", 1),
        ("2.5E-1", 250_000),
        ("1e1", 10_000_000),
        ("0.0", 0),
        ("\"0.25\"", 250_000),
    ] {
        let request = with(&format!(
            r#""provider":{{"max_price":{{"completion":{price}}}}}"#
        ));
        let request = request.unwrap_or_else(|error| panic!("{price}: {error}"));
        let rate = request.provider_rules().max_completion_price;
        assert_eq!(rate.map(|rate| rate.get()), Some(picos), "{price}");
    }
    for wrong in ["1e-07", "-1e1", "1e40", "1e9999999999", "\"1e-06\""] {
        let request = with(&format!(
            r#""provider":{{"max_price":{{"prompt":{wrong}}}}}"#
        ));
        let param = Some("provider.max_price.prompt");
        refused(request, InvalidCode::InvalidValue, param);
    }
}

#[test]
fn wrong_messages_name_their_place() {
    for (message, param) in [
        (r#""x""#, "messages[1]"),
        (r#"{"role":"robot","content":"x"}"#, "messages[1].role"),
        (r#"{"role":"user","content":7}"#, "messages[1].content"),
        (r#"{"role":"user","content":[]}"#, "messages[1].content"),
        (
            r#"{"role":"user","content":[{"type":"video","video":1}]}"#,
            "messages[1].content[0].type",
        ),
        (
            r#"{"role":"user","content":[{"type":"text","text":1}]}"#,
            "messages[1].content[0].text",
        ),
        (
            r#"{"role":"user","content":[{"type":"image_url","image_url":{"url":"ftp://x"}}]}"#,
            "messages[1].content[0].image_url.url",
        ),
        (
            r#"{"role":"user","content":"a","role":"system"}"#,
            "messages[1]",
        ),
    ] {
        refused(
            with_message(message),
            InvalidCode::InvalidValue,
            Some(param),
        );
    }
    refused(
        parse(r#"{"model":"a","messages":[]}"#),
        InvalidCode::InvalidValue,
        Some("messages"),
    );
}

#[test]
fn lenient_where_clients_are() {
    assert!(with(r#""temperature":null,"tools":null,"stop":null,"prefer":null"#).is_ok());
    assert!(
        with(r#""tools":[],"metadata":{},"functions":[{"name":"f"}],"function_call":"auto""#)
            .is_ok()
    );
    assert!(with_message(r#"{"role":"assistant","content":null,"refusal":"No."}"#).is_ok());
    assert!(
        with_message(
            r#"{"role":"assistant","content":null,"function_call":{"name":"f","arguments":"{}"}}"#
        )
        .is_ok()
    );
    assert!(with_message(r#"{"role":"function","name":"f","content":null}"#).is_ok());
    let none = with(r#""tools":[],"n":1,"logprobs":false"#).unwrap();
    assert_eq!(none.needs(), Abilities::NONE);
    assert_eq!(none.tools_raw(), None);
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = ChatRequest::parse(Bytes::from(bytes));
    }

    #[test]
    fn a_damaged_request_never_panics(at in 0..RICH.len(), byte in any::<u8>()) {
        let mut bytes = RICH.as_bytes().to_vec();
        bytes[at] = byte;
        if let Ok(request) = ChatRequest::parse(Bytes::from(bytes)) {
            for message in request.messages() {
                let _ = (message.parts().count(), message.tool_calls().count(), message.name());
            }
        }
    }
}
