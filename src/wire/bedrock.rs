//! AWS Bedrock's Converse and ConverseStream, the one format for all models there.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html>

mod answer;
mod calls;
mod encode;
mod errors;
mod family;
mod finish;
mod reasoning;
mod stream;
mod usage;

#[cfg(test)]
mod tests;

pub(super) use answer::decode_answer;
pub(super) use encode::{encode, left_out, path};
pub(super) use errors::decode_error;
pub(super) use stream::Stream;

/// Whether this dialect is spoken.
pub(super) const SPOKEN: bool = true;

/// The tool that stands for a JSON answer where the request asked for a schema. Its input is the
/// answer's text, never a call.
const ANSWER_TOOL: &str = "model_router_json_answer";
