//! Replaying upstreams: one listener for each provider, which answers with the recorded status,
//! headers and body and keeps what it was asked. A request names its case by a marker in its body.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::Problem;
use super::case::{Case, Mode};
use model_router::catalog::{Dialect, ProviderName};

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Call {
    pub method: String,
    /// With the query.
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// The listener it came to.
    pub provider: ProviderName,
}

impl Call {
    pub fn header(&self, wanted: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let (_, value) = headers.find(|(name, _)| name == wanted)?;
        Some(value)
    }
}

/// All listeners and what they were asked.
pub struct Upstreams {
    addresses: HashMap<ProviderName, SocketAddr>,
    desk: Arc<Desk>,
}

struct Desk {
    cases: Vec<Arc<Case>>,
    calls: Mutex<HashMap<usize, Vec<Call>>>,
}

/// What stands in the request of a case.
pub fn marker(number: usize) -> String {
    format!("[[case {number}]]")
}

impl Upstreams {
    /// A listener for each provider of `cases`, whose places in the list are their numbers.
    pub fn start(cases: &[Arc<Case>]) -> Result<Self, Problem> {
        let desk = Arc::new(Desk {
            cases: cases.to_vec(),
            calls: Mutex::default(),
        });
        let mut addresses = HashMap::new();
        for case in cases {
            if addresses.contains_key(&case.provider) {
                continue;
            }
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
            addresses.insert(case.provider.clone(), listener.local_addr()?);
            let (desk, provider) = (desk.clone(), case.provider.clone());
            thread::spawn(move || {
                for connection in listener.incoming().flatten() {
                    let (desk, provider) = (desk.clone(), provider.clone());
                    // A router that hangs up is seen on its own side.
                    thread::spawn(move || desk.serve(&connection, &provider).ok());
                }
            });
        }
        Ok(Self { addresses, desk })
    }

    /// `http://127.0.0.1:<port>` of a provider's listener.
    pub fn origin(&self, provider: &ProviderName) -> Result<String, Problem> {
        let address = self.addresses.get(provider);
        let address = address.ok_or_else(|| format!("no upstream plays {provider}"))?;
        Ok(format!("http://{address}"))
    }

    /// The requests that came for a case.
    pub fn calls(&self, number: usize) -> Vec<Call> {
        let calls = self.desk.calls.lock();
        let calls = calls.unwrap_or_else(PoisonError::into_inner);
        calls.get(&number).cloned().unwrap_or_default()
    }
}

impl Desk {
    fn serve(&self, mut connection: &TcpStream, provider: &ProviderName) -> io::Result<()> {
        connection.set_nodelay(true)?;
        let mut reader = BufReader::new(connection);
        while let Some(call) = read_call(&mut reader, provider)? {
            let text = String::from_utf8_lossy(&call.body);
            let number = text
                .split_once("[[case ")
                .and_then(|(_, rest)| rest.split_once("]]"))
                .and_then(|(number, _)| number.parse::<usize>().ok());
            let Some((number, case)) = number.and_then(|at| Some((at, self.cases.get(at)?))) else {
                connection.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")?;
                continue;
            };
            let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
            calls.entry(number).or_default().push(call);
            drop(calls);
            answer(&mut connection, case)?;
        }
        Ok(())
    }
}

/// The next request of a connection; `None` when it was closed.
fn read_call(reader: &mut impl BufRead, provider: &ProviderName) -> io::Result<Option<Call>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace().map(str::to_owned);
    let mut call = Call {
        method: words.next().unwrap_or_default(),
        path: words.next().unwrap_or_default(),
        headers: Vec::new(),
        body: Vec::new(),
        provider: provider.clone(),
    };
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line.trim_end().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':') {
            call.headers
                .push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    let len = call.header("content-length").and_then(|n| n.parse().ok());
    reader.take(len.unwrap_or(0)).read_to_end(&mut call.body)?;
    Ok(Some(call))
}

/// Headers that belong to the recorded connection, not to the answer.
const OF_THE_CONNECTION: [&str; 4] = [
    "connection",
    "content-encoding",
    "content-length",
    "transfer-encoding",
];

fn answer(out: &mut impl Write, case: &Case) -> io::Result<()> {
    let mut head = format!("HTTP/1.1 {} Recorded\r\n", case.status);
    let mut typed = false;
    for (name, value) in &case.headers {
        let name = name.to_ascii_lowercase();
        typed |= name == "content-type";
        if !OF_THE_CONNECTION.contains(&name.as_str()) {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
    }
    if !typed {
        head.push_str(&format!("content-type: {}\r\n", usual_type(case)));
    }
    if case.mode == Mode::Whole || case.status != 200 {
        head.push_str(&format!("content-length: {}\r\n\r\n", case.body.len()));
        out.write_all(head.as_bytes())?;
        return out.write_all(&case.body);
    }
    head.push_str("transfer-encoding: chunked\r\n\r\n");
    out.write_all(head.as_bytes())?;
    for piece in pieces(&case.body) {
        write!(out, "{:x}\r\n", piece.len())?;
        out.write_all(piece)?;
        out.write_all(b"\r\n")?;
    }
    out.write_all(b"0\r\n\r\n")
}

/// The content type where the recorder kept none.
fn usual_type(case: &Case) -> &'static str {
    match (case.mode, case.dialect) {
        (Mode::Whole, _) => "application/json",
        (Mode::Streamed, _) if case.status != 200 => "application/json",
        (Mode::Streamed, Dialect::Bedrock) => "application/vnd.amazon.eventstream",
        (
            Mode::Streamed,
            Dialect::OpenAi | Dialect::Responses | Dialect::Anthropic | Dialect::Gemini,
        ) => "text/event-stream",
    }
}

/// Cuts a body where it hurts, inside characters, line ends and frames: in pieces of changing
/// length, the same on every run.
fn pieces(mut body: &[u8]) -> impl Iterator<Item = &[u8]> {
    const LENGTHS: [usize; 11] = [1, 2, 41, 3, 1, 257, 7, 13, 1, 1021, 5];
    let mut lengths = LENGTHS.into_iter().cycle();
    std::iter::from_fn(move || {
        let len = lengths.next()?.min(body.len());
        let (piece, rest) = body.split_at(len);
        body = rest;
        (len > 0).then_some(piece)
    })
}
