//! Drives the simulated providers over loopback, as the router would.
#![allow(clippy::unwrap_used, clippy::panic)]

mod bedrock;
mod errors;
mod faults;
mod formats;
mod gemini;
mod lifecycle;
mod responses;
mod streams;
mod traits;

use std::sync::Arc;

use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};

use super::{Sandbox, Script, Vendor};

/// The providers that speak OpenAI's dialect.
const OPENAI_FAMILY: [Vendor; 4] = [Vendor::OpenAi, Vendor::Xai, Vendor::Groq, Vendor::Cerebras];

/// One running provider and a client for it.
struct Rig {
    sandbox: Sandbox,
    vendor: Vendor,
    client: Client,
}

/// A response, read to its end.
struct Reply {
    status: u16,
    headers: reqwest::header::HeaderMap,
    body: String,
}

impl Rig {
    async fn start(vendor: Vendor) -> Self {
        // Fails when another test was first, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            sandbox: Sandbox::start(&[vendor]).await.unwrap(),
            vendor,
            client: Client::new(),
        }
    }

    fn script(&self) -> &Arc<Script> {
        self.sandbox.script(self.vendor)
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.sandbox.base_url(self.vendor))
    }

    fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        self.client
            .post(self.url(path))
            .header("authorization", "Bearer sk-test")
            .header("content-type", "application/json")
            .body(body.to_string())
    }

    async fn send(&self, body: &Value) -> reqwest::Result<Response> {
        self.post("/chat/completions", body).send().await
    }

    async fn chat(&self, body: &Value) -> Reply {
        read(self.send(body).await.unwrap()).await
    }

    /// A chat request with some fields added.
    fn body(&self, prompt: &str, extra: Value) -> Value {
        let mut body = json!({"model": usual_model(self.vendor),
            "messages": [{"role": "user", "content": prompt}]});
        let fields = body.as_object_mut().unwrap();
        fields.extend(extra.as_object().unwrap().clone());
        body
    }
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The chunks of a stream that ended properly.
    fn chunks(&self) -> Vec<Value> {
        let body = self.body.strip_suffix("data: [DONE]\n\n").unwrap();
        events(body)
    }
}

async fn read(response: Response) -> Reply {
    Reply {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        body: response.text().await.unwrap(),
    }
}

/// The JSON of each `data:` line.
fn events(body: &str) -> Vec<Value> {
    body.split("\n\n")
        .filter(|event| !event.is_empty())
        .map(|event| serde_json::from_str(event.strip_prefix("data: ").unwrap()).unwrap())
        .collect()
}

/// Every non-empty text a field has in the deltas of the first choice.
fn deltas<'a>(chunks: &'a [Value], field: &str) -> Vec<&'a str> {
    chunks
        .iter()
        .filter_map(|chunk| chunk["choices"][0]["delta"][field].as_str())
        .filter(|text| !text.is_empty())
        .collect()
}

/// A model of the provider that does not reason.
fn usual_model(vendor: Vendor) -> &'static str {
    match vendor {
        Vendor::OpenAi => "gpt-4.1",
        Vendor::Xai => "grok-3-beta",
        Vendor::Groq => "llama-3.3-70b-versatile",
        Vendor::Cerebras => "llama3.1-8b",
        Vendor::Bedrock => "qwen.qwen3-next-80b-a3b",
        Vendor::Google => "gemini-2.5-flash",
        Vendor::Anthropic => "claude-haiku-4-5",
    }
}

/// A model of the provider that reasons.
fn reasoning_model(vendor: Vendor) -> &'static str {
    match vendor {
        Vendor::OpenAi => "o4-mini",
        Vendor::Xai => "grok-3-mini-beta",
        Vendor::Groq => "openai/gpt-oss-120b",
        Vendor::Cerebras => "gpt-oss-120b",
        Vendor::Bedrock => "zai.glm-4.7",
        Vendor::Google => "gemini-2.5-pro",
        Vendor::Anthropic => "claude-sonnet-4-6",
    }
}
