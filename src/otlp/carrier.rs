//! The clients that carry exports. They follow no redirect, use no proxy, and know no key of a
//! provider.

use std::error::Error;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use http_body_util::BodyExt;
use reqwest::header::{CONTENT_TYPE, HeaderValue, TE};
use tokio::time::{Instant, timeout_at};

use super::grpc;
use super::names::{Guard, Names, Reach, Unreachable};
use super::reply::{Delivered, Failure, Reply};
use super::target::{Payload, Protocol, Target};

/// Longest answer that is read.
const ANSWER_BYTES: usize = 64 << 10;
const CONNECT: Duration = Duration::from_secs(5);
const IDLE: Duration = Duration::from_secs(60);

/// Carries exports to targets within a reach. Clones share their connections.
#[derive(Clone)]
pub struct Carrier(Arc<Clients>);

/// A client is built when it is first needed: most routers need none of them.
struct Clients {
    names: Names,
    reach: Reach,
    http: OnceLock<reqwest::Client>,
    grpc: OnceLock<reqwest::Client>,
}

impl Clients {
    fn of(&self, protocol: Protocol) -> Result<reqwest::Client, Failure> {
        let (slot, builder) = match protocol {
            Protocol::HttpProtobuf | Protocol::HttpJson => (&self.http, self.builder()),
            Protocol::Grpc => (&self.grpc, self.builder().http2_prior_knowledge()),
        };
        if let Some(client) = slot.get() {
            return Ok(client.clone());
        }
        let built = builder.build();
        let client = built.map_err(|_| Failure::never("the client for exports cannot be built"))?;
        Ok(slot.get_or_init(|| client).clone())
    }

    fn builder(&self) -> reqwest::ClientBuilder {
        let guard = Guard {
            names: self.names.clone(),
            reach: self.reach,
        };
        reqwest::Client::builder()
            .dns_resolver(Arc::new(guard))
            .connect_timeout(CONNECT)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(1)
            .user_agent(concat!("model-router/", env!("CARGO_PKG_VERSION")))
    }
}

impl Carrier {
    /// A carrier for targets within `reach`.
    pub fn new(names: &Names, reach: Reach) -> Self {
        Self(Arc::new(Clients {
            names: names.clone(),
            reach,
            http: OnceLock::new(),
            grpc: OnceLock::new(),
        }))
    }

    /// Sends once.
    pub async fn send(
        &self,
        target: &Target,
        payload: &Payload,
        limit: Duration,
    ) -> Result<Delivered, Failure> {
        let endpoint = &target.endpoint;
        endpoint
            .check_literal(self.0.reach)
            .map_err(|error| Failure::never(error.to_string()))?;
        let deadline = Instant::now() + limit;
        let reply = match timeout_at(deadline, self.call(target, payload)).await {
            Err(_) => return Err(Failure::later("the backend did not answer in time")),
            Ok(Err(failure)) => return Err(failure),
            Ok(Ok(reply)) => reply,
        };
        let (protocol, signal) = (target.protocol, payload.signal());
        reply.read(protocol, signal, &target.headers, SystemTime::now())
    }

    async fn call(&self, target: &Target, payload: &Payload) -> Result<Reply, Failure> {
        let signal = payload.signal();
        let too_long = || Failure::never("the export is too long for a frame");
        let (url, kind, body) = match target.protocol {
            Protocol::HttpProtobuf => {
                let url = target.endpoint.of(signal);
                (url, "application/x-protobuf", payload.protobuf())
            }
            Protocol::HttpJson => {
                let url = target.endpoint.of(signal);
                (url, "application/json", payload.json())
            }
            Protocol::Grpc => {
                let url = target.endpoint.method(signal);
                let body = grpc::frame(&payload.protobuf()).ok_or_else(too_long)?;
                (url, "application/grpc", body)
            }
        };
        let mut request = self
            .0
            .of(target.protocol)?
            .post(url)
            .headers(target.headers.map().clone())
            .header(CONTENT_TYPE, kind)
            .body(body);
        if target.protocol == Protocol::Grpc {
            request = request.header(TE, HeaderValue::from_static("trailers"));
        }
        let response = request.send().await.map_err(|error| failure(&error))?;
        read(response).await
    }
}

async fn read(response: reqwest::Response) -> Result<Reply, Failure> {
    let (parts, mut rest) = http::Response::<reqwest::Body>::from(response).into_parts();
    let mut reply = Reply {
        status: parts.status.as_u16(),
        headers: parts.headers,
        body: Vec::new(),
        trailers: None,
    };
    while let Some(frame) = rest.frame().await {
        let frame = frame.map_err(|error| failure(&error))?;
        match frame.into_data() {
            Ok(data) => {
                let room = ANSWER_BYTES.saturating_sub(reply.body.len());
                reply.body.extend_from_slice(&data[..data.len().min(room)]);
                if room < data.len() {
                    break;
                }
            }
            Err(frame) => reply.trailers = frame.into_trailers().ok(),
        }
    }
    Ok(reply)
}

/// Why there is no answer. What the system says may name addresses, so it stays in the log.
fn failure(error: &reqwest::Error) -> Failure {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(unreachable) = cause.downcast_ref::<Unreachable>() {
            return match unreachable {
                Unreachable::Special => Failure::never(unreachable.to_string()),
                Unreachable::Unknown => Failure::later(unreachable.to_string()),
            };
        }
        source = cause.source();
    }
    tracing::debug!(error = %error.to_string(), "an export was not carried");
    if error.is_connect() {
        Failure::later("no connection to the backend; check the endpoint, and that it speaks TLS")
    } else if error.is_timeout() {
        Failure::later("the backend did not answer in time")
    } else {
        Failure::later("the connection to the backend broke off")
    }
}
