//! Chat that is not streamed: tiers, pins, directions, headers, fields.

use serde_json::{Value, json};

use super::router::{Router, ask, header, pico, text};

#[actix_web::test]
async fn a_tier_is_served_and_told_in_headers_and_body() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    let (headers, body) = router
        .served(&account, &ask("standard", "Say hello."))
        .await;

    assert_eq!(header(&headers, "x-model-router-tier"), "standard");
    let model = header(&headers, "x-model-router-model");
    let provider = header(&headers, "x-model-router-provider");
    assert_eq!(body["model"], model);
    assert_eq!(body["provider"], provider);
    assert_eq!(
        header(&headers, "x-model-router-attempts"),
        format!("{provider}/{model}:ok")
    );
    assert_eq!(body["id"], header(&headers, "x-model-router-generation-id"));
    assert!(header(&headers, "x-request-id").starts_with("req_"));
    assert_eq!(header(&headers, "x-model-router-sandbox"), "true");
    assert!(
        header(&headers, "x-model-router-latency-ms")
            .parse::<u64>()
            .is_ok()
    );
    assert!(
        header(&headers, "x-model-router-overhead-ms")
            .parse::<f64>()
            .is_ok()
    );

    assert_eq!(body["object"], "chat.completion");
    assert_eq!(body["choices"][0]["finish_reason"], "stop");
    assert!(
        body["choices"][0]["message"]["content"]
            .as_str()
            .is_some_and(|text| !text.is_empty())
    );
    let usage = &body["usage"];
    let total =
        usage["prompt_tokens"].as_u64().unwrap() + usage["completion_tokens"].as_u64().unwrap();
    assert_eq!(usage["total_tokens"], total);
}

#[actix_web::test]
async fn cost_is_price_times_tokens_everywhere() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    let (headers, body) = router
        .served(&account, &ask("gpt-4.1", "[[tokens:25]] Count for me."))
        .await;

    let (prompt, completion) = (
        body["usage"]["prompt_tokens"].as_i64().unwrap(),
        body["usage"]["completion_tokens"].as_i64().unwrap(),
    );
    assert_eq!(completion, 25);
    let cost = prompt * 2_000_000 + completion * 8_000_000;
    assert_eq!(pico(header(&headers, "x-model-router-cost")), cost);
    assert_eq!(pico(&body["usage"]["cost"].to_string()), cost);
    let generation = router
        .get(&account, &format!("/v1/generations/{}", text(&body["id"])))
        .await;
    assert_eq!(pico(&text(&generation["data"]["total_cost"])), cost);
    assert_eq!(generation["data"]["tokens_prompt"], prompt);
    assert_eq!(generation["data"]["status"], "ok");
    assert_eq!(
        pico(&router.balance(&account).await),
        5_000_000_000_000 - cost
    );
    let key = router.get(&account, "/v1/key").await;
    assert_eq!(pico(&text(&key["data"]["usage"])), cost);
    router.verify().await;
}

#[actix_web::test]
async fn a_generation_is_seen_by_its_owner_alone() {
    let router = Router::start().await;
    let (owner, other) = (router.account("1.00").await, router.account("1.00").await);
    let (_, body) = router.served(&owner, &ask("standard", "Hello")).await;
    let path = format!("{}/v1/generations/{}", router.url, text(&body["id"]));
    let stranger = router
        .client
        .get(path)
        .bearer_auth(&other.key)
        .send()
        .await
        .unwrap();
    let missing = format!(
        "{}/v1/generations/{}",
        router.url,
        model_router::ids::GenerationId::new()
    );
    let missing = router
        .client
        .get(missing)
        .bearer_auth(&other.key)
        .send()
        .await
        .unwrap();
    assert_eq!(
        (stranger.status().as_u16(), missing.status().as_u16()),
        (404, 404)
    );
    assert_eq!(
        stranger.json::<Value>().await.unwrap(),
        missing.json::<Value>().await.unwrap()
    );
}

