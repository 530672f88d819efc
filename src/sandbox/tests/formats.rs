//! Tools, JSON, several choices, log probabilities, refusals and embeddings.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Rig, read};
use crate::sandbox::Vendor;

fn weather_tool() -> Value {
    json!([{"type": "function", "function": {"name": "get_weather", "parameters":
        {"type": "object", "required": ["city"], "properties": {"city": {"type": "string"}}}}}])
}

/// Id, name and arguments of each call, by its index.
type Calls = BTreeMap<u64, (String, String, String)>;

/// The calls put together from their deltas, and in which order the deltas' indexes came.
fn assembled(chunks: &[Value]) -> (Calls, Vec<u64>) {
    let mut calls = Calls::new();
    let mut order = Vec::new();
    for delta in chunks
        .iter()
        .filter_map(|chunk| chunk["choices"][0]["delta"]["tool_calls"].as_array())
        .flatten()
    {
        let index = delta["index"].as_u64().unwrap();
        let call = calls.entry(index).or_default();
        call.0.push_str(delta["id"].as_str().unwrap_or(""));
        call.1
            .push_str(delta["function"]["name"].as_str().unwrap_or(""));
        call.2
            .push_str(delta["function"]["arguments"].as_str().unwrap());
        order.push(index);
    }
    (calls, order)
}

#[actix_web::test]
async fn tool_calls_come_as_each_provider_sends_them() {
    for vendor in super::OPENAI_FAMILY {
        let rig = Rig::start(vendor).await;
        let prompt = "What is the weather in both Paris and Rome?";
        let tools = json!({"tools": weather_tool()});
        let whole = rig.chat(&rig.body(prompt, tools)).await.json();
        let listed = whole["choices"][0]["message"]["tool_calls"]
            .as_array()
            .unwrap()
            .clone();
        assert_eq!(whole["choices"][0]["finish_reason"], "tool_calls");
        let tools = json!({"tools": weather_tool(), "stream": true});
        let chunks = rig.chat(&rig.body(prompt, tools)).await.chunks();
        let (calls, order) = assembled(&chunks);
        for (at, city) in [(0, "Paris"), (1, "Rome")] {
            let (id, name, arguments) = &calls[&at];
            let arguments: Value = serde_json::from_str(arguments).unwrap();
            assert_eq!(arguments, json!({"city": city}), "{vendor:?}");
            assert_eq!(name, "get_weather");
            assert_eq!(listed[usize::try_from(at).unwrap()]["id"], id.as_str());
        }
        assert_ne!(calls[&0].0, calls[&1].0);
        match vendor {
            Vendor::Xai | Vendor::Groq => assert_eq!(order, [0, 1]),
            Vendor::OpenAi | Vendor::Cerebras => {
                assert!(order.len() > 4 && order.is_sorted(), "{order:?}");
            }
            Vendor::Bedrock | Vendor::Google => panic!("speaks another dialect"),
            Vendor::Anthropic => unreachable!("it speaks another dialect"),
        }
        let tokens = &whole["usage"]["completion_tokens"];
        let one = crate::sandbox::tokens::count("get_weather");
        let arguments: usize = calls
            .values()
            .map(|call| crate::sandbox::tokens::count(&call.2))
            .sum();
        assert_eq!(*tokens, 2 * one + arguments, "{vendor:?}");
    }
}

#[actix_web::test]
async fn parallel_calls_can_be_forbidden_and_results_end_the_loop() {
    let rig = Rig::start(Vendor::OpenAi).await;
    let single = json!({"tools": weather_tool(), "parallel_tool_calls": false,
        "tool_choice": {"type": "function", "function": {"name": "get_weather"}}});
    let body = rig.body("Weather in both Paris and Rome", single);
    let reply = rig.chat(&body).await.json();
    let message = &reply["choices"][0]["message"];
    assert_eq!(message["content"], Value::Null);
    assert_eq!(message["tool_calls"].as_array().unwrap().len(), 1);
    let mut next = body;
    let messages = next["messages"].as_array_mut().unwrap();
    messages.push(message.clone());
    messages.push(json!({"role": "tool", "content": "sunny, 24 degrees",
        "tool_call_id": message["tool_calls"][0]["id"]}));
    let last = rig.chat(&next).await.json();
    let text = last["choices"][0]["message"]["content"].as_str().unwrap();
    assert!(text.contains("sunny, 24 degrees"), "{text}");
}

