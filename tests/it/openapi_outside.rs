//! What the router has to do with others, held against `/openapi.json`: Stripe, backends of
//! telemetry, browsers.

use model_router::actors::clock::now_ms;
use model_router::sandbox::stripe::sign;
use reqwest::redirect;
use serde_json::{Value, json};

use super::collector::{Collector, Manner};
use super::mailbox;
use super::openapi_tour::Tour;
use super::router::{ADMIN, text};
use super::shop::{SECRET, VISA};

/// A deposit from its order to the removal of the card that paid it.
pub async fn deposits(tour: &mut Tour) {
    let session = tour.session.clone();
    let to = ("POST", "/v1/billing/checkout", "");
    let wanted = json!({ "amount_usd": "20.00", "idempotency_key": "k" });
    let order = tour.ask(to, &session, wanted, 200).await.json();
    let other = json!({ "amount_usd": "30.00", "idempotency_key": "k" });
    tour.ask(to, &session, other, 422).await;
    tour.ask(to, &session, json!({ "amount_usd": "1" }), 400)
        .await;
    tour.get("/v1/billing", "", &session).await;
    let page = text(&order["url"]);
    tour.stripe
        .pay(page.rsplit('/').next().unwrap(), VISA)
        .unwrap();
    loop {
        let billing = tour.get("/v1/billing", "?limit=1", &session).await.json();
        if billing["card"].is_object() && billing["orders"]["data"][0]["status"] == "paid" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    tour.ask(
        ("GET", "/v1/billing", "?before=x"),
        &session,
        Value::Null,
        400,
    )
    .await;
    for path in ["/v1/account/export", "/v1/account/transactions"] {
        tour.get(path, "", &session).await;
    }
    let to = ("DELETE", "/v1/billing/card", "");
    tour.ask(to, &session, Value::Null, 200).await;

    let path = "/v1/billing/webhook";
    let event =
        r#"{"id":"evt_1","type":"plan.created","created":1,"livemode":false,"data":{"object":{}}}"#;
    let signature = sign(SECRET, event.as_bytes(), now_ms() / 1000);
    let told = tour
        .request("POST", path, "")
        .header("stripe-signature", signature)
        .body(event);
    assert_eq!(tour.send("POST", path, told).await.status, 200);
}

/// An account's target: set, shown, tested and removed.
pub async fn telemetry(tour: &mut Tour) {
    let session = tour.session.clone();
    let test = ("POST", "/v1/account/telemetry/test", "");
    tour.ask(test, &session, Value::Null, 400).await;
    let collector = Collector::start(Manner::Takes).await;
    let target = json!({ "telemetry": { "endpoint": collector.url(), "protocol": "http/json",
        "headers": { "x-team": "secret" }, "content": "off", "sampling": 0.5 } });
    let to = ("PATCH", "/v1/account", "");
    tour.ask(to, &session, target, 200).await;
    let report = tour.ask(test, &session, Value::Null, 200).await.json();
    assert_eq!(report["delivered"], true, "{report}");
    tour.get("/v1/account", "", &session).await;
    let wrong = json!({ "telemetry": { "endpoint": "ftp://example.com" } });
    tour.ask(to, &session, wrong, 400).await;
    tour.ask(to, &session, json!({ "telemetry": null }), 200)
        .await;
}

/// The audit log, by now with deeds of the operator, of a session and of Stripe.
pub async fn audit(tour: &mut Tour) {
    let account = tour.account.clone();
    let log = tour.get("/admin/audit", "?limit=100", ADMIN).await.json();
    let by = |kind: &str| {
        log["data"]
            .as_array()
            .unwrap()
            .iter()
            .any(|deed| deed["actor"]["type"] == kind)
    };
    assert!(by("admin") && by("session") && by("stripe"), "{log}");
    let mine = format!(
        "?account={account}&action=key_created&since=2020-01-01&until=2999-01-01T00:00:00Z"
    );
    tour.get("/admin/audit", &mine, ADMIN).await;
    tour.ask(
        ("GET", "/admin/audit", "?action=nothing"),
        ADMIN,
        Value::Null,
        400,
    )
    .await;
}

/// A provider that the operator has left alone, and asked again.
pub async fn providers(tour: &mut Tour) {
    let to = ("POST", "/admin/providers/{name}/rest", "google");
    tour.ask(to, ADMIN, json!({ "rest_ms": 60_000 }), 200).await;
    tour.ask(to, ADMIN, json!({ "rest_ms": 1 }), 400).await;
    let health = tour.get("/health", "", "").await.json();
    let resting = |provider: &Value| provider["name"] == "google" && provider["state"] == "tripped";
    assert!(
        health["providers"].as_array().unwrap().iter().any(resting),
        "{health}"
    );
    let to = ("POST", "/admin/providers/{name}/resume", "google");
    tour.ask(to, ADMIN, Value::Null, 200).await;
    let to = ("POST", "/admin/providers/{name}/resume", "nobody");
    tour.ask(to, ADMIN, Value::Null, 404).await;
}

/// Pages as browsers ask for them, with and without a session.
pub async fn pages(tour: &mut Tour) {
    let browser = reqwest::Client::builder();
    let browser = browser.redirect(redirect::Policy::none()).build().unwrap();
    let all = [
        ("/", ""),
        ("/docs", ""),
        ("/docs/{topic}", "errors"),
        ("/status", ""),
        ("/login", ""),
        ("/dashboard", ""),
        ("/models", ""),
        ("/v1/models", "?q=gpt&sort=-quality"),
        ("/models/{id}", "gpt-4.1"),
        ("/v1/models/{id}", "economy"),
    ];
    let email = "edsger@example.com";
    let to = ("POST", "/v1/auth/request-code", "");
    let flow = tour
        .ask(to, "", json!({ "email": email }), 200)
        .await
        .json();
    let code = mailbox::code(&tour.router.dir.path().join("var"), email, 1).await;
    let offer = json!({ "email": email, "code": code, "flow": flow["flow"] });
    let to = ("POST", "/v1/auth/verify-code", "");
    let token = text(&tour.ask(to, "", offer, 200).await.json()["session_token"]);
    for (path, rest) in all {
        for method in ["GET", "HEAD"] {
            for cookie in ["".to_owned(), format!("mr={token}")] {
                let (_, request) = tour.request(method, path, rest).build_split();
                let mut request = request.unwrap();
                let headers = request.headers_mut();
                headers.insert("accept", "text/html".parse().unwrap());
                headers.insert("cookie", cookie.parse().unwrap());
                let response = browser.execute(request).await.unwrap();
                let tag = tour
                    .took(method, path, response)
                    .await
                    .headers
                    .remove("etag");
                let Some(tag) = tag else { continue };
                let again = tour.request(method, path, rest);
                let again = again
                    .header("accept", "text/html")
                    .header("cookie", &cookie);
                let again = again.header("if-none-match", tag);
                let again = tour.send(method, path, again).await.status;
                // What is measured meanwhile makes another page.
                assert!(
                    again == 304 || !path.starts_with("/docs"),
                    "{method} {path}"
                );
            }
        }
    }
    let nothing = tour.request("GET", "/docs/{topic}", "no-such-topic");
    assert_eq!(tour.send("GET", "/docs/{topic}", nothing).await.status, 404);
}
