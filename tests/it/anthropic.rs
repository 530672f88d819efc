//! Anthropic's models through the router: a plain OpenAI client gets what the Messages API can do.

use model_router::sandbox::{Fault, SeenCall, Vendor};
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use super::router::{Account, Router, ask, chunks, header, streamed_text, text};

const MODELS: [&str; 4] = [
    "claude-haiku-4-5",
    "claude-sonnet-4-6",
    "claude-opus-4-6",
    "claude-opus-4-7",
];

fn with(model: &str, prompt: &str, extra: &Value) -> Value {
    let mut body = ask(model, prompt);
    let fields = body.as_object_mut().unwrap();
    fields.extend(extra.as_object().unwrap().clone());
    body
}

fn tools() -> Value {
    let city =
        json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    let tool = |name| json!({"type": "function", "function": {"name": name, "parameters": city}});
    json!([tool("get_weather"), tool("get_time")])
}

fn last_call(router: &Router) -> SeenCall {
    router
        .sandbox
        .script(Vendor::Anthropic)
        .calls()
        .pop()
        .unwrap()
}

/// A streamed answer as the message a client assembles, with its usage chunk.
async fn streamed(router: &Router, account: &Account, body: &Value) -> (HeaderMap, Value, Value) {
    let mut body = body.clone();
    body["stream"] = json!(true);
    let response = router.chat(account, &body).await;
    let headers = response.headers().clone();
    let chunks = chunks(&response.text().await.unwrap());
    let (usage, others) = chunks.split_last().unwrap();
    let mut message = json!({"role": "assistant", "content": streamed_text(others)});
    for chunk in others {
        let delta = &chunk["choices"][0]["delta"];
        for detail in delta["reasoning_details"].as_array().into_iter().flatten() {
            push(&mut message, "reasoning_details", detail.clone());
        }
        for call in delta["tool_calls"].as_array().into_iter().flatten() {
            let at = usize::try_from(call["index"].as_u64().unwrap()).unwrap();
            if call["id"].is_string() {
                assert_eq!(message["tool_calls"].as_array().map_or(0, Vec::len), at);
                push(&mut message, "tool_calls", call.clone());
            } else {
                let arguments = &mut message["tool_calls"][at]["function"]["arguments"];
                let fragment = call["function"]["arguments"].as_str().unwrap();
                *arguments = json!(format!("{}{fragment}", arguments.as_str().unwrap()));
            }
        }
    }
    (headers, message, usage["usage"].clone())
}

fn push(message: &mut Value, field: &str, value: Value) {
    if message[field].is_null() {
        message[field] = json!([]);
    }
    message[field].as_array_mut().unwrap().push(value);
}

#[actix_web::test]
async fn whole_and_streamed_answers_agree_and_are_billed() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    for model in MODELS {
        let body = ask(model, "[[tokens:20]] [[cached:4]] Tell me.");
        let (headers, whole) = router.served(&account, &body).await;
        assert_eq!(header(&headers, "x-model-router-provider"), "anthropic");
        assert_eq!(whole["usage"]["completion_tokens"], 20, "{model}");
        assert_eq!(whole["usage"]["prompt_tokens_details"]["cached_tokens"], 4);
        assert_eq!(whole["choices"][0]["native_finish_reason"], "end_turn");
        let (_, message, usage) = streamed(&router, &account, &body).await;
        assert_eq!(
            message["content"],
            whole["choices"][0]["message"]["content"]
        );
        assert_eq!(usage, whole["usage"], "{model}");
    }
    router.verify().await;
}

#[actix_web::test]
async fn parallel_calls_and_a_loop_with_thinking() {
    let router = Router::start().await;
    let account = router.account("50.00").await;
    for model in MODELS {
        for keeps_reasoning in [true, false] {
            let mut messages = vec![json!({"role": "system", "content": "Use the tools."})];
            for turn in 0..3 {
                messages.push(
                    json!({"role": "user", "content": "Run get_weather and get_time for Rome"}),
                );
                let body = json!({"model": model, "messages": messages, "tools": tools(),
                    "reasoning_effort": "low", "max_tokens": 4096});
                let mut message = if turn == 1 {
                    let (_, whole) = router.served(&account, &body).await;
                    whole["choices"][0]["message"].clone()
                } else {
                    streamed(&router, &account, &body).await.1
                };
                let calls = message["tool_calls"].as_array().unwrap().clone();
                let names: Vec<_> = calls
                    .iter()
                    .map(|call| text(&call["function"]["name"]))
                    .collect();
                assert_eq!(names, ["get_weather", "get_time"], "{model}");
                let signed = message["reasoning_details"][0]["signature"].clone();
                assert!(signed.is_string(), "{model} {message}");
                if !keeps_reasoning {
                    let fields = message.as_object_mut().unwrap();
                    fields.remove("reasoning_details");
                    fields.remove("reasoning_content");
                }
                messages.push(message);
                for call in calls.iter().rev() {
                    messages.push(json!({"role": "tool", "tool_call_id": call["id"], "content": [
                        {"type": "text", "text": "18 degrees"},
                        {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}]}));
                }
                let mut body = body.clone();
                body["messages"] = json!(messages);
                let (headers, whole) = router.served(&account, &body).await;
                assert_eq!(
                    header(&headers, "x-model-router-attempts"),
                    format!("anthropic/{model}:ok")
                );
                let answer = &whole["choices"][0]["message"];
                assert!(text(&answer["content"]).contains("18 degrees"), "{answer}");
                let sent = last_call(&router).body;
                assert_ne!(sent["thinking"], Value::Null, "{model}");
                assert!(
                    sent.to_string().contains(signed.as_str().unwrap()),
                    "{model}"
                );
                messages.push(answer.clone());
            }
        }
    }
    router.verify().await;
}

