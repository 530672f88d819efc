//! What tells the providers' streams and bodies apart.

use serde_json::{Value, json};

use super::{Rig, reasoning_model};
use crate::sandbox::Vendor;

async fn streamed(vendor: Vendor, prompt: &str, extra: Value) -> Vec<Value> {
    let rig = Rig::start(vendor).await;
    let mut body = rig.body(prompt, json!({"stream": true}));
    let fields = body.as_object_mut().unwrap();
    fields.extend(extra.as_object().unwrap().clone());
    rig.chat(&body).await.chunks()
}

#[actix_web::test]
async fn openai_pads_its_chunks_and_sends_usage_apart() {
    let options = json!({"stream_options": {"include_usage": true}});
    let chunks = streamed(Vendor::OpenAi, "[[tokens:3]]", options).await;
    let first = &chunks[0]["choices"][0]["delta"];
    assert_eq!(
        *first,
        json!({"role": "assistant", "content": "", "refusal": null})
    );
    for chunk in &chunks {
        assert!(chunk["obfuscation"].is_string());
        assert_eq!(chunk["service_tier"], "default");
        assert!(chunk["system_fingerprint"].is_string());
        assert_eq!(chunk["model"], "gpt-4.1-2025-04-14");
    }
    let (last, others) = chunks.split_last().unwrap();
    assert_eq!(last["choices"], json!([]));
    assert!(last["usage"].is_object());
    assert!(others.iter().all(|chunk| chunk["usage"].is_null()));
    assert!(
        others
            .iter()
            .all(|chunk| chunk.as_object().unwrap().contains_key("usage"))
    );
    let plain = streamed(Vendor::OpenAi, "[[tokens:3]]", json!({})).await;
    assert_eq!(plain.len(), 1 + 3 + 1);
    assert!(plain.iter().all(|chunk| chunk.get("usage").is_none()));
}

#[actix_web::test]
async fn xai_opens_with_the_first_thought() {
    let options = json!({"model": "grok-3-mini-beta", "stream_options": {"include_usage": true}});
    let chunks = streamed(Vendor::Xai, "[[reasoning:4]][[tokens:3]]", options).await;
    let first = &chunks[0]["choices"][0];
    assert_eq!(first["delta"]["role"], "assistant");
    assert!(first["delta"]["reasoning_content"].is_string());
    assert!(first.get("finish_reason").is_none());
    let usage = &chunks[chunks.len() - 1]["usage"];
    assert_eq!(usage["completion_tokens"], 3);
    let parts = usage["prompt_tokens"].as_u64().unwrap() + 3 + 4;
    assert_eq!(usage["total_tokens"], parts);
    assert!(usage["cost_in_usd_ticks"].as_u64().unwrap() > 0);
}

#[actix_web::test]
async fn groq_repeats_its_usage() {
    let options = json!({"stream_options": {"include_usage": true}});
    let chunks = streamed(Vendor::Groq, "[[tokens:3]]", options).await;
    assert!(chunks[0]["x_groq"]["id"].is_string());
    let finish = &chunks[chunks.len() - 2];
    let own = &chunks[chunks.len() - 1];
    assert_eq!(finish["choices"][0]["finish_reason"], "stop");
    assert_eq!(finish["usage"]["completion_tokens"], 3);
    assert_eq!(finish["x_groq"]["usage"], finish["usage"]);
    assert_eq!(own["usage"], finish["usage"]);
    let plain = streamed(Vendor::Groq, "[[tokens:3]]", json!({})).await;
    assert!(plain[plain.len() - 1]["usage"].is_object());
}

