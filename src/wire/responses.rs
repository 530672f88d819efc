//! OpenAI's Responses API, for models that answer nowhere else. The caller still speaks chat
//! completions.

mod answer;
mod encode;
mod ending;
mod events;
mod fields;
mod format;
mod input;
mod limits;
mod parts;
mod reasoning;
mod schema;
mod stream;
mod tell;
mod tools;
mod usage;

#[cfg(test)]
mod tests;

pub(super) use answer::decode_answer;
pub(super) use encode::encode;
pub(super) use fields::left_out;
pub(super) use stream::Stream;

/// Whether this dialect is spoken.
pub(super) const SPOKEN: bool = true;
