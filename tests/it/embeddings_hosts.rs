//! Embeddings and their hosts: a call that fails is made again at the same model, never at another.

use model_router::sandbox::{Fault, Vendor};
use serde_json::json;

use super::embeddings::{TITAN, embed, refused, vectors};
use super::router::{Router, header, pico, text};

/// The small model once more, at a host of its own that knows numbers alone.
const SECOND_HOST: &str = r#"
[[provider]]
name = "elsewhere"
dialect = "openai"
base_url = "http://127.0.0.1:1/v1"
base_url_env = "OPENAI_BASE_URL"
api_key_env = "OPENAI_API_KEY"
[[model]]
id = "small-elsewhere"
provider = "elsewhere"
upstream = "text-embedding-3-small-elsewhere"
endpoint = "embeddings"
context_window = 8191
max_output = 1536
price = { input = 0.03, output = 0 }
same_as = "text-embedding-3-small"
"#;

/// A model of Google's, as an operator adds it.
const GOOGLES: &str = r#"
[[model]]
id = "gemini-embedding-001"
provider = "google"
endpoint = "embeddings"
context_window = 2048
max_output = 3072
price = { input = 0.15, output = 0 }
"#;

#[actix_web::test]
async fn a_failed_call_is_made_again_at_the_same_model_only() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    for (vendor, model) in [
        (Vendor::OpenAi, "text-embedding-3-small"),
        (Vendor::Bedrock, TITAN),
    ] {
        let body = json!({"model": model, "input": ["a", "b", "c"]});
        let script = router.sandbox.script(vendor);
        script.next(1, Fault::Status(500));
        let (headers, _) = embed(&router, &account, &body).await;
        let attempts = header(&headers, "x-model-router-attempts").to_owned();
        assert!(attempts.contains(&format!("{model}:500,")), "{attempts}");
        assert!(attempts.ends_with(&format!("{model}:ok")), "{attempts}");

        script.set(Fault::Status(500));
        let before = router.balance(&account).await;
        let (status, error) = refused(&router, &account, &body).await;
        assert_eq!(
            (status, text(&error["code"]).as_str()),
            (502, "all_candidates_failed")
        );
        let attempts = error["metadata"]["attempts"].as_array().unwrap();
        assert_eq!(attempts.len(), 3);
        assert!(attempts.iter().all(|attempt| attempt["model"] == model));
        assert_eq!(router.balance(&account).await, before);
        script.clear();
    }
    // What has come is kept: only the failed call and those beside it are made again.
    let script = router.sandbox.script(Vendor::Bedrock);
    let before = script.call_count(TITAN);
    script.next(1, Fault::Status(500));
    let inputs: Vec<String> = (0..40).map(|i| format!("text {i}")).collect();
    let body = json!({"model": TITAN, "input": inputs, "dimensions": 256});
    let (_, answer) = embed(&router, &account, &body).await;
    assert_eq!(vectors(&answer).len(), 40);
    let made = script.call_count(TITAN) - before;
    assert!((41..=48).contains(&made), "{made}");
    for fault in [Fault::Garbage, Fault::Empty, Fault::Reset] {
        let script = router.sandbox.script(Vendor::OpenAi);
        script.next(1, fault);
        let body = json!({"model": "embed-large", "input": "a"});
        let (headers, _) = embed(&router, &account, &body).await;
        assert!(header(&headers, "x-model-router-attempts").ends_with(":ok"));
    }
    router.verify().await;
}

#[actix_web::test]
async fn a_host_that_is_silent_is_not_waited_for_again() {
    let router = Router::with("", |settings| settings.failover.answer_ms = 100).await;
    let account = router.account("5.00").await;
    let script = router.sandbox.script(Vendor::OpenAi);
    script.set(Fault::Hang);
    let body = json!({"model": "embed-small", "input": "a"});
    let (status, error) = refused(&router, &account, &body).await;
    assert_eq!(
        (status, text(&error["code"]).as_str()),
        (504, "upstream_timeout")
    );
    assert_eq!(script.call_count("text-embedding-3-small"), 1);
    router.verify().await;
}

#[actix_web::test]
async fn googles_models_embed_in_googles_format() {
    let router = Router::with(GOOGLES, |_| {}).await;
    let account = router.account("5.00").await;
    let inputs: Vec<String> = (0..250).map(|i| format!("text {i}")).collect();
    let body = json!({"model": "gemini-embedding-001", "input": inputs, "dimensions": 256});
    let (headers, answer) = embed(&router, &account, &body).await;
    assert_eq!(header(&headers, "x-model-router-provider"), "google");
    assert_eq!(answer["model"], "gemini-embedding-001");
    let script = router.sandbox.script(Vendor::Google);
    assert_eq!(script.call_count("gemini-embedding-001"), 3);
    let vectors_of_all = vectors(&answer);
    let length = |vector: &Vec<f32>| vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    assert!(
        vectors_of_all
            .iter()
            .all(|v| v.len() == 256 && (length(v) - 1.0).abs() < 1e-5)
    );
    let tokens = answer["usage"]["prompt_tokens"].as_i64().unwrap();
    assert_eq!(
        pico(header(&headers, "x-model-router-cost")),
        tokens * 150_000
    );
    let last = json!({"model": "gemini-embedding-001", "input": "text 249", "dimensions": 256});
    let (_, one) = embed(&router, &account, &last).await;
    assert_eq!(vectors(&one)[0], vectors_of_all[249]);
    let long = json!({"model": "gemini-embedding-001", "input": ["a", "word ".repeat(3000)]});
    let (status, error) = refused(&router, &account, &long).await;
    assert_eq!((status, &error["param"]), (400, &json!("input[1]")));
    router.verify().await;
}

#[actix_web::test]
async fn another_host_of_the_same_model_takes_over_and_is_named_and_billed() {
    let router = Router::with(SECOND_HOST, |_| {}).await;
    let account = router.account("5.00").await;
    let body = json!({"model": "embed-small", "input": "Hello"});
    let (_, first) = embed(&router, &account, &body).await;
    router
        .sandbox
        .script(Vendor::OpenAi)
        .set_for("text-embedding-3-small", Fault::Status(503));
    let (headers, second) = embed(&router, &account, &body).await;
    assert_eq!(
        header(&headers, "x-model-router-attempts"),
        "openai/text-embedding-3-small:503,elsewhere/small-elsewhere:ok"
    );
    assert_eq!(second["model"], "small-elsewhere");
    assert_eq!(vectors(&first), vectors(&second));
    let tokens = second["usage"]["prompt_tokens"].as_i64().unwrap();
    assert_eq!(
        pico(header(&headers, "x-model-router-cost")),
        tokens * 30_000
    );
    router.sandbox.script(Vendor::OpenAi).clear();

    let mut ordered = body.clone();
    ordered["provider"] = json!({"order": ["elsewhere"]});
    let (headers, _) = embed(&router, &account, &ordered).await;
    assert_eq!(header(&headers, "x-model-router-provider"), "elsewhere");
    let mut alone = body.clone();
    alone["provider"] = json!({"allow_fallbacks": false});
    router
        .sandbox
        .script(Vendor::OpenAi)
        .set_for("text-embedding-3-small", Fault::Status(503));
    let (status, error) = refused(&router, &account, &alone).await;
    assert_eq!(status, 502);
    let attempts = error["metadata"]["attempts"].as_array().unwrap();
    assert!(
        attempts
            .iter()
            .all(|attempt| attempt["provider"] == "openai")
    );
    router.verify().await;
}
