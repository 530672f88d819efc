//! Canaries in prompts, answers, keys and cookies, looked for in everything that the binary writes.

use std::process::Command;

use reqwest::{Client, Method};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::collector::{Collector, Manner, Received};
use super::mailbox::{code, request, verify};
use super::router::{chunks, crypto, streamed_text, text};
use super::signin_process::{files, serve};

const PROMPT: &str = "canaryprompt7f3a";
const ANSWER: &str = "canaryanswer9c1d";
const WRONG_KEY: &str = "mr_sk_canarykey5b2e";
const HEADER: &str = "canaryheader6c4e";
const COOKIE: &str = "canarycookie4d8f";

#[actix_web::test]
async fn no_canary_is_in_logs_data_metrics_or_errors() {
    crypto();
    let dir = TempDir::new().unwrap();
    let (log, var) = (dir.path().join("log"), dir.path().join("var"));
    // The account's own backend is told what was said; nothing else is.
    let config = "[telemetry]\nallow_private = true\nflush_ms = 10\n";
    std::fs::write(dir.path().join("model-router.toml"), config).unwrap();
    let collector = Collector::start(Manner::Takes).await;
    let (mut child, url) = serve(dir.path(), &log);
    let (client, ada) = (Client::new(), "ada@example.com");
    let flow = request(&client, &url, ada).await;
    let code = code(&var, ada, 1).await;
    let entered = verify(&client, &url, ada, &code, &flow).await;
    let entered: Value = entered.json().await.unwrap();
    let session = text(&entered["session_token"]);
    let send = async |method: Method, path: &str, bearer: &str, body: &Value| {
        let request = client.request(method, format!("{url}{path}"));
        let request = request.header("cookie", format!("mr={COOKIE}"));
        let response = request.bearer_auth(bearer).json(body).send().await.unwrap();
        let status = response.status().as_u16();
        (status, response.text().await.unwrap())
    };
    let name = json!({ "name": "made" });
    let (status, made) = send(Method::POST, "/v1/keys", &session, &name).await;
    assert_eq!(status, 201, "{made}");
    let key = text(&serde_json::from_str::<Value>(&made).unwrap()["key"]);

    let headers = json!({ "authorization": format!("Bearer {HEADER}") });
    let target = json!({ "endpoint": collector.url(), "content": "on", "headers": headers });
    let target = json!({ "telemetry": target });
    let (status, mut said) = send(Method::PATCH, "/v1/account", &session, &target).await;
    assert_eq!(status, 200, "{said}");

    for stream in [false, true] {
        let message = format!("[[say:{ANSWER}]] {PROMPT}");
        let body = json!({
            "model": "economy", "stream": stream, "user": PROMPT,
            "messages": [{ "role": "user", "content": message }],
        });
        let (status, answer) = send(Method::POST, "/v1/chat/completions", &key, &body).await;
        assert_eq!(status, 200, "{answer}");
        let spoken = if stream {
            streamed_text(&chunks(&answer))
        } else {
            answer
        };
        assert!(spoken.contains(ANSWER), "{spoken}");
        let mut wrong = body.clone();
        wrong["prefer"] = json!(5);
        said += &send(Method::POST, "/v1/chat/completions", &key, &wrong)
            .await
            .1;
        let mut poor = body;
        poor["model"] = json!("premium");
        said += &send(Method::POST, "/v1/chat/completions", &key, &poor)
            .await
            .1;
    }
    said += &send(Method::GET, "/v1/credits", WRONG_KEY, &json!({}))
        .await
        .1;
    said += &send(Method::GET, "/metrics", "", &json!({})).await.1;
    said += &send(Method::GET, "/v1/account/usage", &session, &json!({}))
        .await
        .1;

    said += &send(Method::GET, "/v1/account", &session, &json!({}))
        .await
        .1;
    said += &send(Method::GET, "/v1/account/export", &session, &json!({}))
        .await
        .1;

    let told = |received: &Received| {
        let all = received.bodies.concat();
        let has = |word: &str| all.windows(word.len()).any(|w| w == word.as_bytes());
        has(PROMPT) && has(ANSWER)
    };
    collector.wait(told).await;
    let stopped = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status();
    assert!(stopped.unwrap().success() && child.wait().unwrap().success());
    let canaries = [PROMPT, ANSWER, WRONG_KEY, HEADER, COOKIE, &key, &session];
    let logged = std::fs::read_to_string(&log).unwrap();
    assert!(logged.contains("\"TRACE\""));
    let mut written: Vec<(String, Vec<u8>)> = files(&var)
        .into_iter()
        .map(|file| (file.display().to_string(), std::fs::read(&file).unwrap()))
        .collect();
    written.push(("the log".to_owned(), logged.into_bytes()));
    written.push((
        "an error, /metrics or the history".to_owned(),
        said.into_bytes(),
    ));
    for (place, bytes) in &written {
        for canary in canaries {
            let found = bytes.windows(canary.len()).any(|w| w == canary.as_bytes());
            assert!(!found, "{canary} is in {place}");
        }
    }
}
