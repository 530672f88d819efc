//! Anthropic's Messages API.

mod answer;
mod blocks;
mod caching;
mod choice;
mod conversation;
mod encode;
mod fields;
mod format;
mod history;
mod ids;
mod limit;
mod open;
mod parts;
mod root;
mod schema;
mod stream;
mod strict;
mod thinking;
mod tools;
mod turn;
mod turns;
mod usage;

#[cfg(test)]
mod tests;

pub(super) use answer::decode_answer;
pub(super) use encode::{encode, left_out};
pub(super) use stream::Stream;

/// Whether this dialect is spoken.
pub(super) const SPOKEN: bool = true;

/// The tool that a model is made to call where a JSON schema cannot be asked for directly: its
/// arguments are the answer's text.
const ANSWER_TOOL: &str = "model_router_answer";

/// The `format` of `reasoning_details` that hold this provider's thinking blocks.
const DETAIL_FORMAT: &str = "anthropic-claude-v1";
