//! `[telemetry]`: where customers may have their traces sent, and how patiently.

use serde::{Deserialize, Serialize};

use crate::otlp::{Names, Reach};

/// `[telemetry]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Telemetry {
    /// Whether targets may be on private networks and this machine, and without TLS.
    pub allow_private: bool,
    /// How long a span waits for others to go with, in milliseconds.
    pub flush_ms: u64,
    /// How long a backend may take for one attempt, in milliseconds.
    pub timeout_ms: u64,
    /// How often one batch is tried.
    pub attempts: usize,
    /// The pause after the first failure, in milliseconds; each one after it is twice as long.
    pub pause_ms: u64,
    /// How long a target rests after a batch that failed, in milliseconds; it doubles each time.
    pub rest_ms: u64,
    /// Longest rest, in milliseconds.
    pub max_rest_ms: u64,
    /// How long spans may be on their way after the last request has ended, in milliseconds.
    pub drain_ms: u64,
    /// Who knows names.
    #[serde(skip)]
    pub names: Names,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self {
            allow_private: false,
            flush_ms: 1_000,
            timeout_ms: 10_000,
            attempts: 4,
            pause_ms: 1_000,
            rest_ms: 30_000,
            max_rest_ms: 600_000,
            drain_ms: 3_000,
            names: Names::System,
        }
    }
}

impl Telemetry {
    /// Where targets may be.
    pub fn reach(&self) -> Reach {
        if self.allow_private {
            Reach::Anywhere
        } else {
            Reach::Public
        }
    }
}
