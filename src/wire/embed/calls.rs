//! One request as calls upstream: split to what a provider takes at one time.

use crate::catalog::{Dialect, Model, Provider};

use super::super::fault::{Fault, FaultClass};
use super::super::{CannotEncode, Encoded, dialect_of};
use super::sizes::Cut;
use super::{EmbedRequest, Input, Kind, Vectors, gemini, openai, titan};

/// One call upstream.
#[derive(Clone, Debug)]
pub struct Call {
    /// What is sent.
    pub encoded: Encoded,
    /// Which inputs it embeds, in the order of its vectors.
    pub inputs: Vec<usize>,
    cut: Cut,
}

/// Writes calls that embed the `pending` inputs. `tokens` are the estimated tokens of every input.
/// The same input gives the same bytes.
pub fn calls(
    request: &EmbedRequest,
    model: &Model,
    provider: &Provider,
    pending: &[usize],
    tokens: &[u64],
) -> Result<Vec<Call>, CannotEncode> {
    let cut = Cut::of(request.dimensions(), model, provider)?;
    let call = |inputs: Vec<usize>, encoded| Call {
        encoded,
        inputs,
        cut,
    };
    match dialect_of(provider, model) {
        Dialect::OpenAi => {
            let size = request.dimensions().unwrap_or(model.max_output);
            let batches = openai::batches(request, provider, pending, tokens, size);
            let encode = |inputs: Vec<usize>| {
                let encoded = openai::encode(request, model, provider, &inputs, cut);
                call(inputs, encoded)
            };
            Ok(batches.into_iter().map(encode).collect())
        }
        Dialect::Bedrock => {
            titan::check(model)?;
            only_texts(request, model)?;
            let encode = |index: &usize| {
                Ok(call(
                    vec![*index],
                    titan::encode(request, model, *index, cut)?,
                ))
            };
            pending.iter().map(encode).collect()
        }
        Dialect::Gemini => {
            only_texts(request, model)?;
            let encode = |inputs: Vec<usize>| {
                let encoded = gemini::encode(request, model, &inputs, cut);
                call(inputs, encoded)
            };
            Ok(gemini::batches(pending).map(encode).collect())
        }
        dialect @ (Dialect::Responses | Dialect::Anthropic) => Err(CannotEncode::Unspoken(dialect)),
    }
}

/// Refuses tokens for a model that takes texts alone.
fn only_texts(request: &EmbedRequest, model: &Model) -> Result<(), CannotEncode> {
    let tokens = |kind: Kind| match kind {
        Kind::Text => false,
        Kind::Tokens(_) => true,
    };
    match request.inputs.iter().position(|place| tokens(place.kind)) {
        Some(index) => Err(CannotEncode::Unsupported {
            param: request.path(index),
            message: format!("{} takes texts, not tokens; send the text.", model.id),
        }),
        None => Ok(()),
    }
}

/// Reads the body of a successful answer to `call`.
pub fn decode(dialect: Dialect, body: &[u8], call: &Call) -> Result<Vectors, Fault> {
    let text = std::str::from_utf8(body).map_err(|error| malformed(&error))?;
    let mut vectors = match dialect {
        Dialect::OpenAi => openai::decode(text, call.inputs.len())?,
        Dialect::Bedrock => titan::decode(text)?,
        Dialect::Gemini => gemini::decode(text, call.inputs.len())?,
        Dialect::Responses | Dialect::Anthropic => {
            return Err(malformed(&"the dialect has no embeddings"));
        }
    };
    match call.cut {
        Cut::None => {}
        Cut::Upstream(size) => vectors.expect_size(size)?,
        Cut::UpstreamUnscaled(size) => {
            vectors.expect_size(size)?;
            vectors.cut(size)?;
        }
        Cut::Ours(size) => vectors.cut(size)?,
    }
    Ok(vectors)
}

/// Estimated tokens that a call is split by. A text may have twice as many as estimated, but never
/// more than bytes.
pub(super) fn most_tokens(input: &Input<'_>, estimated: u64) -> u64 {
    match input {
        Input::Text(text) => estimated.saturating_mul(2).min(text.len() as u64),
        Input::Tokens(count) => u64::from(*count),
    }
}

/// The provider's answer makes no sense.
pub(super) fn malformed(what: &dyn std::fmt::Display) -> Fault {
    Fault::ours(
        FaultClass::Malformed,
        format!("the provider's vectors could not be read: {what}"),
    )
}
