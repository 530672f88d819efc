//! A scripted provider on loopback that speaks OpenAI's dialect over plain HTTP/1.1.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;

use super::answer;
use super::script::{Act, Order, Prefill, Script};

/// Silence ends at the latest then; no caller waits as long.
const SILENCE: Duration = Duration::from_secs(120);

/// A provider and its server. Dropped, it stops.
pub struct Provider {
    pub script: Arc<Script>,
    address: SocketAddr,
    server: Option<JoinHandle<()>>,
}

impl Provider {
    /// Starts a provider whose answers have so many tokens.
    pub async fn start(tokens: usize) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let script = Arc::new(Script::new(tokens));
        Ok(Self {
            address: listener.local_addr()?,
            server: Some(tokio::spawn(accept(listener, Arc::clone(&script)))),
            script,
        })
    }

    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Refuses connections from now on and cuts the open ones.
    pub async fn go_down(&mut self) {
        if let Some(server) = self.server.take() {
            server.abort();
            server.await.ok();
        }
    }

    /// Listens again, where it did before.
    pub fn come_back(&mut self) -> io::Result<()> {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind(self.address)?;
        let listener = socket.listen(1024)?;
        self.server = Some(tokio::spawn(accept(listener, Arc::clone(&self.script))));
        Ok(())
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        if let Some(server) = &self.server {
            server.abort();
        }
    }
}

async fn accept(listener: TcpListener, script: Arc<Script>) {
    // Dropped with the server, and every connection with it.
    let mut connections = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((socket, _)) = accepted {
                    connections.spawn(serve(socket, Arc::clone(&script)));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// One connection: call after call, until either side has enough.
async fn serve(socket: TcpStream, script: Arc<Script>) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let mut socket = BufReader::new(socket);
    while let Some(body) = read_call(&mut socket).await? {
        let order = script.take();
        if let Act::Reset = order.act {
            // Without lingering, closing sends a reset.
            socket.get_ref().set_zero_linger()?;
            return Ok(());
        }
        match play(&mut socket, &order, &body).await? {
            Then::Continue => {}
            Then::Close => return Ok(()),
        }
    }
    Ok(())
}

/// The body of the next request; `None` when the connection was closed.
async fn read_call(socket: &mut BufReader<TcpStream>) -> io::Result<Option<Value>> {
    let mut length = 0;
    let mut line = String::new();
    if socket.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    loop {
        line.clear();
        if socket.read_line(&mut line).await? == 0 || line.trim_end().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    socket.read_exact(&mut body).await?;
    Ok(Some(serde_json::from_slice(&body).unwrap_or(Value::Null)))
}

/// Whether the connection takes another call.
enum Then {
    Continue,
    Close,
}

async fn play(socket: &mut BufReader<TcpStream>, order: &Order, body: &Value) -> io::Result<Then> {
    let from = match prefilled(body) {
        None => 0,
        Some(_) if order.prefill == Prefill::Refused => {
            let code = "unsupported_prefill";
            return refuse(socket, 400, None, code).await;
        }
        Some(said) => answer::continues_at(said).unwrap_or(0),
    };
    match order.act {
        Act::Refuse {
            status,
            retry_after_s,
            code,
        } => return refuse(socket, status, retry_after_s, code).await,
        Act::Silence => {
            gone(socket, SILENCE).await;
            return Ok(Then::Close);
        }
        Act::Late(wait) if gone(socket, wait).await => return Ok(Then::Close),
        Act::Late(_)
        | Act::Answer
        | Act::Reset
        | Act::CutAfter(_)
        | Act::StallAfter(_)
        | Act::MalformedAt(_)
        | Act::NoDone
        | Act::ErrorEvent => {}
    }
    if body["stream"] != true {
        let body = answer::whole(from..order.tokens.max(from));
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
        let text = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
        socket.write_all(text.as_bytes()).await?;
        return Ok(Then::Continue);
    }
    stream(socket, order, from).await
}

/// The text that an assistant message at the end puts into the model's mouth.
fn prefilled(body: &Value) -> Option<&str> {
    let last = body["messages"].as_array()?.last()?;
    (last["role"] == "assistant").then(|| last["content"].as_str().unwrap_or_default())
}

async fn refuse(
    socket: &mut BufReader<TcpStream>,
    status: u16,
    retry_after_s: Option<u64>,
    code: &str,
) -> io::Result<Then> {
    let body = format!(
        r#"{{"error":{{"message":"scripted: {code}","type":"invalid_request_error","param":null,"code":"{code}"}}}}"#
    );
    let retry_after = retry_after_s.map_or(String::new(), |s| format!("retry-after: {s}\r\n"));
    let head = format!("HTTP/1.1 {status} Scripted\r\ncontent-type: application/json\r\n");
    let text = format!(
        "{head}{retry_after}content-length: {}\r\n\r\n{body}",
        body.len()
    );
    socket.write_all(text.as_bytes()).await?;
    Ok(Then::Continue)
}

async fn stream(socket: &mut BufReader<TcpStream>, order: &Order, from: usize) -> io::Result<Then> {
    let head =
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    socket.write_all(head.as_bytes()).await?;
    send(socket, &answer::opening()).await?;
    for number in from..order.tokens {
        match order.act {
            Act::ErrorEvent => {
                let event = "data: {\"error\":{\"message\":\"overloaded\",\"type\":\"server_error\",\"code\":\"overloaded\"}}\n\n";
                send(socket, event).await?;
                socket.write_all(b"0\r\n\r\n").await?;
                return Ok(Then::Continue);
            }
            Act::CutAfter(tokens) if number - from == tokens => return Ok(Then::Close),
            Act::StallAfter(tokens) if number - from == tokens => {
                gone(socket, SILENCE).await;
                return Ok(Then::Close);
            }
            Act::MalformedAt(tokens) if number - from == tokens => {
                send(socket, "data: {\"choices\":[{\"delta\":{\"cont\n\n").await?;
            }
            Act::Answer
            | Act::Late(_)
            | Act::Refuse { .. }
            | Act::Reset
            | Act::Silence
            | Act::CutAfter(_)
            | Act::StallAfter(_)
            | Act::MalformedAt(_)
            | Act::NoDone => {}
        }
        send(socket, &answer::chunk(number)).await?;
    }
    send(socket, &answer::ending(order.tokens.saturating_sub(from))).await?;
    if !matches!(order.act, Act::NoDone) {
        send(socket, "data: [DONE]\n\n").await?;
    }
    socket.write_all(b"0\r\n\r\n").await?;
    Ok(Then::Continue)
}

async fn send(socket: &mut BufReader<TcpStream>, text: &str) -> io::Result<()> {
    let frame = format!("{:x}\r\n{text}\r\n", text.len());
    socket.write_all(frame.as_bytes()).await
}

/// Waits, and says whether the caller has left meanwhile.
async fn gone(socket: &mut BufReader<TcpStream>, wait: Duration) -> bool {
    let mut byte = [0];
    tokio::time::timeout(wait, socket.read(&mut byte))
        .await
        .is_ok()
}
