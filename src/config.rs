//! Settings: one section per consumer, and the only reader of files and environment.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

/// Every setting of a running router. `data/model-router.example.toml` documents each key.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where and how the router listens.
    pub server: Server,
    /// Bounds at the edge.
    pub limits: Limits,
    /// Where the ledger lives.
    pub storage: Storage,
    /// Which catalog is laid over the built-in one.
    pub catalog: CatalogFiles,
    /// Clocks and attempts of the failover loop.
    pub failover: Failover,
    /// When a model is left alone, and for how long.
    pub breaker: Breaker,
    /// The token that opens `/admin`. Only from the environment.
    #[serde(skip)]
    pub admin_token: Option<SecretString>,
}

/// `[server]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// Address and port to listen on.
    pub bind: SocketAddr,
    /// The address callers use, for links. Default: `http://` + `bind`.
    pub public_url: Option<Url>,
    /// HTTP worker threads; 0 means one per core.
    pub workers: usize,
    /// How long streams may run on after SIGTERM, in seconds.
    pub drain_timeout_s: u64,
    /// Origins that browsers may call from; `*` means any.
    pub allowed_origins: Vec<String>,
}

/// `[limits]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Largest chat body, in bytes.
    pub chat_body_bytes: usize,
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
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Storage {
    /// Directory of the ledger; created with mode 0700.
    pub data_dir: PathBuf,
}

/// `[catalog]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CatalogFiles {
    /// A catalog laid over the built-in one.
    pub overlay: Option<PathBuf>,
}

/// `[failover]`, all clocks in milliseconds. A model's own clocks in the catalog win.
#[derive(Clone, Debug, Deserialize)]
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
    /// Between two chunks.
    pub idle_ms: u64,
    /// Whole answer.
    pub total_ms: u64,
}

/// `[breaker]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Breaker {
    /// Hard failures in a row that trip it.
    pub consecutive_failures: u32,
    /// First rest, in milliseconds; it doubles with each failed probe.
    pub rest_ms: u64,
    /// Longest rest, in milliseconds.
    pub max_rest_ms: u64,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            bind: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_url: None,
            workers: 0,
            drain_timeout_s: 30,
            allowed_origins: vec!["*".to_owned()],
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            chat_body_bytes: 20 << 20,
            other_body_bytes: 64 << 10,
            bytes_in_flight: 256 << 20,
            requests_in_flight: 4096,
            running_per_account: 64,
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
            idle_ms: 60_000,
            total_ms: 600_000,
        }
    }
}

impl Default for Breaker {
    fn default() -> Self {
        Self {
            consecutive_failures: 5,
            rest_ms: 5_000,
            max_rest_ms: 300_000,
        }
    }
}

/// Why the settings cannot be used. Each message names the file or variable, the key and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file that was named does not open.
    #[error("{path}: cannot be read ({cause}); check the path and its permissions")]
    Unreadable {
        /// The file.
        path: String,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The file is not what it should be.
    #[error("{path}:{line}: {reason}; `data/model-router.example.toml` lists every key")]
    Invalid {
        /// The file.
        path: String,
        /// Its line, from 1.
        line: usize,
        /// What is wrong there.
        reason: String,
    },
    /// A value is out of its range.
    #[error("{origin}: {key} {reason}")]
    Value {
        /// File or environment.
        origin: String,
        /// The key or variable.
        key: &'static str,
        /// What is wrong, and what would be right.
        reason: String,
    },
}

/// Where variables come from: the process, or a fixed table in tests and the sandbox.
#[derive(Clone, Debug)]
pub enum Environment {
    /// The process's own variables.
    Process,
    /// A table.
    Fixed(HashMap<String, String>),
}

impl Environment {
    /// A variable's value; an empty one counts as not set.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the environment"
    )]
    pub fn get(&self, name: &str) -> Option<String> {
        let value = match self {
            Self::Process => std::env::var(name).ok(),
            Self::Fixed(table) => table.get(name).cloned(),
        };
        value.map(|v| v.trim().to_owned()).filter(|v| !v.is_empty())
    }

    /// The first of several variables that is set, as a secret.
    pub fn secret(&self, names: &[String]) -> Option<SecretString> {
        names
            .iter()
            .find_map(|name| self.get(name))
            .map(SecretString::from)
    }
}

impl Settings {
    /// Reads the file (`explicit`, else `MODEL_ROUTER_CONFIG`, else `./model-router.toml` if it is
    /// there) and lays the environment over it.
    pub fn load(explicit: Option<&Path>, env: &Environment) -> Result<Self, ConfigError> {
        let named = explicit
            .map(Path::to_path_buf)
            .or_else(|| env.get("MODEL_ROUTER_CONFIG").map(PathBuf::from));
        let default = PathBuf::from("model-router.toml");
        let path = named.or_else(|| default.exists().then_some(default));
        let (mut settings, origin) = match path {
            Some(path) => (
                Self::parse(&path.display().to_string(), &read(&path)?)?,
                path.display().to_string(),
            ),
            None => (Self::default(), "built-in defaults".to_owned()),
        };
        settings.lay_over(env)?;
        settings.check(&origin)?;
        Ok(settings)
    }

    /// Reads the text of a settings file; `path` is only for messages.
    pub fn parse(path: &str, text: &str) -> Result<Self, ConfigError> {
        toml::from_str(text).map_err(|error| ConfigError::Invalid {
            path: path.to_owned(),
            line: error
                .span()
                .map_or(1, |span| text[..span.start].matches('\n').count() + 1),
            reason: error.message().to_owned(),
        })
    }

    /// The address callers use.
    pub fn public_url(&self) -> String {
        match &self.server.public_url {
            Some(url) => url.as_str().trim_end_matches('/').to_owned(),
            None => format!("http://{}", self.server.bind),
        }
    }

