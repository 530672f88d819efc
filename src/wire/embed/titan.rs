//! Titan's text embeddings on Bedrock: one text a call.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html>

use bytes::Bytes;

use crate::catalog::Model;

use super::super::object::Object;
use super::super::{CannotEncode, Encoded, Reason, Warning, bedrock, json};
use super::calls::malformed;
use super::sizes::Cut;
use super::{EmbedRequest, Vectors, vectors};
use crate::wire::Fault;

/// Whether the model is one of those that are spoken.
pub(super) fn check(model: &Model) -> Result<(), CannotEncode> {
    if !model.upstream.contains("titan-embed-text") {
        return Err(CannotEncode::Unsupported {
            param: "model".to_owned(),
            message: format!(
                "Of Bedrock's embedding models only Titan Text is spoken, not '{}'.",
                model.upstream
            ),
        });
    }
    Ok(())
}

/// Writes one call.
pub(super) fn encode(
    request: &EmbedRequest,
    model: &Model,
    index: usize,
    cut: Cut,
) -> Result<Encoded, CannotEncode> {
    let mut body = String::from("{");
    let place = request.inputs.get(index);
    let text = place.map_or("\"\"", |place| request.raw(place));
    json::push_member(&mut body, "inputText", text);
    match cut {
        Cut::Upstream(size) | Cut::UpstreamUnscaled(size) => {
            json::push_member(&mut body, "dimensions", &size.to_string());
        }
        Cut::None | Cut::Ours(_) => {}
    }
    body.push('}');
    let left_out =
        |(name, _): (&str, &str)| Warning::advisory(Reason::Untranslatable, name.to_owned());
    Ok(Encoded {
        path: bedrock::path(&model.upstream, "invoke")?,
        headers: Vec::new(),
        body: Bytes::from(body),
        warnings: request.carried().map(left_out).collect(),
    })
}

/// Reads an answer.
pub(super) fn decode(text: &str) -> Result<Vectors, Fault> {
    let top = Object::parse(text).map_err(|flaw| malformed(&flaw))?;
    let by_type = top
        .get("embeddingsByType")
        .and_then(|raw| Object::parse(raw).ok());
    let raw = top
        .get("embedding")
        .or_else(|| by_type.as_ref().and_then(|kinds| kinds.get("float")))
        .ok_or_else(|| malformed(&"the vector is missing"))?;
    let tokens = top.get("inputTextTokenCount").and_then(json::count);
    Vectors::new(vec![vectors::read(raw)?], tokens)
}
