//! What a backend said: taken, or not and whether it is worth another attempt.

use std::time::{Duration, SystemTime};

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceResponse;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use serde_json::Value;

use super::endpoint::Signal;
use super::grpc;
use super::target::{Headers, Protocol};
use crate::wire;

/// Longest wait of a backend's that is kept to.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// A backend took it, all or in part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// HTTP's status.
    pub status: u16,
    /// Spans or points that it did not take.
    pub rejected: u64,
    /// What it said about that.
    pub message: String,
}

/// Whether another attempt may help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// No.
    Never,
    /// Yes, after a wait if the backend named one.
    Later(Option<Duration>),
}

/// It did not take it, or could not be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// HTTP's status, where it came to one.
    pub status: Option<u16>,
    /// What happened, fit to be shown to the account.
    pub message: String,
    /// Whether another attempt may help.
    pub again: Again,
}

/// An answer as it came.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    pub(super) trailers: Option<HeaderMap>,
}

/// `google.rpc.Status`, which backends answer with when they fail.
#[derive(Clone, PartialEq, prost::Message)]
struct RpcStatus {
    #[prost(string, tag = "2")]
    message: String,
}

impl Failure {
    pub(super) fn later(message: impl Into<String>) -> Self {
        Self {
            status: None,
            message: message.into(),
            again: Again::Later(None),
        }
    }

    pub(super) fn never(message: impl Into<String>) -> Self {
        Self {
            status: None,
            message: message.into(),
            again: Again::Never,
        }
    }
}

impl Reply {
    /// What it means. Nothing of it is shown that was among the headers we sent.
    pub(super) fn read(
        &self,
        protocol: Protocol,
        signal: Signal,
        sent: &Headers,
        now: SystemTime,
    ) -> Result<Delivered, Failure> {
        let show = |text: &str| shown(text, sent);
        if !(200..300).contains(&self.status) {
            return Err(Failure {
                status: Some(self.status),
                message: self.refusal(&show(&self.text())),
                again: self.again(now),
            });
        }
        let message = match protocol {
            Protocol::HttpProtobuf | Protocol::HttpJson => &self.body[..],
            Protocol::Grpc => self.grpc_message(&show)?,
        };
        let (rejected, said) = self.partly(protocol, signal, message);
        Ok(Delivered {
            status: self.status,
            rejected: u64::try_from(rejected).unwrap_or(0),
            message: show(&said),
        })
    }

    fn grpc_message(&self, show: &impl Fn(&str) -> String) -> Result<&[u8], Failure> {
        let trailers = self.trailers.as_ref().and_then(grpc::ended);
        let Some(ended) = trailers.or_else(|| grpc::ended(&self.headers)) else {
            let message = "the backend did not answer in gRPC; check endpoint and protocol";
            return Err(Failure {
                status: Some(self.status),
                ..Failure::never(message)
            });
        };
        if ended.code == 0 {
            return Ok(grpc::unframe(&self.body));
        }
        let again = if grpc::is_worth_a_retry(ended.code) {
            Again::Later(None)
        } else {
            Again::Never
        };
        let said = show(&ended.message);
        Err(Failure {
            status: Some(self.status),
            message: format!(
                "the backend refused with gRPC status {}: {said}",
                ended.code
            )
            .trim_end_matches(": ")
            .to_owned(),
            again,
        })
    }

    /// How many it rejected of what it took, and why. An answer that cannot be read rejects nothing:
    /// the status said that it was taken.
    fn partly(&self, protocol: Protocol, signal: Signal, message: &[u8]) -> (i64, String) {
        match (protocol, signal) {
            (Protocol::HttpJson, _) => partly_json(message),
            (Protocol::HttpProtobuf | Protocol::Grpc, Signal::Traces) => {
                let read = ExportTraceServiceResponse::decode(message).unwrap_or_default();
                let partly = read.partial_success.unwrap_or_default();
                (partly.rejected_spans, partly.error_message)
            }
            (Protocol::HttpProtobuf | Protocol::Grpc, Signal::Metrics) => {
                let read = ExportMetricsServiceResponse::decode(message).unwrap_or_default();
                let partly = read.partial_success.unwrap_or_default();
                (partly.rejected_data_points, partly.error_message)
            }
        }
    }

    fn refusal(&self, said: &str) -> String {
        let status = self.status;
        let advice = match status {
            300..=399 => "redirects are not followed; use the endpoint that it leads to",
            401 | 403 => "check the headers",
            404 | 405 => "check the endpoint's path",
            _ => "see what it says",
        };
        if said.is_empty() {
            return format!("the backend answered {status}; {advice}");
        }
        format!("the backend answered {status} ({said}); {advice}")
    }

    fn text(&self) -> String {
        let kind = self.headers.get(CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if kind.contains("protobuf") {
            return RpcStatus::decode(&self.body[..]).map_or_else(|_| String::new(), |s| s.message);
        }
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// OTLP's table of statuses that are worth another attempt.
    fn again(&self, now: SystemTime) -> Again {
        match self.status {
            429 | 502 | 503 | 504 => Again::Later(self.wait(now)),
            _ => Again::Never,
        }
    }

    fn wait(&self, now: SystemTime) -> Option<Duration> {
        let text = self.headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
        let wait = match text.parse() {
            Ok(seconds) => Duration::from_secs(seconds),
            Err(_) => httpdate::parse_http_date(text)
                .ok()?
                .duration_since(now)
                .ok()?,
        };
        Some(wait.min(LONGEST_WAIT))
    }
}

/// In JSON a count may be a number or a text.
fn partly_json(message: &[u8]) -> (i64, String) {
    let read: Value = serde_json::from_slice(message).unwrap_or_default();
    let partly = &read["partialSuccess"];
    let counts = ["rejectedSpans", "rejectedDataPoints"].map(|name| {
        let count = &partly[name];
        let text = count.as_str().and_then(|text| text.parse().ok());
        count.as_i64().or(text).unwrap_or(0)
    });
    let said = partly["errorMessage"].as_str().unwrap_or_default();
    (counts.into_iter().sum(), said.to_owned())
}

/// A backend's words, cleaned, bounded and without our secrets.
fn shown(text: &str, sent: &Headers) -> String {
    let mut text = text.to_owned();
    for value in sent.map().values() {
        let value = String::from_utf8_lossy(value.as_bytes());
        // Also without its scheme, as in "Bearer …".
        for secret in [&*value, value.split_whitespace().last().unwrap_or_default()] {
            if secret.len() >= 4 {
                text = text.replace(secret, "[redacted]");
            }
        }
    }
    wire::clean(&text)
}

#[cfg(test)]
mod tests;
