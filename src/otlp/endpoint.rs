//! Where a backend is: a URL as its owner writes it, with or without the path of a signal.

use std::net::IpAddr;

use url::{Host, Url};

use super::names::{Names, Reach, Unreachable};

/// Longest URL that is taken, in bytes.
const MOST_BYTES: usize = 512;

/// What is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Spans.
    Traces,
    /// Metrics.
    Metrics,
}

/// Why a URL is no endpoint. Each says what would be one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// Not a URL.
    #[error("is not a URL ({0}); use one such as https://otlp.example.com")]
    NotAUrl(url::ParseError),
    /// Not over TLS.
    #[error("must begin with https://")]
    NotHttps,
    /// A user or password in it.
    #[error("must not contain a user or password; send them as a header")]
    Credentials,
    /// A fragment.
    #[error("must not contain a '#'")]
    Fragment,
    /// Too long.
    #[error("is longer than 512 bytes")]
    TooLong,
    /// Nobody may connect to it.
    #[error("cannot be used: {0}")]
    Unreachable(#[from] Unreachable),
}

impl Signal {
    /// The path of OTLP over HTTP.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Traces => "/v1/traces",
            Self::Metrics => "/v1/metrics",
        }
    }

    /// The path of OTLP over gRPC.
    pub const fn method(self) -> &'static str {
        match self {
            Self::Traces => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
            Self::Metrics => "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
        }
    }
}

/// A URL that is fit to be an endpoint. Whether it may be connected to is asked anew each time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    url: Url,
    path: Path,
}

/// Whether a URL is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Path {
    /// The signal's path belongs behind it.
    Added,
    /// It is used as it was written.
    AsWritten,
}

impl Endpoint {
    /// Reads a URL.
    pub fn parse(text: &str, reach: Reach) -> Result<Self, EndpointError> {
        if text.len() > MOST_BYTES {
            return Err(EndpointError::TooLong);
        }
        let url = Url::parse(text.trim()).map_err(EndpointError::NotAUrl)?;
        match (url.scheme(), reach) {
            ("https", _) | ("http", Reach::Anywhere) => {}
            _ => return Err(EndpointError::NotHttps),
        }
        if !url.username().is_empty() || url.password().is_some() || text.contains('@') {
            return Err(EndpointError::Credentials);
        }
        if url.fragment().is_some() {
            return Err(EndpointError::Fragment);
        }
        let endpoint = Self {
            url,
            path: Path::Added,
        };
        endpoint.check_literal(reach)?;
        Ok(endpoint)
    }

    /// The same, for one signal alone: its path is used as it was written.
    #[must_use]
    pub fn as_written(self) -> Self {
        Self {
            path: Path::AsWritten,
            ..self
        }
    }

    /// Whether its host may be connected to, by every address that its name has now.
    pub async fn check(&self, names: &Names, reach: Reach) -> Result<(), Unreachable> {
        self.check_literal(reach)?;
        match self.url.host() {
            Some(Host::Domain(name)) => names.find(name, reach).await.map(drop),
            Some(Host::Ipv4(_) | Host::Ipv6(_)) => Ok(()),
            None => Err(Unreachable::Unknown),
        }
    }

    /// Whether its host may be connected to, as far as the URL tells: addresses pass no look-up of
    /// names.
    pub fn check_literal(&self, reach: Reach) -> Result<(), Unreachable> {
        match self.url.host() {
            Some(Host::Ipv4(address)) => reach.admits(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => reach.admits(IpAddr::V6(address)),
            Some(Host::Domain(_)) => Ok(()),
            None => Err(Unreachable::Unknown),
        }
    }

    /// Where a signal goes over HTTP: the path is added unless it is there.
    #[must_use]
    pub fn of(&self, signal: Signal) -> Url {
        let mut url = self.url.clone();
        let path = url.path().trim_end_matches('/');
        match self.path {
            Path::Added if !path.ends_with(signal.path()) => {
                let path = format!("{path}{}", signal.path());
                url.set_path(&path);
            }
            Path::Added | Path::AsWritten => {}
        }
        url
    }

    /// Where a signal goes over gRPC, which knows no other path.
    #[must_use]
    pub fn method(&self, signal: Signal) -> Url {
        let mut url = self.url.clone();
        url.set_path(signal.method());
        url.set_query(None);
        url
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_a_signal_is_there_once() {
        let url = |text: &str| {
            let endpoint = Endpoint::parse(text, Reach::Public).unwrap();
            endpoint.of(Signal::Traces).to_string()
        };
        assert_eq!(url("https://a.example"), "https://a.example/v1/traces");
        assert_eq!(url("https://a.example/"), "https://a.example/v1/traces");
        assert_eq!(
            url("https://a.example/otlp/"),
            "https://a.example/otlp/v1/traces"
        );
        assert_eq!(
            url("https://a.example/v1/traces"),
            "https://a.example/v1/traces"
        );
        assert_eq!(
            url("https://a.example/v1/traces/"),
            "https://a.example/v1/traces/"
        );
        assert_eq!(
            url("https://a.example/x?k=1"),
            "https://a.example/x/v1/traces?k=1"
        );
        let grpc = Endpoint::parse("https://a.example:4317/v1/traces", Reach::Public).unwrap();
        assert_eq!(
            grpc.method(Signal::Traces).as_str(),
            "https://a.example:4317/opentelemetry.proto.collector.trace.v1.TraceService/Export"
        );
    }

    #[test]
    fn what_is_no_endpoint_is_refused() {
        let refused = |text: &str| Endpoint::parse(text, Reach::Public).unwrap_err();
        for text in ["", "a.example", "https://", "https://[::1", "https://a b"] {
            assert!(matches!(refused(text), EndpointError::NotAUrl(_)), "{text}");
        }
        for text in [
            "http://a.example",
            "ftp://a.example",
            "file:///etc/passwd",
            "data:,x",
        ] {
            assert_eq!(refused(text), EndpointError::NotHttps, "{text}");
        }
        for text in [
            "https://u@a.example",
            "https://u:p@a.example",
            "https://@a.example",
        ] {
            assert_eq!(refused(text), EndpointError::Credentials, "{text}");
        }
        assert_eq!(refused("https://a.example/#x"), EndpointError::Fragment);
        let long = format!("https://a.example/{}", "x".repeat(500));
        assert_eq!(refused(&long), EndpointError::TooLong);
        assert!(Endpoint::parse("http://127.0.0.1:4318", Reach::Anywhere).is_ok());
    }
}
