//! The environment, laid over the settings of the file.

use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{ConfigError, Environment, Otel, Settings, SmtpUrl, StripeAccess, deposits};

/// A shorter admin token is a mistake.
const LEAST_ADMIN_TOKEN_BYTES: usize = 8;

impl Settings {
    /// Takes what the environment sets. Errors name the variable.
    pub(super) fn lay_over(&mut self, env: &Environment) -> Result<(), ConfigError> {
        self.place(env)?;
        self.post(env)?;
        self.payment(env)?;
        self.otel = Otel::read(env).map_err(|(key, reason)| bad(key, reason))?;
        self.admin_token = env.get("MODEL_ROUTER_ADMIN_TOKEN").map(SecretString::from);
        let is_short = |token: &SecretString| token.expose_secret().len() < LEAST_ADMIN_TOKEN_BYTES;
        if self.admin_token.as_ref().is_some_and(is_short) {
            return Err(bad(
                "MODEL_ROUTER_ADMIN_TOKEN",
                "is shorter than 8 characters; use a long random one",
            ));
        }
        Ok(())
    }

    /// Where the router listens and its files are.
    fn place(&mut self, env: &Environment) -> Result<(), ConfigError> {
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
        Ok(())
    }

    /// Who carries mails, and from whom they are.
    fn post(&mut self, env: &Environment) -> Result<(), ConfigError> {
        if let Some(url) = env.get("SMTP_URL") {
            let server = SmtpUrl::parse(&url).map_err(|why| bad("SMTP_URL", why))?;
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
        Ok(())
    }

    /// Who takes card payments.
    fn payment(&mut self, env: &Environment) -> Result<(), ConfigError> {
        let base = env.get("STRIPE_API_BASE");
        if let Some(key) = env.get("STRIPE_SECRET_KEY") {
            let access = StripeAccess::read(key, base.as_deref());
            let access = access.map_err(|(variable, why)| bad(variable, why))?;
            self.deposits.stripe = Some(access);
        }
        if let Some(secrets) = env.get("STRIPE_WEBHOOK_SECRET") {
            self.deposits.webhook_secrets = deposits::webhook_secrets(&secrets);
        }
        Ok(())
    }
}

fn bad(key: &'static str, reason: impl Into<String>) -> ConfigError {
    ConfigError::Value {
        origin: "environment".into(),
        key,
        reason: reason.into(),
    }
}
