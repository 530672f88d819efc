//! `[mail]` and the variables `SMTP_URL` and `MAIL_FROM`: from whom mail comes and who carries it.

use std::net::IpAddr;

use lettre::message::Mailbox;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use url::Url;

/// `[mail]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mail {
    /// The sender.
    pub from: Mailbox,
    /// Mails that wait at the most; one more is dropped.
    pub queue: usize,
    /// Mails that are on their way at one time.
    pub at_once: usize,
    /// How often the mail server is tried for one mail.
    pub attempts: usize,
    /// How long one attempt may take, in milliseconds.
    pub timeout_ms: u64,
    /// The mail server. Only from the environment; without it mails become files.
    #[serde(skip)]
    pub server: Option<SmtpUrl>,
}

impl Default for Mail {
    fn default() -> Self {
        let sender = lettre::Address::new_dangerous("model-router", "localhost");
        Self {
            from: Mailbox::new(Some("model-router".to_owned()), sender),
            queue: 1000,
            at_once: 4,
            attempts: 6,
            timeout_ms: 10_000,
            server: None,
        }
    }
}

/// The address of a mail server, with the password if it wants one. It never prints.
#[derive(Clone, Debug)]
pub struct SmtpUrl(SecretString);

impl SmtpUrl {
    /// Reads `smtp://user:password@host:587` or `smtps://…`.
    ///
    /// `smtp` wants STARTTLS, except on loopback, where nobody listens in; `smtps` is TLS from the
    /// first byte. The error says what is wrong without quoting the password.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let mut url = Url::parse(text)
            .map_err(|_| "is not a URL; use one such as smtp://user:password@host:587")?;
        let host = url
            .host_str()
            .filter(|host| !host.is_empty())
            .ok_or("names no host; use one such as smtp://user:password@host:587")?;
        if url.path().len() > 1 || url.query().is_some() || url.fragment().is_some() {
            return Err("has more than scheme, user, password, host and port");
        }
        if url.username().is_empty() != url.password().is_none() {
            return Err("has a user or a password without the other");
        }
        let loopback = is_loopback(host);
        match url.scheme() {
            "smtps" => {}
            "smtp" if loopback => {}
            "smtp" => url.set_query(Some("tls=required")),
            _ => return Err("must begin with smtp:// or smtps://"),
        }
        Ok(Self(String::from(url).into()))
    }

    /// The address in the form that the mail library reads.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// Whether a host is this machine.
pub(super) fn is_loopback(host: &str) -> bool {
    let literal = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || literal.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_talked_to_in_the_clear() {
        let read = |text| SmtpUrl::parse(text).unwrap().expose().to_owned();
        assert_eq!(
            read("smtp://u:p@mail.example:587"),
            "smtp://u:p@mail.example:587?tls=required"
        );
        assert_eq!(read("smtps://u:p@mail.example"), "smtps://u:p@mail.example");
        assert_eq!(read("smtp://127.0.0.1:10025"), "smtp://127.0.0.1:10025");
        assert_eq!(read("smtp://localhost:25"), "smtp://localhost:25");
        assert!(read("smtp://127.0.0.1.example").ends_with("?tls=required"));
    }

    #[test]
    fn what_is_no_mail_server_is_refused_without_quoting_the_password() {
        for bad in [
            "mail.example",
            "smtp:",
            "http://mail.example",
            "smtp://user@mail.example",
            "smtp://mail.example/path",
            "smtp://u:hunter2@mail.example?tls=none",
        ] {
            let reason = SmtpUrl::parse(bad).unwrap_err();
            assert!(!reason.contains("hunter2"), "{bad}: {reason}");
        }
        let url = SmtpUrl::parse("smtp://u:hunter2@mail.example").unwrap();
        assert!(!format!("{url:?}").contains("hunter2"));
    }
}
