//! A blocked provider never receives a byte, whichever way a request might come to it.

use model_router::sandbox::{Fault, Vendor};
use reqwest::Method;
use serde_json::{Value, json};

use super::router::{Account, Router, ask, error_of, header};

/// A router whose customer blocks a provider, and a key of the customer.
async fn blocking(provider: &str, hedge: bool) -> (Router, Account) {
    let router = Router::with("", |settings| settings.failover.hedge = hedge).await;
    let owner = router.owner("ada@example.com", "5").await;
    let (_, key) = router.make_key(&owner, json!({})).await;
    let block = json!({ "blocked_providers": [provider] });
    let blocked = router
        .send(Method::PATCH, "/v1/account", &owner.token, &block)
        .await;
    assert_eq!(blocked.status(), 200);
    (router, key)
}

fn untouched(router: &Router, vendor: Vendor) {
    let calls = router.sandbox.script(vendor).calls();
    assert!(calls.is_empty(), "{calls:?}");
}

#[actix_web::test]
async fn tiers_auto_and_fallback_lists_leave_it_out() {
    let (router, key) = blocking("openai", false).await;
    for model in ["economy", "standard", "premium", "auto"] {
        for prefer in ["cheap", "fast", "quality", "coding"] {
            let mut body = ask(model, "Hello");
            body["prefer"] = json!(prefer);
            let (headers, _) = router.served(&key, &body).await;
            assert_ne!(header(&headers, "x-model-router-provider"), "openai");
        }
    }
    let mut list = ask("gpt-4.1", "Hello");
    list["models"] = json!(["gpt-4.1-mini", "grok-3-beta"]);
    let (headers, _) = router.served(&key, &list).await;
    assert_eq!(header(&headers, "x-model-router-provider"), "xai");
    let mut open = ask("gpt-4.1", "Hello");
    open["provider"] = json!({ "allow_fallbacks": true, "order": ["openai"] });
    router.served(&key, &open).await;
    untouched(&router, Vendor::OpenAi);
}

#[actix_web::test]
async fn pins_and_embeddings_are_refused() {
    let (router, key) = blocking("openai", false).await;
    let (status, error) = router.refused(&key, &ask("gpt-4.1", "Hello")).await;
    assert_eq!((status, &error["code"]), (403, &json!("provider_blocked")));
    let body = json!({ "model": "text-embedding-3-small", "input": "Hello" });
    let embedded = router
        .post(&key, "/v1/embeddings")
        .json(&body)
        .send()
        .await
        .unwrap();
    let (status, error) = error_of(embedded).await;
    assert_eq!((status, &error["code"]), (403, &json!("provider_blocked")));
    untouched(&router, Vendor::OpenAi);
}

#[actix_web::test]
async fn failover_hedges_and_recovery_never_come_to_it() {
    let (router, key) = blocking("xai", true).await;
    let openai = router.sandbox.script(Vendor::OpenAi);
    let mut body = ask("gpt-4.1", "[[say:a b c d e f g h]] go");
    body["models"] = json!(["grok-3-beta", "claude-haiku-4-5"]);
    openai.set(Fault::Status(500));
    let (headers, _) = router.served(&key, &body).await;
    assert_eq!(header(&headers, "x-model-router-provider"), "anthropic");

    body["stream"] = json!(true);
    body["prefer"] = json!("fast");
    openai.set(Fault::TtftMs(1_500));
    let hedged = router.chat(&key, &body).await;
    assert_eq!(hedged.status(), 200);
    hedged.text().await.unwrap();

    body["recovery"] = json!("continue");
    openai.set(Fault::CutTokens(4));
    let recovered = router.chat(&key, &body).await;
    assert_eq!(recovered.status(), 200);
    recovered.text().await.unwrap();
    untouched(&router, Vendor::Xai);
}

#[actix_web::test]
async fn other_hosts_of_the_same_weights_are_asked_only_where_they_are_not_blocked() {
    let (router, key) = blocking("cerebras", false).await;
    let dry = router
        .post(&key, "/v1/route")
        .json(&ask("qwen-3-235b-a22b-instruct-2507", "Hello"))
        .send()
        .await
        .unwrap();
    let dry: Value = dry.json().await.unwrap();
    let candidates = dry["candidates"].as_array().unwrap();
    assert!(
        candidates.iter().all(|c| c["provider"] != "cerebras"),
        "{dry}"
    );
    let answer = router
        .chat(&key, &ask("qwen-3-235b-a22b-instruct-2507", "Hello"))
        .await;
    assert!([200, 403].contains(&answer.status().as_u16()));
    untouched(&router, Vendor::Cerebras);
}
