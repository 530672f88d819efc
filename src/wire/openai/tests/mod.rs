//! The OpenAI family's odd answers, hand-made after what its servers do.

mod answers;
mod errors;
mod requests;
mod streams;
