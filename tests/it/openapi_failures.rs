//! What goes wrong at providers, held against `/openapi.json`.

use model_router::sandbox::{Fault, Vendor};
use reqwest::Method;
use serde_json::json;

use super::openapi::Document;
use super::openapi_tour::Tour;
use super::router::{Router, ask};

#[actix_web::test]
async fn failures_of_providers_answer_as_the_document_says() {
    let mut tour = Tour::start().await;
    let key = tour.key.clone();
    let to = ("POST", "/v1/chat/completions", "");
    let whole = [
        ("gpt-4.1", Fault::Status(500), 502),
        ("gpt-4.1-mini", Fault::Status(422), 422),
        ("o3", Fault::Policy, 400),
        ("gpt-5.4", Fault::ContextLength, 400),
        ("o4-mini", Fault::Status(429), 429),
        ("gpt-5.3-chat-latest", Fault::Status(401), 502),
    ];
    for (model, fault, status) in whole {
        tour.script(Vendor::OpenAi).set(fault);
        let refused = tour.ask(to, &key, ask(model, "Hello"), status).await.json();
        assert!(
            refused["error"]["metadata"].is_object(),
            "{model}: {refused}"
        );
        tour.script(Vendor::OpenAi).clear();
    }
    for (model, fault) in [
        ("claude-sonnet-4-6", Fault::CutTokens(3)),
        ("claude-haiku-4-5", Fault::ErrorInStream(3)),
    ] {
        tour.script(Vendor::Anthropic).set(fault);
        let mut body = ask(model, "Hello");
        body["stream"] = json!(true);
        let broken = tour.ask(to, &key, body, 200).await;
        assert!(
            broken.text.contains("\"finish_reason\":\"error\""),
            "{}",
            broken.text
        );
        tour.script(Vendor::Anthropic).clear();
    }
    // What is being left alone is told too.
    tour.get("/health", "", "").await;
    tour.get("/v1/models", "", "").await;
    tour.ask(
        ("POST", "/v1/route", ""),
        &key,
        ask("standard", "Hello"),
        200,
    )
    .await;
    tour.ask(to, &key, ask("gpt-5.3-chat-latest", "Hello"), 503)
        .await;
}

#[actix_web::test]
async fn a_router_without_providers_is_not_ready_as_the_document_says() {
    let keyless = |name: &str| {
        format!("[[provider]]\nname = \"{name}\"\napi_key_env = \"NOBODY_SET_THIS\"\n")
    };
    let names = [
        "google",
        "openai",
        "anthropic",
        "xai",
        "bedrock",
        "groq",
        "cerebras",
    ];
    let router = Router::with(&names.map(keyless).concat(), |_| {}).await;
    let document = Document::of(&router).await;
    for (method, path) in [
        (Method::GET, "/ready"),
        (Method::GET, "/health"),
        (Method::HEAD, "/ready"),
    ] {
        let sent = router
            .client
            .request(method.clone(), format!("{}{path}", router.url));
        let answer = document
            .check(method.as_str(), path, sent.send().await.unwrap())
            .await;
        assert_eq!(answer.status, if path == "/ready" { 503 } else { 200 });
    }
}
