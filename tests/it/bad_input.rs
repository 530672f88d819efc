//! Bad input: a clear 4xx, nothing upstream, nothing charged.

use model_router::sandbox::Vendor;
use serde_json::{Value, json};

use super::router::{Router, ask, error_of, text};

async fn raw(router: &Router, key: &str, body: Vec<u8>) -> (u16, Value) {
    let request = router
        .client
        .post(format!("{}/v1/chat/completions", router.url))
        .bearer_auth(key);
    error_of(
        request
            .header("content-type", "application/json")
            .body(body)
            .send()
            .await
            .unwrap(),
    )
    .await
}

#[actix_web::test]
async fn a_body_that_cannot_be_used_is_refused_with_its_field() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    let with = |field: &str, value: Value| {
        let mut body = ask("standard", "Hello");
        body[field] = value;
        body
    };
    let message = |message: Value| json!({ "model": "standard", "messages": [message] });
    let cases: Vec<(Value, &str, &str)> = vec![
        (
            json!({ "model": "standard" }),
            "missing_required_parameter",
            "messages",
        ),
        (
            json!({ "messages": [{ "role": "user", "content": "x" }] }),
            "missing_required_parameter",
            "model",
        ),
        (
            with("model", json!("  ")),
            "missing_required_parameter",
            "model",
        ),
        (with("model", json!(5)), "invalid_value", "model"),
        (with("messages", json!([])), "invalid_value", "messages"),
        (
            with("messages", json!("hello")),
            "invalid_value",
            "messages",
        ),
        (with("prefer", json!("best")), "invalid_value", "prefer"),
        (
            with("temperature", json!("hot")),
            "invalid_value",
            "temperature",
        ),
        (
            with("temperature", json!(3)),
            "invalid_value",
            "temperature",
        ),
        (with("n", json!(0)), "invalid_value", "n"),
        (with("max_tokens", json!(-1)), "invalid_value", "max_tokens"),
        (with("stream", json!("yes")), "invalid_value", "stream"),
        (with("tools", json!({})), "invalid_value", "tools"),
        (
            with("stop", json!(["a", "b", "c", "d", "e"])),
            "invalid_value",
            "stop",
        ),
        (
            with("provider", json!({ "only": ["nobody"] })),
            "invalid_value",
            "provider.only",
        ),
        (
            with("provider", json!({ "onyl": [] })),
            "unsupported_parameter",
            "provider.onyl",
        ),
        (
            message(json!({ "role": "robot", "content": "x" })),
            "invalid_value",
            "messages[0].role",
        ),
        (
            message(json!({ "role": "user" })),
            "missing_required_parameter",
            "messages[0].content",
        ),
        (
            message(json!({ "role": "user", "content": [{ "type": "smell" }] })),
            "invalid_value",
            "messages[0].content[0].type",
        ),
        (
            message(json!({ "role": "tool", "content": "x" })),
            "missing_required_parameter",
            "messages[0].tool_call_id",
        ),
    ];
    let tool = |parameters: Value| json!([{ "type": "function", "function": { "name": "f", "parameters": parameters } }]);
    let image = |url: &str| {
        message(
            json!({ "role": "user", "content": [{ "type": "image_url", "image_url": { "url": url } }] }),
        )
    };
    let cases = cases.into_iter().chain([
        (
            image("data:image/png;base64,a*k="),
            "invalid_value",
            "messages[0].content[0].image_url.url",
        ),
        (
            message(json!({ "role": "tool", "tool_call_id": "nobody", "content": "x" })),
            "invalid_value",
            "messages[0].tool_call_id",
        ),
        (
            with("tools", tool(json!({ "type": "strange" }))),
            "invalid_value",
            "tools[0].function.parameters.type",
        ),
        (
            with("tools", tool(json!([]))),
            "invalid_value",
            "tools[0].function.parameters",
        ),
    ]);
    for (body, code, param) in cases {
        let (status, error) = raw(&router, &account.key, serde_json::to_vec(&body).unwrap()).await;
        assert_eq!(status, 400, "{body}: {error}");
        assert_eq!(
            (
                text(&error["code"]).as_str(),
                text(&error["param"]).as_str()
            ),
            (code, param),
            "{body}: {error}"
        );
    }
    for text_body in [
        "",
        "{",
        "[]",
        "nonsense",
        "{\"model\":\"standard\",}",
        "\u{0}",
        "{\"model\":\"a\",\"model\":\"b\"}",
    ] {
        let (status, error) = raw(&router, &account.key, text_body.as_bytes().to_vec()).await;
        assert_eq!(status, 400, "{text_body:?}: {error}");
    }
    assert_eq!(
        raw(&router, &account.key, b"{\"model\":\"\xff\"}".to_vec())
            .await
            .0,
        400
    );
    nothing_happened(&router).await;
    assert_eq!(router.balance(&account).await, "5");
}

