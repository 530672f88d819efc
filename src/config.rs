//! Settings: one section per consumer, and the only reader of files and environment.

mod auto;
mod deposits;
mod environment;
mod mail;
mod otel;
mod rate_limits;
mod sections;
mod sign_in;
mod telemetry;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use url::Url;

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
        if let Some(url) = env.get("SMTP_URL") {
            let server = SmtpUrl::parse(&url).map_err(|why| bad("SMTP_URL", why.to_owned()))?;
            self.mail.server = Some(server);
        }
        if let Some(from) = env.get("MAIL_FROM") {
            self.mail.from = from.parse().map_err(|error| {
                let why = format!(
                    "is no sender ({error}); use one such as Router <no-reply@router.example>"
                );
                bad("MAIL_FROM", why)
            })?;
        }
        self.otel = Otel::read(env).map_err(|(key, reason)| bad(key, reason))?;
        let base = env.get("STRIPE_API_BASE");
        if let Some(key) = env.get("STRIPE_SECRET_KEY") {
            let access = StripeAccess::read(key, base.as_deref());
            let access = access.map_err(|(variable, why)| bad(variable, why.to_owned()))?;
            self.deposits.stripe = Some(access);
        }
        if let Some(secrets) = env.get("STRIPE_WEBHOOK_SECRET") {
            self.deposits.webhook_secrets = deposits::webhook_secrets(&secrets);
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
            ("deposits.attempts", self.deposits.attempts),
            ("deposits.orders_per_day", self.deposits.orders_per_day),
            ("mail.queue", self.mail.queue),
            ("mail.at_once", self.mail.at_once),
            ("mail.attempts", self.mail.attempts),
            ("telemetry.attempts", self.telemetry.attempts),
            (
                "sign_in.requests_per_ip_hour",
                self.sign_in.requests_per_ip_hour,
            ),
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
            (
                "failover.reasoning_token_ms",
                self.failover.reasoning_token_ms,
            ),
            ("failover.idle_ms", self.failover.idle_ms),
            ("failover.stall_ms", self.failover.stall_ms),
            ("failover.total_ms", self.failover.total_ms),
            ("breaker.window_ms", self.breaker.window_ms),
            ("breaker.rest_ms", self.breaker.rest_ms),
            ("breaker.max_rest_ms", self.breaker.max_rest_ms),
            ("mail.timeout_ms", self.mail.timeout_ms),
            ("telemetry.flush_ms", self.telemetry.flush_ms),
            ("telemetry.timeout_ms", self.telemetry.timeout_ms),
            ("telemetry.pause_ms", self.telemetry.pause_ms),
            ("telemetry.rest_ms", self.telemetry.rest_ms),
            ("telemetry.max_rest_ms", self.telemetry.max_rest_ms),
            ("telemetry.drain_ms", self.telemetry.drain_ms),
            ("deposits.timeout_ms", self.deposits.timeout_ms),
            (
                "deposits.recharge_ask_again_ms",
                self.deposits.recharge_ask_again_ms,
            ),
            ("breaker.ramp_ms", self.breaker.ramp_ms),
            (
                "breaker.rate_limited_rest_ms",
                self.breaker.rate_limited_rest_ms,
            ),
            (
                "breaker.model_missing_rest_ms",
                self.breaker.model_missing_rest_ms,
            ),
            (
                "breaker.credential_rest_ms",
                self.breaker.credential_rest_ms,
            ),
            ("breaker.quota_rest_ms", self.breaker.quota_rest_ms),
        ];
        let clock = clocks
            .into_iter()
            .find(|(_, value)| !(1..=3_600_000).contains(value))
            .map(|(key, _)| (key, "must be between 1 and 3600000 milliseconds"));
        let small = (self.limits.bytes_in_flight < self.limits.chat_body_bytes).then_some((
            "limits.bytes_in_flight",
            "is less than limits.chat_body_bytes; no body of that size could be read",
        ));
        let kept = [
            ("storage.keep_records_days", self.storage.keep_records_days),
            ("storage.keep_audit_days", self.storage.keep_audit_days),
        ];
        let kept = kept
            .into_iter()
            .find(|(_, days)| !(1..=36_500).contains(days))
            .map(|(key, _)| (key, "must be between 1 and 36500 days"));
        let percent = (self.breaker.min_success_percent > 100).then_some((
            "breaker.min_success_percent",
            "is above 100; it must be a percentage",
        ));
        let share = self.auto.share.filter(|share| !share.is_whole()).map(|_| {
            let reason =
                "must be percentages of economy, standard and premium that make 100 together";
            ("auto.share", reason)
        });
        match zero.or(clock).or(small).or(kept).or(percent).or(share) {
            None => Ok(()),
            Some((key, reason)) => Err(ConfigError::Value {
                origin: origin.to_owned(),
                key,
                reason: reason.to_owned(),
            }),
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
    fn the_example_file_has_every_key() {
        let text = include_str!("../data/model-router.example.toml");
        let defaults = toml::Table::try_from(Settings::default()).unwrap();
        for (section, keys) in &defaults {
            assert!(text.contains(&format!("[{section}]")), "{section}");
            for key in keys.as_table().unwrap().keys() {
                assert!(
                    text.lines()
                        .any(|line| line.starts_with(&format!("{key} = "))),
                    "{section}.{key}"
                );
            }
        }
        for optional in [
            "# public_url = ",
            "# overlay = ",
            "# weights = ",
            "# share = ",
        ] {
            assert!(text.contains(optional), "{optional}");
        }
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
    fn mail_comes_from_the_environment_and_bad_values_name_their_variable() {
        let mut settings = Settings::default();
        settings
            .lay_over(&env(&[
                ("SMTP_URL", "smtps://user:hunter2@mail.example"),
                ("MAIL_FROM", "Router <no-reply@router.example>"),
            ]))
            .unwrap();
        assert_eq!(settings.mail.from.email.domain(), "router.example");
        assert!(!format!("{settings:?}").contains("hunter2"));
        for (name, value) in [("SMTP_URL", "mail.example"), ("MAIL_FROM", "nobody")] {
            let error = settings.lay_over(&env(&[(name, value)])).unwrap_err();
            assert!(error.to_string().contains(name), "{error}");
        }
    }

    #[test]
    fn only_plain_http_on_this_machine_is_a_desk() {
        let of = |text: &str| Settings::parse("f", text).unwrap().is_plain_loopback();
        assert!(of(""));
        assert!(of("[server]\npublic_url = \"http://localhost:8080\""));
        assert!(!of("[server]\npublic_url = \"https://localhost\""));
        assert!(!of("[server]\npublic_url = \"http://router.example\""));
        assert!(!of("[server]\nbind = \"0.0.0.0:80\""));
    }

    #[test]
    fn values_out_of_range_name_their_key() {
        let settings = Settings::parse("f", "[failover]\nidle_ms = 0").unwrap();
        let error = settings.check("f").unwrap_err().to_string();
        assert!(error.contains("failover.idle_ms"), "{error}");
    }
}
