//! Money: free models, 402, races for the last credit, bills that agree with the ledger.

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use model_router::sandbox::{Fault, Vendor};
use serde_json::json;

use super::router::{Router, ask, header, pico, text};

#[actix_web::test]
async fn without_credit_free_models_serve_and_paid_ones_ask_for_money() {
    let router = Router::start().await;
    let account = router.account("").await;
    let mut body = ask("economy", "Hello");
    body["prefer"] = json!("cheap");
    let (headers, answer) = router.served(&account, &body).await;
    assert!(["groq", "cerebras"].contains(&header(&headers, "x-model-router-provider")));
    assert_eq!(header(&headers, "x-model-router-cost"), "0");
    assert_eq!(answer["usage"]["cost"], 0);
    assert!(answer["usage"]["completion_tokens"].as_u64().unwrap() > 0);
    assert_eq!(router.balance(&account).await, "0");
    let record = router
        .get(
            &account,
            &format!("/v1/generations/{}", text(&answer["id"])),
        )
        .await;
    assert_eq!(record["data"]["total_cost"], "0");

    for model in ["standard", "premium", "gpt-4.1"] {
        let (status, error) = router.refused(&account, &ask(model, "Hello")).await;
        assert_eq!(
            (status, text(&error["code"]).as_str()),
            (402, "insufficient_credits"),
            "{model}"
        );
        let message = text(&error["message"]);
        assert!(
            message.contains("llama-3.3-70b-versatile")
                && message.contains("$0 ")
                && message.contains("of about $0."),
            "{message}"
        );
    }

    let grant = json!({ "amount_usd": "5.00", "idempotency_key": "one" });
    let path = format!("/admin/accounts/{}/credits", account.id);
    for _ in 0..3 {
        let given = router.admin(&path).json(&grant).send().await.unwrap();
        assert_eq!(given.status(), 200);
    }
    assert_eq!(
        router.balance(&account).await,
        "5",
        "one idempotency key is one grant"
    );
    router.served(&account, &ask("standard", "Hello")).await;
    router.verify().await;
}

#[actix_web::test]
async fn a_failed_request_costs_nothing() {
    let router = Router::start().await;
    let account = router.account("1.00").await;
    router
        .sandbox
        .script(Vendor::OpenAi)
        .set(Fault::Status(500));
    for stream in [false, true] {
        let mut body = ask("gpt-4.1", "Hello");
        body["stream"] = json!(stream);
        let response = router.chat(&account, &body).await;
        assert_eq!(response.status(), 502);
    }
    assert_eq!(router.balance(&account).await, "1");
    router.verify().await;
}

#[actix_web::test]
async fn the_last_credit_is_spent_and_never_overdrawn() {
    let router = Router::start().await;
    // $0.0003 is 37 tokens of gpt-4.1's output; the answer would be far longer.
    let account = router.account("0.0003").await;
    let (_, body) = router
        .served(&account, &ask("gpt-4.1", "[[tokens:500]] go on"))
        .await;
    assert_eq!(body["choices"][0]["finish_reason"], "length");
    assert!(body["usage"]["completion_tokens"].as_u64().unwrap() < 40);
    let left = pico(&router.balance(&account).await);
    assert!((0..100_000_000).contains(&left), "{left}");
    router.verify().await;
}

#[actix_web::test]
async fn five_cents_run_a_short_answer_on_a_cheap_model() {
    let router = Router::start().await;
    let account = router.account("0.05").await;
    let (_, body) = router
        .served(&account, &ask("gpt-4.1-mini", "[[tokens:200]] go"))
        .await;
    assert_eq!(body["usage"]["completion_tokens"], 200);
}

#[actix_web::test]
async fn running_requests_of_one_account_are_bounded() {
    let router = Router::with("", |settings| settings.limits.running_per_account = 2).await;
    for vendor in Vendor::ALL {
        router.sandbox.script(vendor).set(Fault::Hang);
    }
    for (model, vendor) in [
        ("gpt-4.1", Vendor::OpenAi),
        ("llama3.1-8b", Vendor::Cerebras),
    ] {
        let account = router.account("5.00").await;
        let body = ask(model, "Hello");
        let mut answers: FuturesUnordered<_> =
            (0..5).map(|_| router.chat(&account, &body)).collect();
        // Two run for as long as their callers wait.
        for _ in 0..3 {
            let limited = answers.next().await.unwrap();
            assert_eq!(limited.status(), 429, "{model}");
            assert!(limited.headers().contains_key("retry-after"));
        }
        let script = router.sandbox.script(vendor);
        tokio::select! {
            ended = answers.next() => panic!("{model}: a fourth ended: {ended:?}"),
            both = script.wait(|calls| calls.len() == 2) => assert!(both, "{model}"),
        }
    }
}
