//! The target of an account's telemetry: set, shown, tested, kept, and refused where it cannot work.

use model_router::store::{Accounts, Db};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use super::collector::{Collector, Manner, string};
use super::mailbox::SignedIn;
use super::router::{Router, ask, error_of, header, text};
use super::spans::{exporting, router};

async fn patch(router: &Router, owner: &SignedIn, telemetry: Value) -> Response {
    let body = json!({ "telemetry": telemetry });
    router
        .send(Method::PATCH, "/v1/account", &owner.token, &body)
        .await
}

async fn show(router: &Router, owner: &SignedIn) -> Value {
    let shown = router
        .send(Method::GET, "/v1/account", &owner.token, &json!({}))
        .await;
    let body: Value = shown.json().await.unwrap();
    body["telemetry"].clone()
}

async fn test(router: &Router, owner: &SignedIn) -> Response {
    let path = "/v1/account/telemetry/test";
    router
        .send(Method::POST, path, &owner.token, &json!({}))
        .await
}

#[actix_web::test]
async fn a_target_is_set_shown_without_secrets_changed_and_removed() {
    let router = router().await;
    let owner = router.owner("ada@example.com", "5").await;
    assert_eq!(show(&router, &owner).await, Value::Null);
    let collector = Collector::start(Manner::Takes).await;
    let target = json!({
        "endpoint": collector.url(), "protocol": "grpc", "content": "on", "sampling": 0.25,
        "headers": { "X-Honeycomb-Team": "hunter2", "x-dataset": "router" },
    });
    let changed = patch(&router, &owner, target).await;
    assert_eq!(changed.status(), 200);
    let told = changed.text().await.unwrap();
    assert!(!told.contains("hunter2"), "{told}");
    let shown = show(&router, &owner).await;
    assert_eq!(shown["endpoint"], collector.url());
    assert_eq!(shown["protocol"], "grpc");
    assert_eq!(
        shown["headers"],
        json!({ "x-honeycomb-team": null, "x-dataset": null })
    );
    assert_eq!(
        (&shown["content"], &shown["sampling"]),
        (&json!("on"), &json!(0.25))
    );
    assert_eq!(shown["status"]["state"], "flowing");

    // What is not said stays, secrets too.
    let changed = patch(
        &router,
        &owner,
        json!({ "protocol": "http/json", "sampling": 1 }),
    )
    .await;
    assert_eq!(changed.status(), 200);
    let headers = json!({ "headers": { "x-honeycomb-team": null, "x-new": "1" } });
    assert_eq!(patch(&router, &owner, headers).await.status(), 200);
    let tested: Value = test(&router, &owner).await.json().await.unwrap();
    assert_eq!(tested["delivered"], true, "{tested}");
    let received = collector.wait(|received| !received.spans.is_empty()).await;
    assert_eq!(received.requests[0].1["x-honeycomb-team"], "hunter2");
    assert_eq!(received.requests[0].1["x-new"], "1");
    assert!(received.requests[0].1.get("x-dataset").is_none());

    // A secret goes to no other server.
    let elsewhere = json!({ "endpoint": "http://127.0.0.1:1" });
    let (status, error) = error_of(patch(&router, &owner, elsewhere).await).await;
    assert_eq!(
        (status, &error["param"]),
        (400, &json!("telemetry.headers"))
    );
    assert_eq!(show(&router, &owner).await["endpoint"], collector.url());
    let elsewhere = json!({ "endpoint": "http://127.0.0.1:1", "headers": {} });
    assert_eq!(patch(&router, &owner, elsewhere).await.status(), 200);

    assert_eq!(patch(&router, &owner, Value::Null).await.status(), 200);
    assert_eq!(show(&router, &owner).await, Value::Null);
    let (status, error) = error_of(test(&router, &owner).await).await;
    assert_eq!(status, 400);
    assert!(
        text(&error["message"]).contains("PATCH /v1/account"),
        "{error}"
    );
}

