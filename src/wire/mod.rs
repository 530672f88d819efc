//! Formats: OpenAI's shapes towards the caller, each provider's dialect upstream. Pure.

pub mod fault;

use bytes::Bytes;

pub use fault::{Fault, FaultClass};
