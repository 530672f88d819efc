//! Bedrock through the whole router: Converse, binary streams, tools, reasoning, JSON, errors.

use model_router::sandbox::{Fault, Vendor};
use serde_json::{Value, json};

use super::router::{Account, Router, ask, chunks, header, streamed_text, text};

const GLM: &str = "zai.glm-4.7";
const GPT_OSS: &str = "openai.gpt-oss-120b-1:0";
/// A model that thinks by budget, signs its thoughts and caches prompts.
const CLAUDE: &str = r#"
[[model]]
id = "claude-on-bedrock"
provider = "bedrock"
upstream = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
tier = "standard"
context_window = 200000
max_output = 64000
price = { input = 1, output = 5, cache_read = 0.1, cache_write = 1.25 }
abilities = ["tools", "vision", "files", "json_schema", "reasoning"]
quality = 0.8
coding = 0.8
ttft_ms = 500
tokens_per_s = 100
"#;

async fn router(overlay: &str) -> Router {
    Router::with(overlay, |_| {}).await
}

/// What the last call to Bedrock was.
fn last_call(router: &Router) -> model_router::sandbox::SeenCall {
    router
        .sandbox
        .script(Vendor::Bedrock)
        .calls()
        .pop()
        .unwrap()
}

async fn streamed(router: &Router, account: &Account, mut body: Value) -> Vec<Value> {
    body["stream"] = json!(true);
    let response = router.chat(account, &body).await;
    let status = response.status();
    let text = response.text().await.unwrap();
    assert_eq!(status, 200, "{text}");
    chunks(&text)
}

fn weather_tools() -> Value {
    let tool = |name: &str| {
        json!({"type": "function", "function": {"name": name, "parameters": {"type": "object",
            "properties": {"city": {"type": "string"}}, "required": ["city"]}}})
    };
    json!([tool("get_weather"), tool("get_time")])
}

#[actix_web::test]
async fn a_chat_is_signed_translated_and_billed() {
    let router = router("").await;
    let account = router.account("5.00").await;
    let mut body = ask(GPT_OSS, "[[cached:3]] [[reasoning:5]] Say hello.");
    body["reasoning_effort"] = json!("low");
    body["seed"] = json!(1);
    let (headers, answer) = router.served(&account, &body).await;
    assert_eq!(header(&headers, "x-model-router-provider"), "bedrock");
    assert_eq!(
        header(&headers, "x-model-router-warnings"),
        "advisory;unsupported;seed"
    );
    let choice = &answer["choices"][0];
    assert_eq!(choice["finish_reason"], "stop");
    assert_eq!(choice["native_finish_reason"], "end_turn");
    assert!(text(&choice["message"]["content"]).contains("simulated model of Amazon Bedrock"));
    assert!(text(&choice["message"]["reasoning_content"]).contains("The user"));
    assert_eq!(answer["usage"]["prompt_tokens_details"]["cached_tokens"], 3);
    let call = last_call(&router);
    assert_eq!(call.header("authorization"), Some("AWS4-HMAC-SHA256"));
    assert_eq!(call.path, "/model/openai.gpt-oss-120b-1%3A0/converse");
    assert_eq!(call.model, GPT_OSS);
    let fields = &call.body["additionalModelRequestFields"];
    assert_eq!(*fields, json!({"reasoning_effort": "low"}));
    router.verify().await;
}

#[actix_web::test]
async fn a_stream_says_the_same_as_a_whole_answer() {
    let router = router("").await;
    let account = router.account("5.00").await;
    for prompt in [
        "[[reasoning:7]] Tell me about Köln",
        "call both tools for the weather",
    ] {
        let mut body = ask(GLM, prompt);
        body["tools"] = weather_tools();
        let (_, whole) = router.served(&account, &body).await;
        let stream = streamed(&router, &account, body).await;
        let message = &whole["choices"][0]["message"];
        assert_eq!(
            streamed_text(&stream),
            message["content"].as_str().unwrap_or("")
        );
        let thought: String = stream
            .iter()
            .filter_map(|chunk| chunk["choices"][0]["delta"]["reasoning_content"].as_str())
            .collect();
        assert_eq!(thought, message["reasoning_content"].as_str().unwrap());
        assert_eq!(calls_of(&stream), calls_in(message), "{prompt}");
        let (usage, end) = (stream.last().unwrap(), &stream[stream.len() - 2]);
        assert_eq!(usage["usage"], whole["usage"]);
        assert_eq!(
            end["choices"][0]["finish_reason"],
            whole["choices"][0]["finish_reason"]
        );
    }
}

