//! OpenAI's chat completions, as OpenAI, xAI, Groq, Cerebras and many local servers speak it.

mod answer;
mod calls;
mod choice;
mod content;
mod encode;
mod errors;
mod history;
mod host;
mod sound;
mod stream;
mod usage;

#[cfg(test)]
mod tests;

pub(super) use answer::decode_answer;
pub(super) use encode::{encode, left_out};
pub(super) use errors::{decode_error, in_band};
pub(super) use stream::Stream;
