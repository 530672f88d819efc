//! Settings: one section per consumer, and the only reader of files and environment.

mod auto;
mod check;
mod deposits;
mod environment;
mod mail;
mod otel;
mod overlay;
mod rate_limits;
mod sections;
mod sign_in;
mod telemetry;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

pub use auto::{Auto, Share};
pub use deposits::{Deposits, StripeAccess};
pub use environment::Environment;
pub use mail::{Mail, SmtpUrl};
pub use otel::Otel;
pub use rate_limits::RateLimits;
pub use sections::{Breaker, CatalogFiles, Failover, Limits, Server, Storage};
pub use sign_in::SignIn;
pub use telemetry::Telemetry;

/// More of a file than this is not read.
const MOST_FILE_BYTES: u64 = 16 << 20;

/// Every setting of a running router. `data/model-router.example.toml` documents each key.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
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
    /// What `auto` is decided by.
    pub auto: Auto,
    /// Clocks and attempts of the failover loop.
    pub failover: Failover,
    /// When a model is left alone, and for how long.
    pub breaker: Breaker,
    /// How many requests an account may send.
    pub rate_limits: RateLimits,
    /// From whom mail comes and who carries it.
    pub mail: Mail,
    /// Who may become a customer.
    pub sign_in: SignIn,
    /// Where customers may have their traces sent.
    pub telemetry: Telemetry,
    /// Where the operator's own traces and metrics go. Only from the environment.
    #[serde(skip)]
    pub otel: Otel,
    /// How customers pay.
    pub deposits: Deposits,
    /// The token that opens `/admin`. Only from the environment.
    #[serde(skip)]
    pub admin_token: Option<SecretString>,
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

    /// Whether browsers reach the router only on this machine and without TLS, as on a developer's
    /// desk: cookies that insist on TLS would not work then.
    pub fn is_plain_loopback(&self) -> bool {
        match &self.server.public_url {
            Some(url) => url.scheme() == "http" && url.host_str().is_some_and(mail::is_loopback),
            None => self.server.bind.ip().is_loopback(),
        }
    }
}

/// Reads a file of bytes that an operator named, up to 16 MiB of it.
pub fn read_bytes(path: &Path) -> Result<Vec<u8>, ConfigError> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MOST_FILE_BYTES).read_to_end(&mut bytes))
        .map_err(|cause| ConfigError::Unreadable {
            path: path.display().to_string(),
            cause,
        })?;
    Ok(bytes)
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
mod tests;
