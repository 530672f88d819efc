//! Who serves a request and why: suffixes, last days, warm conversations, hosts, what was observed.

use futures_util::future::join_all;
use model_router::sandbox::{Fault, Vendor};
use serde_json::{Value, json};

use super::router::{Account, Router, ask, error_of, header, pico, text};

async fn route(router: &Router, account: &Account, body: &Value) -> Value {
    let response = router.post(account, "/v1/route").json(body).send().await;
    let response = response.unwrap();
    assert_eq!(response.status(), 200);
    response.json().await.unwrap()
}

async fn entry(router: &Router, id: &str) -> Value {
    let url = format!("{}/v1/models/{id}", router.url);
    router
        .client
        .get(url)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap()
}

#[actix_web::test]
async fn a_suffix_leans_a_tier_or_an_id_and_the_dry_run_agrees() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    for (suffixed, prefer) in [("standard:floor", "cheap"), ("Standard:Nitro", "fast")] {
        let mut plain = ask("standard", "Hi");
        plain["prefer"] = json!(prefer);
        let expected = route(&router, &account, &plain).await;
        let found = route(&router, &account, &ask(suffixed, "Hi")).await;
        let first = &found["candidates"][0]["model"];
        assert_eq!(first, &expected["candidates"][0]["model"], "{suffixed}");
        assert_eq!(found["prefer"], prefer);
        let (headers, _) = router.served(&account, &ask(suffixed, "Hi")).await;
        assert_eq!(header(&headers, "x-model-router-model"), text(first));
    }
    let (headers, _) = router.served(&account, &ask("gpt-4.1:floor", "Hi")).await;
    assert_eq!(header(&headers, "x-model-router-model"), "gpt-4.1");
    let free = route(&router, &account, &ask("economy:free", "Hi")).await;
    let providers: Vec<String> = free["candidates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|candidate| text(&candidate["provider"]))
        .collect();
    assert_eq!(providers.len(), 4);
    assert!(
        providers
            .iter()
            .all(|name| ["groq", "cerebras"].contains(&name.as_str()))
    );
}

#[actix_web::test]
async fn constraints_that_contradict_each_other_are_400_and_name_the_field() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    let with = |model: &str, more: Value| {
        let mut body = ask(model, "Hi");
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        body
    };
    for (body, param) in [
        (with("standard:floor", json!({"prefer": "fast"})), "prefer"),
        (with("standard", json!({"prefer": "best"})), "prefer"),
        (with("standard:floor:nitro", json!({})), "model"),
        (with("gpt-4.1:free", json!({})), "model"),
        (with("premium:free", json!({})), "model"),
        (
            with("standard", json!({"models": ["economy:free:free"]})),
            "models[0]",
        ),
        (
            with(
                "standard",
                json!({"provider": {"only": ["xai"], "ignore": ["grok"]}}),
            ),
            "provider.only",
        ),
        (
            with(
                "standard",
                json!({"provider": {"order": ["xai"], "only": ["openai"]}}),
            ),
            "provider.order",
        ),
        (
            with("standard", json!({"provider": {"only": ["acme"]}})),
            "provider.only",
        ),
    ] {
        let (status, error) = router.refused(&account, &body).await;
        assert_eq!(
            (status, &error["param"]),
            (400, &json!(param)),
            "{body}: {error}"
        );
    }
    let (status, error) = router.refused(&account, &ask("gpt-4.2:floor", "Hi")).await;
    assert_eq!(
        (status, text(&error["code"])),
        (404, "model_not_found".to_owned())
    );
    router.verify().await;
}

#[actix_web::test]
async fn a_model_past_its_last_day_serves_only_those_who_name_it() {
    let soon = time::OffsetDateTime::now_utc().date() + time::Duration::days(10);
    let overlay = format!(
        "[[model]]\nid = \"gpt-4.1\"\ndeprecation_date = 2020-01-01\nreplacement = \"gpt-5.4\"\n\
         [[model]]\nid = \"gpt-5.4\"\ndeprecation_date = {soon}\n"
    );
    let router = Router::with(&overlay, |_| {}).await;
    let account = router.account("5.00").await;
    let (headers, _) = router.served(&account, &ask("gpt-4.1", "Hi")).await;
    assert_eq!(
        header(&headers, "x-model-router-warnings"),
        "advisory;deprecated;model"
    );

    let plan = route(&router, &account, &ask("standard", "Hi")).await;
    let excluded = plan["excluded"].as_array().unwrap();
    let gone = excluded.iter().find(|e| e["model"] == "gpt-4.1").unwrap();
    assert_eq!(gone["reason"], "endpoint");

    let gone = entry(&router, "gpt-4.1").await;
    assert_eq!(gone["state"], "retired");
    let ending = entry(&router, "gpt-5.4").await;
    assert_eq!(ending["state"], "flowing");
    assert_eq!(ending["deprecation_date"], soon.to_string());
    assert!(
        text(&ending["deprecation_notice"]).contains("in 10 days"),
        "{ending}"
    );
}

