//! `Router::start()`: the real app on port 0, a temporary ledger, simulated providers.

use std::collections::HashMap;
use std::net::TcpListener;
use std::num::NonZeroU32;
use std::sync::Once;

use actix_web::web::Data;
use model_router::actors::{Providers, Switchboard};
use model_router::config::{Environment, Settings};
use model_router::http;
use model_router::sandbox::{Sandbox, Vendor};
use reqwest::header::HeaderMap;
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use tempfile::TempDir;

pub const ADMIN: &str = "admin-token-of-the-tests";

/// Models past their last day are left out; the tests must say the same on every day.
pub const AGELESS: &str = r#"
[[model]]
id = "o3"
deprecation_date = 2999-01-01
[[model]]
id = "o4-mini"
deprecation_date = 2999-01-01
[[model]]
id = "gpt-5.3-chat-latest"
deprecation_date = 2999-01-01
[[model]]
id = "llama3.1-8b"
deprecation_date = 2999-01-01
[[model]]
id = "grok-3-mini-beta"
deprecation_date = 2999-01-01
[[model]]
id = "nvidia.nemotron-nano-9b-v2"
deprecation_date = 2999-01-01
[[model]]
id = "zai.glm-4.7"
deprecation_date = 2999-01-01
[[model]]
id = "minimax.minimax-m2.1"
deprecation_date = 2999-01-01
[[model]]
id = "us.meta.llama4-maverick-17b-instruct-v1:0"
deprecation_date = 2999-01-01
[[model]]
id = "us.meta.llama4-scout-17b-instruct-v1:0"
deprecation_date = 2999-01-01
[[model]]
id = "mistral.devstral-2-123b"
deprecation_date = 2999-01-01
[[model]]
id = "qwen.qwen3-coder-480b-a35b-v1:0"
deprecation_date = 2999-01-01
"#;

/// A running router and everything it talks to.
pub struct Router {
    pub url: String,
    /// The operator's own listener; empty without one.
    pub admin_url: String,
    pub sandbox: Sandbox,
    pub client: Client,
    pub desk: Data<Switchboard>,
    pub dir: TempDir,
}

/// An account with its key.
pub struct Account {
    pub id: String,
    pub key: String,
}

/// Installs the cryptography once for all tests of the process.
pub fn crypto() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        rustls::crypto::ring::default_provider()
            .install_default()
            .ok();
    });
}

impl Router {
    pub async fn start() -> Self {
        Self::with("", |_| {}).await
    }

    /// A router with a catalog laid over the built-in one and changed settings.
    pub async fn with(overlay: &str, change: impl FnOnce(&mut Settings)) -> Self {
        crypto();
        let sandbox = Sandbox::start(&Vendor::ALL).await.unwrap();
        let dir = TempDir::new().unwrap();
        let mut settings = Settings::default();
        settings.storage.data_dir = dir.path().join("var");
        settings.admin_token = Some(ADMIN.to_owned().into());
        settings.server.workers = 2;
        // Tests of anything else send as fast as they can.
        let plenty = NonZeroU32::MAX;
        settings.rate_limits.free_per_min = plenty;
        settings.rate_limits.paying_per_min = plenty;
        settings.rate_limits.free_models_per_day = plenty;
        settings.rate_limits.paying_free_models_per_day = plenty;
        settings.server.drain_timeout_s = 1;
        // A busy machine may take longer between connecting and sending than a slow caller may.
        settings.limits.header_read_ms = 60_000;
        let path = dir.path().join("catalog.toml");
        std::fs::write(&path, format!("{AGELESS}{overlay}")).unwrap();
        settings.catalog.overlay = Some(path);
        change(&mut settings);
        let desk = Data::new(
            Switchboard::start(settings, environment(&sandbox), Providers::Simulated).unwrap(),
        );
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let operators = desk.settings.server.admin_bind;
        let operators = operators.map(|bind| TcpListener::bind(bind).unwrap());
        let admin_url = match &operators {
            Some(own) => format!("http://{}", own.local_addr().unwrap()),
            None => String::new(),
        };
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = http::serve(desk.clone(), listener, operators).unwrap();
        actix_web::rt::spawn(server);
        Self {
            url,
            admin_url,
            sandbox,
            client: Client::new(),
            desk,
            dir,
        }
    }