/// Id, name and arguments of each call.
type Calls = Vec<(String, String, Value)>;

fn calls_in(message: &Value) -> Calls {
    let calls = message["tool_calls"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let call = |call: &Value| {
        let arguments = text(&call["function"]["arguments"]);
        let arguments = serde_json::from_str(&arguments).unwrap();
        (
            text(&call["id"]),
            text(&call["function"]["name"]),
            arguments,
        )
    };
    calls.iter().map(call).collect()
}

fn calls_of(stream: &[Value]) -> Calls {
    let mut calls: Vec<(String, String, String)> = Vec::new();
    let deltas = stream
        .iter()
        .map(|chunk| &chunk["choices"][0]["delta"]["tool_calls"][0]);
    for delta in deltas.filter(|delta| delta.is_object()) {
        let index = usize::try_from(delta["index"].as_u64().unwrap()).unwrap();
        if index == calls.len() {
            let name = text(&delta["function"]["name"]);
            calls.push((text(&delta["id"]), name, String::new()));
        }
        calls[index].2 += delta["function"]["arguments"].as_str().unwrap_or("");
    }
    calls
        .into_iter()
        .map(|(id, name, arguments)| (id, name, serde_json::from_str(&arguments).unwrap()))
        .collect()
}

/// Three turns of parallel calls whose results hold an image.
async fn tool_loop(
    router: &Router,
    account: &Account,
    model: &str,
    fields: Value,
    keeps_details: &[bool],
) {
    let mut messages = vec![json!({"role": "system", "content": "Use tools."})];
    for (turn, keeps) in keeps_details.iter().enumerate() {
        messages.push(json!({"role": "user", "content": format!("Turn {turn}: call both tools")}));
        let mut body = json!({"model": model, "messages": messages, "tools": weather_tools()});
        body.as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        let (_, answer) = router.served(account, &body).await;
        let mut message = answer["choices"][0]["message"].clone();
        assert_eq!(answer["choices"][0]["finish_reason"], "tool_calls");
        assert!(message["content"].is_null());
        let calls = calls_in(&message);
        assert_eq!(calls.len(), 2);
        if !keeps {
            message.as_object_mut().unwrap().remove("reasoning_details");
        }
        messages.push(message);
        let image = json!({"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}});
        for (id, name, _) in calls.iter().rev() {
            let content = json!([{"type": "text", "text": format!("{name} says fine")}, image]);
            messages.push(json!({"role": "tool", "tool_call_id": id, "content": content}));
        }
        body["messages"] = json!(messages);
        let (_, answer) = router.served(account, &body).await;
        let message = answer["choices"][0]["message"].clone();
        assert!(text(&message["content"]).contains("says fine"), "{answer}");
        messages.push(message);
    }
}

#[actix_web::test]
async fn a_tool_loop_with_signed_reasoning() {
    let router = router(CLAUDE).await;
    let account = router.account("5.00").await;
    let fields = json!({"reasoning_effort": "low", "max_tokens": 8000});
    // Twice the caller sends the reasoning back; once the router has to remember it.
    let keeps = [true, false, true];
    tool_loop(&router, &account, "claude-on-bedrock", fields, &keeps).await;
    let call = last_call(&router);
    assert_eq!(
        call.body["additionalModelRequestFields"]["thinking"]["type"],
        "enabled"
    );
    let signed = call.body["messages"]
        .to_string()
        .matches("\"signature\"")
        .count();
    assert!(signed >= 3, "{}", call.body);
}

#[actix_web::test]
async fn a_tool_loop_with_a_model_that_signs_nothing() {
    let router = router("").await;
    let account = router.account("5.00").await;
    tool_loop(
        &router,
        &account,
        "moonshotai.kimi-k2.5",
        json!({}),
        &[true, false, true],
    )
    .await;
}

#[actix_web::test]
async fn answers_follow_a_schema() {
    let router = router(CLAUDE).await;
    let account = router.account("5.00").await;
    let format = json!({"type": "json_schema", "json_schema": {"name": "place", "strict": true,
        "schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"],
            "additionalProperties": false}}});
    let beside_tools = weather_tools();
    for (model, tools) in [
        (GLM, Value::Null),
        (GPT_OSS, Value::Null),
        ("claude-on-bedrock", Value::Null),
        (GLM, beside_tools),
    ] {
        let mut body = ask(model, "Where?");
        body["response_format"] = format.clone();
        if tools.is_array() {
            body["tools"] = tools;
        }
        let (_, whole) = router.served(&account, &body).await;
        let choice = &whole["choices"][0];
        assert_eq!(choice["finish_reason"], "stop", "{model}");
        assert!(choice["message"].get("tool_calls").is_none());
        let content = text(&choice["message"]["content"]);
        let parsed: Value = serde_json::from_str(&content).unwrap();
        assert!(parsed["city"].is_string(), "{content}");
        let stream = streamed(&router, &account, body).await;
        assert_eq!(streamed_text(&stream), content);
    }
}

#[actix_web::test]
async fn files_and_cache_marks() {
    let router = router(CLAUDE).await;
    let account = router.account("5.00").await;
    let file = json!({"type": "file", "file": {"filename": "my_report.pdf", "file_data": "data:application/pdf;base64,JVBERi0="}});
    let mut body = ask("claude-on-bedrock", "");
    body["messages"][0]["content"] = json!([file, file]);
    body["messages"][0]["content"][1]["cache_control"] = json!({"type": "ephemeral"});
    router.served(&account, &body).await;
    let content = last_call(&router).body["messages"][0]["content"].clone();
    assert_eq!(content[0]["document"]["name"], "my report");
    assert_eq!(content[1]["document"]["name"], "my report 2");
    assert_eq!(content[2]["cachePoint"]["type"], "default");

    let url = json!({"type": "image_url", "image_url": {"url": "https://example.com/a.png"}});
    body["messages"][0]["content"] = json!([url]);
    let (status, error) = router.refused(&account, &body).await;
    assert_eq!(
        (status, text(&error["code"]).as_str()),
        (400, "unsupported_parameter")
    );
    assert_eq!(error["param"], "messages[0].content[0].image_url.url");
}

#[actix_web::test]
async fn failures_have_their_class() {
    let router = router("").await;
    let account = router.account("5.00").await;
    let script = router.sandbox.script(Vendor::Bedrock);
    for (model, fault, status, code) in [
        (GLM, Fault::Status(429), 429, "upstream_rate_limited"),
        (
            GPT_OSS,
            Fault::ContextLength,
            400,
            "context_length_exceeded",
        ),
        (GPT_OSS, Fault::Policy, 400, "content_policy_violation"),
        (
            "deepseek.v3.2",
            Fault::Status(503),
            502,
            "all_candidates_failed",
        ),
        (
            "minimax.minimax-m2.1",
            Fault::ErrorInStream(0),
            502,
            "all_candidates_failed",
        ),
        (
            "moonshotai.kimi-k2.5",
            Fault::Cut(30),
            503,
            "no_available_models",
        ),
        // The last one: it rests the key, and with it every model.
        ("zai.glm-5", Fault::Status(403), 502, "provider_auth"),
    ] {
        script.set_for(model, fault);
        let mut body = ask(model, "Hello");
        body["stream"] = json!(true);
        let (got, error) = router.refused(&account, &body).await;
        assert_eq!(
            (got, text(&error["code"]).as_str()),
            (status, code),
            "{model} {error}"
        );
        script.set_for(model, Fault::DelayMs(0));
    }
}

#[actix_web::test]
async fn an_exception_in_the_middle_ends_the_answer_openly() {
    let router = router("").await;
    let account = router.account("5.00").await;
    let script = router.sandbox.script(Vendor::Bedrock);
    script.set_for(GPT_OSS, [Fault::ErrorInStream(9), Fault::Malformed]);
    let stream = streamed(&router, &account, ask(GPT_OSS, "[[reasoning:3]] Hello")).await;
    let ended = &stream[stream.len() - 2];
    assert_eq!(ended["choices"][0]["finish_reason"], "error");
    assert!(ended["error"]["message"].is_string(), "{ended}");
    assert!(
        stream.last().unwrap()["usage"]["completion_tokens"]
            .as_u64()
            .unwrap()
            > 0
    );
}
