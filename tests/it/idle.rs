//! Connections that callers keep for their next request.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::router::Router;

/// Longer than the five seconds after which actix would close.
const IDLE: Duration = Duration::from_secs(7);
const PATIENCE: Duration = Duration::from_secs(10);

/// The answer to a request over a connection; empty when the other side has closed it.
async fn answer(connection: &mut TcpStream) -> Vec<u8> {
    let request = b"GET /health HTTP/1.1\r\nhost: router\r\n\r\n";
    connection.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"}") {
        let read = timeout(PATIENCE, connection.read_buf(&mut answer)).await;
        if read.unwrap().unwrap() == 0 {
            break;
        }
    }
    answer
}

#[actix_web::test]
async fn a_connection_that_is_kept_for_a_while_takes_another_request() {
    let router = Router::start().await;
    let host = router.url.strip_prefix("http://").unwrap();
    let mut connection = TcpStream::connect(host).await.unwrap();
    assert!(answer(&mut connection).await.starts_with(b"HTTP/1.1 200"));
    sleep(IDLE).await;
    assert!(answer(&mut connection).await.starts_with(b"HTTP/1.1 200"));
}
