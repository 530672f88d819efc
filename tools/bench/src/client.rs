//! One HTTP call that waits, for whatever is not measured.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(20);

/// Posts JSON to a port of this machine. Answers with status and body.
pub fn post(
    port: u16,
    path: &str,
    headers: &[(String, String)],
    body: &str,
) -> io::Result<(u16, String)> {
    let mut all = vec![("connection".to_owned(), "close".to_owned())];
    all.extend_from_slice(headers);
    let request = crate::load::prompt::request(port, path, &all, body);
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_nodelay(true)?;
    stream.write_all(&request)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let text = String::from_utf8_lossy(&answer);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| io::Error::other(format!("no HTTP status in {head:?}")))?;
    Ok((status, body.to_owned()))
}
