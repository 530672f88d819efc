//! Google's generateContent and streamGenerateContent.

mod answer;
mod calls;
mod contents;
mod encode;
mod errors;
mod fields;
mod form;
mod frame;
mod generation;
mod media;
mod results;
mod signatures;
mod stream;
mod thinking;
mod tools;
mod usage;

#[cfg(test)]
mod tests;

pub(super) use answer::decode_answer;
pub(super) use encode::{encode, path};
pub(super) use errors::decode_error;
pub(super) use fields::left_out;
pub(super) use stream::Stream;

/// Whether this dialect is spoken.
pub(super) const SPOKEN: bool = true;
