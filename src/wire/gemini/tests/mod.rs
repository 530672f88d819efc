//! Google's format, hand-made after what its servers do.

mod answers;
mod errors;
mod history;
mod requests;
mod streams;

use std::sync::Arc;

use bytes::Bytes;

use super::super::{CannotEncode, ChatRequest, Context, Encoded, encode_chat};
use crate::catalog::model::KeyNeed;
use crate::catalog::{
    Abilities, Ability, Dialect, Endpoint, Model, ModelId, Price, Provider, ProviderName, Timeouts,
    Trait,
};

const FLASH: &str = "gemini-2.5-flash";
const PRO: &str = "gemini-2.5-pro";
const THREE: &str = "gemini-3.1-pro-preview";

fn google() -> Provider {
    Provider {
        name: ProviderName::new("google"),
        dialect: Dialect::Gemini,
        base_url: "https://example.invalid".into(),
        base_url_env: None,
        api_key_env: Vec::new(),
        key_need: KeyNeed::Optional,
        omit: vec!["user".to_owned()],
        on_disconnect: crate::catalog::OnDisconnect::Cancel,
        source: String::new(),
    }
}

fn model(upstream: &str, traits: &[Trait]) -> Model {
    Model {
        id: ModelId::new("id"),
        name: String::new(),
        provider: ProviderName::new("google"),
        upstream: upstream.into(),
        endpoint: Endpoint::Chat,
        tiers: Vec::new(),
        free: false,
        context_window: 1_000_000,
        max_input: None,
        max_output: 65_536,
        tokenizer: std::sync::Arc::default(),
        price: Price::default(),
        abilities: [Ability::Tools, Ability::Vision, Ability::Reasoning]
            .into_iter()
            .collect::<Abilities>(),
        traits: traits.to_vec(),
        quality: None,
        coding: None,
        ttft_ms: 1,
        tokens_per_s: 1,
        timeouts: Timeouts::default(),
        same_as: None,
        deprecation_date: None,
        replacement: None,
        source: String::new(),
        as_of: time::Date::MIN,
    }
}

fn parse(body: &str) -> ChatRequest {
    ChatRequest::parse(Bytes::copy_from_slice(body.as_bytes())).unwrap()
}

fn encode(upstream: &str, body: &str) -> Result<Encoded, CannotEncode> {
    encode_chat(
        &parse(body),
        &model(upstream, &[]),
        &google(),
        &Context::PLAIN,
    )
}

/// Like [`encode`], with reasoning remembered for every call.
fn encode_recalling(upstream: &str, body: &str, details: &str) -> Result<Encoded, CannotEncode> {
    let recall = |_: &str| Some(Arc::from(details));
    let context = Context {
        output_cap: None,
        recall: &recall,
    };
    encode_chat(&parse(body), &model(upstream, &[]), &google(), &context)
}

/// The body of a request whose fields, but for the model and one message, are these.
fn with(upstream: &str, fields: &str) -> Encoded {
    let body = format!(r#"{{"model":"m","messages":[{{"role":"user","content":"hi"}}],{fields}}}"#);
    encode(upstream, &body).unwrap()
}

/// The body of a request with these messages.
fn messages(upstream: &str, messages: &str) -> Result<Encoded, CannotEncode> {
    encode(
        upstream,
        &format!(r#"{{"model":"m","messages":[{messages}]}}"#),
    )
}

/// Body and warnings; the body has to be JSON.
fn show(encoded: &Encoded) -> String {
    let body = std::str::from_utf8(&encoded.body).unwrap();
    let is_json = serde_json::from_str::<serde::de::IgnoredAny>(body).is_ok();
    assert!(is_json, "{body}");
    let warnings: Vec<_> = encoded.warnings.iter().map(ToString::to_string).collect();
    format!("{body}\n{}", warnings.join(","))
}

/// The path of what cannot be written, and whose fault that is.
fn refused(result: Result<Encoded, CannotEncode>) -> (&'static str, String) {
    match result.unwrap_err() {
        CannotEncode::Unsupported { param, .. } => ("unsupported", param),
        CannotEncode::Invalid { param, .. } => ("invalid", param),
        CannotEncode::Unspoken(dialect) => ("unspoken", format!("{dialect:?}")),
    }
}
