//! How providers are reached: connections with time limits, kept for the next call.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::Uri;
use http_body_util::Full;
use hyper::rt::Executor;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tower_service::Service;

/// How long a connection waits for its next call. Providers close after a minute or later.
const IDLE: Duration = Duration::from_secs(50);
/// How often a silent connection is probed, and how often in vain before it is given up.
const PROBE: Duration = Duration::from_secs(15);
const PROBES: u32 = 3;
/// How long what was sent may stay without acknowledgement.
const UNACKNOWLEDGED: Duration = Duration::from_secs(30);

/// A client that follows no redirect, uses no proxy, and sends nothing twice: only a call of which nothing went
/// out, because its kept connection had been closed, goes over another one.
pub(super) type ProviderClient = Client<Punctual, Full<Bytes>>;

/// Any error on the way to a connection.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A client that connects within a time. An error when the system's certificates cannot be read.
pub(super) fn client(connect: Duration) -> Result<ProviderClient, rustls::Error> {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_keepalive(Some(PROBE));
    tcp.set_keepalive_interval(Some(PROBE));
    tcp.set_keepalive_retries(Some(PROBES));
    #[cfg(target_os = "linux")]
    tcp.set_tcp_user_timeout(Some(UNACKNOWLEDGED));
    let https = HttpsConnectorBuilder::new()
        .try_with_platform_verifier()?
        .https_or_http()
        .enable_all_versions()
        .wrap_connector(tcp);
    let connector = Punctual {
        https,
        within: connect,
    };
    Ok(Client::builder(Beside)
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .build(connector))
}

/// Runs connections among the worker's requests. The runtime has another queue for what may move between
/// threads, and a piece of an answer that goes from one queue to the other waits for a whole turn of both.
#[derive(Clone)]
pub(super) struct Beside;

impl<Connection: Future<Output = ()> + 'static> Executor<Connection> for Beside {
    fn execute(&self, connection: Connection) {
        tokio::task::spawn_local(connection);
    }
}

/// Connects within a time: name, connection and TLS together.
#[derive(Clone)]
pub(super) struct Punctual {
    https: HttpsConnector<HttpConnector>,
    within: Duration,
}

impl Service<Uri> for Punctual {
    type Response = MaybeHttpsStream<TokioIo<TcpStream>>;
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Failure>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        self.https.poll_ready(cx)
    }

    fn call(&mut self, address: Uri) -> Self::Future {
        let connected = timeout(self.within, self.https.call(address));
        Box::pin(async { connected.await? })
    }
}

#[cfg(test)]
mod tests {
    use http::Request;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);

    async fn listen(scheme: &str) -> (TcpListener, Request<Full<Bytes>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let request = Request::post(format!("{scheme}://{address}/v1/chat"));
        (listener, request.body(Full::default()).unwrap())
    }

    /// The head of the next request on a connection; empty when there is none.
    async fn head(connection: &mut TcpStream) -> Vec<u8> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") && connection.read_buf(&mut head).await.unwrap() > 0 {}
        head
    }

    fn client_of(connect: Duration) -> ProviderClient {
        // Whoever was first has installed it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        client(connect).unwrap()
    }

    #[actix_web::test]
    async fn a_host_that_never_ends_the_tls_handshake_is_given_up() {
        let (listener, request) = listen("https").await;
        let silent = async {
            let (mut connection, _) = listener.accept().await.unwrap();
            // Until the other side hangs up.
            connection.read_to_end(&mut Vec::new()).await.unwrap();
        };
        let client = client_of(Duration::from_millis(50));
        let (answered, ()) = tokio::join!(timeout(PATIENCE, client.request(request)), silent);
        assert!(answered.unwrap().unwrap_err().is_connect());
    }

    #[actix_web::test]
    async fn a_call_that_went_out_is_never_sent_again() {
        let (listener, request) = listen("http").await;
        let provider = async {
            let (mut connection, _) = listener.accept().await.unwrap();
            assert!(!head(&mut connection).await.is_empty());
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
            connection.write_all(answer).await.unwrap();
            assert!(!head(&mut connection).await.is_empty());
            drop(connection);
            listener.accept().await.unwrap();
        };
        let client = client_of(PATIENCE);
        let calls = async {
            client.request(request.clone()).await.unwrap();
            client.request(request).await.unwrap_err()
        };
        tokio::select! {
            error = calls => assert!(!error.is_connect(), "{error}"),
            () = provider => panic!("sent over another connection"),
        }
    }

    #[actix_web::test]
    async fn a_kept_connection_that_was_closed_costs_no_call() {
        let (listener, request) = listen("http").await;
        let provider = async {
            for _ in 0..3 {
                let (mut connection, _) = listener.accept().await.unwrap();
                head(&mut connection).await;
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
                connection.write_all(answer).await.unwrap();
            }
        };
        let client = client_of(PATIENCE);
        let calls = async {
            for _ in 0..3 {
                assert!(
                    client
                        .request(request.clone())
                        .await
                        .unwrap()
                        .status()
                        .is_success()
                );
            }
        };
        timeout(PATIENCE, async { tokio::join!(provider, calls) })
            .await
            .unwrap();
    }
}
