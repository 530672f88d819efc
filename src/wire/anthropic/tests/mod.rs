//! The dialect from outside: requests, answers and streams.

mod answers;
mod history;
mod requests;
mod schemas;
mod streams;

use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use serde_json::Value;

use crate::catalog::{Catalog, Layer, ModelId, Provider};
use crate::wire::{CannotEncode, ChatRequest, Context, Encoded, encode_chat};

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::load(&[Layer::builtin()]).unwrap());

/// Writes a request for a model of the shipped catalog.
fn encode_with(model: &str, body: &Value, context: &Context<'_>) -> Result<Encoded, CannotEncode> {
    let model = CATALOG.model(model).unwrap();
    let provider: &Arc<Provider> = CATALOG.provider(&model.provider).unwrap();
    let request = ChatRequest::parse(Bytes::from(body.to_string())).unwrap();
    let encoded = encode_chat(&request, model, provider, context);
    let again = encode_chat(&request, model, provider, context);
    assert_eq!(
        encoded.as_ref().ok().map(|encoded| &encoded.body),
        again.as_ref().ok().map(|encoded| &encoded.body)
    );
    encoded
}

fn encode(model: &str, body: &Value) -> (Value, Vec<String>) {
    let encoded = encode_with(model, body, &Context::PLAIN).unwrap();
    assert_eq!(encoded.path, "/v1/messages");
    let body = serde_json::from_slice(&encoded.body).unwrap();
    let warnings = encoded.warnings.iter().map(ToString::to_string);
    (body, warnings.collect())
}

/// The path and message of a refusal.
fn refused(model: &str, body: &Value) -> (String, String) {
    match encode_with(model, body, &Context::PLAIN).unwrap_err() {
        CannotEncode::Unsupported { param, message } => (param, format!("unsupported: {message}")),
        CannotEncode::Invalid { param, message } => (param, format!("invalid: {message}")),
        CannotEncode::Unspoken(dialect) => (String::new(), format!("{dialect:?}")),
    }
}

/// Keeps the model's id a name that the catalog knows.
#[test]
fn the_models_of_the_catalog_have_their_traits() {
    for id in [
        "claude-haiku-4-5",
        "claude-sonnet-4-6",
        "claude-opus-4-6",
        "claude-opus-4-7",
    ] {
        let model = CATALOG.model(id).unwrap();
        assert_eq!(model.id, ModelId::new(id));
        let adaptive = model.has_trait(crate::catalog::Trait::AdaptiveThinking);
        assert_eq!(adaptive, id != "claude-haiku-4-5");
    }
}
