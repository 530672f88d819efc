//! Google's dialect through the whole router: chat, streams, tools, loops with reasoning, errors.

use model_router::sandbox::{Fault, Vendor};
use serde_json::{Value, json};

use super::router::{Account, Router, ask, chunks, header, streamed_text, text};

const MODELS: [&str; 3] = [
    "gemini-2.5-flash",
    "gemini-2.5-pro",
    "gemini-3.1-pro-preview",
];
const PIXEL: &str = "data:image/png;base64,iVBORw0KGgo=";

fn tools() -> Value {
    let city =
        json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    let tool = |name: &str| json!({"type": "function", "function": {"name": name, "description": name, "parameters": city}});
    json!([tool("get_weather"), tool("get_time")])
}

fn with(mut body: Value, fields: Value) -> Value {
    let more = fields.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(more);
    body
}

/// The last request that Google got.
fn seen(router: &Router) -> Value {
    let calls = router.sandbox.script(Vendor::Google).calls();
    calls.last().unwrap().body.clone()
}

async fn streamed(router: &Router, account: &Account, body: &Value) -> Vec<Value> {
    let body = with(body.clone(), json!({"stream": true}));
    let response = router.chat(account, &body).await;
    let status = response.status();
    let stream = response.text().await.unwrap();
    assert_eq!(status, 200, "{stream}");
    chunks(&stream)
}

/// The message that a client makes of chunks, to send it back.
fn assembled(chunks: &[Value]) -> Value {
    let deltas = || chunks.iter().map(|chunk| &chunk["choices"][0]["delta"]);
    let mut calls: Vec<Value> = Vec::new();
    for part in deltas()
        .filter_map(|delta| delta["tool_calls"].as_array())
        .flatten()
    {
        let index = usize::try_from(part["index"].as_u64().unwrap()).unwrap();
        if index == calls.len() {
            calls.push(json!({"id": part["id"], "type": "function",
                "function": {"name": part["function"]["name"], "arguments": ""}}));
        }
        let known = text(&calls[index]["function"]["arguments"]);
        let more = part["function"]["arguments"].as_str().unwrap_or_default();
        calls[index]["function"]["arguments"] = json!(known + more);
    }
    let details: Vec<&Value> = deltas()
        .filter_map(|delta| delta["reasoning_details"].as_array())
        .flatten()
        .collect();
    json!({"role": "assistant", "content": streamed_text(chunks), "tool_calls": calls,
        "reasoning_details": details})
}

#[actix_web::test]
async fn chat_whole_and_streamed() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    for model in MODELS {
        let prompt = "[[say:Grüße, 世界!]][[reasoning:5]][[cached:3]] Hello";
        let (headers, body) = router.served(&account, &ask(model, prompt)).await;
        assert_eq!(header(&headers, "x-model-router-provider"), "google");
        let message = &body["choices"][0]["message"];
        assert_eq!(message["content"], "Grüße, 世界!");
        assert!(message["reasoning_content"].is_string());
        assert_eq!(body["choices"][0]["finish_reason"], "stop");
        assert_eq!(body["choices"][0]["native_finish_reason"], "STOP");
        let usage = &body["usage"];
        assert_eq!(usage["completion_tokens_details"]["reasoning_tokens"], 5);
        assert_eq!(usage["prompt_tokens_details"]["cached_tokens"], 3);

        let chunks = streamed(&router, &account, &ask(model, prompt)).await;
        assert_eq!(streamed_text(&chunks), "Grüße, 世界!");
        let last = chunks.last().unwrap();
        for count in ["completion_tokens", "prompt_tokens", "total_tokens"] {
            assert_eq!(last["usage"][count], usage[count], "{model} {count}");
        }
        let hidden = with(ask(model, prompt), json!({"reasoning": {"exclude": true}}));
        let (_, body) = router.served(&account, &hidden).await;
        assert!(body["choices"][0]["message"]["reasoning_content"].is_null());
        assert!(body["choices"][0]["message"]["reasoning_details"].is_null());
    }
    router.verify().await;
}