    fn lay_over(&mut self, env: &Environment) -> Result<(), ConfigError> {
        let bad = |key: &'static str, reason: String| ConfigError::Value {
            origin: "environment".into(),
            key,
            reason,
        };
        if let Some(bind) = env.get("MODEL_ROUTER_BIND") {
            self.server.bind = bind.parse().map_err(|_| {
                bad(
                    "MODEL_ROUTER_BIND",
                    format!("is {bind:?}; it must be an address and a port such as 127.0.0.1:8080"),
                )
            })?;
        }
        if let Some(url) = env.get("MODEL_ROUTER_PUBLIC_URL") {
            let parsed = Url::parse(&url).map_err(|error| {
                bad(
                    "MODEL_ROUTER_PUBLIC_URL",
                    format!("is not a URL ({error}); use one such as https://router.example"),
                )
            })?;
            self.server.public_url = Some(parsed);
        }
        if let Some(dir) = env.get("MODEL_ROUTER_DATA_DIR") {
            self.storage.data_dir = PathBuf::from(dir);
        }
        if let Some(path) = env.get("MODEL_ROUTER_CATALOG") {
            self.catalog.overlay = Some(PathBuf::from(path));
        }
        self.admin_token = env.get("MODEL_ROUTER_ADMIN_TOKEN").map(SecretString::from);
        if self
            .admin_token
            .as_ref()
            .is_some_and(|token| token.expose_secret().len() < 8)
        {
            return Err(bad(
                "MODEL_ROUTER_ADMIN_TOKEN",
                "is shorter than 8 characters; use a long random one".into(),
            ));
        }
        Ok(())
    }

    fn check(&self, origin: &str) -> Result<(), ConfigError> {
        let positive = [
            ("limits.chat_body_bytes", self.limits.chat_body_bytes),
            ("limits.other_body_bytes", self.limits.other_body_bytes),
            ("limits.requests_in_flight", self.limits.requests_in_flight),
            (
                "limits.running_per_account",
                self.limits.running_per_account,
            ),
            (
                "limits.body_min_bytes_per_s",
                self.limits.body_min_bytes_per_s,
            ),
            ("failover.attempts", self.failover.attempts),
        ];
        let zero = positive
            .into_iter()
            .find(|(_, value)| *value == 0)
            .map(|(key, _)| (key, "is 0; it must be at least 1"));
        let clocks = [
            ("failover.connect_ms", self.failover.connect_ms),
            ("failover.first_token_ms", self.failover.first_token_ms),
            (
                "failover.last_first_token_ms",
                self.failover.last_first_token_ms,
            ),
            (
                "failover.reasoning_first_token_ms",
                self.failover.reasoning_first_token_ms,
            ),
            ("failover.answer_ms", self.failover.answer_ms),
            ("failover.idle_ms", self.failover.idle_ms),
            ("failover.total_ms", self.failover.total_ms),
            ("breaker.rest_ms", self.breaker.rest_ms),
            ("breaker.max_rest_ms", self.breaker.max_rest_ms),
        ];
        let clock = clocks
            .into_iter()
            .find(|(_, value)| !(1..=3_600_000).contains(value))
            .map(|(key, _)| (key, "must be between 1 and 3600000 milliseconds"));
        let small = (self.limits.bytes_in_flight < self.limits.chat_body_bytes).then_some((
            "limits.bytes_in_flight",
            "is less than limits.chat_body_bytes; no body of that size could be read",
        ));
        match zero.or(clock).or(small) {
            None => Ok(()),
            Some((key, reason)) => Err(ConfigError::Value {
                origin: origin.to_owned(),
                key,
                reason: reason.to_owned(),
            }),
        }
    }
}

/// Reads a small text file that an operator named.
pub fn read(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(|cause| ConfigError::Unreadable {
        path: path.display().to_string(),
        cause,
    })
}

/// A setting in milliseconds as a duration.
pub const fn ms(value: u64) -> Duration {
    Duration::from_millis(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(pairs: &[(&str, &str)]) -> Environment {
        Environment::Fixed(
            pairs
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect(),
        )
    }

    #[test]
    fn the_example_file_is_the_defaults() {
        let text = include_str!("../data/model-router.example.toml");
        let example = Settings::parse("example", text).unwrap();
        assert_eq!(format!("{example:?}"), format!("{:?}", Settings::default()));
    }

    #[test]
    fn unknown_keys_are_refused_by_name_and_line() {
        let error = Settings::parse("router.toml", "[server]\nworkers = 1\nbinds = \"x\"\n")
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("router.toml:3:"), "{error}");
        assert!(error.contains("binds"), "{error}");
    }

    #[test]
    fn the_environment_is_laid_over_the_file() {
        let mut settings = Settings::default();
        settings
            .lay_over(&env(&[
                ("MODEL_ROUTER_BIND", "127.0.0.1:0"),
                ("MODEL_ROUTER_DATA_DIR", " /d "),
            ]))
            .unwrap();
        assert_eq!(settings.server.bind.port(), 0);
        assert_eq!(settings.storage.data_dir, PathBuf::from("/d"));
        let error = settings
            .lay_over(&env(&[("MODEL_ROUTER_BIND", "nonsense")]))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("MODEL_ROUTER_BIND") && error.contains("127.0.0.1:8080"),
            "{error}"
        );
    }

    #[test]
    fn values_out_of_range_name_their_key() {
        let settings = Settings::parse("f", "[failover]\nidle_ms = 0").unwrap();
        let error = settings.check("f").unwrap_err().to_string();
        assert!(error.contains("failover.idle_ms"), "{error}");
    }
}
