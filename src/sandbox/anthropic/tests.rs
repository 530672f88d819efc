//! The simulated Messages API over loopback, as the router would call it.
#![allow(clippy::unwrap_used, clippy::panic)]

use reqwest::Client;
use serde_json::{Value, json};

use crate::sandbox::{Fault, Sandbox, Vendor};

struct Rig {
    sandbox: Sandbox,
    client: Client,
}

impl Rig {
    async fn start() -> Self {
        // Fails when another test was first, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            sandbox: Sandbox::start(&[Vendor::Anthropic]).await.unwrap(),
            client: Client::new(),
        }
    }

    async fn send(&self, body: &Value) -> (u16, String) {
        let url = format!("{}/v1/messages", self.sandbox.base_url(Vendor::Anthropic));
        let request = self
            .client
            .post(url)
            .header("x-api-key", "simulated")
            .header("anthropic-version", "2023-06-01")
            .body(body.to_string());
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    async fn answer(&self, body: &Value) -> Value {
        let (status, text) = self.send(body).await;
        assert_eq!(status, 200, "{text}");
        serde_json::from_str(&text).unwrap()
    }

    /// The refusal's message.
    async fn refusal(&self, body: &Value) -> String {
        let (status, text) = self.send(body).await;
        let refused: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((status, &refused["type"]), (400, &json!("error")), "{text}");
        refused["error"]["message"].as_str().unwrap().to_owned()
    }
}

fn body(model: &str, messages: Value, extra: Value) -> Value {
    let mut body = json!({"model": model, "max_tokens": 4096, "messages": messages});
    let fields = body.as_object_mut().unwrap();
    fields.extend(extra.as_object().unwrap().clone());
    body
}

fn ask(prompt: &str) -> Value {
    json!([{"role": "user", "content": prompt}])
}

fn tools() -> Value {
    json!([{"name": "get_weather", "input_schema":
        {"type": "object", "properties": {"city": {"type": "string"}}}}])
}

#[actix_web::test]
async fn answers_count_their_tokens() {
    let rig = Rig::start().await;
    let prompt = "[[tokens:9]] [[cached:4]] Hello";
    let answer = rig
        .answer(&body("claude-haiku-4-5", ask(prompt), json!({})))
        .await;
    assert_eq!(answer["stop_reason"], "end_turn");
    assert_eq!(answer["usage"]["output_tokens"], 9);
    assert_eq!(answer["usage"]["cache_read_input_tokens"], 4);
    assert!(answer["id"].as_str().unwrap().starts_with("msg_"));
}

#[actix_web::test]
async fn a_stream_tells_what_the_whole_tells() {
    let rig = Rig::start().await;
    let mut request = body(
        "claude-sonnet-4-6",
        ask("Check the weather in Rome"),
        json!({"tools": tools(), "thinking": {"type": "adaptive"}}),
    );
    let whole = rig.answer(&request).await;
    request["stream"] = json!(true);
    let (_, text) = rig.send(&request).await;
    let events: Vec<Value> = text
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|data| serde_json::from_str(data).unwrap())
        .collect();
    let joined = |kind: &str, field: &str| -> String {
        let of_kind = events.iter().filter(|event| event["delta"]["type"] == kind);
        of_kind
            .filter_map(|event| event["delta"][field].as_str())
            .collect()
    };
    let content = &whole["content"];
    assert_eq!(content[0]["thinking"], joined("thinking_delta", "thinking"));
    assert_eq!(
        content[0]["signature"],
        joined("signature_delta", "signature")
    );
    let input: Value = serde_json::from_str(&joined("input_json_delta", "partial_json")).unwrap();
    assert_eq!(content[1]["input"], input);
    assert!(events.iter().any(|event| event["type"] == "ping"));
    assert_eq!(events.last().unwrap()["type"], "message_stop");
    let usage = &events[events.len() - 2]["usage"];
    assert_eq!(usage["output_tokens"], whole["usage"]["output_tokens"]);
}