#[actix_web::test]
async fn every_effort_is_taken_by_every_model() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    for model in MODELS {
        for effort in ["none", "minimal", "low", "medium", "high", "xhigh"] {
            let body = with(ask(model, "Hi"), json!({"reasoning_effort": effort}));
            router.served(&account, &body).await;
        }
        for reasoning in [
            json!({"max_tokens": 1}),
            json!({"max_tokens": 999_999}),
            json!({"enabled": false}),
            json!({"enabled": true}),
            json!({"effort": "high", "exclude": true}),
        ] {
            let body = with(ask(model, "Hi"), json!({"reasoning": reasoning}));
            router.served(&account, &body).await;
        }
    }
}

/// Three turns of parallel calls with an image among the results, then words.
async fn tool_loop(router: &Router, account: &Account, models: [&str; 4], keep_details: bool) {
    let mut messages =
        vec![json!({"role": "user", "content": "Use get_weather and get_time of Paris."})];
    for (turn, model) in models.into_iter().enumerate() {
        let body = json!({"model": model, "messages": messages, "tools": tools(),
            "reasoning_effort": "high"});
        let mut message = if turn % 2 == 0 {
            router.served(account, &body).await.1["choices"][0]["message"].clone()
        } else {
            assembled(&streamed(router, account, &body).await)
        };
        if !keep_details {
            message.as_object_mut().unwrap().remove("reasoning_details");
        }
        let calls = message["tool_calls"].as_array().unwrap().clone();
        assert_eq!(calls.len(), 2, "{message}");
        assert_ne!(calls[0]["id"], calls[1]["id"]);
        messages.push(message);
        for call in calls.iter().rev() {
            let mut parts = vec![json!({"type": "text", "text": "18 degrees"})];
            // OpenAI's family gets such images as a message of the user, who asks again.
            if model.starts_with("gemini") {
                parts.push(json!({"type": "image_url", "image_url": {"url": PIXEL}}));
            }
            messages.push(json!({"role": "tool", "tool_call_id": call["id"], "content": parts}));
        }
        let (_, body) = router
            .served(
                account,
                &json!({"model": model, "messages": messages, "tools": tools()}),
            )
            .await;
        assert_eq!(body["choices"][0]["finish_reason"], "stop", "{body}");
        assert!(text(&body["choices"][0]["message"]["content"]).contains("18 degrees"));
        messages.push(body["choices"][0]["message"].clone());
        messages.push(json!({"role": "user", "content": "Again: get_weather and get_time."}));
    }
}

#[actix_web::test]
async fn tool_loops_with_reasoning() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    for model in MODELS {
        tool_loop(&router, &account, [model; 4], true).await;
        tool_loop(&router, &account, [model; 4], false).await;
    }
    // Turn by turn on another model, some of another dialect.
    let across = [
        "gpt-4.1",
        "gemini-3.1-pro-preview",
        "gemini-2.5-flash",
        "gemini-3.1-pro-preview",
    ];
    tool_loop(&router, &account, across, true).await;
    router.verify().await;
}

#[actix_web::test]
async fn signatures_reach_google_as_it_gave_them() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    let mut messages = vec![json!({"role": "user", "content": "Use get_weather of Oslo."})];
    let body = json!({"model": "gemini-3.1-pro-preview", "messages": messages, "tools": tools()});
    let (_, answer) = router.served(&account, &body).await;
    let message = &answer["choices"][0]["message"];
    let signature = &message["reasoning_details"][0]["data"];
    assert_eq!(
        message["reasoning_details"][0]["id"],
        message["tool_calls"][0]["id"]
    );
    // A client that drops what it does not know.
    messages
        .push(json!({"role": "assistant", "content": null, "tool_calls": message["tool_calls"]}));
    messages.push(
        json!({"role": "tool", "tool_call_id": message["tool_calls"][0]["id"], "content": "4"}),
    );
    let body = json!({"model": "gemini-3.1-pro-preview", "messages": messages, "tools": tools()});
    router.served(&account, &body).await;
    let part = &seen(&router)["contents"][1]["parts"][0];
    assert_eq!(part["thoughtSignature"], *signature);
    assert_eq!(part["functionCall"]["id"], message["tool_calls"][0]["id"]);
}