#[actix_web::test]
async fn names_are_resolved_as_the_contract_says() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    for (name, model) in [
        ("gpt-4.1", "gpt-4.1"),
        (" GPT-4.1-Mini ", "gpt-4.1-mini"),
        ("openai/gpt-4.1", "gpt-4.1"),
        ("grok-3", "grok-3-beta"),
        ("grok/grok-3-beta", "grok-3-beta"),
        (
            "meta-llama/llama-4-scout-17b-16e-instruct",
            "meta-llama/llama-4-scout-17b-16e-instruct",
        ),
    ] {
        let (headers, _) = router.served(&account, &ask(name, "Hi")).await;
        assert_eq!(header(&headers, "x-model-router-model"), model, "{name}");
    }
    let (headers, _) = router.served(&account, &ask("gpt-4o", "Hi")).await;
    assert_eq!(header(&headers, "x-model-router-tier"), "standard");

    let (status, error) = router.refused(&account, &ask("gpt-4.1-minni", "Hi")).await;
    assert_eq!(
        (status, text(&error["code"]).as_str()),
        (404, "model_not_found")
    );
    let message = text(&error["message"]);
    assert!(
        message.contains("economy") && message.contains("gpt-4.1-mini"),
        "{message}"
    );
}

#[actix_web::test]
async fn prefer_steers_the_choice_inside_a_tier() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    let mut first = std::collections::BTreeMap::new();
    for prefer in ["cheap", "fast", "balanced", "quality", "coding"] {
        let mut body = ask("standard", "Hello");
        body["provider"] = json!({ "only": ["openai", "xai"] });
        body["prefer"] = json!(prefer);
        let (headers, _) = router.served(&account, &body).await;
        let dry: Value = router
            .post(&account, "/v1/route")
            .json(&body)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        let model = header(&headers, "x-model-router-model").to_owned();
        assert_eq!(
            dry["candidates"][0]["model"], model,
            "the dry run says what a request does"
        );
        first.insert(prefer, model);
    }
    assert_eq!(first["quality"], "gpt-5.3-codex");
    assert_eq!(first["coding"], "gpt-5.3-codex");
    assert_eq!(first["cheap"], "gpt-4.1");
}

#[actix_web::test]
async fn the_dry_run_ranks_or_excludes_every_model_and_sends_nothing() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    let body = ask("auto", "Prove that there are infinitely many primes.");
    let dry: Value = router
        .post(&account, "/v1/route")
        .json(&body)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let count = |name: &str| dry[name].as_array().unwrap().len();
    assert_eq!(count("candidates") + count("excluded"), 42);
    assert!(dry["auto"]["score"].is_u64() && dry["auto"]["signals"].is_array());
    assert_eq!(dry["tier"], dry["auto"]["tier"]);
    assert!(
        dry["excluded"]
            .as_array()
            .unwrap()
            .iter()
            .all(|e| e["reason"].is_string())
    );
    assert_eq!(router.balance(&account).await, "5");
    for vendor in model_router::sandbox::Vendor::ALL {
        assert!(router.sandbox.script(vendor).calls().is_empty());
    }
}

#[actix_web::test]
async fn auto_tells_its_tier_and_score_also_on_errors() {
    let router = Router::start().await;
    let account = router.account("").await;
    let (headers, _) = router.served(&account, &ask("auto", "Hi!")).await;
    assert_eq!(header(&headers, "x-model-router-auto-tier"), "economy");
    let score: u8 = header(&headers, "x-model-router-auto-score")
        .parse()
        .unwrap();
    assert!(score <= 100);

    let mut blocked = ask("auto", "Hi!");
    blocked["provider"] = json!({ "only": ["anthropic"] });
    let response = router.chat(&account, &blocked).await;
    assert!(!response.status().is_success());
    assert!(response.headers().contains_key("x-model-router-auto-tier"));
}

