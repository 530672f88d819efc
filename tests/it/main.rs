//! The integration tests, one binary: the real app on loopback, real actors, a temporary ledger and
//! simulated providers.

mod admin;
mod bad_input;
mod billing;
mod chat;
mod failover;
mod process;
mod router;
mod streaming;
mod tidy;
