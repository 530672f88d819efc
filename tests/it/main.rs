//! The integration tests, one binary: the real app on loopback, real actors, a temporary ledger and
//! simulated providers.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a failed test should say where, and a test may wait for a process"
)]

mod admin;
mod anthropic;
mod bad_input;
mod bedrock;
mod billing;
mod chat;
mod embeddings;
mod failover;
mod gemini;
mod mailbox;
mod process;
mod responses;
mod router;
mod sessions;
mod signin;
mod signin_process;
mod smtp;
mod streaming;
mod tidy;
