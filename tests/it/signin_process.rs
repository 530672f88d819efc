//! Secrets of signing in, looked for in everything that the binary writes.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use reqwest::Client;
use serde_json::Value;
use tempfile::TempDir;

use super::mailbox::{code, other_than, request, verify};
use super::process::command;
use super::router::{crypto, text};

/// The binary with its simulated providers and every line of its log in a file, and its address.
pub fn serve(dir: &Path, log: &Path) -> (Child, String) {
    let mut child = command(dir)
        .args(["serve", "--sandbox"])
        .env("RUST_LOG", "trace")
        .stdout(Stdio::piped())
        .stderr(std::fs::File::create(log).unwrap())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let url = loop {
        let line = lines.next().unwrap().unwrap();
        if let Some(at) = line.find("http://127.0.0.1") {
            break line[at..].trim_end_matches("/v1").to_owned();
        }
    };
    std::thread::spawn(move || for _ in lines {});
    (child, url)
}

#[actix_web::test]
async fn codes_flows_and_sessions_are_in_no_log_line_and_no_file_but_the_mail() {
    crypto();
    let dir = TempDir::new().unwrap();
    let (log, var) = (dir.path().join("log"), dir.path().join("var"));
    let (mut child, url) = serve(dir.path(), &log);

    let (client, ada) = (Client::new(), "ada@example.com");
    let flow = request(&client, &url, ada).await;
    let code = code(&var, ada, 1).await;
    let wrong = other_than(&code);
    assert_eq!(
        verify(&client, &url, ada, &wrong, &flow).await.status(),
        401
    );
    let entered = verify(&client, &url, ada, &code, &flow).await;
    assert_eq!(entered.status(), 200);
    let cookie = entered.headers()["set-cookie"].to_str().unwrap().to_owned();
    let answer: Value = entered.json().await.unwrap();
    let token = text(&answer["session_token"]);
    assert!(cookie.contains(&token));
    let list = || client.get(format!("{url}/v1/account/sessions"));
    let seen = list().header("cookie", cookie.split(';').next().unwrap());
    assert_eq!(seen.send().await.unwrap().status(), 200);
    let seen = list().bearer_auth(&token);
    assert_eq!(seen.send().await.unwrap().status(), 200);

    let stopped = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status();
    assert!(stopped.unwrap().success() && child.wait().unwrap().success());
    let flow_digits = flow.trim_start_matches("flow_");
    let key = text(&answer["api_key"]);
    let secrets = [code.as_str(), &wrong, &token, flow_digits, &key];
    let said = std::fs::read_to_string(&log).unwrap();
    assert!(said.contains("mail written to a file") && said.contains("\"TRACE\""));
    for secret in secrets {
        assert!(!said.contains(secret), "{secret} was logged");
    }
    let raw_flow = hex(flow_digits);
    let files = files(&var);
    assert!(
        files.iter().any(|file| file.ends_with("ledger/db")),
        "{files:?}"
    );
    for file in files
        .iter()
        .filter(|file| file.extension().is_none_or(|kind| kind != "eml"))
    {
        let bytes = std::fs::read(file).unwrap();
        let holds = |secret: &[u8]| bytes.windows(secret.len()).any(|window| window == secret);
        for secret in secrets {
            assert!(
                !holds(secret.as_bytes()),
                "{secret} is in {}",
                file.display()
            );
        }
        assert!(!holds(&raw_flow), "the flow is in {}", file.display());
    }
    let verified = command(dir.path())
        .args(["ledger", "verify"])
        .output()
        .unwrap();
    assert!(verified.status.success(), "{verified:?}");
}

fn hex(digits: &str) -> Vec<u8> {
    let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(byte).collect()
}

/// Every file below a directory.
pub fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}
