//! model-router: one OpenAI-compatible endpoint in front of many providers.
//!
//! The modules, in reading order. Each folder is one verb: `http` moves bytes, `actors` own
//! state, `routing` chooses, `wire` translates, `catalog` knows, `store` keeps.

pub mod actors;
pub mod billing;
pub mod catalog;
pub mod config;
pub mod counters;
pub mod http;
pub mod ids;
pub mod mail;
pub mod money;
pub mod otlp;
pub mod pages;
pub mod routing;
pub mod sandbox;
pub mod spans;
pub mod store;
pub mod telemetry;
pub mod usage;
pub mod wire;
