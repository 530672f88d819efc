//! Who is left alone after failures, for how long, and who may find out whether it is over.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use model_router::sandbox::{Fault, Vendor};
use serde_json::{Value, json};

use super::failover::{CHAT_ONLY, attempts, by_quality};
use super::router::{Router, ask, header, text};

async fn health(router: &Router) -> Value {
    let request = router.client.get(format!("{}/health", router.url));
    request.send().await.unwrap().json().await.unwrap()
}

/// What `/v1/models` says of a model.
async fn entry(router: &Router, model: &str) -> Value {
    let request = router
        .client
        .get(format!("{}/v1/models/{model}", router.url));
    request.send().await.unwrap().json().await.unwrap()
}

fn provider<'a>(health: &'a Value, name: &str) -> &'a Value {
    let all = health["providers"].as_array().unwrap();
    all.iter().find(|one| one["name"] == name).unwrap()
}

#[actix_web::test]
async fn the_callers_own_mistakes_are_not_tried_elsewhere_and_trip_nothing() {
    let router = Router::with(CHAT_ONLY, |_| {}).await;
    let account = router.account("5.00").await;
    router
        .sandbox
        .script(Vendor::OpenAi)
        .set_for("gpt-5.3-chat-latest", Fault::Status(400));
    for _ in 0..20 {
        let (status, error) = router.refused(&account, &by_quality("Hello")).await;
        assert_eq!(status, 400, "{error}");
        assert_eq!(error["metadata"]["attempts"].as_array().unwrap().len(), 1);
    }
    let health = health(&router).await;
    assert_eq!(health["status"], "operational", "{health}");
}

