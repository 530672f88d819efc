//! Where a customer's traces go. The values of headers are secrets: they are stored sealed, and only
//! whoever sends to the target opens them.

use serde::{Deserialize, Serialize};
use url::Url;

use super::accounts::{AccountError, Accounts};
use super::key;
use super::settings::Switch;
use crate::ids::AccountId;

/// All traces, in millionths.
const ALL: u32 = 1_000_000;
const PROTOCOL: &str = "http/protobuf";

/// A target as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Telemetry {
    /// Whose.
    pub account: AccountId,
    /// Its URL.
    pub endpoint: String,
    /// OpenTelemetry's word for how it is spoken to.
    pub protocol: String,
    /// The names of its headers, in order.
    pub header_names: Vec<String>,
    /// Names and values.
    sealed_headers: Vec<u8>,
    /// Whether prompts and answers go along.
    pub content: Switch,
    /// How many of a million traces go.
    pub sampling: u32,
}

/// What is to be changed of a target; `None` stays, and is the default of a new one.
#[derive(Clone, Default)]
pub struct TelemetryChange {
    /// Its URL; a new target needs one.
    pub endpoint: Option<String>,
    /// How it is spoken to.
    pub protocol: Option<String>,
    /// All its headers; `None` for a value keeps the one that is stored.
    pub headers: Option<Vec<(String, Option<String>)>>,
    /// Whether prompts and answers go along.
    pub content: Option<Switch>,
    /// How many of a million traces go.
    pub sampling: Option<u32>,
}

/// Values stay out of logs.
impl std::fmt::Debug for TelemetryChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TelemetryChange")
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

/// Why a target was not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TelemetryError {
    /// A new one without its URL.
    #[error("A new telemetry target needs an endpoint")]
    NoEndpoint,
    /// A value is to be kept that is not stored.
    #[error("A header without a value keeps the stored one, and there is none of that name")]
    NoSuchHeader,
    /// Sealed under the secret of another installation.
    #[error("The stored headers cannot be read any more; send them again")]
    Unreadable,
    /// Secrets that were meant for another server.
    #[error("The endpoint's server changes; send the headers with their values again")]
    OtherServer,
}

impl Accounts {
    /// Where a customer's traces go, if they go anywhere.
    pub fn telemetry(&self, account: AccountId) -> Option<&Telemetry> {
        self.telemetry.get(&account)
    }

    /// All targets, in no order.
    pub fn all_telemetry(&self) -> impl Iterator<Item = &Telemetry> {
        self.telemetry.values()
    }

    /// Names and values of a target's headers. `None` when they were sealed under another
    /// installation's secret.
    pub fn open_headers(&self, target: &Telemetry) -> Option<Vec<(String, String)>> {
        let owner = target.account.to_bytes();
        let opened = self.seal.open(&owner, &target.sealed_headers)?;
        serde_json::from_slice(&opened).ok()
    }

    /// The target that a change makes of the one there is.
    pub(super) fn changed_telemetry(
        &self,
        account: AccountId,
        change: TelemetryChange,
    ) -> Result<Telemetry, AccountError> {
        let old = self.telemetry(account);
        let endpoint = change
            .endpoint
            .or_else(|| old.map(|old| old.endpoint.clone()))
            .ok_or(TelemetryError::NoEndpoint)?;
        let stored = match old {
            Some(old) => self.open_headers(old).ok_or(TelemetryError::Unreadable),
            None => Ok(Vec::new()),
        };
        let server = match old {
            Some(old) => Server::of(&old.endpoint, &endpoint),
            None => Server::Same,
        };
        let headers = headers(stored, change.headers, server)?;
        let plain = serde_json::to_vec(&headers).unwrap_or_default();
        let sealed = self.seal.seal(&account.to_bytes(), &plain);
        Ok(Telemetry {
            account,
            endpoint,
            protocol: change
                .protocol
                .or_else(|| old.map(|old| old.protocol.clone()))
                .unwrap_or_else(|| PROTOCOL.to_owned()),
            header_names: headers.into_iter().map(|(name, _)| name).collect(),
            sealed_headers: sealed.unwrap_or_default(),
            content: change
                .content
                .or(old.map(|old| old.content))
                .unwrap_or(Switch::Off),
            sampling: change
                .sampling
                .or(old.map(|old| old.sampling))
                .unwrap_or(ALL),
        })
    }

