//! Models that answer only on OpenAI's Responses API, asked through chat completions.

use model_router::sandbox::{Fault, Vendor};
use serde_json::{Value, json};

use super::router::{Account, Router, ask, chunks, header, streamed_text, text};

const CODEX: &str = "gpt-5.3-codex";

/// Lives longer than any test.
const MINI: &str = r#"
[[model]]
id = "gpt-5.1-codex-mini"
deprecation_date = 2999-01-01
"#;

fn weather() -> Value {
    json!([{"type": "function", "function": {"name": "get_weather", "parameters":
        {"type": "object", "required": ["city"], "properties": {"city": {"type": "string"}}}}}])
}

fn tool_results(message: &Value) -> Vec<Value> {
    let calls = message["tool_calls"].as_array().unwrap();
    calls
        .iter()
        .map(|call| json!({"role": "tool", "tool_call_id": call["id"], "content": "18 degrees"}))
        .collect()
}

/// A streamed answer added up to a message, its reasoning left out.
async fn streamed_message(router: &Router, account: &Account, body: &Value) -> Value {
    let mut body = body.clone();
    body["stream"] = json!(true);
    let response = router.chat(account, &body).await;
    assert_eq!(response.status(), 200);
    let chunks = chunks(&response.text().await.unwrap());
    let mut calls: Vec<Value> = Vec::new();
    for chunk in &chunks {
        let deltas = chunk["choices"][0]["delta"]["tool_calls"].as_array();
        for delta in deltas.into_iter().flatten() {
            let at = usize::try_from(delta["index"].as_u64().unwrap()).unwrap();
            let more = text(&delta["function"]["arguments"]);
            match calls.get_mut(at) {
                Some(call) => {
                    let arguments = text(&call["function"]["arguments"]) + &more;
                    call["function"]["arguments"] = json!(arguments);
                }
                None => calls.push(json!({"id": delta["id"], "type": "function", "function":
                    {"name": delta["function"]["name"], "arguments": more}})),
            }
        }
    }
    let said = streamed_text(&chunks);
    let mut message = json!({"role": "assistant", "content": said});
    if !calls.is_empty() {
        message = json!({"role": "assistant", "content": null, "tool_calls": calls});
    }
    message
}

#[actix_web::test]
async fn chat_and_stream_agree_and_show_reasoning() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    let mut body = ask(CODEX, "[[reasoning:9]][[tokens:20]][[cached:2]] Tell me.");
    let (headers, whole) = router.served(&account, &body).await;
    assert_eq!(header(&headers, "x-model-router-model"), CODEX);
    let message = &whole["choices"][0]["message"];
    assert_eq!(whole["choices"][0]["finish_reason"], "stop");
    assert!(text(&message["reasoning_content"]).starts_with("The user says"));
    let details = message["reasoning_details"].as_array().unwrap();
    assert_eq!(details.last().unwrap()["type"], "reasoning.encrypted");
    let usage = &whole["usage"];
    assert_eq!(usage["completion_tokens"], 29);
    assert_eq!(usage["completion_tokens_details"]["reasoning_tokens"], 9);
    assert_eq!(usage["prompt_tokens_details"]["cached_tokens"], 2);

    body["stream"] = json!(true);
    let response = router.chat(&account, &body).await;
    let chunks = chunks(&response.text().await.unwrap());
    let (last, others) = chunks.split_last().unwrap();
    assert_eq!(streamed_text(others), text(&message["content"]));
    assert_eq!(last["usage"]["cost"], usage["cost"]);
    let thought: String = others
        .iter()
        .filter_map(|chunk| chunk["choices"][0]["delta"]["reasoning_content"].as_str())
        .collect();
    assert_eq!(thought, text(&message["reasoning_content"]));
    router.verify().await;
}