    /// An account with so much credit; `""` for none.
    pub async fn account(&self, credit_usd: &str) -> Account {
        let mut body =
            json!({ "email": format!("{}@example.com", model_router::ids::KeyId::new()) });
        if !credit_usd.is_empty() {
            body["credit_usd"] = json!(credit_usd);
        }
        let response = self
            .admin("/admin/accounts")
            .json(&body)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 201);
        let made: Value = response.json().await.unwrap();
        Account {
            id: text(&made["account_id"]),
            key: text(&made["api_key"]),
        }
    }

    pub fn admin(&self, path: &str) -> RequestBuilder {
        self.client
            .post(format!("{}{path}", self.url))
            .bearer_auth(ADMIN)
    }

    pub fn post(&self, account: &Account, path: &str) -> RequestBuilder {
        self.client
            .post(format!("{}{path}", self.url))
            .bearer_auth(&account.key)
    }

    pub async fn get(&self, account: &Account, path: &str) -> Value {
        let request = self
            .client
            .get(format!("{}{path}", self.url))
            .bearer_auth(&account.key);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        response.json().await.unwrap()
    }

    pub async fn chat(&self, account: &Account, body: &Value) -> Response {
        self.post(account, "/v1/chat/completions")
            .json(body)
            .send()
            .await
            .unwrap()
    }

    /// A chat that must be served: headers and body.
    pub async fn served(&self, account: &Account, body: &Value) -> (HeaderMap, Value) {
        let response = self.chat(account, body).await;
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.unwrap();
        assert_eq!(status, 200, "{text}");
        (headers, serde_json::from_str(&text).unwrap())
    }

    /// A chat that must be refused: status, error object.
    pub async fn refused(&self, account: &Account, body: &Value) -> (u16, Value) {
        let response = self.chat(account, body).await;
        error_of(response).await
    }

    pub async fn balance(&self, account: &Account) -> String {
        text(&self.get(account, "/v1/credits").await["data"]["balance"])
    }

    /// The ledger verifies.
    pub async fn verify(&self) {
        let request = self
            .client
            .get(format!("{}/admin/ledger/verify", self.url))
            .bearer_auth(ADMIN);
        let report: Value = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(report["clean"], true, "{report}");
    }
}

/// Status and `error` object of a refused request.
pub async fn error_of(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    assert!(response.headers().contains_key("x-request-id"));
    let text = response.text().await.unwrap();
    let body: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{status}: {text}"));
    for field in ["message", "type", "code"] {
        assert!(body["error"][field].is_string(), "{body}");
    }
    (status, body["error"].clone())
}

pub fn environment(sandbox: &Sandbox) -> Environment {
    Environment::Fixed(
        Vendor::ALL
            .into_iter()
            .flat_map(|vendor| vendor.variables(sandbox.base_url(vendor)))
            .collect::<HashMap<_, _>>(),
    )
}

pub fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("not a text: {value}"))
        .to_owned()
}

pub fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers
        .get(name)
        .unwrap_or_else(|| panic!("no header {name}"))
        .to_str()
        .unwrap()
}

/// A request for a tier with one user message.
pub fn ask(model: &str, prompt: &str) -> Value {
    json!({ "model": model, "messages": [{ "role": "user", "content": prompt }] })
}

/// The chunks of a streamed answer; it must end in `[DONE]`.
pub fn chunks(stream: &str) -> Vec<Value> {
    let data: Vec<&str> = stream
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .collect();
    let (last, chunks) = data.split_last().expect("no events");
    assert_eq!(*last, "[DONE]", "{stream}");
    chunks
        .iter()
        .map(|chunk| serde_json::from_str(chunk).unwrap())
        .collect()
}

/// The text of a streamed answer.
pub fn streamed_text(chunks: &[Value]) -> String {
    chunks
        .iter()
        .filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str())
        .collect()
}

/// A USD text as pico-dollars.
pub fn pico(usd: &str) -> i64 {
    usd.parse::<model_router::money::Picodollars>()
        .unwrap()
        .get()
}
