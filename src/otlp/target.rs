//! A backend with everything that is needed to send to it.

use std::fmt;
use std::str::FromStr;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::endpoint::{Endpoint, Signal};

/// Headers of one target at the most.
const MOST_HEADERS: usize = 16;
/// Longest value of one, in bytes.
const MOST_VALUE: usize = 4096;
/// Headers that are the protocol's own, or that would change what a request is.
const OURS: [&str; 17] = [
    "accept",
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "forwarded",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
    "x-forwarded-for",
];

/// How OTLP is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Protobuf over HTTP.
    HttpProtobuf,
    /// JSON over HTTP.
    HttpJson,
    /// gRPC.
    Grpc,
}

impl Protocol {
    /// OpenTelemetry's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HttpProtobuf => "http/protobuf",
            Self::HttpJson => "http/json",
            Self::Grpc => "grpc",
        }
    }
}

impl FromStr for Protocol {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::HttpProtobuf, Self::HttpJson, Self::Grpc]
            .into_iter()
            .find(|protocol| protocol.as_str() == text)
            .ok_or(())
    }
}

/// Why headers cannot be sent. No message quotes a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// Not a name.
    #[error("'{0}' is not a header name")]
    Name(String),
    /// One of the protocol's own.
    #[error("the header '{0}' is the protocol's own")]
    Ours(String),
    /// Not a value.
    #[error("the value of '{0}' is longer than 4096 bytes or has characters no header can carry")]
    Value(String),
    /// Twice, in whatever case.
    #[error("the header '{0}' is there twice")]
    Twice(String),
    /// Too many.
    #[error("there are more than 16 headers")]
    TooMany,
}

/// Headers of a target: most are secrets, so their values never print.
#[derive(Clone, Default)]
pub struct Headers(HeaderMap);

impl Headers {
    /// Checks names and values. Names are lower-cased.
    pub fn new<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, HeaderError> {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            let shown = || name.chars().take(64).collect::<String>();
            let parsed = HeaderName::from_str(name).map_err(|_| HeaderError::Name(shown()))?;
            let text = parsed.as_str();
            if OURS.contains(&text) || text.starts_with("grpc-") || text.starts_with("proxy-") {
                return Err(HeaderError::Ours(text.to_owned()));
            }
            let value = HeaderValue::from_str(value).ok();
            let mut value = value
                .filter(|value| value.len() <= MOST_VALUE)
                .ok_or_else(|| HeaderError::Value(shown()))?;
            value.set_sensitive(true);
            if map.contains_key(&parsed) {
                return Err(HeaderError::Twice(shown()));
            }
            map.insert(parsed, value);
        }
        if map.len() > MOST_HEADERS {
            return Err(HeaderError::TooMany);
        }
        Ok(Self(map))
    }

    pub(super) fn map(&self) -> &HeaderMap {
        &self.0
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// A backend.
#[derive(Clone, Debug)]
pub struct Target {
    /// Where it is.
    pub endpoint: Endpoint,
    /// How it is spoken to.
    pub protocol: Protocol,
    /// What is sent along.
    pub headers: Headers,
}

/// What is sent.
#[derive(Clone, Debug)]
pub enum Payload {
    /// Spans.
    Traces(ExportTraceServiceRequest),
    /// Metrics.
    Metrics(ExportMetricsServiceRequest),
}

impl Payload {
    /// Which signal it is.
    pub fn signal(&self) -> Signal {
        match self {
            Self::Traces(_) => Signal::Traces,
            Self::Metrics(_) => Signal::Metrics,
        }
    }

    pub(super) fn protobuf(&self) -> Vec<u8> {
        match self {
            Self::Traces(traces) => traces.encode_to_vec(),
            Self::Metrics(metrics) => metrics.encode_to_vec(),
        }
    }

    pub(super) fn json(&self) -> Vec<u8> {
        // Both are trees of texts and numbers.
        match self {
            Self::Traces(traces) => serde_json::to_vec(traces).unwrap_or_default(),
            Self::Metrics(metrics) => serde_json::to_vec(metrics).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_the_protocol_are_not_a_customers_to_set() {
        let of = |name: &str, value: &str| Headers::new([(name, value)]);
        assert!(of("X-Honeycomb-Team", "hunter2").is_ok());
        for ours in [
            "Host",
            "content-length",
            "Transfer-Encoding",
            "grpc-timeout",
            "proxy-x",
        ] {
            assert!(matches!(of(ours, "1"), Err(HeaderError::Ours(_))), "{ours}");
        }
        for name in ["", "a b", "a:b", "ä", "a\r\nb"] {
            assert!(matches!(of(name, "1"), Err(HeaderError::Name(_))), "{name}");
        }
        for value in ["a\r\nHost: b", "\u{0}", &"x".repeat(4097)] {
            let error = of("x-key", value).unwrap_err();
            assert_eq!(error, HeaderError::Value("x-key".to_owned()));
        }
        let twice = Headers::new([("X-Key", "1"), ("x-key", "2")]).unwrap_err();
        assert_eq!(twice, HeaderError::Twice("x-key".to_owned()));
        let many: Vec<String> = (0..17).map(|i| format!("x-{i}")).collect();
        let many = Headers::new(many.iter().map(|name| (name.as_str(), "1")));
        assert_eq!(many.unwrap_err(), HeaderError::TooMany);
        let shown = format!("{:?}", of("x-key", "hunter2").unwrap());
        assert!(shown.contains("x-key") && !shown.contains("hunter2"));
    }
}
