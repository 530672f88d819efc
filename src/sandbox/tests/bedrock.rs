//! The simulated Bedrock refuses what the real one would.

use serde_json::{Value, json};

use super::{Reply, Rig, read};
use crate::sandbox::Vendor;

const CLAUDE: &str = "us.anthropic.claude-haiku-4-5-20251001-v1:0";

async fn converse(rig: &Rig, model: &str, body: &Value) -> Reply {
    let path = format!("/model/{}/converse", model.replace(':', "%3A"));
    read(rig.post(&path, body).send().await.unwrap()).await
}

fn user(content: Value) -> Value {
    json!({"role": "user", "content": content})
}

fn call(id: &str) -> Value {
    json!({"role": "assistant", "content": [{"toolUse": {"toolUseId": id, "name": "f", "input": {}}}]})
}

fn result(id: &str) -> Value {
    user(json!([{"toolResult": {"toolUseId": id, "content": [{"text": "r"}]}}]))
}

#[actix_web::test]
async fn malformed_requests_are_refused_in_bedrocks_words() {
    let rig = Rig::start(Vendor::Bedrock).await;
    let hi = || user(json!([{"text": "hi"}]));
    let tools = json!({"tools": [{"toolSpec": {"name": "f", "inputSchema": {"json": {"type": "object"}}}}]});
    let forced = json!({"tools": tools["tools"], "toolChoice": {"tool": {"name": "f"}}});
    let cases = [
        (
            "zai.glm-4.7",
            json!({"messages": [hi()], "model": "x"}),
            "extraneous key [model]",
        ),
        (
            "zai.glm-4.7",
            json!({"messages": [hi(), hi()]}),
            "must alternate",
        ),
        (
            "zai.glm-4.7",
            json!({"messages": [call("a")]}),
            "must start with a user message",
        ),
        (
            "zai.glm-4.7",
            json!({"messages": [user(json!([{"text": " "}]))]}),
            "is blank",
        ),
        (
            "zai.glm-4.7",
            json!({"messages": [user(json!([]))]}),
            "is empty",
        ),
        (
            "zai.glm-4.7",
            json!({"messages": [hi(), call("a"), result("a")]}),
            "toolConfig field must be defined",
        ),
        (
            "zai.glm-4.7",
            json!({"messages": [hi(), call("a"), hi()], "toolConfig": tools}),
            "Expected toolResult blocks",
        ),
        (
            "zai.glm-4.7",
            json!({"messages": [result("a")], "toolConfig": tools}),
            "exceeds the number",
        ),
        (
            "zai.glm-4.7",
            json!({"messages": [hi(), call("a b"), result("a b")], "toolConfig": tools}),
            "regular expression",
        ),
        (
            "zai.glm-4.7",
            json!({"messages": [hi()], "toolConfig": forced}),
            "toolConfig.toolChoice.tool",
        ),
        (
            "zai.glm-4.7",
            json!({"messages": [hi()], "inferenceConfig": {"temperature": 1.5}}),
            "less than or equal to 1",
        ),
        (
            "zai.glm-4.7",
            json!({"messages": [hi()], "additionalModelRequestFields": {"reasoning_effort": "low"}}),
            "extraneous key",
        ),
        (
            "qwen.qwen3-32b-v1:0",
            json!({"messages": [hi()], "inferenceConfig": {"stopSequences": ["x"]}}),
            "stopSequences",
        ),
        (
            "zai.glm-4.7",
            json!({"messages": [user(json!([{"text": "x"}, {"cachePoint": {"type": "default"}}]))]}),
            "cachePoint",
        ),
        (
            CLAUDE,
            json!({"messages": [hi(), call("a"), result("a")], "toolConfig": tools, "inferenceConfig": {"maxTokens": 4000},
            "additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 2000}}}),
            "Expected `thinking`",
        ),
        (
            CLAUDE,
            json!({"messages": [hi(), {"role": "assistant", "content": [{"reasoningContent": {"reasoningText": {"text": "t", "signature": "forged"}}}]}, hi()]}),
            "Invalid `signature`",
        ),
    ];
    for (model, body, words) in cases {
        let reply = converse(&rig, model, &body).await;
        assert_eq!(reply.status, 400, "{words}");
        assert!(
            reply
                .header("x-amzn-errortype")
                .unwrap()
                .starts_with("ValidationException:")
        );
        assert!(
            reply.json()["message"].as_str().unwrap().contains(words),
            "{}",
            reply.body
        );
    }
    let good = converse(
        &rig,
        "zai.glm-4.7",
        &json!({"messages": [hi(), call("a"), result("a")], "toolConfig": tools}),
    )
    .await;
    assert_eq!(good.status, 200, "{}", good.body);
}

#[actix_web::test]
async fn credentials_are_looked_at() {
    let rig = Rig::start(Vendor::Bedrock).await;
    let ask = async |authorization: Option<&str>, date: Option<&str>| {
        let mut request = rig.client.post(rig.url("/model/zai.glm-4.7/converse"));
        for (name, value) in [("authorization", authorization), ("x-amz-date", date)] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        let body = json!({"messages": [user(json!([{"text": "hi"}]))]});
        read(request.body(body.to_string()).send().await.unwrap())
            .await
            .status
    };
    let signed = format!(
        "AWS4-HMAC-SHA256 Credential=id/20250102/us-east-1/bedrock/aws4_request, SignedHeaders=host;x-amz-date, Signature={}",
        "0a".repeat(32)
    );
    let date = Some("20250102T030405Z");
    assert_eq!(ask(Some("Bearer key"), None).await, 200);
    assert_eq!(ask(Some(&signed), date).await, 200);
    assert_eq!(ask(Some(&signed), None).await, 403);
    assert_eq!(
        ask(Some(&signed.replace("/bedrock/", "/s3/")), date).await,
        403
    );
    assert_eq!(ask(Some("Bearer invalid"), None).await, 403);
    assert_eq!(ask(None, date).await, 403);
}
