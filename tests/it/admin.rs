//! The operator's routes.

use serde_json::{Value, json};

use super::router::{ADMIN, Router, ask, error_of, header, text};

#[actix_web::test]
async fn without_the_token_there_is_no_admin() {
    let router = Router::with("", |settings| settings.admin_token = None).await;
    for path in ["/admin/accounts", "/admin/catalog/reload"] {
        assert_eq!(
            error_of(router.admin(path).send().await.unwrap()).await.0,
            404
        );
    }
    let router = Router::start().await;
    let request = router
        .client
        .post(format!("{}/admin/accounts", router.url))
        .bearer_auth("guess");
    assert_eq!(error_of(request.send().await.unwrap()).await.0, 401);
}

#[actix_web::test]
async fn accounts_and_grants_are_checked() {
    let router = Router::start().await;
    let create = async |body: Value| {
        router
            .admin("/admin/accounts")
            .json(&body)
            .send()
            .await
            .unwrap()
    };
    let made = create(json!({ "email": "Ada@Example.com", "credit_usd": "5.00" })).await;
    assert_eq!(made.status(), 201);
    let made: Value = made.json().await.unwrap();
    assert_eq!(made["balance_usd"], "5");
    assert!(text(&made["api_key"]).starts_with("mr_sk_"));

    for (body, param) in [
        (json!({ "email": "not an address" }), "email"),
        // What sign-in refuses, nobody could enter.
        (json!({ "email": "mi\u{212a}e@example.com" }), "email"),
        (json!({ "email": "ada@[127.0.0.1]" }), "email"),
        (
            json!({ "email": "b@example.com", "credit_usd": "-5" }),
            "credit_usd",
        ),
        (
            json!({ "email": "b@example.com", "credit_usd": "5.0000000000001" }),
            "credit_usd",
        ),
    ] {
        let (status, error) = error_of(create(body.clone()).await).await;
        assert_eq!(
            (status, text(&error["param"]).as_str()),
            (400, param),
            "{body}"
        );
    }
    assert_eq!(
        error_of(create(json!({ "email": "c@example.com", "credit": 5 })).await)
            .await
            .0,
        400
    );

    let taken = create(json!({ "email": "ada@example.COM", "credit_usd": "5.00" })).await;
    let (status, error) = error_of(taken).await;
    assert_eq!((status, &error["code"]), (409, &json!("account_exists")));
    assert_eq!(error["param"], "email");
    assert_eq!(error["metadata"]["retryable"], false);

    let path = format!("/admin/accounts/{}/credits", text(&made["account_id"]));
    let grant =
        async |path: &str, body: Value| router.admin(path).json(&body).send().await.unwrap();
    let one = json!({ "amount_usd": "1.50", "idempotency_key": "k" });
    let given: Value = grant(&path, one.clone()).await.json().await.unwrap();
    assert_eq!(given["balance_usd"], "6.5");
    assert_eq!(grant(&path, one).await.status(), 200);
    let other = json!({ "amount_usd": "2.50", "idempotency_key": "k" });
    assert_eq!(error_of(grant(&path, other).await).await.0, 422);
    let nobody = format!(
        "/admin/accounts/{}/credits",
        model_router::ids::AccountId::new()
    );
    let (status, _) = error_of(
        grant(
            &nobody,
            json!({ "amount_usd": "1", "idempotency_key": "k" }),
        )
        .await,
    )
    .await;
    assert_eq!(status, 404);
    router.verify().await;
}

#[actix_web::test]
async fn the_catalog_is_swapped_whole_or_not_at_all() {
    let router = Router::with("[[model]]\nid = \"gpt-4.1\"\nquality = 0.5\n", |_| {}).await;
    let path = router.dir.path().join("catalog.toml");
    let reload = async || router.admin("/admin/catalog/reload").send().await.unwrap();
    let quality = async || {
        let url = format!("{}/v1/models/gpt-4.1", router.url);
        router
            .client
            .get(url)
            .send()
            .await
            .unwrap()
            .json::<Value>()
            .await
            .unwrap()["quality"]
            .clone()
    };
    assert_eq!(quality().await, json!(0.5));
    std::fs::write(&path, "[[model]]\nid = \"gpt-4.1\"\nquality = 0.7\n").unwrap();
    assert_eq!(reload().await.status(), 200);
    assert_eq!(quality().await, json!(0.7));

    std::fs::write(
        &path,
        "[[model]]\nid = \"gpt-4.1\"\nquality = 0.9\n\n[[model]]\nid = \"new\"\ntier = \"gold\"\n",
    )
    .unwrap();
    let (status, error) = error_of(reload().await).await;
    assert_eq!(status, 400);
    let message = text(&error["message"]);
    assert!(
        message.contains("catalog.toml:") && message.contains("new"),
        "{message}"
    );
    assert_eq!(
        quality().await,
        json!(0.7),
        "a refused catalog changes nothing"
    );
}

#[actix_web::test]
async fn a_server_of_ones_own_is_one_paragraph() {
    let sandbox =
        model_router::sandbox::Sandbox::start(&[model_router::sandbox::Vendor::OpenAi]).await;
    super::router::crypto();
    let own = sandbox.unwrap();
    let overlay = format!(
        r#"
[[provider]]
name = "local"
dialect = "openai"
base_url = "{}"
api_key_env = "OPENAI_API_KEY"

[[model]]
id = "local-llama"
provider = "local"
upstream = "llama3.2"
tier = ["economy", "standard"]
context_window = 131072
max_output = 8192
price = {{ input = 0.10, output = 0.40 }}
abilities = ["tools"]
quality = 0.6
"#,
        own.base_url(model_router::sandbox::Vendor::OpenAi)
    );
    let router = Router::with(&overlay, |_| {}).await;
    let account = router.account("1.00").await;
    let (headers, body) = router.served(&account, &ask("local-llama", "Hi")).await;
    assert_eq!(header(&headers, "x-model-router-provider"), "local");
    assert_eq!(body["model"], "local-llama");
}

#[actix_web::test]
async fn health_and_readiness() {
    let overlay = r#"
[[provider]]
name = "keyless"
dialect = "openai"
base_url = "https://keyless.example/v1"
api_key_env = "KEYLESS_API_KEY"
key_required = true
"#;
    let router = Router::with(overlay, |_| {}).await;
    let get = async |path: &str| {
        router
            .client
            .get(format!("{}{path}", router.url))
            .send()
            .await
            .unwrap()
    };
    let health: Value = get("/health").await.json().await.unwrap();
    assert_eq!(
        (&health["status"], &health["simulated"]),
        (&json!("operational"), &json!(true))
    );
    let state = |name: &str| {
        let all = health["providers"].as_array().unwrap();
        all.iter()
            .find(|provider| provider["name"] == name)
            .unwrap()["state"]
            .clone()
    };
    assert_eq!(
        (state("openai"), state("keyless")),
        (json!("flowing"), json!("unconfigured"))
    );
    assert_eq!(get("/ready").await.status(), 200);
    let with_token = router
        .client
        .get(format!("{}/admin/ledger/verify", router.url))
        .bearer_auth(ADMIN);
    assert_eq!(with_token.send().await.unwrap().status(), 200);
}