#[actix_web::test]
async fn tool_results_go_back_to_the_model_that_called() {
    let router = Router::start().await;
    let (account, other) = (router.account("5.00").await, router.account("5.00").await);
    let question = json!({"role": "user", "content": "What is the weather in Oslo?"});
    let tools = json!([{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}]);
    let first = json!({"model": "gpt-4.1", "messages": [question], "tools": tools});
    router.served(&account, &first).await;

    let call = json!({"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{}"}});
    let second = json!({"model": "standard", "prefer": "cheap", "tools": tools, "messages": [
        question,
        {"role": "assistant", "content": null, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "snow"},
    ]});
    let theirs = route(&router, &other, &second).await;
    assert_ne!(
        theirs["candidates"][0]["model"], "gpt-4.1",
        "another account's"
    );
    let ours = route(&router, &account, &second).await;
    assert_eq!(ours["candidates"][0]["model"], "gpt-4.1");
    let (headers, _) = router.served(&account, &second).await;
    assert_eq!(header(&headers, "x-model-router-model"), "gpt-4.1");
}

#[actix_web::test]
async fn a_warm_prompt_is_ranked_at_the_cached_rate() {
    let router = Router::start().await;
    let (account, other) = (router.account("5.00").await, router.account("5.00").await);
    let question = json!({"role": "user", "content": "All of this is context. ".repeat(2000)});
    router
        .served(
            &account,
            &json!({"model": "gpt-4.1", "messages": [question]}),
        )
        .await;
    let next = json!({"model": "standard", "messages": [
        question,
        {"role": "assistant", "content": "I see."},
        {"role": "user", "content": "Go on."},
    ]});
    let estimate = |plan: &Value| {
        let candidates = plan["candidates"].as_array().unwrap();
        let ours = candidates.iter().find(|c| c["model"] == "gpt-4.1").unwrap();
        pico(ours["cost_estimate"].as_str().unwrap())
    };
    let warm = estimate(&route(&router, &account, &next).await);
    let cold = estimate(&route(&router, &other, &next).await);
    // 2 USD a million against 0.5, for almost all of the prompt.
    assert!(warm * 2 < cold, "{warm} {cold}");
}

#[actix_web::test]
async fn a_pin_goes_on_to_the_other_host_of_the_same_weights() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    let bedrock = "qwen.qwen3-235b-a22b-2507-v1:0";
    let plan = route(&router, &account, &ask(bedrock, "Hi")).await;
    let order: Vec<String> = plan["candidates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|candidate| text(&candidate["model"]))
        .collect();
    assert_eq!(order, [bedrock, "qwen-3-235b-a22b-instruct-2507"]);
    router
        .sandbox
        .script(Vendor::Bedrock)
        .set(Fault::Status(503));
    let (headers, _) = router.served(&account, &ask(bedrock, "Hi")).await;
    assert_eq!(header(&headers, "x-model-router-provider"), "cerebras");
    let mut only = ask(bedrock, "Hi");
    only["provider"] = json!({"allow_fallbacks": false});
    let response = router.chat(&account, &only).await;
    assert!(error_of(response).await.0 >= 500);
}

#[actix_web::test]
async fn what_was_observed_shows_in_models_and_in_the_dry_run() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    assert_eq!(
        entry(&router, "gpt-4.1").await["latency"]["observed"],
        false
    );
    for stream in [true, false, true, false, true] {
        let mut body = ask("gpt-4.1", "[[tokens:60]] Hi");
        body["stream"] = json!(stream);
        let response = router.chat(&account, &body).await;
        assert_eq!(response.status(), 200);
        response.text().await.unwrap();
    }
    let latency = entry(&router, "gpt-4.1").await["latency"].clone();
    assert_eq!(latency["observed"], true, "{latency}");
    assert_eq!(latency["success_rate"], 1.0);
    // Five answers of 60 tokens weigh as much as the prior's 400.
    let mean = latency["output_tokens_mean"].as_u64().unwrap();
    assert!((225..=235).contains(&mean), "{latency}");
    router
        .sandbox
        .script(Vendor::OpenAi)
        .set(Fault::Status(500));
    router.chat(&account, &ask("gpt-4.1", "Hi")).await;
    let plan = route(&router, &account, &ask("gpt-4.1", "Hi")).await;
    let rate = plan["candidates"][0]["success_rate"].as_f64().unwrap();
    assert!(rate < 1.0 && rate > 0.7, "{plan}");
}

#[actix_web::test]
async fn tiers_show_whom_they_try_first_and_aliases_what_they_name() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    let premium = entry(&router, "premium").await;
    for prefer in ["cheap", "fast", "balanced", "quality", "coding"] {
        let mut body = ask("premium", "Hi");
        body["prefer"] = json!(prefer);
        let plan = route(&router, &account, &body).await;
        let first = &premium["grid"][prefer][0];
        assert_eq!(first, &plan["candidates"][0]["model"], "{prefer}");
    }
    assert_eq!(premium["aliases"], json!(["gpt-5", "o1"]));
    let codex = entry(&router, "codex").await;
    assert_eq!(codex["id"], "gpt-5.3-codex");
    assert_eq!(codex["aliases"], json!(["codex"]));
}

#[actix_web::test]
async fn five_cents_carry_forty_calls_at_one_time() {
    let router = Router::start().await;
    let account = router.account("0.05").await;
    let mut body = ask("standard", "[[tokens:200]] Count.");
    body["prefer"] = json!("cheap");
    let calls = (0..40).map(|_| router.served(&account, &body));
    for (_, answer) in join_all(calls).await {
        assert_eq!(answer["usage"]["completion_tokens"], 200);
        assert_eq!(answer["choices"][0]["finish_reason"], "stop");
    }
    assert!(pico(&router.balance(&account).await) > 0);
    router.verify().await;
}
