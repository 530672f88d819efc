//! The built binary as a process, between a pair of scripted providers.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::Problem;
use super::provider::Provider;

const ADMIN_TOKEN: &str = "failover-admin-token";
const START_LIMIT: Duration = Duration::from_secs(30);
/// No call may take longer than this; a caller of the bench gives up after thirty seconds.
pub const CALLER_LIMIT: Duration = Duration::from_secs(30);

/// The model that is asked for.
pub const PRIMARY: &str = "primary-model";
/// The one that stands in.
pub const FALLBACK: &str = "fallback-model";

/// A running router, killed when dropped.
pub struct Router {
    child: Child,
    pub client: Client,
    pub url: String,
    pub key: String,
    _dir: TempDir,
}

impl Drop for Router {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A router and the providers it routes to.
pub struct Bench {
    pub primary: Provider,
    pub fallback: Provider,
    pub router: Router,
}

impl Bench {
    /// Starts all three with this text of settings; the providers' answers have so many tokens.
    pub async fn start(settings: &str, tokens: usize) -> Result<Self, Problem> {
        let (primary, fallback) = (
            Provider::start(tokens).await?,
            Provider::start(tokens).await?,
        );
        let router = Router::start(settings, &primary, &fallback).await?;
        Ok(Self {
            primary,
            fallback,
            router,
        })
    }
}

impl Router {
    async fn start(
        settings: &str,
        primary: &Provider,
        fallback: &Provider,
    ) -> Result<Self, Problem> {
        let dir = TempDir::new()?;
        let (overlay, config) = (
            dir.path().join("catalog.toml"),
            dir.path().join("router.toml"),
        );
        let rows = row("alpha", PRIMARY, "0.9", primary) + &row("beta", FALLBACK, "0.5", fallback);
        fs::write(&overlay, rows)?;
        fs::write(&config, settings)?;
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = free.local_addr()?;
        drop(free);
        let child = Command::new(env!("CARGO_BIN_EXE_model-router"))
            .arg("serve")
            .arg("--config")
            .arg(&config)
            .env_clear()
            .env("RUST_LOG", "off")
            .env("MODEL_ROUTER_BIND", address.to_string())
            .env("MODEL_ROUTER_DATA_DIR", dir.path().join("var"))
            .env("MODEL_ROUTER_CATALOG", overlay)
            .env("MODEL_ROUTER_ADMIN_TOKEN", ADMIN_TOKEN)
            .current_dir(dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()?;
        let mut router = Self {
            child,
            client: Client::builder().no_proxy().timeout(CALLER_LIMIT).build()?,
            url: format!("http://{address}"),
            key: String::new(),
            _dir: dir,
        };
        router.wait().await?;
        router.key = router.account().await?;
        Ok(router)
    }

    /// The process's number, for its files under `/proc`.
    pub fn pid(&self) -> u32 {
        self.child.id()
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

    async fn account(&self) -> Result<String, Problem> {
        let account = json!({ "email": "bench@example.com", "credit_usd": "1000.00" });
        let made = self
            .client
            .post(format!("{}/admin/accounts", self.url))
            .bearer_auth(ADMIN_TOKEN)
            .json(&account)
            .send()
            .await?;
        let made: Value = made.error_for_status()?.json().await?;
        Ok(made["api_key"].as_str().unwrap_or_default().to_owned())
    }

    /// A chat, ready to be sent.
    pub fn post(&self, body: &Value) -> RequestBuilder {
        self.client
            .post(format!("{}/v1/chat/completions", self.url))
            .bearer_auth(&self.key)
            .json(body)
    }

    /// Requests that run now.
    pub async fn in_flight(&self) -> Result<usize, Problem> {
        let metrics = self.client.get(format!("{}/metrics", self.url)).send();
        let text = metrics.await?.text().await?;
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("model_router_requests_in_flight "));
        Ok(line
            .ok_or("no metric of requests in flight")?
            .trim()
            .parse()?)
    }

    /// Whether the ledger adds up.
    pub async fn ledger_is_clean(&self) -> Result<bool, Problem> {
        let report = self
            .client
            .get(format!("{}/admin/ledger/verify", self.url))
            .bearer_auth(ADMIN_TOKEN)
            .send()
            .await?;
        let report: Value = report.json().await?;
        Ok(report["clean"] == true)
    }
}

/// A provider and its model. Both models serve in a tier of their own making: the chosen one is
/// the better one.
fn row(name: &str, model: &str, quality: &str, provider: &Provider) -> String {
    format!(
        "[[provider]]\nname = \"{name}\"\ndialect = \"openai\"\nbase_url = \"{}\"\n\
         [[model]]\nid = \"{model}\"\nprovider = \"{name}\"\nupstream = \"{model}\"\n\
         tier = \"economy\"\ncontext_window = 131072\nmax_output = 8192\nquality = {quality}\n\
         price = {{ input = 1.0, output = 2.0 }}\n{}\n",
        provider.base_url(),
        if model == FALLBACK {
            "abilities = [\"prefill\"]\n"
        } else {
            ""
        },
    )
}
