//! Google's `batchEmbedContents`: up to a hundred texts a call.
//!
//! <https://ai.google.dev/api/embeddings>

use bytes::Bytes;

use crate::catalog::Model;

use super::super::object::{Object, array};
use super::super::{Encoded, Reason, Warning, gemini, json};
use super::calls::malformed;
use super::sizes::Cut;
use super::{EmbedRequest, Vectors, vectors};
use crate::wire::Fault;

/// Google's limit of one call: "at most 100 requests can be in one batch".
const MOST_INPUTS: usize = 100;

/// Splits inputs, in order, to what one call takes.
pub(super) fn batches(pending: &[usize]) -> impl Iterator<Item = Vec<usize>> {
    pending.chunks(MOST_INPUTS).map(<[usize]>::to_vec)
}

/// Writes one call.
pub(super) fn encode(request: &EmbedRequest, model: &Model, inputs: &[usize], cut: Cut) -> Encoded {
    let mut name = String::new();
    json::push_string(&mut name, &format!("models/{}", model.upstream));
    let one = |index: &usize| {
        let place = request.inputs.get(*index);
        let text = place.map_or("\"\"", |place| request.raw(place));
        let mut one = String::from("{");
        json::push_member(&mut one, "model", &name);
        let content = format!(r#"{{"parts":[{{"text":{text}}}]}}"#);
        json::push_member(&mut one, "content", &content);
        match cut {
            Cut::Upstream(size) | Cut::UpstreamUnscaled(size) => {
                json::push_member(&mut one, "outputDimensionality", &size.to_string());
            }
            Cut::None | Cut::Ours(_) => {}
        }
        one.push('}');
        one
    };
    let requests: Vec<String> = inputs.iter().map(one).collect();
    let left_out =
        |(name, _): (&str, &str)| Warning::advisory(Reason::Untranslatable, name.to_owned());
    Encoded {
        path: gemini::path(&model.upstream, "batchEmbedContents"),
        headers: Vec::new(),
        body: Bytes::from(format!(r#"{{"requests":[{}]}}"#, requests.join(","))),
        warnings: request.carried().map(left_out).collect(),
    }
}

/// Reads an answer with as many vectors as were asked for. They stand in the order of the texts.
/// Older models tell no tokens.
pub(super) fn decode(text: &str, expected: usize) -> Result<Vectors, Fault> {
    let top = Object::parse(text).map_err(|flaw| malformed(&flaw))?;
    let data = top
        .get("embeddings")
        .ok_or_else(|| malformed(&"there are no 'embeddings'"))?;
    let items = array(data, expected).map_err(|flaw| malformed(&flaw))?;
    if items.len() != expected {
        return Err(malformed(&"a vector is missing"));
    }
    let vector = |item: &str| {
        let item = Object::parse(item).map_err(|flaw| malformed(&flaw))?;
        let values = item.get("values");
        vectors::read(values.ok_or_else(|| malformed(&"a vector is missing"))?)
    };
    let vectors: Result<Vec<Vec<f32>>, Fault> = items.into_iter().map(vector).collect();
    let tokens = top.get("usageMetadata").and_then(|raw| {
        let usage = Object::parse(raw).ok()?;
        usage.get("promptTokenCount").and_then(json::count)
    });
    Vectors::new(vectors?, tokens)
}