#[actix_web::test]
async fn unknown_fields_reach_the_upstream_and_ours_do_not() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    let mut body = ask("llama-3.3-70b-versatile", "Hi");
    body["citation_options"] = json!({ "b": 1, "a": [1.50, 2e3] });
    body["seed"] = json!(7);
    body["prefer"] = json!("cheap");
    body["models"] = json!(["economy"]);
    body["provider"] = json!({ "allow_fallbacks": true });
    router.served(&account, &body).await;
    let calls = router
        .sandbox
        .script(model_router::sandbox::Vendor::Groq)
        .calls();
    let sent = &calls.last().unwrap().body;
    assert_eq!(sent["citation_options"], body["citation_options"]);
    assert_eq!(sent["seed"], 7);
    assert_eq!(sent["model"], "llama-3.3-70b-versatile");
    for ours in ["prefer", "models", "provider"] {
        assert!(sent.get(ours).is_none(), "{ours} leaked");
    }
}

#[actix_web::test]
async fn what_a_model_cannot_honour_is_warned_about() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    let mut body = ask("o3", "Hi");
    body["temperature"] = json!(0.2);
    body["max_tokens"] = json!(500);
    let (headers, _) = router.served(&account, &body).await;
    let warnings = header(&headers, "x-model-router-warnings");
    assert!(warnings.contains(";temperature"), "{warnings}");
}

#[actix_web::test]
async fn a_model_without_an_ability_is_left_out() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    let mut body = ask("llama3.1-8b", "What is this?");
    body["messages"][0]["content"] = json!([{ "type": "image_url", "image_url": { "url": "data:image/png;base64,iVBORw0KGgo=" } }]);
    let (status, error) = router.refused(&account, &body).await;
    assert_eq!(
        (status, text(&error["code"]).as_str()),
        (400, "unsupported_parameter"),
        "{error}"
    );
    body["model"] = json!("economy");
    let (headers, _) = router.served(&account, &body).await;
    assert_ne!(header(&headers, "x-model-router-model"), "llama3.1-8b");
}

#[actix_web::test]
async fn what_fits_no_window_is_refused_before_anything_is_sent() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    let (status, error) = router
        .refused(&account, &ask("llama3.1-8b", &"word ".repeat(40_000)))
        .await;
    assert_eq!(
        (status, text(&error["code"]).as_str()),
        (400, "context_length_exceeded"),
        "{error}"
    );
    assert!(text(&error["message"]).contains("32000"), "{error}");
    assert!(
        router
            .sandbox
            .script(model_router::sandbox::Vendor::Cerebras)
            .calls()
            .is_empty()
    );
}

#[actix_web::test]
async fn models_are_listed_with_what_openai_and_the_contract_ask() {
    let router = Router::start().await;
    let list: Value = router
        .client
        .get(format!("{}/models", router.url))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let entries = list["data"].as_array().unwrap();
    let find = |id: &str| {
        entries
            .iter()
            .find(|entry| entry["id"] == id)
            .unwrap_or_else(|| panic!("no {id}"))
    };
    assert_eq!(list["object"], "list");
    let entry = find("gpt-4.1");
    assert_eq!(entry["pricing"]["prompt"], "0.000002");
    assert_eq!(
        (entry["tier"].as_str(), entry["context_length"].as_u64()),
        (Some("standard"), Some(1_047_576))
    );
    assert_eq!(find("llama3.1-8b")["pricing"]["completion"], "0");
    for id in [
        "economy",
        "standard",
        "premium",
        "auto",
        "embed-small",
        "gpt-4o",
    ] {
        find(id);
    }
    let one = router.client.get(format!(
        "{}/v1/models/meta-llama/llama-4-scout-17b-16e-instruct",
        router.url
    ));
    assert_eq!(one.send().await.unwrap().status(), 200);
    let none = router
        .client
        .get(format!("{}/v1/models/nonsense", router.url))
        .send()
        .await
        .unwrap();
    assert_eq!(none.status(), 404);
}

#[actix_web::test]
async fn both_base_urls_and_both_ways_to_send_a_key_work() {
    let router = Router::start().await;
    let account = router.account("").await;
    let url = format!("{}/chat/completions", router.url);
    let body = ask("economy", "Hi");
    let sent = router
        .client
        .post(&url)
        .header("authorization", format!("bEaReR {}", account.key))
        .json(&body);
    assert_eq!(sent.send().await.unwrap().status(), 200);
    let sent = router
        .client
        .post(&url)
        .header("x-api-key", &account.key)
        .json(&body);
    assert_eq!(sent.send().await.unwrap().status(), 200);
}