#[actix_web::test]
async fn json_is_json_in_every_provider() {
    let schema = json!({"type": "object", "additionalProperties": false,
        "required": ["name", "count"], "properties": {"name": {"type": "string"},
        "count": {"type": "integer", "minimum": 3}}});
    for vendor in super::OPENAI_FAMILY {
        let rig = Rig::start(vendor).await;
        let said = async |format: Value| -> Value {
            let extra = json!({"response_format": format});
            let reply = rig.chat(&rig.body("Describe Prague", extra)).await.json();
            let text = reply["choices"][0]["message"]["content"].as_str().unwrap();
            serde_json::from_str(text).unwrap()
        };
        assert!(said(json!({"type": "json_object"})).await.is_object());
        let wanted = json!({"type": "json_schema",
            "json_schema": {"name": "thing", "strict": true, "schema": schema}});
        assert_eq!(said(wanted).await, json!({"name": "Prague", "count": 3}));
    }
}

#[actix_web::test]
async fn choices_take_turns_and_log_probabilities_fit_their_tokens() {
    let rig = Rig::start(Vendor::OpenAi).await;
    let extra = json!({"n": 2, "stream": true, "logprobs": true, "top_logprobs": 2,
        "stream_options": {"include_usage": true}});
    let chunks = rig.chat(&rig.body("[[tokens:4]]", extra)).await.chunks();
    let indexes: Vec<u64> = chunks
        .iter()
        .filter_map(|chunk| chunk["choices"][0]["index"].as_u64())
        .collect();
    assert_eq!(indexes, [0, 1].repeat(6));
    assert_eq!(chunks[12]["usage"]["completion_tokens"], 8);
    let choice = &chunks[2]["choices"][0];
    let entry = &choice["logprobs"]["content"][0];
    assert_eq!(entry["token"], choice["delta"]["content"]);
    assert_eq!(entry["top_logprobs"].as_array().unwrap().len(), 2);
    assert!(entry["logprob"].as_f64().unwrap() <= 0.0);
    let whole = rig
        .chat(&rig.body("[[tokens:4]]", json!({"n": 3, "logprobs": true})))
        .await
        .json();
    assert_eq!(whole["choices"].as_array().unwrap().len(), 3);
    let content = &whole["choices"][2]["logprobs"]["content"];
    assert_eq!(content.as_array().unwrap().len(), 4);
}

#[actix_web::test]
async fn openai_declines_in_a_field_of_its_own() {
    let rig = Rig::start(Vendor::OpenAi).await;
    let whole = rig.chat(&rig.body("[[refuse]]", json!({}))).await.json();
    let message = &whole["choices"][0]["message"];
    assert_eq!(message["content"], Value::Null);
    assert!(message["refusal"].as_str().unwrap().contains("can't help"));
    assert_eq!(whole["choices"][0]["finish_reason"], "stop");
    let extra = json!({"stream": true});
    let chunks = rig.chat(&rig.body("[[refuse]]", extra)).await.chunks();
    let refusal = super::deltas(&chunks, "refusal").concat();
    assert_eq!(message["refusal"], refusal.as_str());
}

#[actix_web::test]
async fn embeddings_are_the_same_in_both_encodings() {
    let rig = Rig::start(Vendor::OpenAi).await;
    let embed = async |extra: Value| {
        let mut body = json!({"model": "text-embedding-3-small", "input": ["Hello", "you there"],
            "dimensions": 8});
        let fields = body.as_object_mut().unwrap();
        fields.extend(extra.as_object().unwrap().clone());
        let response = rig.post("/embeddings", &body).send().await.unwrap();
        read(response).await.json()
    };
    let floats = embed(json!({})).await;
    let base64 = embed(json!({"encoding_format": "base64"})).await;
    assert_eq!(
        floats["usage"],
        json!({"prompt_tokens": 5, "total_tokens": 5})
    );
    for index in 0..2 {
        let bytes = STANDARD
            .decode(base64["data"][index]["embedding"].as_str().unwrap())
            .unwrap();
        let decoded: Vec<String> = bytes
            .chunks_exact(4)
            .map(|four| f32::from_le_bytes(four.try_into().unwrap()).to_string())
            .collect();
        let listed: Vec<String> = floats["data"][index]["embedding"]
            .as_array()
            .unwrap()
            .iter()
            .map(|number| number.to_string().parse::<f32>().unwrap().to_string())
            .collect();
        assert_eq!(decoded, listed);
        assert_eq!(floats["data"][index]["index"], index);
    }
    let usual = embed(json!({"input": "a", "dimensions": null})).await;
    let length = usual["data"][0]["embedding"].as_array().unwrap().len();
    assert_eq!(length, 1536);
    let groq = Rig::start(Vendor::Groq).await;
    let none = groq.post("/embeddings", &json!({})).send().await.unwrap();
    assert_eq!(none.status(), 404);
}
