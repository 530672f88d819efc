//! The sections of the settings file and their defaults, one per consumer.

use std::net::SocketAddr;
use std::path::PathBuf;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::wire::Recovery;

/// `[server]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// Address and port to listen on.
    pub bind: SocketAddr,
    /// Address and port at which `/admin` is served, and nowhere else. Default: with everything else.
    pub admin_bind: Option<SocketAddr>,
    /// The address callers use, for links. Default: `http://` + `bind`.
    pub public_url: Option<Url>,
    /// HTTP worker threads; 0 means one per core.
    pub workers: usize,
    /// How long streams may run on after SIGTERM, in seconds.
    pub drain_timeout_s: u64,
    /// Origins that browsers may call from; `*` means any.
    pub allowed_origins: Vec<String>,
    /// Networks of the proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
}

/// `[limits]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Largest chat body, in bytes.
    pub chat_body_bytes: usize,
    /// Largest body of an embeddings request, in bytes.
    pub embeddings_body_bytes: usize,
    /// Largest body of every other route, in bytes.
    pub other_body_bytes: usize,
    /// Request bodies held in memory at one time, in bytes.
    pub bytes_in_flight: usize,
    /// Inference requests in flight at one time.
    pub requests_in_flight: usize,
    /// Running inference requests of one account.
    pub running_per_account: usize,
    /// Time to read a request's header, in milliseconds.
    pub header_read_ms: u64,
    /// Time until the first byte of a body, in milliseconds.
    pub body_first_byte_ms: u64,
    /// Slowest body that is waited for after that, in bytes a second.
    pub body_min_bytes_per_s: usize,
    /// How long a request may wait for credit that other requests hold, in milliseconds.
    pub credit_wait_ms: u64,
}

/// `[storage]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Storage {
    /// Directory of the ledger; created with mode 0700.
    pub data_dir: PathBuf,
    /// Free space below which no paid request begins, in bytes.
    pub min_free_bytes: u64,
    /// How long the records of requests are kept, in days. Totals stay.
    pub keep_records_days: u64,
    /// How long the rows of the audit log are kept, in days.
    pub keep_audit_days: u64,
}

/// `[catalog]`
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct CatalogFiles {
    /// A catalog laid over the built-in one.
    pub overlay: Option<PathBuf>,
}

/// `[failover]`, all clocks in milliseconds. A model's own clocks in the catalog win.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Failover {
    /// Upstream calls for one request, the first one included.
    pub attempts: usize,
    /// DNS, TCP and TLS together.
    pub connect_ms: u64,
    /// First streamed content, while another candidate remains.
    pub first_token_ms: u64,
    /// First streamed content of the last candidate.
    pub last_first_token_ms: u64,
    /// First streamed content of a reasoning model.
    pub reasoning_first_token_ms: u64,
    /// Whole answer that is not streamed, while another candidate remains.
    pub answer_ms: u64,
    /// The same for a reasoning model: so long for each token of a long answer, after the time of its
    /// first one.
    pub reasoning_token_ms: u64,
    /// Between two chunks.
    pub idle_ms: u64,
    /// Between two chunks of an answer that another candidate would go on with, except for reasoning
    /// models, which pause for long.
    pub stall_ms: u64,
    /// Whole answer.
    pub total_ms: u64,
    /// Retries that may fail, for a hundred requests that ask a provider first.
    pub retries_per_100_requests: u32,
    /// Retries that may fail beside that, in a second.
    pub retries_per_s: u32,
    /// Whether a `fast` request may ask a second model before the first one has failed.
    pub hedge: bool,
    /// What becomes of a stream that breaks off after its first content. A request may say otherwise.
    pub recovery: Recovery,
}

/// `[breaker]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Breaker {
    /// Hard failures in a row that trip it.
    pub consecutive_failures: u32,
    /// How far back the success rate looks, in milliseconds.
    pub window_ms: u64,
    /// Attempts in the window without which there is no success rate.
    pub min_samples: u32,
    /// Successes in a hundred below which it trips.
    pub min_success_percent: u32,
    /// First rest, in milliseconds; it doubles with each failed probe.
    pub rest_ms: u64,
    /// Longest rest, in milliseconds.
    pub max_rest_ms: u64,
    /// How long traffic grows from a tenth to all of it after a good probe, in milliseconds.
    pub ramp_ms: u64,
    /// Rest of a model after a rate limit that names no time, in milliseconds.
    pub rate_limited_rest_ms: u64,
    /// Rest of a model that its provider does not know, in milliseconds.
    pub model_missing_rest_ms: u64,
    /// First rest of a credential that was refused, in milliseconds; it doubles too.
    pub credential_rest_ms: u64,
    /// Rest of a credential without money or quota, in milliseconds.
    pub quota_rest_ms: u64,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            bind: SocketAddr::from(([127, 0, 0, 1], 8080)),
            admin_bind: None,
            public_url: None,
            workers: 0,
            drain_timeout_s: 30,
            allowed_origins: vec!["*".to_owned()],
            trusted_proxies: Vec::new(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            chat_body_bytes: 20 << 20,
            embeddings_body_bytes: 8 << 20,
            other_body_bytes: 64 << 10,
            bytes_in_flight: 256 << 20,
            requests_in_flight: 4096,
            running_per_account: 4096,
            header_read_ms: 5_000,
            body_first_byte_ms: 10_000,
            body_min_bytes_per_s: 1024,
            credit_wait_ms: 10_000,
        }
    }
}

impl Default for Storage {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("./var"),
            min_free_bytes: 256 << 20,
            keep_records_days: 90,
            keep_audit_days: 400,
        }
    }
}

impl Default for Failover {
    fn default() -> Self {
        Self {
            attempts: 3,
            connect_ms: 3_000,
            first_token_ms: 10_000,
            last_first_token_ms: 30_000,
            reasoning_first_token_ms: 120_000,
            answer_ms: 60_000,
            reasoning_token_ms: 20,
            idle_ms: 60_000,
            stall_ms: 10_000,
            total_ms: 600_000,
            retries_per_100_requests: 20,
            retries_per_s: 10,
            hedge: false,
            recovery: Recovery::Off,
        }
    }
}

impl Default for Breaker {
    fn default() -> Self {
        Self {
            consecutive_failures: 5,
            window_ms: 30_000,
            min_samples: 10,
            min_success_percent: 50,
            rest_ms: 5_000,
            max_rest_ms: 300_000,
            ramp_ms: 30_000,
            rate_limited_rest_ms: 5_000,
            model_missing_rest_ms: 600_000,
            credential_rest_ms: 60_000,
            quota_rest_ms: 600_000,
        }
    }
}
