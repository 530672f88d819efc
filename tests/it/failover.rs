//! Outages that callers do not notice.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use model_router::sandbox::{Fault, Vendor};
use serde_json::{Value, json};

use super::router::{Account, Router, ask, chunks, error_of, header, text};

/// Only models that answer on the chat endpoint.
const CHAT_ONLY: &str = "[[model]]\nid = \"gpt-5.3-codex\"\ndisabled = true\n\
                         [[model]]\nid = \"gpt-5.1-codex-mini\"\ndisabled = true\n";

/// `standard` by quality at two providers: gpt-5.3-chat-latest, o3 and gpt-4.1 of OpenAI, then xAI's.
fn by_quality(prompt: &str) -> Value {
    let mut body = ask("standard", prompt);
    body["provider"] = json!({ "only": ["openai", "xai"] });
    body["prefer"] = json!("quality");
    body
}

async fn attempts(router: &Router, account: &Account, body: &Value) -> String {
    let response = router.chat(account, body).await;
    let status = response.status();
    assert_eq!(status, 200, "{}", response.text().await.unwrap());
    header(response.headers(), "x-model-router-attempts").to_owned()
}

#[actix_web::test]
async fn a_failure_before_content_goes_to_the_next_candidate() {
    let router = Router::with(CHAT_ONLY, |_| {}).await;
    let account = router.account("5.00").await;
    let first = "gpt-5.3-chat-latest";
    for (fault, told) in [
        (Fault::Status(500), "500"),
        (Fault::Status(503), "503"),
        (Fault::Status(529), "529"),
        (Fault::Reset, "connect"),
        (Fault::Garbage, "malformed"),
        (Fault::Empty, "empty"),
    ] {
        for stream in [false, true] {
            router.sandbox.script(Vendor::OpenAi).set_for(first, fault);
            let mut body = by_quality("Hello");
            body["stream"] = json!(stream);
            let tried = attempts(&router, &account, &body).await;
            assert!(
                tried.starts_with(&format!("openai/{first}:{told},")),
                "{fault:?} stream {stream}: {tried}"
            );
            assert!(tried.ends_with(":ok"), "{tried}");
            // Two failures at the most, so the breaker never takes the model out of the test.
            router.sandbox.script(Vendor::OpenAi).clear();
            assert_eq!(
                attempts(&router, &account, &body).await,
                format!("openai/{first}:ok")
            );
        }
    }
    router.verify().await;
}

#[actix_web::test]
async fn an_error_inside_a_good_stream_goes_to_the_next_candidate() {
    let router = Router::with(CHAT_ONLY, |_| {}).await;
    let account = router.account("5.00").await;
    for (vendor, model) in [
        (Vendor::OpenAi, "gpt-4.1"),
        (Vendor::Groq, "llama-3.3-70b-versatile"),
    ] {
        router
            .sandbox
            .script(vendor)
            .set_for(model, Fault::ErrorInStream(0));
        let mut body = ask(model, "Hello");
        body["models"] = json!(["grok-3-beta"]);
        body["stream"] = json!(true);
        let response = router.chat(&account, &body).await;
        assert_eq!(
            header(response.headers(), "x-model-router-model"),
            "grok-3-beta"
        );
        let chunks = chunks(&response.text().await.unwrap());
        assert!(chunks.iter().all(|chunk| chunk.get("error").is_none()));
    }
}

#[actix_web::test]
async fn silence_is_left_for_another_after_its_clock() {
    let router = Router::with(CHAT_ONLY, |settings| {
        settings.failover.first_token_ms = 100;
        settings.failover.answer_ms = 100;
    })
    .await;
    let account = router.account("5.00").await;
    router
        .sandbox
        .script(Vendor::OpenAi)
        .set_for("gpt-5.3-chat-latest", Fault::Hang);
    for stream in [false, true] {
        let mut body = by_quality("Hello");
        body["stream"] = json!(stream);
        let tried = attempts(&router, &account, &body).await;
        assert!(
            tried.starts_with("openai/gpt-5.3-chat-latest:timeout,"),
            "{tried}"
        );
    }
}

#[actix_web::test]
async fn a_pin_without_fallbacks_fails_with_its_true_status() {
    let router = Router::with(CHAT_ONLY, |_| {}).await;
    let account = router.account("5.00").await;
    for (fault, status, code) in [
        (Fault::Status(500), 502, "all_candidates_failed"),
        (Fault::Status(401), 502, "provider_auth"),
        (Fault::Status(429), 429, "upstream_rate_limited"),
        (Fault::Reset, 503, "no_available_models"),
        (Fault::ContextLength, 400, "context_length_exceeded"),
        (Fault::Policy, 400, "content_policy_violation"),
        (Fault::Quota, 503, "no_available_models"),
    ] {
        let router = Router::with(CHAT_ONLY, |_| {}).await;
        let account = router.account("5.00").await;
        router.sandbox.script(Vendor::OpenAi).set(fault);
        for stream in [false, true] {
            let mut body = ask("gpt-4.1", "Hello");
            body["stream"] = json!(stream);
            if stream
                && !matches!(
                    fault,
                    Fault::Status(500) | Fault::Reset | Fault::ContextLength | Fault::Policy
                )
            {
                continue; // the model is being left alone by now
            }
            let (got, error) = error_of(router.chat(&account, &body).await).await;
            assert_eq!(
                (got, text(&error["code"]).as_str()),
                (status, code),
                "{fault:?}: {error}"
            );
            assert_eq!(error["metadata"]["attempts"][0]["model"], "gpt-4.1");
        }
        assert_eq!(router.balance(&account).await, "5");
    }
    assert_eq!(router.balance(&account).await, "5");
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
    let health: Value = router
        .client
        .get(format!("{}/health", router.url))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(health["status"], "operational", "{health}");
}

#[actix_web::test]
async fn a_rate_limited_model_is_left_alone_for_as_long_as_it_asked() {
    let router = Router::with(CHAT_ONLY, |_| {}).await;
    let account = router.account("5.00").await;
    router
        .sandbox
        .script(Vendor::OpenAi)
        .next(1, [Fault::Status(429), Fault::RetryAfter(2)]);
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
        (503, "no_available_models")
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
async fn a_redirect_of_an_upstream_is_a_failure_and_is_not_followed() {
    let trap = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    trap.set_nonblocking(true).unwrap();
    let upstream = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let overlay = format!(
        "[[provider]]\nname = \"moved\"\ndialect = \"openai\"\nbase_url = \"http://{}/v1\"\n\
         [[model]]\nid = \"moved-model\"\nprovider = \"moved\"\nupstream = \"x\"\ntier = \"economy\"\n\
         free = true\ncontext_window = 8192\nmax_output = 1024\n",
        upstream.local_addr().unwrap()
    );
    let location = format!("http://{}/v1/chat/completions", trap.local_addr().unwrap());
    let answer = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n"
    );
    actix_web::rt::spawn(async move {
        while let Ok((mut socket, _)) = upstream.accept().await {
            use tokio::io::{AsyncReadExt, AsyncWriteExt};
            let mut request = Vec::new();
            while !request.ends_with(b"}") {
                socket.read_buf(&mut request).await.unwrap();
            }
            socket.write_all(answer.as_bytes()).await.ok();
        }
    });
    let router = Router::with(&overlay, |_| {}).await;
    let account = router.account("").await;
    let (status, error) = router.refused(&account, &ask("moved-model", "Hello")).await;
    assert_eq!(status, 502, "{error}");
    assert_eq!(error["metadata"]["attempts"][0]["code"], "307");
    assert!(trap.accept().is_err(), "the redirect was followed");
}
