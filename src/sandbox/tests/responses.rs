//! OpenAI's Responses API: streams against whole answers, and a tool loop that stores nothing.

use serde_json::{Value, json};

use super::{Reply, Rig, read};
use crate::sandbox::{Fault, Vendor};

const CODEX: &str = "gpt-5.3-codex";

async fn ask(rig: &Rig, body: &Value) -> Reply {
    read(rig.post("/responses", body).send().await.unwrap()).await
}

/// Names and data of a stream's events.
fn events(body: &str) -> Vec<(String, Value)> {
    body.split("\n\n")
        .filter(|event| !event.is_empty())
        .map(|event| {
            let (name, data) = event.split_once('\n').unwrap();
            let name = name.strip_prefix("event: ").unwrap().to_owned();
            let data = data.strip_prefix("data: ").unwrap();
            (name, serde_json::from_str(data).unwrap())
        })
        .collect()
}

fn tools() -> Value {
    json!([{"type": "function", "name": "get_weather", "strict": false, "parameters":
        {"type": "object", "required": ["city"], "properties": {"city": {"type": "string"}}}}])
}

fn thinking(input: Value) -> Value {
    json!({"model": CODEX, "input": input, "tools": tools(), "store": false,
        "reasoning": {"summary": "auto"}, "include": ["reasoning.encrypted_content"]})
}

#[actix_web::test]
async fn streamed_and_whole_answers_agree() {
    let rig = Rig::start(Vendor::OpenAi).await;
    let mut body = thinking(json!("How is the weather in both Rome and Oslo?"));
    let whole = ask(&rig, &body).await.json();
    body["stream"] = json!(true);
    let events = events(&ask(&rig, &body).await.body);
    let (last, completed) = events.last().unwrap();
    assert_eq!(last, "response.completed");
    assert_eq!(completed["response"]["output"], whole["output"]);
    assert_eq!(completed["response"]["usage"], whole["usage"]);
    let kinds: Vec<_> = whole["output"].as_array().unwrap().iter().collect();
    let kinds: Vec<_> = kinds.iter().map(|item| item["type"].as_str()).collect();
    assert_eq!(
        kinds,
        ["reasoning", "function_call", "function_call"].map(Some)
    );
    for (index, item) in whole["output"].as_array().unwrap().iter().enumerate() {
        let deltas: String = events
            .iter()
            .filter(|(name, data)| name.ends_with(".delta") && data["output_index"] == index)
            .map(|(_, data)| data["delta"].as_str().unwrap())
            .collect();
        let said = item["arguments"].as_str();
        let said = said.or_else(|| item["summary"][0]["text"].as_str());
        assert_eq!(Some(deltas.as_str()), said);
    }
    let numbers: Vec<_> = events
        .iter()
        .map(|(_, data)| data["sequence_number"].as_u64().unwrap())
        .collect();
    assert!(numbers.is_sorted_by(|one, two| one + 1 == *two));
}

#[actix_web::test]
async fn a_tool_loop_needs_its_reasoning_back() {
    let rig = Rig::start(Vendor::OpenAi).await;
    let question = json!({"role": "user", "content": "How is the weather in Rome?"});
    let first = ask(&rig, &thinking(json!([question]))).await.json();
    let output = first["output"].as_array().unwrap();
    let (thought, call) = (&output[0], &output[1]);
    let result =
        json!({"type": "function_call_output", "call_id": call["call_id"], "output": "18 degrees"});
    let reply = ask(&rig, &thinking(json!([question, thought, call, result]))).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert!(reply.body.contains("18 degrees"));
    let reply = ask(&rig, &thinking(json!([question, call, result]))).await;
    assert_eq!(reply.status, 400);
    assert!(reply.body.contains("required 'reasoning' item"));
}

#[actix_web::test]
async fn limits_end_an_answer_and_chat_does_not_know_codex() {
    let rig = Rig::start(Vendor::OpenAi).await;
    let body = json!({"model": "gpt-4.1", "input": "[[tokens:40]]", "max_output_tokens": 16});
    let cut = ask(&rig, &body).await.json();
    assert_eq!(cut["status"], "incomplete");
    assert_eq!(cut["incomplete_details"]["reason"], "max_output_tokens");
    assert_eq!(cut["usage"]["output_tokens"], 16);
    let chat = rig
        .chat(&json!({"model": CODEX, "messages": [{"role": "user", "content": "a"}]}))
        .await;
    assert_eq!(chat.status, 400);
    assert!(chat.body.contains("v1/responses"));
}

#[actix_web::test]
async fn an_error_inside_a_stream_is_said_twice() {
    let rig = Rig::start(Vendor::OpenAi).await;
    rig.script().next(1, Fault::ErrorInStream(2));
    let body = json!({"model": "gpt-4.1", "input": "Hi", "stream": true});
    let events = events(&ask(&rig, &body).await.body);
    let names: Vec<_> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert!(names.ends_with(&["error", "response.failed"]), "{names:?}");
    let failed = &events.last().unwrap().1["response"];
    assert_eq!(failed["error"]["code"], "server_error");
}

#[actix_web::test]
async fn what_the_api_refuses() {
    let rig = Rig::start(Vendor::OpenAi).await;
    let refused = async |extra: Value| {
        let mut body = json!({"model": CODEX, "input": "Hi"});
        let fields = body.as_object_mut().unwrap();
        fields.extend(extra.as_object().unwrap().clone());
        let reply = ask(&rig, &body).await;
        assert_eq!(reply.status, 400, "{}", reply.body);
        reply.json()["error"]["param"]
            .as_str()
            .unwrap_or("")
            .to_owned()
    };
    assert_eq!(refused(json!({"messages": []})).await, "messages");
    assert_eq!(refused(json!({"temperature": 1})).await, "temperature");
    assert_eq!(
        refused(json!({"max_output_tokens": 5})).await,
        "max_output_tokens"
    );
    assert_eq!(
        refused(json!({"reasoning": {"effort": "none"}})).await,
        "reasoning.effort"
    );
    assert_eq!(
        refused(json!({"tool_choice": "required"})).await,
        "tool_choice"
    );
    let nested = json!({"tools": [{"type": "function", "function": {"name": "f"}}]});
    assert_eq!(refused(nested).await, "tools[0].name");
    let strict = json!({"tools": [{"type": "function", "name": "f",
        "parameters": {"type": "object", "properties": {}}}]});
    assert_eq!(refused(strict).await, "tools[0].parameters");
    assert_eq!(
        refused(json!({"text": {"format": {"type": "json_object"}}})).await,
        "input"
    );
    let body =
        json!({"model": "gpt-4.1", "input": "Hi", "include": ["reasoning.encrypted_content"]});
    assert_eq!(ask(&rig, &body).await.status, 400);
}
