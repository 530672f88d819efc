//! `batchEmbedContents` as Google answers it.

use serde_json::{Value, json};

use super::trouble::Trouble;
use crate::sandbox::fault::Plan;
use crate::sandbox::play::Show;
use crate::sandbox::{tokens, vector};

/// The most texts of one call.
const MOST_TEXTS: usize = 100;
/// The most tokens of a text.
const MOST_TOKENS: usize = 2048;
/// The length of vectors when none is asked for, and the longest.
const SIZE: usize = 3072;

/// Whether a call is one that Google would answer.
pub(super) fn check(model: &str, body: &Value) -> Result<(), Trouble> {
    let requests = body["requests"].as_array().map_or(&[][..], Vec::as_slice);
    if requests.is_empty() || requests.len() > MOST_TEXTS {
        return Err(Trouble::invalid(format!(
            "* BatchEmbedContentsRequest.requests: at most {MOST_TEXTS} requests can be in one batch\n"
        )));
    }
    for (index, request) in requests.iter().enumerate() {
        let at = format!("* BatchEmbedContentsRequest.requests[{index}]");
        if request["model"] != format!("models/{model}") {
            return Err(Trouble::invalid(format!("{at}.model: model is required\n")));
        }
        let text = text(request);
        if text.is_empty() {
            return Err(Trouble::invalid(format!(
                "{at}.content: content is empty\n"
            )));
        }
        if tokens::count(text) > MOST_TOKENS {
            return Err(Trouble::ContextLength);
        }
        if size(request).is_none() {
            return Err(Trouble::invalid(format!(
                "{at}.output_dimensionality: must be between 1 and {SIZE}\n"
            )));
        }
    }
    Ok(())
}

/// The answer. Vectors that are shorter than usual are not of length one.
pub(super) fn answer(body: &Value, plan: &Plan) -> Show {
    let requests = body["requests"].as_array().map_or(&[][..], Vec::as_slice);
    let values = |request: &Value| {
        let mut values = if plan.empty {
            Vec::new()
        } else {
            vector::of(text(request), SIZE)
        };
        values.truncate(size(request).unwrap_or(SIZE));
        json!({"values": values})
    };
    let embeddings: Vec<Value> = requests.iter().map(values).collect();
    let count = requests.iter().map(|request| tokens::count(text(request)));
    let count: usize = count.sum();
    let answer = json!({"embeddings": embeddings, "usageMetadata": {"promptTokenCount": count,
        "promptTokenDetails": [{"modality": "TEXT", "tokenCount": count}]}});
    Show::whole(format!("{answer:#}\n").into_bytes(), count)
}

fn text(request: &Value) -> &str {
    let text = &request["content"]["parts"][0]["text"];
    text.as_str().unwrap_or_default()
}

fn size(request: &Value) -> Option<usize> {
    let asked = &request["outputDimensionality"];
    if asked.is_null() {
        return Some(SIZE);
    }
    let asked = asked.as_u64().and_then(|size| usize::try_from(size).ok());
    asked.filter(|size| (1..=SIZE).contains(size))
}