#[actix_web::test]
async fn what_the_model_refuses_is_left_out_and_named() {
    let router = Router::with(MINI, |_| {}).await;
    let account = router.account("5.00").await;
    for model in [CODEX, "gpt-5.1-codex-mini"] {
        let mut body = ask(model, "Hello");
        body["messages"]
            .as_array_mut()
            .unwrap()
            .insert(0, json!({"role": "system", "content": "Be kind."}));
        let extra = json!({"temperature": 0.2, "stop": ["x"], "seed": 1, "max_tokens": 4,
            "reasoning_effort": "none", "verbosity": "low", "logit_bias": {"1": 1}});
        body.as_object_mut()
            .unwrap()
            .extend(extra.as_object().unwrap().clone());
        let (headers, _) = router.served(&account, &body).await;
        let told = header(&headers, "x-model-router-warnings");
        for field in [
            "temperature",
            "stop",
            "seed",
            "max_tokens",
            "reasoning_effort",
        ] {
            assert!(
                told.contains(&format!("advisory;unsupported;{field}")),
                "{told}"
            );
        }
    }
    let seen = router.sandbox.script(Vendor::OpenAi).calls();
    assert!(seen.iter().all(|call| call.path == "/v1/responses"));
    assert!(seen.iter().all(|call| call.body["store"] == false));
    assert_eq!(seen[0].body["instructions"], "Be kind.");
    assert_eq!(seen[1].body["input"][0]["role"], "developer");
}

/// Three turns of a loop, each with new calls, by a client that keeps everything or that drops the
/// reasoning.
#[actix_web::test]
async fn a_tool_loop_with_parallel_calls_and_reasoning() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    for streamed in [false, true] {
        let mut messages = Vec::new();
        for turn in 0..3 {
            messages.push(json!({"role": "user",
                "content": format!("Turn {turn}: the weather in both Rome and Oslo?")}));
            let body = json!({"model": CODEX, "tools": weather(), "messages": messages});
            let message = if streamed {
                streamed_message(&router, &account, &body).await
            } else {
                let (_, answer) = router.served(&account, &body).await;
                assert_eq!(answer["choices"][0]["finish_reason"], "tool_calls");
                answer["choices"][0]["message"].clone()
            };
            let results = tool_results(&message);
            assert_eq!(results.len(), 2);
            messages.push(message);
            messages.extend(results);
            let body = json!({"model": CODEX, "tools": weather(), "messages": messages});
            let (_, answer) = router.served(&account, &body).await;
            let said = text(&answer["choices"][0]["message"]["content"]);
            assert!(said.contains("18 degrees"), "{said}");
            messages.push(answer["choices"][0]["message"].clone());
        }
    }
}

#[actix_web::test]
async fn json_and_refusals() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    let mut body = ask(CODEX, "Tell me of Rome.");
    body["response_format"] = json!({"type": "json_schema", "json_schema": {"name": "city",
        "schema": {"type": "object", "required": ["city"],
            "properties": {"city": {"type": "string"}}, "additionalProperties": false}}});
    let (_, answer) = router.served(&account, &body).await;
    let said: Value =
        serde_json::from_str(&text(&answer["choices"][0]["message"]["content"])).unwrap();
    assert!(said["city"].is_string());
    body["response_format"] = json!({"type": "json_object"});
    let (_, answer) = router.served(&account, &body).await;
    let said = text(&answer["choices"][0]["message"]["content"]);
    assert!(serde_json::from_str::<Value>(&said).unwrap().is_object());
    let (_, answer) = router.served(&account, &ask(CODEX, "[[refuse]]")).await;
    let message = &answer["choices"][0]["message"];
    assert!(message["refusal"].is_string() && message["content"].is_null());
    assert_eq!(answer["choices"][0]["finish_reason"], "stop");
}

#[actix_web::test]
async fn failures_become_the_contracts_errors() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    let script = router.sandbox.script(Vendor::OpenAi);
    for (fault, status, code) in [
        (Fault::ContextLength, 400, "context_length_exceeded"),
        (Fault::Policy, 400, "content_policy_violation"),
        (Fault::ErrorInStream(0), 502, "all_candidates_failed"),
    ] {
        script.set_for(CODEX, fault);
        for stream in [false, true] {
            let mut body = ask(CODEX, "Hello");
            body["stream"] = json!(stream);
            let (got, error) = router.refused(&account, &body).await;
            assert_eq!((got, text(&error["code"]).as_str()), (status, code));
        }
    }
    script.clear();
    let mut body = ask(CODEX, "Look.");
    body["messages"][0]["content"] =
        json!([{"type": "image_url", "image_url": {"url": "data:image/png;base64,A*"}}]);
    let (status, error) = router.refused(&account, &body).await;
    assert_eq!(status, 400);
    assert_eq!(error["param"], "messages[0].content[0].image_url.url");
}
