//! The binary as a process: start, banner, refusals to start, signals, kill and recovery.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use reqwest::Client;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::router::{ADMIN, ask, crypto};

/// A running `model-router serve --sandbox`, killed when dropped.
pub struct Process {
    child: Child,
    pub url: String,
    pub key: String,
    banner: String,
}

pub fn command(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_model-router"));
    command
        .env_clear()
        .env("PATH", std::env::var("PATH").unwrap_or_default())
        .env("MODEL_ROUTER_BIND", "127.0.0.1:0")
        .env("MODEL_ROUTER_DATA_DIR", dir.join("var"))
        .env("MODEL_ROUTER_ADMIN_TOKEN", ADMIN)
        .env("RUST_LOG", "warn")
        .current_dir(dir);
    command
}

impl Process {
    pub fn start(dir: &Path) -> Self {
        Self::run(command(dir).args(["serve", "--sandbox"]))
    }

    pub fn run(command: &mut Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut banner = String::new();
        while !banner.contains("Ctrl-C") {
            let line = lines.next().expect("the banner ended early").unwrap();
            banner.push_str(&line);
            banner.push('\n');
        }
        // The pipe stays open: a closed one would end the process on its next print.
        std::thread::spawn(move || for _ in lines {});
        let word = |label: &str| {
            let line = banner
                .lines()
                .find(|line| line.trim_start().starts_with(label))
                .unwrap();
            line.split_whitespace().last().unwrap().to_owned()
        };
        let url = word("endpoint").trim_end_matches("/v1").to_owned();
        Self {
            child,
            url,
            key: word("API key"),
            banner,
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([name, &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    pub fn wait(&mut self, limit: Duration) -> i32 {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code().unwrap_or(-1);
            }
            assert!(Instant::now() < deadline, "the process did not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Answers `/ready` with 200.
    pub async fn ready(&self, client: &Client) {
        let ready = client.get(format!("{}/ready", self.url)).send().await;
        assert_eq!(ready.unwrap().status(), 200);
    }

    /// Ends it without a warning (SIGKILL).
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub async fn verify(&self, client: &Client) {
        let request = client
            .get(format!("{}/admin/ledger/verify", self.url))
            .bearer_auth(ADMIN);
        let report: Value = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(report["clean"], true, "{report}");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn the_printed_curl_lines_work_as_printed() {
    let dir = TempDir::new().unwrap();
    let process = Process::start(dir.path());
    let curls: Vec<&str> = process
        .banner
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("curl "))
        .collect();
    assert_eq!(curls.len(), 3, "{}", process.banner);
    let run = |line: &str| {
        let output = Command::new("sh").args(["-c", line]).output().unwrap();
        assert!(output.status.success(), "{line}: {}", stderr(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let tier = run(curls[0]);
    assert!(
        tier.contains("200 OK") && tier.contains("x-model-router-model: "),
        "{tier}"
    );
    assert!(run(curls[1]).trim_end().ends_with("data: [DONE]"));
    assert!(run(curls[2]).contains("\"candidates\":[{"));
}

/// Name and policy of every thread, as Linux numbers policies: 0 is the usual one, 3 `SCHED_BATCH` (proc_pid_stat(5)).
#[cfg(target_os = "linux")]
fn policies(pid: u32) -> Vec<(String, u32)> {
    let thread = |task: std::io::Result<std::fs::DirEntry>| {
        let stat = std::fs::read_to_string(task.unwrap().path().join("stat")).unwrap();
        let (begin, rest) = stat.rsplit_once(") ").unwrap();
        let policy = rest.split(' ').nth(41 - 3).unwrap().parse().unwrap();
        (begin.split_once('(').unwrap().1.to_owned(), policy)
    };
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    tasks.map(thread).collect()
}

#[cfg(target_os = "linux")]
#[actix_web::test]
async fn actors_that_every_request_writes_to_let_the_workers_go_first() {
    crypto();
    let dir = TempDir::new().unwrap();
    let process = Process::start(dir.path());
    process.ready(&Client::new()).await;
    let policies = policies(process.pid());
    let patient = |(_, policy): &&(String, u32)| *policy == 3;
    let names: Vec<&str> = policies
        .iter()
        .filter(patient)
        .map(|(name, _)| name.as_str())
        .collect();
    // The first thread, with the providers, and the ledger's; no worker.
    let usual = policies.iter().filter(|(_, policy)| *policy == 0).count();
    assert!(names[0].starts_with("model-router"), "{policies:?}");
    assert_eq!(names[1..], ["actix-rt|system"], "{policies:?}");
    assert_eq!(usual + names.len(), policies.len(), "{policies:?}");
}

#[test]
fn what_stops_the_start_is_one_clear_line_and_exit_code_2() {
    let dir = TempDir::new().unwrap();
    let file = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let settings = file("bad.toml", "[server]\nbindd = \"x\"\n");
    let catalog = file("catalog.toml", "[[model]]\nid = \"gpt-4.1\"\nquality = 7\n");
    let not_a_dir = file("occupied", "");
    let cases: [(&str, &str, &[&str]); 6] = [
        ("MODEL_ROUTER_CONFIG", &settings, &["bad.toml:2", "bindd"]),
        (
            "MODEL_ROUTER_CONFIG",
            "/nonexistent/x.toml",
            &["/nonexistent/x.toml", "cannot be read"],
        ),
        (
            "MODEL_ROUTER_CATALOG",
            &catalog,
            &["catalog.toml:3", "gpt-4.1", "quality"],
        ),
        (
            "MODEL_ROUTER_CATALOG",
            "/nonexistent/c.toml",
            &["/nonexistent/c.toml"],
        ),
        ("MODEL_ROUTER_DATA_DIR", &not_a_dir, &["occupied"]),
        (
            "MODEL_ROUTER_BIND",
            "nonsense",
            &["MODEL_ROUTER_BIND", "127.0.0.1:8080"],
        ),
    ];
    for (variable, value, wanted) in cases {
        let output = command(dir.path())
            .arg("serve")
            .env(variable, value)
            .output()
            .unwrap();
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{variable}={value}: {said}");
        assert_eq!(
            said.trim_end().lines().count(),
            1,
            "{variable}={value}: {said}"
        );
        for word in wanted {
            assert!(said.contains(word), "{variable}={value}: {said}");
        }
    }
}

#[test]
fn a_second_process_on_the_same_ledger_is_refused() {
    let dir = TempDir::new().unwrap();
    let _first = Process::start(dir.path());
    let output = command(dir.path())
        .args(["serve", "--sandbox"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("in use by another process"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn check_tells_file_line_and_reason() {
    let dir = TempDir::new().unwrap();
    let good = command(dir.path())
        .arg("check")
        .env("GROQ_API_KEY", "x")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&good.stdout).into_owned();
    assert_eq!(good.status.code(), Some(0), "{said}");
    assert!(
        said.contains("provider groq: key set") && said.contains("no key; set OPENAI_API_KEY"),
        "{said}"
    );

    let path = dir.path().join("catalog.toml");
    std::fs::write(&path, "[[model]]\nid = \"x\"\nprovider = \"nobody\"\n").unwrap();
    let bad = command(dir.path())
        .arg("check")
        .env("MODEL_ROUTER_CATALOG", &path)
        .output()
        .unwrap();
    assert_eq!(bad.status.code(), Some(1));
    assert!(stderr(&bad).contains("catalog.toml:3"), "{}", stderr(&bad));
}

#[actix_web::test]
async fn sigterm_lets_a_running_stream_end_and_exits_0() {
    crypto();
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("catalog.toml");
    std::fs::write(
        &path,
        "[[model]]\nid = \"gpt-4.1\"\nupstream = \"gpt-4.1!gap_ms=20\"\n",
    )
    .unwrap();
    let mut process = Process::run(
        command(dir.path())
            .args(["serve", "--sandbox"])
            .env("MODEL_ROUTER_CATALOG", &path),
    );
    let mut body = ask("gpt-4.1", "[[tokens:50]] slowly");
    body["stream"] = json!(true);
    let request = Client::new()
        .post(format!("{}/v1/chat/completions", process.url))
        .bearer_auth(&process.key);
    let mut bytes = request.json(&body).send().await.unwrap().bytes_stream();
    let mut seen = bytes.next().await.unwrap().unwrap().to_vec();
    process.signal("-TERM");
    while let Some(chunk) = bytes.next().await {
        seen.extend_from_slice(&chunk.unwrap());
    }
    let seen = String::from_utf8(seen).unwrap();
    assert!(
        seen.trim_end().ends_with("data: [DONE]") && seen.contains("\"completion_tokens\":50"),
        "{seen}"
    );
    assert_eq!(process.wait(Duration::from_secs(10)), 0);
    let verify = command(dir.path())
        .args(["ledger", "verify"])
        .output()
        .unwrap();
    assert_eq!(verify.status.code(), Some(0), "{}", stderr(&verify));
    assert!(String::from_utf8_lossy(&verify.stdout).contains("open holds 0"));
}

#[test]
fn help_and_version_are_worth_reading() {
    let dir = TempDir::new().unwrap();
    let help = command(dir.path()).arg("--help").output().unwrap();
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    for word in [
        "serve",
        "check",
        "ledger",
        "--config",
        "SIGTERM",
        "Exit codes",
    ] {
        assert!(help.contains(word), "{word} is missing:\n{help}");
    }
    let version = command(dir.path()).arg("--version").output().unwrap();
    assert!(String::from_utf8_lossy(&version.stdout).contains(env!("CARGO_PKG_VERSION")));
}

#[test]
fn logs_are_json_where_nobody_watches_and_hold_no_secrets() {
    let dir = TempDir::new().unwrap();
    let log_file = dir.path().join("log");
    let mut child = command(dir.path())
        .args(["serve", "--sandbox"])
        .env("RUST_LOG", "trace")
        .stdout(Stdio::piped())
        .stderr(std::fs::File::create(&log_file).unwrap())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let curl = loop {
        let line = lines.next().unwrap().unwrap();
        if line.trim_start().starts_with("curl ") {
            break line.trim().replace(
                "Say hello in one line.",
                "CANARY-PROMPT [[say:CANARY-ANSWER]]",
            );
        }
    };
    let key = curl
        .split("Bearer ")
        .nth(1)
        .unwrap()
        .split('\'')
        .next()
        .unwrap()
        .to_owned();
    let output = Command::new("sh").args(["-c", &curl]).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("CANARY-ANSWER"));
    Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(child.wait().unwrap().success());
    let log = std::fs::read_to_string(&log_file).unwrap();
    assert!(
        log.lines()
            .filter(|line| line.contains("\"route\":\"/v1/chat/completions\""))
            .count()
            == 1,
        "{log}"
    );
    for line in log.lines() {
        assert!(
            serde_json::from_str::<Value>(line).is_ok(),
            "not JSON: {line}"
        );
    }
    for canary in [key.as_str(), "CANARY-PROMPT", "CANARY-ANSWER", ADMIN] {
        assert!(!log.contains(canary), "{canary} was logged");
    }
}

#[actix_web::test]
async fn what_was_learned_of_a_model_survives_a_restart() {
    crypto();
    let dir = TempDir::new().unwrap();
    let client = Client::new();
    let mut process = Process::start(dir.path());
    for _ in 0..3 {
        let request = client
            .post(format!("{}/v1/chat/completions", process.url))
            .bearer_auth(&process.key)
            .json(&ask("gpt-4.1", "[[tokens:50]] Hi"));
        assert_eq!(request.send().await.unwrap().status(), 200);
    }
    process.signal("-TERM");
    assert_eq!(process.wait(Duration::from_secs(20)), 0);
    let process = Process::start(dir.path());
    let url = format!("{}/v1/models/gpt-4.1", process.url);
    let model: Value = client.get(url).send().await.unwrap().json().await.unwrap();
    assert_eq!(model["latency"]["observed"], true, "{model}");
    assert!(
        model["latency"]["output_tokens_mean"].as_u64().unwrap() < 300,
        "{model}"
    );
    process.verify(&client).await;
}
