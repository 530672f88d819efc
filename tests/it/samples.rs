//! Every code sample of the docs: shown on a page, and run. Those of other languages than the shell are
//! run by `make samples`, against the packages that they name.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use model_router::pages::docs::Topic;
use model_router::pages::sample::{ADDRESS, ALL};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::router::{Router, text};

/// Samples that need a package of a registry; `tests/clients/samples.sh` runs exactly these.
const OF_PACKAGES: [&str; 5] = [
    "ai-sdk.mjs",
    "langchain.py",
    "litellm.py",
    "openai.mjs",
    "openai.py",
];

#[actix_web::test]
async fn every_curl_line_works_as_it_is_printed() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    let mut ran = 0;
    for (name, script) in ALL
        .iter()
        .filter(|(name, _)| name.ends_with(".sh") && *name != "serve.sh")
    {
        let (script, url, key) = (script.to_string(), router.url.clone(), account.key.clone());
        let output = tokio::task::spawn_blocking(move || {
            Command::new("bash")
                .args(["-euc", &script.replace(ADDRESS, &url)])
                .env("MODEL_ROUTER_API_KEY", key)
                .stdin(Stdio::null())
                .output()
                .unwrap()
        });
        let output = output.await.unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{name}: {said}");
        let body = said.split("\r\n\r\n").last().unwrap();
        match *name {
            "stream.sh" => assert!(body.trim_end().ends_with("data: [DONE]"), "{name}: {said}"),
            "metrics.sh" => assert!(body.contains("# TYPE"), "{name}: {said}"),
            _ => {
                let answer: Value =
                    serde_json::from_str(body).unwrap_or_else(|_| panic!("{name}: {said}"));
                assert!(answer.get("error").is_none(), "{name}: {said}");
            }
        }
        ran += 1;
    }
    assert!(ran >= 11, "{ran}");
}

#[actix_web::test]
async fn the_coding_tools_file_names_a_base_url_and_models_that_work() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    let (_, file) = ALL
        .iter()
        .find(|(name, _)| *name == "opencode.json")
        .unwrap();
    let file: Value = serde_json::from_str(&file.replace(ADDRESS, &router.url)).unwrap();
    let provider = &file["provider"]["model-router"];
    let url = format!("{}/chat/completions", text(&provider["options"]["baseURL"]));
    assert_eq!(provider["options"]["apiKey"], "{env:MODEL_ROUTER_API_KEY}");
    let named = text(&file["model"]);
    let default = named.strip_prefix("model-router/").unwrap();
    assert!(provider["models"].get(default).is_some());
    for model in provider["models"].as_object().unwrap().keys() {
        let body = json!({ "model": model, "messages": [{ "role": "user", "content": "Hello" }] });
        let asked = router
            .client
            .post(&url)
            .bearer_auth(&account.key)
            .json(&body);
        assert_eq!(asked.send().await.unwrap().status(), 200, "{model}");
    }
}

#[actix_web::test]
async fn every_sample_stands_on_a_page_and_is_run_somewhere() {
    let router = Router::start().await;
    let mut pages = router.page("/models/gpt-4.1-mini").await;
    for topic in Topic::ALL {
        pages.push_str(&router.page(topic.path()).await);
    }
    let escaped = |text: &str| {
        text.trim_end()
            .replace('&', "&#38;")
            .replace('<', "&#60;")
            .replace('>', "&#62;")
            .replace('"', "&#34;")
            .replace('\'', "&#39;")
    };
    for (name, text) in ALL {
        let shown = escaped(text);
        assert!(pages.contains(&shown), "{name} stands on no page");
    }
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/pages/samples")).unwrap();
    let files: BTreeSet<String> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    let known: BTreeSet<String> = ALL.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(files, known);
    let script = include_str!("../clients/samples.sh");
    for name in OF_PACKAGES {
        assert!(script.contains(name), "samples.sh does not run {name}");
    }
    let others = known
        .iter()
        .filter(|name| !name.ends_with(".sh") && *name != "opencode.json");
    assert_eq!(others.cloned().collect::<Vec<_>>(), OF_PACKAGES);
}

#[actix_web::test]
async fn the_docs_tell_every_code_and_header_of_the_router() {
    let router = Router::start().await;
    let errors = router.page("/docs/errors").await;
    for code in [
        "invalid_json",
        "model_not_found",
        "insufficient_credits",
        "upstream_timeout",
    ] {
        assert!(errors.contains(&format!("<code>{code}</code>")), "{code}");
    }
    let page = router.page("/docs/headers").await.to_lowercase();
    let sent = router.client.get(format!("{}/health", router.url));
    let sent = sent
        .header("origin", "https://elsewhere.example")
        .send()
        .await
        .unwrap();
    let exposed = sent.headers()["access-control-expose-headers"]
        .to_str()
        .unwrap();
    for header in exposed.split(", ") {
        assert!(
            page.contains(&format!("<code>{}</code>", header.to_lowercase())),
            "{header}"
        );
    }
}

#[test]
fn a_router_of_ones_own_starts_as_it_is_printed() {
    let dir = TempDir::new().unwrap();
    let bin = dir.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    let program = env!("CARGO_BIN_EXE_model-router");
    std::os::unix::fs::symlink(program, bin.join("model-router")).unwrap();
    let (_, script) = ALL.iter().find(|(name, _)| *name == "serve.sh").unwrap();
    let path = std::env::var("PATH").unwrap();
    let mut shell = Command::new("bash")
        .args(["-euc", &script.replace("…", "sk-of-a-test")])
        .env("PATH", format!("{}:{path}", bin.display()))
        .env("MODEL_ROUTER_BIND", "127.0.0.1:0")
        .env("MODEL_ROUTER_DATA_DIR", dir.path().join("var"))
        .env("RUST_LOG", "info")
        .current_dir(dir.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .unwrap();
    let log = BufReader::new(shell.stderr.take().unwrap());
    let is_serving = |line: &String| line.contains("\"serving\"");
    assert!(
        log.lines()
            .map_while(Result::ok)
            .any(|line| is_serving(&line))
    );
    let group = format!("-{}", shell.id());
    let ended = Command::new("kill").args(["-TERM", "--", &group]).status();
    assert!(ended.unwrap().success());
    shell.wait().unwrap();
}