#[actix_web::test]
async fn groq_shows_thoughts_as_asked() {
    let thoughts = async |model: &str, extra: Value| {
        let mut options = json!({"model": model});
        let fields = options.as_object_mut().unwrap();
        fields.extend(extra.as_object().unwrap().clone());
        let chunks = streamed(Vendor::Groq, "[[reasoning:3]][[say:ok]]", options).await;
        let field = super::deltas(&chunks, "reasoning").len();
        (field, super::deltas(&chunks, "content").concat())
    };
    let (shown, text) = thoughts("openai/gpt-oss-120b", json!({})).await;
    assert_eq!((shown, text.as_str()), (3, "ok"));
    let raw = json!({"reasoning_format": "raw"});
    let (shown, text) = thoughts("qwen/qwen3-32b", raw).await;
    assert_eq!(shown, 0);
    assert!(text.starts_with("<think>\n") && text.ends_with("</think>\n\nok"));
    let hidden = json!({"reasoning_format": "hidden"});
    assert_eq!(
        thoughts("qwen/qwen3-32b", hidden).await,
        (0, "ok".to_owned())
    );
}

#[actix_web::test]
async fn cerebras_puts_usage_into_the_finish_chunk() {
    let options = json!({"stream_options": {"include_usage": true}});
    let chunks = streamed(Vendor::Cerebras, "[[tokens:3]]", options).await;
    assert_eq!(
        chunks[0]["choices"],
        json!([{"index": 0, "delta": {"role": "assistant"}}])
    );
    let last = &chunks[chunks.len() - 1];
    assert_eq!(last["choices"][0]["finish_reason"], "stop");
    assert_eq!(last["usage"]["completion_tokens"], 3);
    assert!(last["time_info"].is_object());
    assert_eq!(chunks.len(), 1 + 3 + 1);
}

#[actix_web::test]
async fn whole_bodies_have_each_providers_extras() {
    for vendor in super::OPENAI_FAMILY {
        let rig = Rig::start(vendor).await;
        let extra = json!({"model": reasoning_model(vendor)});
        let reply = rig.chat(&rig.body("[[reasoning:5]] Hi", extra)).await;
        let body = reply.json();
        let message = &body["choices"][0]["message"];
        let (thought, extra) = match vendor {
            Vendor::OpenAi => (None, "service_tier"),
            Vendor::Xai => (Some("reasoning_content"), "system_fingerprint"),
            Vendor::Groq => (Some("reasoning"), "x_groq"),
            Vendor::Cerebras => (Some("reasoning"), "time_info"),
            Vendor::Bedrock | Vendor::Google => panic!("speaks another dialect"),
            Vendor::Anthropic => unreachable!("it speaks another dialect"),
        };
        assert!(body.get(extra).is_some(), "{vendor:?}");
        match thought {
            Some(field) => assert!(!message[field].as_str().unwrap().is_empty()),
            None => assert!(!reply.body.contains("The user says")),
        }
        let details = &body["usage"]["completion_tokens_details"];
        assert_eq!(details["reasoning_tokens"], 5);
    }
}

#[actix_web::test]
async fn every_response_tells_limits_and_that_it_is_simulated() {
    for vendor in super::OPENAI_FAMILY {
        let rig = Rig::start(vendor).await;
        let reply = rig.chat(&rig.body("Hi", json!({}))).await;
        let limit = match vendor {
            Vendor::OpenAi | Vendor::Xai | Vendor::Groq => "x-ratelimit-remaining-tokens",
            Vendor::Cerebras => "x-ratelimit-limit-tokens-day",
            Vendor::Bedrock | Vendor::Google => panic!("speaks another dialect"),
            Vendor::Anthropic => unreachable!("it speaks another dialect"),
        };
        assert!(reply.header(limit).is_some(), "{vendor:?}");
        assert!(reply.header("x-request-id").is_some());
        assert_eq!(reply.header("x-simulated"), Some("true"));
        let nowhere = rig.client.get(rig.url("/nowhere")).send().await.unwrap();
        assert_eq!(nowhere.status(), 404);
        assert_eq!(nowhere.headers()["x-simulated"], "true");
        let models = rig
            .client
            .get(rig.url("/models"))
            .header("authorization", "Bearer x")
            .send()
            .await
            .unwrap();
        let models = super::read(models).await.json();
        assert!(models["data"].as_array().unwrap().len() > 1);
    }
}
