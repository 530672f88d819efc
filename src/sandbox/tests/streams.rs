//! Streams against their counts, and answers against themselves.

use serde_json::{Value, json};

use super::{Rig, deltas, reasoning_model};
use crate::sandbox::{Ending, Vendor};

/// The bytes with what differs each time taken out.
fn without_ids(text: &str) -> String {
    text.split("\n\n")
        .map(
            |event| match serde_json::from_str::<Value>(event.trim_start_matches("data: ")) {
                Ok(mut value) => {
                    let object = value.as_object_mut().unwrap();
                    object.remove("id");
                    object.remove("created");
                    object.remove("time_info");
                    if let Some(groq) = object.get_mut("x_groq") {
                        groq["id"] = Value::Null;
                    }
                    value.to_string()
                }
                Err(_) => event.to_owned(),
            },
        )
        .collect()
}

#[actix_web::test]
async fn the_same_request_gets_the_same_answer() {
    for vendor in super::OPENAI_FAMILY {
        let rig = Rig::start(vendor).await;
        for stream in [false, true] {
            let body = rig.body(
                "How is the weather in both Rome and Oslo?",
                json!({
                "stream": stream, "tools": [{"type": "function", "function": {"name": "get_weather",
                "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}]}),
            );
            let (one, two) = (rig.chat(&body).await, rig.chat(&body).await);
            assert_eq!(one.status, 200, "{}", one.body);
            assert_ne!(one.body, two.body);
            assert_eq!(without_ids(&one.body), without_ids(&two.body));
        }
    }
}

#[actix_web::test]
async fn usage_is_what_the_chunks_carried() {
    for vendor in super::OPENAI_FAMILY {
        let rig = Rig::start(vendor).await;
        let options = json!({"model": reasoning_model(vendor), "stream": true,
            "stream_options": {"include_usage": true}});
        let prompt = "Think. [[reasoning:9]][[tokens:21]][[cached:2]]";
        let reply = rig.chat(&rig.body(prompt, options)).await;
        let chunks = reply.chunks();
        let texts = deltas(&chunks, "content");
        assert_eq!(texts.len(), 21, "{vendor:?}");
        let usages: Vec<&Value> = chunks
            .iter()
            .map(|chunk| &chunk["usage"])
            .filter(|usage| !usage.is_null())
            .collect();
        let usage = usages[0];
        let (field, shown, output) = match vendor {
            Vendor::OpenAi => ("reasoning", 0, 30),
            Vendor::Xai => ("reasoning_content", 9, 21),
            Vendor::Groq | Vendor::Cerebras => ("reasoning", 9, 30),
            Vendor::Bedrock | Vendor::Google => panic!("speaks another dialect"),
            Vendor::Anthropic => unreachable!("it speaks another dialect"),
        };
        assert_eq!(deltas(&chunks, field).len(), shown, "{vendor:?}");
        assert_eq!(usage["completion_tokens"], output, "{vendor:?}");
        assert_eq!(usage["completion_tokens_details"]["reasoning_tokens"], 9);
        assert_eq!(usage["prompt_tokens_details"]["cached_tokens"], 2);
        let prompt_tokens = usage["prompt_tokens"].as_u64().unwrap();
        assert_eq!(usage["total_tokens"], prompt_tokens + 30);
        assert!(usages.iter().all(|other| *other == usage), "{vendor:?}");
        let expected = if vendor == Vendor::Groq { 2 } else { 1 };
        assert_eq!(usages.len(), expected, "{vendor:?}");
    }
}

#[actix_web::test]
async fn whole_and_streamed_answers_agree() {
    for vendor in super::OPENAI_FAMILY {
        let rig = Rig::start(vendor).await;
        let whole = rig.chat(&rig.body("Hello you", json!({}))).await.json();
        let streamed = rig
            .chat(&rig.body("Hello you", json!({"stream": true})))
            .await;
        let text = deltas(&streamed.chunks(), "content").concat();
        assert_eq!(whole["choices"][0]["message"]["content"], text.as_str());
        assert_eq!(whole["choices"][0]["finish_reason"], "stop");
        let calls = rig.script().calls();
        assert_eq!((calls[0].streamed, calls[1].streamed), (false, true));
        assert!(calls.iter().all(|call| call.ending == Ending::Complete));
        assert_eq!(calls[0].header("authorization"), Some("Bearer"));
        assert_eq!(calls[0].body["messages"][0]["content"], "Hello you");
    }
}

#[actix_web::test]
async fn limits_and_stops_end_an_answer() {
    let rig = Rig::start(Vendor::OpenAi).await;
    let ended = async |prompt: &str, extra: Value| {
        let reply = rig.chat(&rig.body(prompt, extra)).await.json();
        let choice = &reply["choices"][0];
        let text = choice["message"]["content"].as_str().unwrap().to_owned();
        let finish = choice["finish_reason"].as_str().unwrap().to_owned();
        (
            text,
            finish,
            reply["usage"]["completion_tokens"].as_u64().unwrap(),
        )
    };
    let said = |text: &str, finish: &str, tokens| (text.to_owned(), finish.to_owned(), tokens);
    assert_eq!(
        ended("[[say:a b c d]]", json!({"max_tokens": 2})).await,
        said("a b", "length", 2)
    );
    assert_eq!(
        ended("[[say:a b STOP d]]", json!({"stop": ["STOP"]})).await,
        said("a b ", "stop", 3)
    );
    let thinking = json!({"model": "o3", "max_completion_tokens": 5});
    assert_eq!(
        ended("[[say:a b c]]", thinking).await,
        said("", "length", 5)
    );
}
