//! Refusals in each provider's own status and shape.

use serde_json::{Value, json};

use super::{Rig, read, usual_model};
use crate::sandbox::{Fault, Faults, Vendor};

/// The message, wherever the provider puts it; its envelope is checked on the way.
fn message(vendor: Vendor, body: &Value) -> String {
    let text = match vendor {
        Vendor::OpenAi => {
            let error = body["error"].as_object().unwrap();
            for field in ["message", "type", "param", "code"] {
                assert!(error.contains_key(field), "{body}");
            }
            &body["error"]["message"]
        }
        Vendor::Groq => {
            assert!(body["error"]["type"].is_string(), "{body}");
            assert_ne!(body["error"].get("param"), Some(&Value::Null), "{body}");
            &body["error"]["message"]
        }
        Vendor::Xai => {
            assert!(body["code"].is_string(), "{body}");
            &body["error"]
        }
        Vendor::Cerebras => {
            assert!(body.get("error").is_none(), "{body}");
            &body["message"]
        }
        Vendor::Bedrock | Vendor::Google => panic!("speaks another dialect"),
        Vendor::Anthropic => unreachable!("it speaks another dialect"),
    };
    text.as_str().unwrap().to_owned()
}

#[actix_web::test]
async fn keys_are_asked_for() {
    for vendor in super::OPENAI_FAMILY {
        let rig = Rig::start(vendor).await;
        let body = rig.body("Hi", json!({}));
        let expected = if vendor == Vendor::Xai { 400 } else { 401 };
        let plain = rig.client.post(rig.url("/chat/completions"));
        let keyless = plain.body(body.to_string()).send().await.unwrap();
        let wrong = rig
            .client
            .post(rig.url("/chat/completions"))
            .header("authorization", "Bearer invalid")
            .body(body.to_string())
            .send()
            .await
            .unwrap();
        for response in [keyless, wrong] {
            let reply = read(response).await;
            assert_eq!(reply.status, expected, "{vendor:?}");
            let text = message(vendor, &reply.json()).to_lowercase();
            assert!(text.contains("api key"), "{text}");
        }
        assert_eq!(rig.script().call_count(usual_model(vendor)), 2);
    }
}

#[actix_web::test]
async fn unknown_models_and_bad_bodies_are_refused() {
    for vendor in super::OPENAI_FAMILY {
        let rig = Rig::start(vendor).await;
        let extra = json!({"model": "unknown-model"});
        let reply = rig.chat(&rig.body("Hi", extra)).await;
        let expected = if vendor == Vendor::Xai { 400 } else { 404 };
        assert_eq!(reply.status, expected, "{vendor:?}");
        message(vendor, &reply.json());
        let none = rig.chat(&json!({"model": "m"})).await;
        assert_eq!(none.status, 400);
        message(vendor, &none.json());
        let text = rig
            .post("/chat/completions", &json!({}))
            .body("{")
            .send()
            .await
            .unwrap();
        let reply = read(text).await;
        assert_eq!(reply.status, 400);
        message(vendor, &reply.json());
        let leak = rig.chat(&rig.body("Hi", json!({"prefer": "cheap"}))).await;
        let expected = if vendor == Vendor::Xai { 200 } else { 400 };
        assert_eq!(leak.status, expected, "{vendor:?}");
    }
}

#[actix_web::test]
async fn planned_refusals_are_in_the_providers_words() {
    for vendor in super::OPENAI_FAMILY {
        let rig = Rig::start(vendor).await;
        let body = rig.body("Hi", json!({"stream": true}));
        for code in [400, 401, 403, 404, 408, 413, 429, 500, 502, 503, 529] {
            rig.script()
                .set([Fault::Status(code), Fault::RetryAfter(7)]);
            let reply = rig.chat(&body).await;
            assert_eq!(reply.status, code, "{vendor:?}");
            assert_eq!(reply.header("retry-after"), Some("7"));
            assert!(!message(vendor, &reply.json()).is_empty());
        }
        let refused = async |fault: Fault| {
            rig.script().set(fault);
            let reply = rig.chat(&body).await;
            (reply.status, message(vendor, &reply.json()))
        };
        let (status, text) = refused(Fault::ContextLength).await;
        assert_eq!(status, 400);
        assert!(text.contains("maximum") || text.contains("reduce the length"));
        let (status, _) = refused(Fault::Policy).await;
        let expected = if vendor == Vendor::Xai { 403 } else { 400 };
        assert_eq!(status, expected);
        assert_eq!(refused(Fault::Quota).await.0, 429);
        rig.script().set(Faults::default());
        assert_eq!(rig.chat(&body).await.status, 200);
    }
}
