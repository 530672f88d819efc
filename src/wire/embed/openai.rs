//! `/embeddings` as OpenAI and the servers that copy it speak it.
//!
//! <https://platform.openai.com/docs/api-reference/embeddings/create>

use bytes::Bytes;

use crate::catalog::{Model, Provider};

use super::super::json;
use super::super::object::{Object, array};
use super::super::openai::in_band;
use super::super::{Encoded, Reason, Warning};
use super::calls::{malformed, most_tokens};
use super::sizes::Cut;
use super::{EmbedRequest, Shape, Vectors, vectors};
use crate::wire::Fault;

/// OpenAI's limits of one call.
const MOST_INPUTS: usize = 2_048;
const MOST_TOKENS: u64 = 300_000;
/// As long as an answer may become.
const MOST_ANSWER_BYTES: usize = 48 << 20;
/// Most bytes of a number in base64 and in JSON.
const BASE64_BYTES: usize = 6;
const DECIMAL_BYTES: usize = 24;

/// Splits inputs, in order, to what one call takes.
pub(super) fn batches(
    request: &EmbedRequest,
    provider: &Provider,
    pending: &[usize],
    tokens: &[u64],
    size: u32,
) -> Vec<Vec<usize>> {
    let per_number = if takes_base64(provider) {
        BASE64_BYTES
    } else {
        DECIMAL_BYTES
    };
    let per_vector = (size as usize).saturating_mul(per_number).max(1);
    let most_inputs = (MOST_ANSWER_BYTES / per_vector).clamp(1, MOST_INPUTS);
    let weights: Vec<u64> = request
        .inputs()
        .zip(tokens)
        .map(|(input, estimated)| most_tokens(&input, *estimated))
        .collect();
    let mut batches: Vec<Vec<usize>> = Vec::new();
    let mut held = 0_u64;
    for &index in pending {
        let weight = weights.get(index).copied().unwrap_or_default();
        match batches.last_mut() {
            Some(batch) if batch.len() < most_inputs && held + weight <= MOST_TOKENS => {
                held += weight;
                batch.push(index);
            }
            Some(_) | None => {
                held = weight;
                batches.push(vec![index]);
            }
        }
    }
    batches
}

/// OpenAI is asked for base64, a third of the bytes; other servers for numbers, which all of them
/// know.
fn takes_base64(provider: &Provider) -> bool {
    provider.name.as_str() == "openai"
}

/// Writes one call.
pub(super) fn encode(
    request: &EmbedRequest,
    model: &Model,
    provider: &Provider,
    inputs: &[usize],
    cut: Cut,
) -> Encoded {
    let mut body = String::from("{");
    let mut name = String::new();
    json::push_string(&mut name, &model.upstream);
    json::push_member(&mut body, "model", &name);
    json::push_member(&mut body, "input", &input(request, inputs));
    match cut {
        Cut::Upstream(size) | Cut::UpstreamUnscaled(size) => {
            json::push_member(&mut body, "dimensions", &size.to_string());
        }
        Cut::None | Cut::Ours(_) => {}
    }
    if takes_base64(provider) {
        json::push_member(&mut body, "encoding_format", "\"base64\"");
    }
    let mut warnings = Vec::new();
    for (name, raw) in request.carried() {
        if provider.omit.iter().any(|omitted| omitted == name) {
            warnings.push(Warning::advisory(Reason::Unsupported, name.to_owned()));
        } else {
            json::push_member(&mut body, name, raw);
        }
    }
    body.push('}');
    Encoded {
        path: "/embeddings".to_owned(),
        headers: Vec::new(),
        body: Bytes::from(body),
        warnings,
    }
}

/// `input` in the caller's own form.
fn input(request: &EmbedRequest, inputs: &[usize]) -> String {
    let raws: Vec<&str> = inputs
        .iter()
        .filter_map(|index| request.inputs.get(*index))
        .map(|place| request.raw(place))
        .collect();
    match request.shape {
        Shape::Single => raws.concat(),
        Shape::List => format!("[{}]", raws.join(",")),
    }
}

/// Reads an answer with as many vectors as were asked for, put into order by their `index`.
pub(super) fn decode(text: &str, expected: usize) -> Result<Vectors, Fault> {
    let top = Object::parse(text).map_err(|flaw| malformed(&flaw))?;
    let Some(data) = top.get("data") else {
        return Err(in_band(text).unwrap_or_else(|| malformed(&"there is no 'data'")));
    };
    let items = array(data, expected).map_err(|flaw| malformed(&flaw))?;
    let mut found: Vec<Option<Vec<f32>>> = vec![None; expected];
    for (position, item) in items.into_iter().enumerate() {
        let item = Object::parse(item).map_err(|flaw| malformed(&flaw))?;
        let index = match item.get("index").map(json::count) {
            None => position,
            Some(index) => index
                .and_then(|index| usize::try_from(index).ok())
                .ok_or_else(|| malformed(&"an 'index' is no number"))?,
        };
        let place = found
            .get_mut(index)
            .filter(|place| place.is_none())
            .ok_or_else(|| malformed(&format_args!("there is no place for index {index}")))?;
        let raw = item
            .get("embedding")
            .ok_or_else(|| malformed(&"a vector is missing"))?;
        *place = Some(vectors::read(raw)?);
    }
    let vectors: Option<Vec<Vec<f32>>> = found.into_iter().collect();
    let tokens = top.get("usage").and_then(|raw| {
        let usage = Object::parse(raw).ok()?;
        let count = |name| usage.get(name).and_then(json::count);
        count("prompt_tokens").or_else(|| count("total_tokens"))
    });
    Vectors::new(
        vectors.ok_or_else(|| malformed(&"a vector is missing"))?,
        tokens,
    )
}