#[actix_web::test]
async fn calls_and_results_belong_together() {
    let rig = Rig::start().await;
    let call = json!({"type": "tool_use", "id": "a", "name": "get_weather", "input": {}});
    let result = json!({"type": "tool_result", "tool_use_id": "a", "content": "sunny"});
    let talk = |call: &Value, result: Value| {
        let messages = json!([{"role": "user", "content": "weather?"},
            {"role": "assistant", "content": [call]}, {"role": "user", "content": result}]);
        body("claude-sonnet-4-6", messages, json!({"tools": tools()}))
    };
    rig.answer(&talk(&call, json!([result]))).await;
    let late = json!([{"type": "text", "text": "x"}, result]);
    assert!(
        rig.refusal(&talk(&call, late))
            .await
            .contains("without `tool_result`")
    );
    let mut other = result.clone();
    other["tool_use_id"] = json!("b");
    let both = json!([result, other]);
    assert!(
        rig.refusal(&talk(&call, both))
            .await
            .contains("unexpected `tool_use_id`")
    );
    let mut odd = call.clone();
    odd["id"] = json!("functions.f:0");
    assert!(
        rig.refusal(&talk(&odd, json!([result])))
            .await
            .contains("pattern")
    );
}

#[actix_web::test]
async fn thinking_has_its_rules() {
    let rig = Rig::start().await;
    let think = |model, extra| body(model, ask("hi"), extra);
    let budget = json!({"thinking": {"type": "enabled", "budget_tokens": 2048}});
    let answer = rig.answer(&think("claude-haiku-4-5", budget.clone())).await;
    assert_eq!(answer["content"][0]["type"], "thinking");
    let refused = [
        (
            "claude-haiku-4-5",
            json!({"thinking": {"type": "enabled", "budget_tokens": 4096}}),
        ),
        (
            "claude-haiku-4-5",
            json!({"thinking": {"type": "adaptive"}}),
        ),
        (
            "claude-haiku-4-5",
            json!({"output_config": {"effort": "low"}}),
        ),
        ("claude-opus-4-7", budget.clone()),
        (
            "claude-opus-4-6",
            json!({"output_config": {"effort": "xhigh"}}),
        ),
        ("claude-opus-4-7", json!({"temperature": 0.5})),
        (
            "claude-sonnet-4-6",
            json!({"thinking": {"type": "adaptive"}, "temperature": 0.5}),
        ),
        (
            "claude-sonnet-4-6",
            json!({"thinking": {"type": "adaptive"}, "tools": tools(),
            "tool_choice": {"type": "any"}}),
        ),
    ];
    for (model, extra) in refused {
        rig.refusal(&think(model, extra)).await;
    }
    let turn = |block: Value| {
        let call = json!({"type": "tool_use", "id": "a", "name": "get_weather", "input": {}});
        let messages = json!([{"role": "user", "content": "weather?"},
            {"role": "assistant", "content": [block, call]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a"}]}]);
        let mut request = body("claude-haiku-4-5", messages, budget.clone());
        request["tools"] = tools();
        request
    };
    rig.answer(&turn(answer["content"][0].clone())).await;
    let bare = rig
        .refusal(&turn(json!({"type": "text", "text": "Let me see."})))
        .await;
    assert!(bare.contains("Expected `thinking`"), "{bare}");
    let forged = json!({"type": "thinking", "thinking": "hm", "signature": "hm"});
    assert!(
        rig.refusal(&turn(forged))
            .await
            .contains("Invalid `signature`")
    );
}

#[actix_web::test]
async fn faults_speak_the_dialect() {
    let rig = Rig::start().await;
    let script = rig.sandbox.script(Vendor::Anthropic);
    let request = body("claude-haiku-4-5", ask("hi"), json!({}));
    script.next(1, Fault::Status(529));
    let (status, text) = rig.send(&request).await;
    assert!(status == 529 && text.contains("overloaded_error"), "{text}");
    script.next(1, Fault::ContextLength);
    assert!(rig.refusal(&request).await.contains("prompt is too long"));
    script.next(1, Fault::ErrorInStream(2));
    let mut streamed = request.clone();
    streamed["stream"] = json!(true);
    let (_, text) = rig.send(&streamed).await;
    assert!(
        text.contains("event: error") && !text.contains("message_stop"),
        "{text}"
    );
}
