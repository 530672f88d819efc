//! How a mail leaves: through a mail server, tried again with growing pauses, or into a file.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use backon::{ExponentialBuilder, Retryable};
use lettre::message::Mailbox;
use lettre::transport::smtp::Error as SmtpError;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

use crate::config;
use crate::mail::Mail;

/// The pause after the first failure; each one after it is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Files that are kept; the oldest go.
const MOST_FILES: usize = 1000;

/// Why the post office cannot open.
#[derive(Debug, thiserror::Error)]
pub enum PostError {
    /// The mail server's address cannot be used.
    #[error("SMTP_URL cannot be used: {0}")]
    Server(SmtpError),
    /// The directory for mails cannot be made.
    #[error("{path}: cannot be used for mails ({cause}); check its owner and permissions")]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
}

/// Why a mail was not delivered. No message quotes the mail, nor what a server said about it.
#[derive(Debug, thiserror::Error)]
pub(super) enum Undelivered {
    /// A header is larger than mail allows.
    #[error("the mail cannot be written ({0})")]
    Compose(#[from] lettre::error::Error),
    /// The server refused it or could not be reached.
    #[error("{}", describe(.0))]
    Server(#[from] SmtpError),
    /// The file could not be written.
    #[error("the file cannot be written ({0}); check space and permissions of the data directory")]
    File(#[from] io::Error),
}

/// Carries mails. Clones share what they carry with.
#[derive(Clone)]
pub struct Post {
    from: Mailbox,
    way: Way,
}

#[derive(Clone)]
enum Way {
    Server {
        server: AsyncSmtpTransport<Tokio1Executor>,
        attempts: usize,
    },
    Files(PathBuf),
}

impl Post {
    /// Reads who carries mail; without a server, makes the directory `mail` of the data directory.
    pub fn open(settings: &config::Mail, data_dir: &Path) -> Result<Self, PostError> {
        let way = match &settings.server {
            Some(url) => Way::Server {
                server: AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose())
                    .map_err(PostError::Server)?
                    .timeout(Some(config::ms(settings.timeout_ms)))
                    .build(),
                attempts: settings.attempts,
            },
            None => Way::Files(directory(data_dir)?),
        };
        Ok(Self {
            from: settings.from.clone(),
            way,
        })
    }

    /// Delivers one mail. Refusals that will not change are not tried again.
    pub(super) async fn deliver(&self, mail: &Mail, id: &str) -> Result<(), Undelivered> {
        let message = mail.compose(&self.from, id, SystemTime::now())?;
        match &self.way {
            Way::Server { server, attempts } => {
                send(server, *attempts, &message).await?;
                tracing::info!(mail = id, purpose = mail.purpose(), "mail sent");
            }
            Way::Files(dir) => {
                let path = write(dir, id, &message.formatted())?;
                let path = path.display();
                tracing::info!(mail = id, purpose = mail.purpose(), %path, "mail written to a file: SMTP_URL is not set");
            }
        }
        Ok(())
    }
}

async fn send(
    server: &AsyncSmtpTransport<Tokio1Executor>,
    attempts: usize,
    message: &Message,
) -> Result<(), SmtpError> {
    let bytes = message.formatted();
    let pauses = ExponentialBuilder::default()
        .with_min_delay(FIRST_PAUSE)
        .with_max_delay(LONGEST_PAUSE)
        .with_max_times(attempts.saturating_sub(1))
        .with_jitter();
    let attempt = || server.send_raw(message.envelope(), &bytes);
    attempt
        .retry(pauses)
        .when(|error: &SmtpError| !error.is_permanent())
        .notify(|error: &SmtpError, pause: Duration| {
            let reason = describe(error);
            tracing::warn!(reason, ?pause, "mail not sent yet");
        })
        .await
        .map(drop)
}

/// What failed, without the server's own words: they may quote the mail.
fn describe(error: &SmtpError) -> String {
    if let Some(code) = error.status() {
        return format!(
            "the mail server answered {code}; check SMTP_URL, MAIL_FROM and the server's log"
        );
    }
    let kind = if error.is_timeout() {
        "did not answer in time"
    } else if error.is_tls() {
        "and this router found no common TLS"
    } else if error.is_response() {
        "spoke no SMTP"
    } else {
        "could not be reached"
    };
    let cause = std::error::Error::source(error)
        .filter(|_| !error.is_response())
        .map(|cause| format!(" ({cause})"))
        .unwrap_or_default();
    format!("the mail server {kind}{cause}; check SMTP_URL")
}

fn directory(data_dir: &Path) -> Result<PathBuf, PostError> {
    let path = data_dir.join("mail");
    let made = DirBuilder::new().recursive(true).mode(0o700).create(&path);
    match made {
        Ok(()) => Ok(path),
        Err(cause) => Err(PostError::Directory { path, cause }),
    }
}

/// Writes a mail for its owner alone, and removes the oldest beyond the bound.
fn write(dir: &Path, id: &str, bytes: &[u8]) -> io::Result<PathBuf> {
    let path = dir.join(format!("{id}.eml"));
    let unfinished = dir.join(format!("{id}.unfinished"));
    OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(&unfinished)?
        .write_all(bytes)?;
    fs::rename(&unfinished, &path)?;
    let mut kept: Vec<PathBuf> = fs::read_dir(dir)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .collect();
    // Names begin with their time.
    kept.sort_unstable();
    for old in &kept[..kept.len().saturating_sub(MOST_FILES)] {
        fs::remove_file(old)?;
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn mails_become_files_that_only_their_owner_reads_and_the_oldest_go() {
        let dir = tempfile::tempdir().unwrap();
        let mails = directory(dir.path()).unwrap();
        for i in 0..MOST_FILES + 2 {
            write(&mails, &format!("mail_{i:04}"), b"x").unwrap();
        }
        let names: Vec<_> = fs::read_dir(&mails).unwrap().map(Result::unwrap).collect();
        assert_eq!(names.len(), MOST_FILES);
        assert!(!mails.join("mail_0001.eml").exists() && mails.join("mail_0002.eml").exists());
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&mails), 0o700);
        assert_eq!(mode(&mails.join("mail_0500.eml")), 0o600);
    }
}
