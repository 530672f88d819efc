//! The built binary as a process, with base URLs and keys that lead to the replaying upstreams.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::Client;
use serde_json::{Value, json};
use tempfile::TempDir;
use url::Url;

use super::Problem;
use super::case::Case;
use super::seen::Seen;
use super::target::Targets;
use super::upstream::Upstreams;

const ADMIN_TOKEN: &str = "conformance-admin-token";
const START_LIMIT: Duration = Duration::from_secs(30);
const ANSWER_LIMIT: Duration = Duration::from_secs(30);
/// The secret half of the AWS key pair; it signs and must never be sent.
pub const AWS_SECRET: &str = "conformance-aws-secret";

/// The key that only this provider may see.
pub fn key_of(provider: &str) -> String {
    format!("conformance-key-of-{provider}")
}

/// A running router, killed when dropped.
pub struct Router {
    child: Child,
    client: Client,
    url: String,
    _dir: TempDir,
}

impl Drop for Router {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Router {
    pub async fn start(targets: &Targets, upstreams: &Upstreams) -> Result<Self, Problem> {
        let dir = TempDir::new()?;
        let overlay = dir.path().join("catalog.toml");
        fs::write(&overlay, &targets.overlay)?;
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = free.local_addr()?;
        drop(free);
        let child = Command::new(env!("CARGO_BIN_EXE_model-router"))
            .arg("serve")
            .env_clear()
            .env("RUST_LOG", "error")
            .env("MODEL_ROUTER_BIND", address.to_string())
            .env("MODEL_ROUTER_DATA_DIR", dir.path().join("var"))
            .env("MODEL_ROUTER_CATALOG", overlay)
            .env("MODEL_ROUTER_ADMIN_TOKEN", ADMIN_TOKEN)
            .envs(environment(targets, upstreams)?)
            .current_dir(dir.path())
            .stdin(Stdio::null())
            .spawn()?;
        let router = Self {
            child,
            client: Client::builder().no_proxy().timeout(ANSWER_LIMIT).build()?,
            url: format!("http://{address}"),
            _dir: dir,
        };
        router.wait().await?;
        Ok(router)
    }

    async fn wait(&self) -> Result<(), Problem> {
        let deadline = Instant::now() + START_LIMIT;
        let ready = format!("{}/ready", self.url);
        while Instant::now() < deadline {
            let answer = self.client.get(&ready).send().await;
            if answer.is_ok_and(|answer| answer.status() == 200) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Err("the router did not become ready".into())
    }

    /// Sends one chat request with an account of its own.
    pub async fn chat(&self, case: &Case, body: &Value) -> Result<Seen, Problem> {
        let account = json!({
            "email": format!("{}@example.com", model_router::ids::KeyId::new()),
            "credit_usd": "100.00",
        });
        let made = self
            .client
            .post(format!("{}/admin/accounts", self.url))
            .bearer_auth(ADMIN_TOKEN)
            .json(&account)
            .send()
            .await?;
        let made: Value = made.error_for_status()?.json().await?;
        let key = made["api_key"].as_str().unwrap_or_default();
        let answer = self
            .client
            .post(format!("{}/v1/chat/completions", self.url))
            .bearer_auth(key)
            .json(body)
            .send()
            .await?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let bytes = answer.bytes().await?;
        Ok(Seen::read(case.mode, status, headers, &bytes))
    }
}

/// Base URLs and keys of all providers that have an upstream.
fn environment(targets: &Targets, upstreams: &Upstreams) -> Result<Vec<(String, String)>, Problem> {
    let mut variables = vec![
        ("CONFORMANCE_API_KEY".to_owned(), key_of("others")),
        ("AWS_REGION".to_owned(), "us-east-1".to_owned()),
        ("AWS_SECRET_ACCESS_KEY".to_owned(), AWS_SECRET.to_owned()),
    ];
    for provider in targets.providers() {
        let (Some(base_url_env), Ok(origin)) =
            (&provider.base_url_env, upstreams.origin(&provider.name))
        else {
            continue;
        };
        let path = Url::parse(&provider.base_url)?.path().to_owned();
        let base_url = format!("{origin}{}", path.trim_end_matches('/'));
        variables.push((base_url_env.clone(), base_url));
        // Of AWS's credentials the pair: its requests are signed.
        let signed = |name: &&String| *name == "AWS_ACCESS_KEY_ID";
        let names = &provider.api_key_env;
        if let Some(key_env) = names.iter().find(signed).or_else(|| names.first()) {
            variables.push((key_env.clone(), key_of(provider.name.as_str())));
        }
    }
    Ok(variables)
}
