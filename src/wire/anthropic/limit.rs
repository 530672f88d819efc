//! `max_tokens`, which this provider requires.

use crate::catalog::Model;

use super::super::chat::ChatRequest;
use super::super::{Reason, Warning};

/// As much output as is left at least, however long the prompt looks.
const LEAST_DEFAULT: u64 = 8_192;
/// Bytes of a request that make one token at the least, on average.
const BYTES_PER_TOKEN: u64 = 3;

/// The limit that goes upstream, and what the caller has to know of it.
pub(super) fn of(
    request: &ChatRequest,
    model: &Model,
    output_cap: Option<u64>,
) -> (u64, Option<Warning>) {
    let most = u64::from(model.max_output).max(1);
    let wished = request.max_output_tokens();
    let limit = wished
        .unwrap_or_else(|| default(request, model, most))
        .min(most);
    let name = match request.field("max_tokens") {
        Some(_) if request.field("max_completion_tokens").is_none() => "max_tokens",
        Some(_) | None => "max_completion_tokens",
    };
    match output_cap {
        Some(cap) if cap < limit => {
            let warning = Warning::advisory(Reason::InsufficientCredits, name);
            (cap.max(1), Some(warning))
        }
        Some(_) | None => {
            let lowered = wished.is_some_and(|wished| wished > most);
            let warning = lowered.then(|| Warning::advisory(Reason::Unsupported, name));
            (limit, warning)
        }
    }
}

/// All that the model can write, as far as the window has room: some models refuse a prompt and a
/// limit that together exceed it.
fn default(request: &ChatRequest, model: &Model, most: u64) -> u64 {
    let prompt = request.body_len() as u64 / BYTES_PER_TOKEN;
    let room = u64::from(model.context_window).saturating_sub(prompt);
    most.min(room.max(LEAST_DEFAULT))
}
