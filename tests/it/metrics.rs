//! `/metrics` and `/status`: what an operator sees, and who may.

use model_router::actors::ledger::Drain;
use model_router::sandbox::{Fault, Vendor};
use serde_json::json;

use super::router::{Router, ask};

async fn metrics(router: &Router) -> String {
    let request = router.client.get(format!("{}/metrics", router.url));
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    let kind = response.headers()["content-type"].to_str().unwrap();
    assert!(kind.starts_with("text/plain; version=0.0.4"), "{kind}");
    response.text().await.unwrap()
}

/// The value of the one line that begins so.
fn value(metrics: &str, line: &str) -> u64 {
    let found = metrics.lines().find_map(|l| l.strip_prefix(line));
    let found = found.unwrap_or_else(|| panic!("no {line} in\n{metrics}"));
    found.trim().parse().unwrap()
}

#[actix_web::test]
async fn requests_attempts_streams_and_states_are_counted() {
    let router = Router::with("", |settings| settings.breaker.consecutive_failures = 1).await;
    let account = router.account("5.00").await;
    let script = router.sandbox.script(Vendor::OpenAi);
    router.served(&account, &ask("gpt-4.1", "Hello")).await;
    for fault in [Fault::Malformed, Fault::CutTokens(3)] {
        script.set(fault);
        let mut body = ask("gpt-4.1", "[[tokens:9]] go");
        body["stream"] = json!(true);
        router.chat(&account, &body).await.text().await.unwrap();
    }
    router
        .refused(&account, &json!({ "model": "gpt-4.1" }))
        .await;
    let text = metrics(&router).await;
    let chat = "model_router_requests_total{route=\"/v1/chat/completions\"";
    assert_eq!(
        value(&text, &format!("{chat},status=\"200\",code=\"\"}}")),
        3
    );
    let missing = format!("{chat},status=\"400\",code=\"missing_required_parameter\"}}");
    assert_eq!(value(&text, &missing), 1);
    let model = "provider=\"openai\",model=\"gpt-4.1\"";
    let ok = format!("model_router_attempts_total{{{model},outcome=\"ok\"}}");
    assert_eq!(value(&text, &ok), 3);
    let broken = format!("model_router_streams_broken_total{{{model},fault=\"malformed\"}}");
    assert_eq!(value(&text, &broken), 1);
    assert_eq!(value(&text, "model_router_streams_total{end=\"whole\"}"), 1);
    assert_eq!(
        value(&text, "model_router_streams_total{end=\"broken\"}"),
        1
    );
    assert_eq!(value(&text, "model_router_malformed_events_total"), 1);
    assert_eq!(value(&text, "model_router_requests_in_flight"), 0);
    let state = |state: &str| format!("model_router_model_state{{{model},state=\"{state}\"}}");
    assert_eq!(
        value(&text, &state("tripped")),
        1,
        "one cut was one too many"
    );
    assert_eq!(value(&text, &state("flowing")), 0);
}

#[actix_web::test]
async fn losses_and_commits_of_the_ledger_are_counted() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    let before = metrics(&router).await;
    let commits = "model_router_ledger_commit_decisions_count";
    let lost = "model_router_ledger_losses_total{kind=\"failed\"}";
    let amount = "model_router_ledger_lost_picodollars_total{kind=\"failed\"}";
    assert_eq!((value(&before, lost), value(&before, amount)), (0, 0));
    let script = router.sandbox.script(Vendor::OpenAi);
    script.set(Fault::Empty);
    router.chat(&account, &ask("gpt-4.1", "Hello")).await;
    router.desk.ledger.send(Drain).await.unwrap().unwrap();
    let after = metrics(&router).await;
    assert!(value(&after, commits) > value(&before, commits));
    assert_eq!(value(&after, lost), 1, "{after}");
    assert!(value(&after, amount) > 0, "{after}");
}

#[actix_web::test]
async fn what_is_in_flight_is_shown_while_it_is() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    let script = router.sandbox.script(Vendor::OpenAi);
    script.set(Fault::DelayMs(300));
    let body = ask("gpt-4.1", "Hello");
    let watch = async {
        assert!(script.wait(|calls| calls.len() == 1).await);
        metrics(&router).await
    };
    let (_, text) = tokio::join!(router.served(&account, &body), watch);
    assert_eq!(value(&text, "model_router_requests_in_flight"), 1);
}

#[actix_web::test]
async fn metrics_are_for_this_machine_and_the_operator() {
    let router = Router::start().await;
    let ask = |token: Option<&str>| {
        let request = router
            .client
            .get(format!("{}/metrics", router.url))
            .header("x-forwarded-for", "203.0.113.7");
        match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    };
    assert_eq!(ask(None).send().await.unwrap().status(), 401);
    assert_eq!(ask(Some("guess")).send().await.unwrap().status(), 401);
    let operator = ask(Some(super::router::ADMIN)).send().await.unwrap();
    assert_eq!(operator.status(), 200);
}
