//! An OTLP backend of the tests' own, over HTTP and gRPC on one port.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use model_router::otlp::Protocol;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// How it behaves.
#[derive(Clone, Debug)]
pub enum Manner {
    Takes,
    /// Answers with a status, headers and a body.
    Answers(u16, &'static str, String),
    /// Takes everything after so long.
    Slow(Duration),
}

/// What has come.
#[derive(Clone, Debug, Default)]
pub struct Received {
    pub spans: Vec<Span>,
    pub metrics: Vec<Metric>,
    pub resources: Vec<Resource>,
    /// Path and headers of every request.
    pub requests: Vec<(String, HeaderMap)>,
    /// Bodies as they came.
    pub bodies: Vec<Bytes>,
}

pub struct Collector {
    pub address: SocketAddr,
    pub received: watch::Receiver<Received>,
    manner: Arc<watch::Sender<Manner>>,
}

type Body = BoxBody<Bytes, Infallible>;

impl Collector {
    pub async fn start(manner: Manner) -> Self {
        Self::on("127.0.0.1:0".parse().unwrap(), manner).await
    }

    pub async fn on(address: SocketAddr, manner: Manner) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (store, received) = watch::channel(Received::default());
        let (store, manner) = (Arc::new(store), Arc::new(watch::Sender::new(manner)));
        let manners = Arc::clone(&manner);
        actix_web::rt::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (store, manners) = (Arc::clone(&store), Arc::clone(&manners));
                let serve = hyper::service::service_fn(move |request| {
                    let manner = manners.borrow().clone();
                    answer(request, Arc::clone(&store), manner)
                });
                tokio::spawn(async move {
                    let server = auto::Builder::new(TokioExecutor::new());
                    server
                        .serve_connection(TokioIo::new(socket), serve)
                        .await
                        .ok();
                });
            }
        });
        Self {
            address,
            received,
            manner,
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn behave(&self, manner: Manner) {
        self.manner.send_replace(manner);
    }

    /// Waits until what came is enough.
    pub async fn wait(&self, enough: impl FnMut(&Received) -> bool) -> Received {
        let mut received = self.received.clone();
        let waited = tokio::time::timeout(Duration::from_secs(20), received.wait_for(enough));
        match waited.await {
            Ok(found) => found.unwrap().clone(),
            Err(_) => panic!(
                "not enough came: {:#?}",
                names(&self.received.borrow().spans)
            ),
        }
    }

    /// The spans of a trace, once its root has come: the parent first.
    pub async fn request(&self, find: impl Fn(&Span) -> bool) -> (Span, Vec<Span>) {
        let received = self.wait(|received| received.spans.iter().any(&find)).await;
        let root = received.spans.iter().find(|span| find(span)).unwrap();
        let children = received.spans.iter();
        let children = children.filter(|span| span.parent_span_id == root.span_id);
        (root.clone(), children.cloned().collect())
    }

    /// The span of a generation, and its attempts.
    pub async fn generation(&self, id: &str) -> (Span, Vec<Span>) {
        self.request(|span| string(span, "model_router.generation.id") == id)
            .await
    }
}

fn names(spans: &[Span]) -> Vec<&str> {
    spans.iter().map(|span| span.name.as_str()).collect()
}

async fn answer(
    request: Request<Incoming>,
    store: Arc<watch::Sender<Received>>,
    manner: Manner,
) -> Result<Response<Body>, Infallible> {
    let path = request.uri().path().to_owned();
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes());
    let body = body.unwrap_or_default();
    let kind = parts.headers[CONTENT_TYPE].to_str().unwrap().to_owned();
    match manner {
        Manner::Takes => {}
        Manner::Slow(wait) => tokio::time::sleep(wait).await,
        Manner::Answers(status, header, body) => {
            let mut answer = Response::builder().status(status);
            if let Some((name, value)) = header.split_once(": ") {
                answer = answer.header(name, value);
            }
            return Ok(answer.body(Full::from(body).boxed()).unwrap());
        }
    }
    store.send_modify(|received| {
        received.requests.push((path.clone(), parts.headers));
        received.bodies.push(body.clone());
        received.read(&path, protocol(&kind), &body);
    });
    Ok(taken(&kind))
}

fn protocol(kind: &str) -> Protocol {
    match kind {
        "application/x-protobuf" => Protocol::HttpProtobuf,
        "application/json" => Protocol::HttpJson,
        "application/grpc" => Protocol::Grpc,
        other => panic!("content type {other}"),
    }
}

impl Received {
    fn read(&mut self, path: &str, protocol: Protocol, body: &[u8]) {
        let body = match protocol {
            Protocol::Grpc => &body[5..],
            Protocol::HttpProtobuf | Protocol::HttpJson => body,
        };
        if path.contains("metrics") || path.contains("Metrics") {
            let export: ExportMetricsServiceRequest = decode(protocol, body);
            for resource in export.resource_metrics {
                self.resources.extend(resource.resource);
                let scopes = resource.scope_metrics.into_iter();
                self.metrics.extend(scopes.flat_map(|scope| scope.metrics));
            }
            return;
        }
        let export: ExportTraceServiceRequest = decode(protocol, body);
        for resource in export.resource_spans {
            self.resources.extend(resource.resource);
            let scopes = resource.scope_spans.into_iter();
            self.spans.extend(scopes.flat_map(|scope| scope.spans));
        }
    }
}

fn decode<T: Message + Default + serde::de::DeserializeOwned>(
    protocol: Protocol,
    body: &[u8],
) -> T {
    match protocol {
        Protocol::HttpJson => serde_json::from_slice(body).unwrap(),
        Protocol::HttpProtobuf | Protocol::Grpc => T::decode(body).unwrap(),
    }
}

/// An empty answer, which says that all was taken.
fn taken(kind: &str) -> Response<Body> {
    let answer = Response::builder().header(CONTENT_TYPE, kind);
    let body = match protocol(kind) {
        Protocol::HttpJson => Full::from("{}").boxed(),
        Protocol::HttpProtobuf => Full::default().boxed(),
        Protocol::Grpc => {
            let trailers = async {
                let mut trailers = HeaderMap::new();
                trailers.insert("grpc-status", HeaderValue::from_static("0"));
                Some(Ok(trailers))
            };
            let empty = Full::from(&[0, 0, 0, 0, 0][..]);
            empty.with_trailers(trailers).boxed()
        }
    };
    answer.body(body).unwrap()
}

/// An attribute.
pub fn find<'a>(span: &'a Span, name: &str) -> Option<&'a Value> {
    let found = span.attributes.iter().find(|pair| pair.key == name)?;
    found.value.as_ref()?.value.as_ref()
}

/// An attribute that is a text; empty when it is not there.
pub fn string(span: &Span, name: &str) -> String {
    match find(span, name) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(other) => panic!("{name}: {other:?}"),
        None => String::new(),
    }
}

/// An attribute that is a number of things.
pub fn int(span: &Span, name: &str) -> i64 {
    match find(span, name) {
        Some(Value::IntValue(value)) => *value,
        other => panic!("{name}: {other:?}"),
    }
}

/// An attribute that is a number.
pub fn float(span: &Span, name: &str) -> f64 {
    match find(span, name) {
        Some(Value::DoubleValue(value)) => *value,
        other => panic!("{name}: {other:?}"),
    }
}