#[actix_web::test]
async fn json_by_schema_with_and_without_tools() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    let schema = json!({"type": "object", "properties": {"name": {"type": "string"},
        "next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}, "kind": {"const": "node"}},
        "required": ["name", "next", "kind"], "additionalProperties": false});
    let format = json!({"response_format": {"type": "json_schema",
        "json_schema": {"name": "node", "strict": true, "schema": schema}}});
    for model in MODELS {
        let plain = with(ask(model, "Give me a node."), format.clone());
        let beside = with(plain.clone(), json!({"tools": tools()}));
        for body in [plain, beside] {
            let (_, answer) = router.served(&account, &body).await;
            let choice = &answer["choices"][0];
            let content = text(&choice["message"]["content"]);
            let made: Value = serde_json::from_str(&content).unwrap();
            assert_eq!(made["kind"], "node", "{model} {content}");
            assert_eq!(choice["finish_reason"], "stop");
            assert!(choice["message"]["tool_calls"].is_null());
            let chunks = streamed(&router, &account, &body).await;
            assert!(serde_json::from_str::<Value>(&streamed_text(&chunks)).is_ok());
        }
        let object = with(
            ask(model, "JSON, please."),
            json!({"response_format": {"type": "json_object"}}),
        );
        let (_, answer) = router.served(&account, &object).await;
        let content = text(&answer["choices"][0]["message"]["content"]);
        assert!(serde_json::from_str::<Value>(&content).unwrap().is_object());
    }
}

#[actix_web::test]
async fn errors_by_their_class() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    let google = router.sandbox.script(Vendor::Google);
    let hello = || ask("gemini-2.5-pro", "Hi");
    let cases: [(Fault, u16, &str); 5] = [
        (Fault::ContextLength, 400, "context_length_exceeded"),
        (Fault::Status(400), 400, "invalid_value"),
        (Fault::Status(429), 429, "upstream_rate_limited"),
        (Fault::Status(401), 502, "provider_auth"),
        (Fault::ErrorInStream(0), 502, "all_candidates_failed"),
    ];
    for (fault, status, code) in cases {
        let router = Router::start().await;
        let account = router.account("5.00").await;
        router.sandbox.script(Vendor::Google).set([fault]);
        let (got, error) = router.refused(&account, &hello()).await;
        assert_eq!(got, status, "{fault:?} {error}");
        if code != "invalid_value" {
            assert_eq!(error["code"], code, "{fault:?}");
        }
    }
    // A blocked prompt is an answer at Google.
    google.set([Fault::Policy]);
    let (_, body) = router.served(&account, &hello()).await;
    assert_eq!(body["choices"][0]["finish_reason"], "content_filter");
    google.clear();
    let (_, body) = router
        .served(&account, &ask("gemini-2.5-pro", "[[refuse]] Hi"))
        .await;
    assert_eq!(body["choices"][0]["native_finish_reason"], "SAFETY");

    // Bare JSON in the middle of a stream.
    google.set([Fault::ErrorInStream(3)]);
    let body = with(
        ask("gemini-2.5-flash", "[[tokens:9]][[reasoning:0]] Hi"),
        json!({"stream": true}),
    );
    let stream = router.chat(&account, &body).await.text().await.unwrap();
    let broken = chunks(&stream);
    let error = broken
        .iter()
        .find(|chunk| chunk["error"].is_object())
        .unwrap();
    assert_eq!(error["choices"][0]["finish_reason"], "error");
    router.verify().await;
}

#[actix_web::test]
async fn what_google_cannot_carry_is_named_before_it_is_asked() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    let image = |url: &str| {
        json!({"model": "gemini-2.5-pro", "messages": [{"role": "user", "content": [
            {"type": "text", "text": "See?"}, {"type": "image_url", "image_url": {"url": url}}]}]})
    };
    let at = "messages[0].content[1].image_url.url";
    let (status, error) = router
        .refused(&account, &image("data:image/gif;base64,AAAA"))
        .await;
    assert_eq!(
        (status, text(&error["code"]).as_str()),
        (400, "unsupported_parameter")
    );
    assert_eq!(error["param"], at);
    let (status, error) = router
        .refused(&account, &image("data:image/png;base64,A?"))
        .await;
    assert_eq!((status, error["param"].as_str()), (400, Some(at)));
    router.served(&account, &image(PIXEL)).await;
    router
        .served(&account, &image("https://example.com/a.png"))
        .await;
    assert_eq!(router.sandbox.script(Vendor::Google).calls().len(), 2);
}
