//! However an answer breaks off after its first content, whoever gave it: the caller is told, gets the
//! usage of what was delivered, and an end.

use model_router::sandbox::{Fault, Vendor};
use serde_json::json;

use super::router::{Router, ask, chunks, pico, streamed_text};

/// A model of each dialect.
const DIALECTS: [(Vendor, &str); 5] = [
    (Vendor::OpenAi, "gpt-4.1"),
    (Vendor::OpenAi, "gpt-5.3-codex"),
    (Vendor::Anthropic, "claude-haiku-4-5"),
    (Vendor::Google, "gemini-2.5-flash"),
    (Vendor::Bedrock, "zai.glm-4.7"),
];

#[actix_web::test]
async fn every_break_in_every_dialect_is_told_and_billed_as_delivered() {
    for (vendor, model) in DIALECTS {
        let router = Router::with("", |settings| settings.failover.idle_ms = 200).await;
        let account = router.account("5.00").await;
        let mut balance = 5_000_000_000_000;
        for fault in [
            Fault::CutTokens(5),
            Fault::Stall(5),
            Fault::ErrorInStream(5),
        ] {
            router.sandbox.script(vendor).set(fault);
            let mut body = ask(model, "[[reasoning:0]] [[say:a b c d e f g h]] go");
            body["stream"] = json!(true);
            body["reasoning"] = json!({ "exclude": true });
            let response = router.chat(&account, &body).await;
            let status = response.status();
            let text = response.text().await.unwrap();
            assert_eq!(status, 200, "{model}, {fault:?}: {text}");
            let chunks = chunks(&text);
            let said = streamed_text(&chunks);
            assert!("a b c d e".starts_with(&said) && !said.is_empty(), "{said}");
            let [.., failed, last] = chunks.as_slice() else {
                panic!("{model}, {fault:?}: {text}");
            };
            let error = &failed["error"];
            assert!(
                error["message"].is_string() && error["code"].is_string(),
                "{text}"
            );
            assert_eq!(error["metadata"]["retryable"], true, "{text}");
            assert_eq!(failed["choices"][0]["finish_reason"], "error", "{text}");
            assert_eq!(last["choices"], json!([]), "{text}");
            let cost = pico(&last["usage"]["cost"].to_string());
            assert!(cost > 0, "{text}");
            balance -= cost;
            assert_eq!(
                pico(&router.balance(&account).await),
                balance,
                "{model}, {fault:?}"
            );
            let errors = chunks.iter().filter(|chunk| chunk["error"].is_object());
            assert_eq!(errors.count(), 1, "{text}");
        }
        router.verify().await;
    }
}