#[actix_web::test]
async fn size_and_depth_are_bounded() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    let deep = format!(
        "{{\"model\":\"standard\",\"x\":{}{}}}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let (status, error) = raw(&router, &account.key, deep.into_bytes()).await;
    assert_eq!(
        (status, text(&error["code"]).as_str()),
        (400, "invalid_json"),
        "{error}"
    );

    let huge = serde_json::to_vec(&ask("standard", &"x".repeat(25 << 20))).unwrap();
    let (status, error) = raw(&router, &account.key, huge).await;
    assert_eq!(
        (status, text(&error["code"]).as_str()),
        (413, "payload_too_large")
    );
    let endless =
        futures_util::stream::iter((0..400).map(|_| Ok::<_, std::io::Error>(vec![b' '; 64 << 10])));
    let request = router
        .post(&account, "/v1/chat/completions")
        .body(reqwest::Body::wrap_stream(endless));
    assert_eq!(error_of(request.send().await.unwrap()).await.0, 413);

    let request = router
        .post(&account, "/v1/chat/completions")
        .header("content-encoding", "gzip")
        .body("x");
    assert_eq!(error_of(request.send().await.unwrap()).await.0, 415);
    nothing_happened(&router).await;
}

#[actix_web::test]
async fn keys_paths_and_methods_that_do_not_fit() {
    let router = Router::start().await;
    let chat = format!("{}/v1/chat/completions", router.url);
    let body = ask("economy", "Hello");
    let (status, error) =
        error_of(router.client.post(&chat).json(&body).send().await.unwrap()).await;
    assert_eq!(
        (status, text(&error["code"]).as_str()),
        (401, "missing_api_key")
    );
    let unknown = model_router::ids::ApiKey::generate();
    for key in ["nonsense", "mr_sk_", unknown.reveal()] {
        let (status, error) = error_of(
            router
                .client
                .post(&chat)
                .bearer_auth(key)
                .json(&body)
                .send()
                .await
                .unwrap(),
        )
        .await;
        assert_eq!(
            (status, text(&error["code"]).as_str()),
            (401, "invalid_api_key"),
            "{key}"
        );
        assert!(!error.to_string().contains(unknown.reveal()));
    }
    let response = router.client.get(&chat).send().await.unwrap();
    assert_eq!(response.headers()["allow"], "POST");
    assert_eq!(error_of(response).await.0, 405);
    let response = router
        .client
        .post(format!("{}/v1/models", router.url))
        .send()
        .await
        .unwrap();
    assert_eq!(error_of(response).await.0, 405);
    assert_eq!(
        error_of(
            router
                .client
                .get(format!("{}/nowhere", router.url))
                .send()
                .await
                .unwrap()
        )
        .await
        .0,
        404
    );
    let (status, error) = error_of(
        router
            .client
            .post(format!("{}/v1/route", router.url))
            .send()
            .await
            .unwrap(),
    )
    .await;
    assert_eq!(
        (status, text(&error["code"]).as_str()),
        (401, "missing_api_key")
    );
    nothing_happened(&router).await;
}

#[actix_web::test]
async fn a_browser_may_read_our_headers() {
    let router = Router::start().await;
    let request = router
        .client
        .get(format!("{}/v1/models", router.url))
        .header("origin", "https://app.example");
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()["access-control-allow-origin"], "*");
    let exposed = response.headers()["access-control-expose-headers"]
        .to_str()
        .unwrap()
        .to_ascii_lowercase();
    for name in [
        "x-request-id",
        "x-model-router-model",
        "x-model-router-cost",
        "retry-after",
    ] {
        assert!(exposed.contains(name), "{exposed}");
    }
}

async fn nothing_happened(router: &Router) {
    for vendor in Vendor::ALL {
        assert!(
            router.sandbox.script(vendor).calls().is_empty(),
            "something went upstream"
        );
    }
    let health = router
        .client
        .get(format!("{}/health", router.url))
        .send()
        .await
        .unwrap();
    assert_eq!(health.status(), 200);
}