#[actix_web::test]
async fn require_parameters_leaves_out_who_cannot_honour_a_field() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    let mut body = ask("llama-3.3-70b-versatile", "Hi");
    body["logit_bias"] = json!({ "1": 1 });
    let (headers, _) = router.served(&account, &body).await;
    assert!(header(&headers, "x-model-router-warnings").contains(";logit_bias"));
    body["provider"] = json!({ "require_parameters": true });
    let (status, error) = router.refused(&account, &body).await;
    assert_eq!(
        (status, text(&error["code"]).as_str()),
        (400, "unsupported_parameter"),
        "{error}"
    );
    assert_eq!(
        error["metadata"]["excluded"][0]["reason"],
        "capability:logit_bias"
    );
    body["model"] = json!("standard");
    let (headers, _) = router.served(&account, &body).await;
    assert!(headers.get("x-model-router-warnings").is_none());
}

#[actix_web::test]
async fn a_provider_without_a_key_is_named_as_what_it_is() {
    let overlay = "[[provider]]\nname = \"keyless\"\ndialect = \"openai\"\nbase_url = \"http://127.0.0.1:1/v1\"\n\
                   api_key_env = \"NOBODY_SET_THIS\"\nkey_required = true\n[[model]]\nid = \"lonely\"\n\
                   provider = \"keyless\"\nupstream = \"x\"\ntier = \"economy\"\nfree = true\n\
                   context_window = 1000\nmax_output = 100\n";
    let router = Router::with(overlay, |_| {}).await;
    let account = router.account("").await;
    let (status, error) = router.refused(&account, &ask("lonely", "Hi")).await;
    assert_eq!(
        (status, text(&error["code"]).as_str()),
        (503, "no_available_models")
    );
    assert!(text(&error["message"]).contains("configured"), "{error}");
    assert_eq!(error["metadata"]["excluded"][0]["reason"], "unconfigured");
}

#[actix_web::test]
async fn rules_and_abilities_that_leave_nobody_between_them_are_the_requests_own_fault() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    let image = json!({ "type": "image_url", "image_url": { "url": "https://example.com/a.png" } });
    let mut body = ask("premium", "What is this?");
    body["messages"][0]["content"] = json!([image]);
    body["provider"] = json!({ "max_price": { "prompt": 0 } });
    let (status, error) = router.refused(&account, &body).await;
    let reasons = error["metadata"]["excluded"].as_array().unwrap();
    let with = |reason: &str| reasons.iter().any(|each| each["reason"] == reason);
    assert!(with("max_price") && with("capability:vision"), "{error}");
    assert_eq!(status, 403, "{error}");
    assert_eq!(error["code"], "model_not_allowed");
    assert_eq!(error["metadata"]["retryable"], false);
}

#[actix_web::test]
async fn provider_rules_and_price_limits_are_obeyed() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    let with = |rules: Value| {
        let mut body = ask("standard", "Hi");
        body["provider"] = rules;
        body
    };
    let (headers, _) = router
        .served(&account, &with(json!({ "only": ["grok"] })))
        .await;
    assert_eq!(header(&headers, "x-model-router-provider"), "xai");
    let (headers, _) = router
        .served(&account, &with(json!({ "order": ["xai", "openai"] })))
        .await;
    assert_eq!(header(&headers, "x-model-router-provider"), "xai");
    let (headers, _) = router
        .served(
            &account,
            &with(json!({ "only": ["xai", "openai"], "ignore": ["grok"] })),
        )
        .await;
    assert_eq!(header(&headers, "x-model-router-provider"), "openai");
    let (status, error) = router
        .refused(&account, &with(json!({ "max_price": { "prompt": 0.01 } })))
        .await;
    assert_eq!(status, 403, "{error}");
    assert_eq!(error["param"], "provider.max_price");
}
