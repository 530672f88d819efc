//! What Bedrock is sent, and what is read from it.

mod answers;
mod errors;
mod requests;
mod streams;
mod wishes;