#[actix_web::test]
async fn a_rate_limited_model_is_left_alone_for_as_long_as_it_asked() {
    let router = Router::with(CHAT_ONLY, |_| {}).await;
    let account = router.account("5.00").await;
    router
        .sandbox
        .script(Vendor::OpenAi)
        .next(1, [Fault::Status(429), Fault::RetryAfter(20)]);
    let tried = attempts(&router, &account, &by_quality("Hello")).await;
    assert!(
        tried.starts_with("openai/gpt-5.3-chat-latest:429,"),
        "{tried}"
    );
    let (status, error) = router
        .refused(&account, &ask("gpt-5.3-chat-latest", "Hello"))
        .await;
    assert_eq!(
        (status, text(&error["code"]).as_str()),
        (429, "upstream_rate_limited")
    );
    let dry: Value = router
        .post(&account, "/v1/route")
        .json(&by_quality("Hello"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let excluded = dry["excluded"].as_array().unwrap();
    assert!(
        excluded
            .iter()
            .any(|e| e["model"] == "gpt-5.3-chat-latest" && e["reason"] == "tripped")
    );
}

#[actix_web::test]
async fn killing_the_serving_provider_under_load_costs_no_caller_anything() {
    let router = Router::with(CHAT_ONLY, |settings| {
        settings.breaker.rest_ms = 200;
        settings.limits.running_per_account = 500;
    })
    .await;
    let account = router.account("50.00").await;
    let before = attempts(&router, &account, &by_quality("Hello")).await;
    assert!(before.starts_with("openai/"), "{before}");

    let load = async |n: usize, stream: bool| {
        let one = |i: usize| {
            let mut body = by_quality(&format!("[[tokens:10]] request {i}"));
            body["stream"] = json!(stream);
            let router = &router;
            let account = &account;
            async move {
                let response = router.chat(account, &body).await;
                let (status, headers) = (response.status(), response.headers().clone());
                let text = response.text().await.unwrap();
                assert_eq!(status, 200, "{text}");
                assert!(!text.contains("\"error\""), "{text}");
                header(&headers, "x-model-router-attempts").to_owned()
            }
        };
        join_all((0..n).map(one)).await
    };
    router
        .sandbox
        .script(Vendor::OpenAi)
        .set(Fault::DelayMs(30));
    let (during, ()) = tokio::join!(load(200, false), async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        router.sandbox.stop(Vendor::OpenAi).await;
    });
    assert!(
        during.iter().any(|tried| tried.contains("connect,xai/")),
        "nobody was rerouted"
    );
    let after = load(50, true).await;
    assert!(
        after
            .iter()
            .all(|tried| tried.ends_with("xai/grok-3-beta:ok")),
        "{after:?}"
    );

    // The provider comes back; one probe finds out, then everybody flows again.
    router.sandbox.script(Vendor::OpenAi).clear();
    router.sandbox.restart(Vendor::OpenAi).await.unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let tried = attempts(&router, &account, &by_quality("Hello again")).await;
        if tried == "openai/gpt-5.3-chat-latest:ok" {
            break;
        }
        assert!(Instant::now() < deadline, "it never came back: {tried}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    router.verify().await;
}

#[actix_web::test]
async fn whatever_befalls_a_provider_under_load_costs_no_caller_anything() {
    for fault in [
        Fault::Status(500),
        Fault::Status(429),
        Fault::Reset,
        Fault::Hang,
        Fault::Empty,
    ] {
        let router = Router::with(CHAT_ONLY, |settings| {
            // Short enough for silence, and long enough for the healthy provider on a busy machine.
            settings.failover.answer_ms = 2_000;
            settings.failover.reasoning_first_token_ms = 2_000;
            settings.failover.first_token_ms = 2_000;
            settings.limits.running_per_account = 500;
        })
        .await;
        let account = router.account("50.00").await;
        router.sandbox.script(Vendor::OpenAi).set(fault);
        for stream in [true, false] {
            let one = |i: usize| {
                let mut body = by_quality(&format!("[[tokens:10]] request {i}"));
                body["stream"] = json!(stream);
                let (router, account) = (&router, &account);
                async move { attempts(router, account, &body).await }
            };
            for tried in join_all((0..50).map(one)).await {
                assert!(tried.ends_with("xai/grok-3-beta:ok"), "{fault:?}: {tried}");
            }
        }
        router.verify().await;
    }
}

#[actix_web::test]
async fn a_tripped_model_is_probed_by_one_request_alone() {
    let router = Router::with(CHAT_ONLY, |settings| settings.breaker.rest_ms = 100).await;
    let account = router.account("5.00").await;
    let script = router.sandbox.script(Vendor::OpenAi);
    script.set(Fault::Status(500));
    for _ in 0..5 {
        router.refused(&account, &ask("gpt-4.1", "Hello")).await;
    }
    assert_eq!(script.call_count("gpt-4.1"), 5);
    let (status, _) = router.refused(&account, &ask("gpt-4.1", "Hello")).await;
    assert_eq!(status, 503);
    assert_eq!(
        script.call_count("gpt-4.1"),
        5,
        "a tripped model is not asked"
    );

    tokio::time::sleep(Duration::from_millis(150)).await;
    script.set(Fault::DelayMs(100));
    let prompt = ask("gpt-4.1", "Hello");
    let answers = join_all((0..20).map(|_| router.chat(&account, &prompt))).await;
    let served = answers
        .iter()
        .filter(|answer| answer.status() == 200)
        .count();
    assert_eq!(
        (served, script.call_count("gpt-4.1")),
        (1, 6),
        "exactly one probe"
    );
    assert_eq!(
        router
            .chat(&account, &ask("gpt-4.1", "Hello"))
            .await
            .status(),
        200
    );
}

#[actix_web::test]
async fn a_failing_model_leaves_the_other_models_of_its_provider_alone() {
    let router = Router::with(CHAT_ONLY, |_| {}).await;
    let account = router.account("5.00").await;
    let script = router.sandbox.script(Vendor::OpenAi);
    script.set_for("gpt-4.1", Fault::Status(500));
    for _ in 0..6 {
        router.refused(&account, &ask("gpt-4.1", "Hello")).await;
    }
    assert_eq!(script.call_count("gpt-4.1"), 5);
    router.served(&account, &ask("o3", "Hello")).await;
}

#[actix_web::test]
async fn a_refused_credential_rests_with_all_models_of_its_provider() {
    let router = Router::with(CHAT_ONLY, |_| {}).await;
    let account = router.account("5.00").await;
    let script = router.sandbox.script(Vendor::OpenAi);
    script.next(1, Fault::Status(401));
    let (status, error) = router.refused(&account, &ask("gpt-4.1", "Hello")).await;
    assert_eq!(
        (status, text(&error["code"]).as_str()),
        (502, "provider_auth")
    );
    let (status, _) = router.refused(&account, &ask("o3", "Hello")).await;
    assert_eq!((status, script.call_count("o3")), (503, 0));

    let health = health(&router).await;
    let openai = provider(&health, "openai");
    assert_eq!(openai["state"], "tripped", "{openai}");
    assert_eq!(openai["reason"], "credential");
    assert_eq!(entry(&router, "o3").await["reason"], "credential");
    let tried = attempts(&router, &account, &by_quality("Hello")).await;
    assert_eq!(
        tried, "xai/grok-3-beta:ok",
        "the provider is not even asked"
    );
}

#[actix_web::test]
async fn a_model_that_its_provider_does_not_know_rests_alone() {
    let router = Router::with(CHAT_ONLY, |_| {}).await;
    let account = router.account("5.00").await;
    let script = router.sandbox.script(Vendor::OpenAi);
    script.next(1, Fault::Status(404));
    router.refused(&account, &ask("gpt-4.1", "Hello")).await;
    let (status, _) = router.refused(&account, &ask("gpt-4.1", "Hello")).await;
    assert_eq!((status, script.call_count("gpt-4.1")), (503, 1));
    router.served(&account, &ask("o3", "Hello")).await;
    assert_eq!(entry(&router, "gpt-4.1").await["reason"], "model_missing");
}

#[actix_web::test]
async fn where_models_stand_is_told_with_since_when_and_why() {
    let router = Router::with(CHAT_ONLY, |_| {}).await;
    let account = router.account("5.00").await;
    let flowing = entry(&router, "gpt-4.1").await;
    assert_eq!(flowing["state"], "flowing");
    assert!(flowing.get("since").is_none() && flowing.get("reason").is_none());

    router
        .sandbox
        .script(Vendor::OpenAi)
        .set_for("gpt-4.1", Fault::Status(500));
    for _ in 0..5 {
        router.refused(&account, &ask("gpt-4.1", "Hello")).await;
    }
    let tripped = entry(&router, "gpt-4.1").await;
    assert_eq!(tripped["state"], "tripped");
    assert_eq!(tripped["reason"], "failures");
    assert!(text(&tripped["since"]).ends_with('Z'), "{tripped}");
    let health = health(&router).await;
    assert_eq!(health["status"], "degraded");
    let openai = provider(&health, "openai");
    assert_eq!(openai["state"], "flowing");
    assert_eq!(openai["models_tripped"], 1);
    assert_eq!(openai["models"][0]["id"], "gpt-4.1");
    assert_eq!(openai["models"][0]["reason"], "failures");
}

#[actix_web::test]
async fn when_everything_is_tripped_one_request_a_second_finds_out_and_the_others_are_told_at_once()
{
    let router = Router::with(CHAT_ONLY, |settings| settings.breaker.rest_ms = 60_000).await;
    let account = router.account("5.00").await;
    let mut body = ask("standard", "Hello");
    body["provider"] = json!({ "only": ["xai"] });
    let script = router.sandbox.script(Vendor::Xai);
    script.set(Fault::Status(500));
    let calls = || script.calls().len();
    // Every model of the tier trips.
    let mut before = 0;
    loop {
        router.refused(&account, &body).await;
        if calls() == before {
            break;
        }
        before = calls();
        assert!(before < 100, "it never trips");
    }
    // The fastest of a few, because the machine may be busy with other tests; and one of them may be
    // the probe of its second.
    let mut fastest = Duration::MAX;
    for _ in 0..6 {
        let asked = Instant::now();
        let response = router.chat(&account, &body).await;
        if response.status() == 503 {
            fastest = fastest.min(asked.elapsed());
            let wait: u64 = header(response.headers(), "retry-after").parse().unwrap();
            assert!((1..=60).contains(&wait), "{wait}");
        }
    }
    assert!(fastest < Duration::from_millis(50), "{fastest:?}");

    tokio::time::sleep(Duration::from_millis(1_100)).await;
    script.set(Fault::DelayMs(200));
    let before = calls();
    let answers = join_all((0..20).map(|_| router.chat(&account, &body))).await;
    let served = answers.iter().filter(|answer| answer.status() == 200);
    let probes = calls() - before;
    assert_eq!(served.count(), probes);
    let models = entry_count(&router).await;
    assert!(
        (1..=models).contains(&probes),
        "{probes} probes of {models} models"
    );
    router.served(&account, &body).await;
}

/// How many models the tier has at xAI.
async fn entry_count(router: &Router) -> usize {
    let request = router.client.get(format!("{}/v1/models", router.url));
    let list: Value = request.send().await.unwrap().json().await.unwrap();
    let is_one = |entry: &&Value| {
        let tiers = entry["tiers"].as_array().unwrap();
        entry["provider"] == "xai" && tiers.contains(&json!("standard"))
    };
    list["data"]
        .as_array()
        .unwrap()
        .iter()
        .filter(is_one)
        .count()
}
