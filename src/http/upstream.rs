//! One HTTP client per worker, and one call upstream with it.

use std::cell::RefCell;
use std::time::SystemTime;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use http::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, USER_AGENT,
};
use http::{Method, Request, Uri};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Error as ClientError;
use secrecy::ExposeSecret;
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::client::{ProviderClient, client};
use super::visit::unix_seconds;
use crate::actors::catalog::Route;
use crate::actors::credential::Credential;
use crate::catalog::Dialect;
use crate::config::{self, Failover};
use crate::ids::IdMap;
use crate::wire::{self, Encoded, Fault, FaultClass, sigv4};

/// Longest error body that is read.
const ERROR_BODY_BYTES: usize = 64 << 10;
/// Longest answer that is read whole.
const ANSWER_BYTES: usize = 64 << 20;
/// Addresses that a worker remembers.
const MOST_URIS: usize = 4096;
const AGENT: &str = concat!("model-router/", env!("CARGO_PKG_VERSION"));

/// A worker's own client. Workers never share one: each runs its own single-threaded runtime.
pub struct Upstream {
    client: ProviderClient,
    /// Addresses that were parsed before.
    uris: RefCell<IdMap<String, Uri>>,
}

/// The bytes of an answer as they come.
pub type Bytestream = BoxStream<'static, Result<Bytes, hyper::Error>>;

impl Upstream {
    /// A client of its own. An error when the system's certificates cannot be read.
    pub fn new(clocks: &Failover) -> Result<Self, rustls::Error> {
        Ok(Self {
            client: client(config::ms(clocks.connect_ms))?,
            uris: RefCell::default(),
        })
    }

    /// Sends one call and waits for a good status. Any other status becomes a fault.
    pub async fn send(
        &self,
        route: &Route,
        dialect: Dialect,
        encoded: &Encoded,
        deadline: Instant,
    ) -> Result<Bytestream, Fault> {
        let url = format!("{}{}", route.base_url, encoded.path);
        let headers = headers(route, dialect, encoded, &url)?;
        let mut request = Request::new(Full::new(encoded.body.clone()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri(url)?;
        *request.headers_mut() = headers;
        let response = match timeout_at(deadline, self.client.request(request)).await {
            Err(_) => return Err(Fault::ours(FaultClass::Timeout, "no answer in time")),
            Ok(Err(error)) => return Err(connect_fault(&error)),
            Ok(Ok(response)) => response,
        };
        let (head, body) = response.into_parts();
        let stream = body.into_data_stream().boxed();
        if head.status.is_success() {
            return Ok(stream);
        }
        // What could be read of an error's body is enough.
        let body = read(stream, ERROR_BODY_BYTES, deadline)
            .await
            .unwrap_or_default();
        let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
        Err(wire::decode_error(
            dialect,
            head.status.as_u16(),
            header,
            &body,
            unix_seconds(),
        ))
    }

    /// An address parsed, once for all calls that go to it: the catalog has few.
    fn uri(&self, text: String) -> Result<Uri, Fault> {
        let mut known = self.uris.borrow_mut();
        if let Some(uri) = known.get(&text) {
            return Ok(uri.clone());
        }
        // What an operator wrote is brought to the form that goes over the wire.
        let uri = Url::parse(&text)
            .ok()
            .and_then(|url| Uri::try_from(url.as_str()).ok());
        let uri = uri.ok_or_else(|| {
            Fault::ours(FaultClass::Connect, "the provider's address is not a URL")
        })?;
        if known.len() >= MOST_URIS {
            known.clear();
        }
        known.insert(text, uri.clone());
        Ok(uri)
    }
}

/// Reads a whole answer, bounded in size and time.
pub async fn read_answer(stream: Bytestream, deadline: Instant) -> Result<Bytes, Fault> {
    read(stream, ANSWER_BYTES, deadline).await
}

async fn read(mut stream: Bytestream, limit: usize, deadline: Instant) -> Result<Bytes, Fault> {
    let mut body = BytesMut::new();
    loop {
        match timeout_at(deadline, stream.next()).await {
            Err(_) => {
                return Err(Fault::ours(
                    FaultClass::Timeout,
                    "the answer did not end in time",
                ));
            }
            Ok(None) => return Ok(body.freeze()),
            Ok(Some(Err(_))) => {
                // A dead connection tells of the provider, not of the model: go elsewhere.
                return Err(Fault::ours(FaultClass::Connect, "the answer broke off"));
            }
            Ok(Some(Ok(chunk))) if body.len() + chunk.len() > limit => {
                return Err(Fault::ours(FaultClass::Malformed, "the answer is too long"));
            }
            Ok(Some(Ok(chunk))) => body.extend_from_slice(&chunk),
        }
    }
}

fn headers(
    route: &Route,
    dialect: Dialect,
    encoded: &Encoded,
    url: &str,
) -> Result<HeaderMap, Fault> {
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in &encoded.headers {
        let value =
            HeaderValue::from_str(value).map_err(|_| unsendable("a header of the request"))?;
        headers.insert(*name, value);
    }
    match &route.credential {
        Credential::None => {}
        Credential::Key(key) => {
            let (name, value) = key_header(dialect, key.expose_secret());
            insert_secret(&mut headers, name, &value)?;
        }
        Credential::Aws(keys) => {
            let signed = sigv4::signed_headers(keys, url, &encoded.body, SystemTime::now())
                .map_err(|error| Fault::ours(FaultClass::Credential, error.to_string()))?;
            for (name, value) in signed {
                insert_secret(&mut headers, HeaderName::from_static(name), &value)?;
            }
        }
    }
    Ok(headers)
}

fn insert_secret(headers: &mut HeaderMap, name: HeaderName, value: &str) -> Result<(), Fault> {
    let mut value = HeaderValue::from_str(value).map_err(|_| unsendable("the provider's key"))?;
    value.set_sensitive(true);
    headers.insert(name, value);
    Ok(())
}

/// Where each dialect wants its key.
fn key_header(dialect: Dialect, key: &str) -> (HeaderName, String) {
    match dialect {
        Dialect::OpenAi | Dialect::Responses | Dialect::Bedrock => {
            (AUTHORIZATION, format!("Bearer {key}"))
        }
        Dialect::Anthropic => (HeaderName::from_static("x-api-key"), key.to_owned()),
        Dialect::Gemini => (HeaderName::from_static("x-goog-api-key"), key.to_owned()),
    }
}

fn unsendable(what: &str) -> Fault {
    Fault::ours(
        FaultClass::Credential,
        format!("{what} has characters that no header can carry"),
    )
}

/// An error before any byte of an answer. Its text may carry an address, so it is only logged.
fn connect_fault(error: &ClientError) -> Fault {
    tracing::debug!(%error, "no connection");
    let message = if error.is_connect() {
        "no connection to the provider"
    } else {
        "the connection broke off"
    };
    Fault::ours(FaultClass::Connect, message)
}