#[actix_web::test]
async fn what_cannot_work_is_refused_when_it_is_saved() {
    let router = Router::start().await;
    let owner = router.owner("ada@example.com", "5").await;
    for (target, param, said) in [
        (
            json!({ "protocol": "grpc" }),
            "telemetry.endpoint",
            "needs an endpoint",
        ),
        (json!({ "endpoint": 5 }), "telemetry.endpoint", "a URL"),
        (
            json!({ "endpoint": "nonsense" }),
            "telemetry.endpoint",
            "not a URL",
        ),
        (
            json!({ "endpoint": "http://otlp.example.com" }),
            "telemetry.endpoint",
            "https://",
        ),
        (
            json!({ "endpoint": "https://127.0.0.1" }),
            "telemetry.endpoint",
            "public internet",
        ),
        (
            json!({ "endpoint": "https://localhost" }),
            "telemetry.endpoint",
            "public internet",
        ),
        (
            json!({ "endpoint": "https://no-such-host.invalid" }),
            "telemetry.endpoint",
            "not known",
        ),
        (
            json!({ "protocol": "zipkin" }),
            "telemetry.protocol",
            "grpc",
        ),
        (
            json!({ "headers": { "host": "hunter2" } }),
            "telemetry.headers",
            "protocol's own",
        ),
        (
            json!({ "headers": { "x-a": "hunter2\n" } }),
            "telemetry.headers",
            "x-a",
        ),
        (
            json!({ "headers": { "a b": "hunter2" } }),
            "telemetry.headers",
            "not a header name",
        ),
        (
            json!({ "headers": { "x-a": 5 } }),
            "telemetry.headers",
            "texts",
        ),
        (json!({ "headers": ["x-a"] }), "telemetry.headers", "texts"),
        (json!({ "content": "loud" }), "telemetry.content", "on"),
        (json!({ "sampling": 1.5 }), "telemetry.sampling", "0 to 1"),
        (json!({ "sampling": -0.1 }), "telemetry.sampling", "0 to 1"),
        (json!({ "colour": "red" }), "telemetry.colour", "Unknown"),
        (json!("https://otlp.example.com"), "telemetry", "an object"),
    ] {
        let shown = target.to_string();
        let (status, error) = error_of(patch(&router, &owner, target).await).await;
        assert_eq!(
            (status, &error["param"]),
            (400, &json!(param)),
            "{shown}: {error}"
        );
        let message = text(&error["message"]);
        assert!(
            message.contains(said) && !message.contains("hunter2"),
            "{shown}: {message}"
        );
    }
    assert_eq!(show(&router, &owner).await, Value::Null);
}

#[actix_web::test]
async fn a_test_reports_what_the_backend_said() {
    let router = router().await;
    let owner = router.owner("ada@example.com", "5").await;
    let collector = Collector::start(Manner::Takes).await;
    let target = json!({
        "endpoint": collector.url(), "headers": { "authorization": "Bearer hunter2hunter2" },
    });
    assert_eq!(patch(&router, &owner, target).await.status(), 200);
    let report = async || -> Value { test(&router, &owner).await.json().await.unwrap() };
    let taken = report().await;
    assert_eq!(
        (&taken["delivered"], &taken["status"]),
        (&json!(true), &json!(200))
    );
    let received = collector.wait(|received| !received.spans.is_empty()).await;
    assert_eq!(hex::encode(&received.spans[0].trace_id), taken["trace_id"]);
    assert_eq!(string(&received.spans[0], "model_router.test"), "true");

    let body = format!(
        "<h1>wrong key: Bearer hunter2hunter2</h1>{}",
        "x".repeat(9_000)
    );
    collector.behave(Manner::Answers(401, "content-type: text/html", body));
    let refused = report().await;
    assert_eq!(
        (&refused["delivered"], &refused["status"]),
        (&json!(false), &json!(401))
    );
    let message = text(&refused["message"]);
    assert!(
        message.contains("wrong key") && message.len() < 700,
        "{message}"
    );
    assert!(
        !message.contains("hunter2") && !message.contains("<h1>"),
        "{message}"
    );

    collector.behave(Manner::Answers(
        307,
        "location: http://127.0.0.1:1/",
        String::new(),
    ));
    let moved = report().await;
    assert_eq!(
        (&moved["delivered"], &moved["status"]),
        (&json!(false), &json!(307))
    );
    assert!(text(&moved["message"]).contains("redirects"), "{moved}");

    let nowhere = json!({ "endpoint": "http://127.0.0.1:1", "headers": {} });
    assert_eq!(patch(&router, &owner, nowhere).await.status(), 200);
    let dead = report().await;
    assert_eq!(
        (&dead["delivered"], &dead["status"]),
        (&json!(false), &Value::Null)
    );
    assert!(text(&dead["message"]).contains("no connection"), "{dead}");
}

#[actix_web::test]
async fn a_target_outlives_a_restart_and_its_secret_is_on_no_disk() {
    let secret = "hunter2-which-is-nowhere";
    let router = router().await;
    let collector = Collector::start(Manner::Takes).await;
    let target = json!({ "endpoint": collector.url(), "headers": { "x-key": secret } });
    let account = exporting(&router, "ada@example.com", target).await;
    let (headers, _) = router.served(&account, &ask("gpt-4.1", "x")).await;
    let id = header(&headers, "x-model-router-generation-id");
    collector.generation(id).await;
    for file in super::signin_process::files(&router.dir.path().join("var")) {
        let bytes = std::fs::read(&file).unwrap();
        let found = bytes.windows(secret.len()).any(|w| w == secret.as_bytes());
        assert!(!found, "{}", file.display());
    }
    // What is read back opens under the same secret of the installation.
    let copy = tempfile::tempdir().unwrap();
    copy_dir(&router.dir.path().join("var"), &copy.path().join("var"));
    let db = Db::open(&copy.path().join("var")).unwrap();
    let accounts = Accounts::load(&db, db.pepper().unwrap()).unwrap();
    let stored = accounts.telemetry(account.id.parse().unwrap()).unwrap();
    let opened = accounts.open_headers(stored).unwrap();
    assert_eq!(opened, [("x-key".to_owned(), secret.to_owned())]);
}

fn copy_dir(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_dir(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