#[actix_web::test]
async fn wishes_never_become_a_refusal() {
    let router = Router::start().await;
    let account = router.account("50.00").await;
    let wishes = [
        json!({"reasoning_effort": "xhigh", "temperature": 0.3, "top_p": 0.5}),
        json!({"reasoning_effort": "minimal", "max_tokens": 100}),
        json!({"reasoning": {"max_tokens": 90_000}, "max_tokens": 2000}),
        json!({"reasoning_effort": "high", "tools": tools(), "tool_choice": "required"}),
        json!({"temperature": 1.9, "top_p": 0.5, "top_k": 3, "stop": ["\n", "END"]}),
        json!({"max_tokens": 1_000_000, "seed": 3, "user": "u", "presence_penalty": 1}),
        json!({"parallel_tool_calls": false, "tools": tools(), "tool_choice": "none"}),
        json!({"tool_choice": "auto", "response_format": {"type": "json_object"}}),
    ];
    for model in MODELS {
        for wish in &wishes {
            router.served(&account, &with(model, "Hello", wish)).await;
        }
        let mut prefill = ask(model, "Hello");
        push(
            &mut prefill,
            "messages",
            json!({"role": "assistant", "content": "I say "}),
        );
        router.served(&account, &prefill).await;
    }
    let (headers, _) = router
        .served(&account, &with(MODELS[3], "Hello", &wishes[0]))
        .await;
    assert_eq!(
        header(&headers, "x-model-router-warnings"),
        "advisory;unsupported;temperature,advisory;unsupported;top_p"
    );
}

#[actix_web::test]
async fn schemas_are_followed_enforced_or_not() {
    let router = Router::start().await;
    let account = router.account("50.00").await;
    let format = |schema: &Value| {
        json!({"response_format": {"type": "json_schema", "json_schema":
            {"name": "answer", "schema": schema, "strict": true}}})
    };
    let enforced = json!({"type": "object", "properties": {"name": {"type": "string", "minLength": 1},
        "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 3}}, "required": ["name", "tags"]});
    let node = json!({"type": "object", "properties": {"value": {"type": "integer"},
        "next": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]}}, "required": ["value", "next"]});
    let looped = json!({"$ref": "#/$defs/Node", "$defs": {"Node": node}});
    for model in MODELS {
        for (schema, key) in [(&enforced, "name"), (&looped, "value")] {
            let body = with(model, "Describe Rome", &format(schema));
            let (_, whole) = router.served(&account, &body).await;
            let choice = &whole["choices"][0];
            let said: Value = serde_json::from_str(&text(&choice["message"]["content"])).unwrap();
            assert!(!said[key].is_null(), "{said}");
            assert_eq!(choice["finish_reason"], "stop");
            assert_eq!(choice["message"].get("tool_calls"), None);
            let (_, message, _) = streamed(&router, &account, &body).await;
            let streamed: Value = serde_json::from_str(&text(&message["content"])).unwrap();
            assert_eq!(streamed, said, "{model}");
        }
    }
}

#[actix_web::test]
async fn errors_have_their_status() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    let script = router.sandbox.script(Vendor::Anthropic);
    let body = ask("claude-sonnet-4-6", "Hello");
    for (fault, status, code) in [
        (Fault::ContextLength, 400, "context_length_exceeded"),
        (Fault::Policy, 400, "content_policy_violation"),
        (Fault::Status(400), 400, "invalid_value"),
        (Fault::Status(529), 502, "all_candidates_failed"),
    ] {
        script.next(1, fault);
        let (got, error) = router.refused(&account, &body).await;
        assert_eq!(got, status, "{error}");
        if fault != Fault::Status(400) {
            assert_eq!(error["code"], code);
        }
    }
    let mut streamed = body.clone();
    streamed["stream"] = json!(true);
    script.next(1, Fault::ErrorInStream(0));
    let (status, _) = router.refused(&account, &streamed).await;
    assert_eq!(status, 502);
    script.next(1, Fault::ErrorInStream(3));
    let response = router.chat(&account, &streamed).await;
    let all = response.text().await.unwrap();
    assert!(
        all.contains("\"finish_reason\":\"error\"") && all.ends_with("data: [DONE]\n\n"),
        "{all}"
    );
    let mut refusing = ask("claude-sonnet-4-6", "[[refuse]]");
    refusing["max_tokens"] = json!(50);
    let (_, whole) = router.served(&account, &refusing).await;
    assert_eq!(whole["choices"][0]["finish_reason"], "content_filter");
    assert_eq!(whole["choices"][0]["native_finish_reason"], "refusal");
    let broken = json!({"model": "claude-sonnet-4-6", "messages": [{"role": "user", "content": [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,a*b="}}]}]});
    let (status, error) = router.refused(&account, &broken).await;
    assert_eq!(
        (status, &error["param"]),
        (400, &json!("messages[0].content[0].image_url.url"))
    );
    router.verify().await;
}
