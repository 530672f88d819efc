//! The status page: attempts that failed over show, incidents begin and end, and a restart keeps both.

use std::process::Command;
use std::time::{Duration, Instant};

use model_router::routing::uptime::DAYS;
use model_router::sandbox::{Fault, Vendor};
use reqwest::Client;
use serde_json::json;
use tempfile::TempDir;

use super::mailbox::{code, request, verify};
use super::router::{Router, ask, crypto, text};
use super::signin_process::serve;

/// The part of the page about one provider.
fn provider(html: &str, name: &str) -> String {
    let start = html.find(&format!("<h3>{name} ")).unwrap();
    html[start..].split("</article>").next().unwrap().to_owned()
}

/// Asks for a page until it says something, at most ten seconds.
async fn until(page: impl AsyncFn() -> String, says: impl Fn(&str) -> bool) -> String {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let text = page().await;
        if says(&text) {
            return text;
        }
        assert!(Instant::now() < deadline, "{text}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[actix_web::test]
async fn an_attempt_that_failed_over_shows_though_no_caller_saw_it() {
    let router = Router::with("", |settings| settings.breaker.consecutive_failures = 1).await;
    let account = router.account("5.00").await;
    let html = router.page("/status").await;
    assert!(html.contains("<h1>Everything flows</h1>"));
    assert!(html.contains("None recorded in the last 90 days."));
    let openai = provider(&html, "openai");
    assert!(
        openai.contains("no data") && openai.contains(&format!("0 of {DAYS}")),
        "{openai}"
    );
    assert!(router.page("/models/gpt-4.1").await.contains("No data"));

    let script = router.sandbox.script(Vendor::OpenAi);
    script.set(Fault::Status(500));
    let mut body = ask("gpt-4.1", "Hello");
    body["models"] = json!(["claude-haiku-4-5"]);
    let (headers, _) = router.served(&account, &body).await;
    assert!(
        headers["x-model-router-attempts"]
            .to_str()
            .unwrap()
            .starts_with("openai/gpt-4.1:500")
    );

    // The actors hear of it after the caller has the answer.
    let counted = |html: &str| provider(html, "anthropic").contains("<dd>100 %</dd>");
    let html = until(async || router.page("/status").await, counted).await;
    assert!(
        html.contains("<h1>Some models are left alone</h1>"),
        "{html}"
    );
    let openai = provider(&html, "openai");
    assert!(
        openai.contains("<dd>0.00 %</dd>") && openai.contains(&format!("1 of {DAYS}")),
        "{openai}"
    );
    assert!(openai.contains("class=\"bad\""));
    let incidents = html.split("<h2>Incidents</h2>").nth(1).unwrap();
    assert!(
        incidents.contains("<td>openai</td><td>gpt-4.1</td><td>failures</td>"),
        "{incidents}"
    );
    assert!(incidents.contains("so far"));
    let model = router.page("/models/gpt-4.1").await;
    assert!(
        model.contains("tripped") && model.contains("0.00 %"),
        "{model}"
    );
}

#[actix_web::test]
async fn a_restart_keeps_what_came_of_attempts() {
    crypto();
    let dir = TempDir::new().unwrap();
    let client = Client::new();
    let page = async |url: &str| {
        let page = client.get(format!("{url}/status")).send().await.unwrap();
        provider(&page.text().await.unwrap(), "cerebras")
    };
    let mut said = Vec::new();
    for run in 0..2 {
        let (mut child, url) = serve(dir.path(), &dir.path().join("log"));
        if run == 0 {
            let flow = request(&client, &url, "ada@example.com").await;
            let code = code(&dir.path().join("var"), "ada@example.com", 1).await;
            let entered = verify(&client, &url, "ada@example.com", &code, &flow).await;
            let entered: serde_json::Value = entered.json().await.unwrap();
            let asked = client.post(format!("{url}/v1/chat/completions"));
            let asked = asked.bearer_auth(text(&entered["api_key"]));
            let free = ask("qwen-3-235b-a22b-instruct-2507", "Hello");
            assert_eq!(asked.json(&free).send().await.unwrap().status(), 200);
        }
        let counted = |part: &str| part.contains("<dd>100 %</dd>");
        said.push(until(async || page(&url).await, counted).await);
        let id = child.id().to_string();
        let stopped = Command::new("kill").args(["-TERM", &id]).status();
        assert!(stopped.unwrap().success() && child.wait().unwrap().success());
    }
    assert!(
        said[0].contains("<dd>100 %</dd>") && said[0].contains(&format!("1 of {DAYS}")),
        "{}",
        said[0]
    );
    assert_eq!(said[0], said[1]);
}