    /// Keeps a target, or removes it.
    pub(super) fn set_telemetry(&mut self, account: AccountId, target: Option<Telemetry>) {
        let row = key::telemetry(account);
        match target {
            Some(target) => {
                self.batch.put(row, &target);
                self.telemetry.insert(account, target);
            }
            None => {
                self.batch.delete(row);
                self.telemetry.remove(&account);
            }
        }
    }
}

/// The headers of a changed target. A stored value goes only to the server that it was given for.
fn headers(
    stored: Result<Vec<(String, String)>, TelemetryError>,
    change: Option<Vec<(String, Option<String>)>>,
    server: Server,
) -> Result<Vec<(String, String)>, TelemetryError> {
    let Some(change) = change else {
        let stored = stored?;
        if server == Server::Other && !stored.is_empty() {
            return Err(TelemetryError::OtherServer);
        }
        return Ok(stored);
    };
    let stored = stored.unwrap_or_default();
    let keep = |name: &str| match stored.iter().find(|(known, _)| known == name) {
        None => Err(TelemetryError::NoSuchHeader),
        Some(_) if server == Server::Other => Err(TelemetryError::OtherServer),
        Some((_, value)) => Ok(value.clone()),
    };
    change
        .into_iter()
        .map(|(name, value)| {
            let value = value.map_or_else(|| keep(&name), Ok)?;
            Ok((name, value))
        })
        .collect()
}

/// Whether a URL leads to the server that the one before led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Server {
    Same,
    Other,
}

impl Server {
    fn of(before: &str, now: &str) -> Self {
        match (Url::parse(before), Url::parse(now)) {
            (Ok(before), Ok(now)) if before.origin() == now.origin() => Self::Same,
            (Ok(_) | Err(_), Ok(_) | Err(_)) => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        pairs.iter().map(own).collect()
    }

    fn wish(pairs: &[(&str, Option<&str>)]) -> Option<Vec<(String, Option<String>)>> {
        let own =
            |(name, value): &(&str, Option<&str>)| ((*name).to_owned(), value.map(str::to_owned));
        Some(pairs.iter().map(own).collect())
    }

    #[test]
    fn stored_values_are_kept_for_their_server_alone() {
        let stored = || Ok(pairs(&[("a", "1"), ("b", "2")]));
        assert_eq!(headers(stored(), None, Server::Same), stored());
        assert_eq!(
            headers(stored(), None, Server::Other),
            Err(TelemetryError::OtherServer)
        );
        assert_eq!(headers(Ok(Vec::new()), None, Server::Other), Ok(Vec::new()));
        let keep = || wish(&[("b", None), ("c", Some("3"))]);
        assert_eq!(
            headers(stored(), keep(), Server::Same),
            Ok(pairs(&[("b", "2"), ("c", "3")]))
        );
        assert_eq!(
            headers(stored(), keep(), Server::Other),
            Err(TelemetryError::OtherServer)
        );
        let unknown = headers(stored(), wish(&[("x", None)]), Server::Same);
        assert_eq!(unknown, Err(TelemetryError::NoSuchHeader));
        let none = headers(stored(), wish(&[]), Server::Other);
        assert_eq!(none, Ok(Vec::new()));
        let lost = || Err(TelemetryError::Unreadable);
        assert_eq!(headers(lost(), None, Server::Same), lost());
        let again = headers(lost(), wish(&[("a", Some("1"))]), Server::Same);
        assert_eq!(again, Ok(pairs(&[("a", "1")])));
    }

    #[test]
    fn a_server_is_scheme_host_and_port() {
        let of = |now| Server::of("https://a.example/x", now);
        assert_eq!(of("https://a.example:443/y?z"), Server::Same);
        for other in [
            "http://a.example/x",
            "https://b.example/x",
            "https://a.example:444/x",
            "x",
        ] {
            assert_eq!(of(other), Server::Other, "{other}");
        }
    }
}
