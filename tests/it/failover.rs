//! Outages that callers do not notice.

use model_router::sandbox::{Fault, Vendor};
use serde_json::{Value, json};

use super::router::{Account, Router, ask, chunks, error_of, header, text};

/// Only models that answer on the chat endpoint.
pub const CHAT_ONLY: &str = "[[model]]\nid = \"gpt-5.3-codex\"\ndisabled = true\n\
                         [[model]]\nid = \"gpt-5.1-codex-mini\"\ndisabled = true\n";

/// `standard` by quality at two providers: gpt-5.3-chat-latest, o3 and gpt-4.1 of OpenAI, then xAI's.
pub fn by_quality(prompt: &str) -> Value {
    let mut body = ask("standard", prompt);
    body["provider"] = json!({ "only": ["openai", "xai"] });
    body["prefer"] = json!("quality");
    body
}

pub async fn attempts(router: &Router, account: &Account, body: &Value) -> String {
    let response = router.chat(account, body).await;
    let status = response.status();
    assert_eq!(status, 200, "{}", response.text().await.unwrap());
    header(response.headers(), "x-model-router-attempts").to_owned()
}

#[actix_web::test]
async fn a_failure_before_content_goes_to_the_next_candidate() {
    // Half of the calls fail here; the success rate is not to take the model out of the test.
    let router = Router::with(CHAT_ONLY, |settings| settings.breaker.min_samples = 1000).await;
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
async fn a_pin_without_fallbacks_fails_with_its_true_status() {
    let router = Router::with(CHAT_ONLY, |_| {}).await;
    let account = router.account("5.00").await;
    for (fault, status, code) in [
        (Fault::Status(500), 502, "all_candidates_failed"),
        (Fault::Status(503), 502, "all_candidates_failed"),
        (Fault::Status(404), 502, "all_candidates_failed"),
        (Fault::Status(402), 503, "no_available_models"),
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

/// So many models of OpenAI that rank before all others by quality.
fn better(models: usize) -> String {
    let row = |number: usize| {
        format!(
            "[[model]]\nid = \"better-{number}\"\nprovider = \"openai\"\nupstream = \"better-{number}\"\n\
             tier = \"standard\"\ncontext_window = 8192\nmax_output = 2048\n\
             price = {{ input = 1.0, output = 2.0 }}\nquality = 0.{}\n",
            999 - number
        )
    };
    (0..models).map(row).collect()
}

#[actix_web::test]
async fn who_comes_after_the_foremost_is_found_when_they_fail() {
    for (fault, told, next) in [
        // Somebody elsewhere, behind all models of this provider.
        (Fault::Reset, "connect", "xai/"),
        // The first whose window is larger.
        (Fault::ContextLength, "400", "openai/gpt-5.3-chat-latest"),
    ] {
        let router = Router::with(&format!("{CHAT_ONLY}{}", better(20)), |_| {}).await;
        let account = router.account("5.00").await;
        let script = router.sandbox.script(Vendor::OpenAi);
        match told {
            "connect" => script.set(fault),
            _ => script.set_for("better-0", fault),
        }
        let tried = attempts(&router, &account, &by_quality("Hello")).await;
        let right = format!("openai/better-0:{told},{next}");
        assert!(
            tried.starts_with(&right) && tried.ends_with(":ok"),
            "{tried}"
        );
        router.verify().await;
    }
}
