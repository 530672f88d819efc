//! A second model beside a slow first one, for `fast` requests of routers that allow it.

use model_router::sandbox::{Ending, Fault, Vendor};
use serde_json::{Value, json};

use super::failover::{CHAT_ONLY, attempts};
use super::router::{Router, ask};

/// gpt-4.1 is known to begin within 20 ms, so that 60 ms are slow.
const QUICK: &str = "[[model]]\nid = \"gpt-4.1\"\nttft_ms = 20\n";

async fn hedging(hedge: bool) -> Router {
    let overlay = format!("{CHAT_ONLY}{QUICK}");
    Router::with(&overlay, |settings| settings.failover.hedge = hedge).await
}

fn fast() -> Value {
    let mut body = ask("gpt-4.1", "Hello");
    body["models"] = json!(["grok-3-beta", "llama-3.3-70b-versatile"]);
    body["prefer"] = json!("fast");
    body["stream"] = json!(true);
    body
}

#[actix_web::test]
async fn the_first_content_wins_and_the_slower_model_is_cancelled() {
    let router = hedging(true).await;
    let account = router.account("5.00").await;
    let script = router.sandbox.script(Vendor::OpenAi);
    script.set(Fault::TtftMs(5_000));
    let tried = attempts(&router, &account, &fast()).await;
    assert_eq!(tried, "openai/gpt-4.1:hedged,xai/grok-3-beta:ok");
    let hung_up = script.wait(|calls| calls[0].ending == Ending::HungUp).await;
    assert!(hung_up, "{:?}", script.calls());
    router.verify().await;
}

#[actix_web::test]
async fn a_first_model_that_is_quick_enough_is_asked_alone() {
    let router = hedging(true).await;
    let account = router.account("5.00").await;
    let tried = attempts(&router, &account, &fast()).await;
    assert_eq!(tried, "openai/gpt-4.1:ok");
    assert!(router.sandbox.script(Vendor::Xai).calls().is_empty());
}

#[actix_web::test]
async fn the_slower_first_model_may_still_win() {
    let router = hedging(true).await;
    let account = router.account("5.00").await;
    router
        .sandbox
        .script(Vendor::OpenAi)
        .set(Fault::TtftMs(300));
    router.sandbox.script(Vendor::Xai).set(Fault::TtftMs(5_000));
    let tried = attempts(&router, &account, &fast()).await;
    assert_eq!(tried, "xai/grok-3-beta:hedged,openai/gpt-4.1:ok");
}

#[actix_web::test]
async fn when_one_of_the_two_fails_the_other_answers() {
    let router = hedging(true).await;
    let account = router.account("5.00").await;
    router
        .sandbox
        .script(Vendor::OpenAi)
        .set([Fault::DelayMs(300), Fault::Status(500)]);
    router.sandbox.script(Vendor::Xai).set(Fault::TtftMs(700));
    let tried = attempts(&router, &account, &fast()).await;
    assert_eq!(tried, "openai/gpt-4.1:500,xai/grok-3-beta:ok");
}

#[actix_web::test]
async fn nobody_is_asked_twice_where_the_operator_does_not_allow_it() {
    let router = hedging(false).await;
    let account = router.account("5.00").await;
    router
        .sandbox
        .script(Vendor::OpenAi)
        .set(Fault::TtftMs(300));
    let tried = attempts(&router, &account, &fast()).await;
    assert_eq!(tried, "openai/gpt-4.1:ok");
}
