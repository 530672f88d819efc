//! One connection of the load generator: a request out, its answer in, and the times of both.

use std::os::fd::OwnedFd;

use super::response::{Connection as Fate, Progress, Response};
use crate::clock::now_ns;
use crate::poller::Interest;
use crate::socket::{self, Moved};
use crate::stamps::{Scanner, Stamp};

/// Bytes of a refusal that are kept for the report.
const SHOWN_BYTES: usize = 300;

/// What a connection does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// It is not there yet.
    Connecting,
    /// Nothing.
    Idle,
    /// A request and its answer.
    Asking,
}

/// What has become of a request after some bytes of its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The answer goes on.
    Goes,
    /// It is whole. The connection stays or not.
    Answered(Fate),
    /// The connection broke or the answer made no sense.
    Broken,
}

/// A request and what is known of its answer.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// When it was due.
    pub due_ns: u64,
    /// When its first byte was written.
    pub sent_ns: u64,
    /// When the upstream had read it.
    pub read_ns: Option<u64>,
    /// When the upstream wrote the first piece, and when that was here.
    pub first: Option<(u64, u64)>,
    /// The same of the last piece.
    pub last: Option<(u64, u64)>,
    /// Pieces.
    pub stamps: u32,
    /// The answer's status.
    pub status: u16,
    /// The beginning of a refusal.
    pub refusal: Vec<u8>,
}

/// A connection.
pub struct Connection {
    /// The socket.
    pub socket: OwnedFd,
    /// What it does.
    pub doing: Doing,
    /// The request that is under way, or was.
    pub exchange: Exchange,
    written: usize,
    input: Vec<u8>,
    response: Response,
    scanner: Scanner,
    watched: Interest,
}

impl Connection {
    /// One that is being made, with a request that waits for it.
    pub fn new(socket: OwnedFd, due_ns: u64) -> Self {
        Self {
            socket,
            doing: Doing::Connecting,
            exchange: Exchange::new(due_ns),
            written: 0,
            input: Vec::new(),
            response: Response::new(),
            scanner: Scanner::default(),
            watched: Interest::ReadWrite,
        }
    }

    /// Sends a request that was due at a moment.
    pub fn ask(&mut self, due_ns: u64, request: &[u8]) -> Turn {
        self.doing = Doing::Asking;
        self.exchange = Exchange::new(due_ns);
        self.exchange.sent_ns = now_ns();
        (self.written, self.response, self.scanner) = (0, Response::new(), Scanner::default());
        self.input.clear();
        self.write(request)
    }

    /// Writes what is left of the request.
    pub fn write(&mut self, request: &[u8]) -> Turn {
        while self.written < request.len() {
            match socket::write(&self.socket, &request[self.written..]) {
                Moved::Bytes(bytes) => self.written += bytes,
                Moved::Later => return Turn::Goes,
                Moved::Closed => return Turn::Broken,
            }
        }
        Turn::Goes
    }

    /// Reads what has come. `sink` hears of every piece: when the upstream wrote it, and the one before.
    pub fn read(&mut self, mut sink: impl FnMut(u64, u64, Option<(u64, u64)>)) -> Turn {
        match socket::read(&self.socket, &mut self.input) {
            Moved::Bytes(_) => {}
            Moved::Later => return Turn::Goes,
            Moved::Closed if self.doing == Doing::Asking && self.response.ends_by_closing() => {
                return Turn::Answered(Fate::Closing);
            }
            Moved::Closed => return Turn::Broken,
        }
        let now = now_ns();
        let (exchange, scanner) = (&mut self.exchange, &mut self.scanner);
        let progress = self.response.read(&mut self.input, |status, bytes| {
            if status == 200 {
                scanner.scan(bytes, |stamp| {
                    sink(stamp.written_ns, now, exchange.last);
                    exchange.see(stamp, now);
                });
            } else {
                let room = SHOWN_BYTES.saturating_sub(exchange.refusal.len());
                exchange
                    .refusal
                    .extend_from_slice(&bytes[..bytes.len().min(room)]);
            }
        });
        self.exchange.status = self.response.status;
        match progress {
            Progress::More => Turn::Goes,
            Progress::Done(fate) => Turn::Answered(fate),
            Progress::Bad => Turn::Broken,
        }
    }

    /// What the socket must be watched for from now on, if that has changed.
    pub fn changed_interest(&mut self, request: &[u8]) -> Option<Interest> {
        let wanted = match self.doing {
            Doing::Asking if self.written < request.len() => Interest::ReadWrite,
            Doing::Connecting => Interest::ReadWrite,
            Doing::Asking | Doing::Idle => Interest::Read,
        };
        let changed = wanted != self.watched;
        self.watched = wanted;
        changed.then_some(wanted)
    }
}

impl Exchange {
    fn new(due_ns: u64) -> Self {
        Self {
            due_ns,
            sent_ns: 0,
            read_ns: None,
            first: None,
            last: None,
            stamps: 0,
            status: 0,
            refusal: Vec::new(),
        }
    }

    fn see(&mut self, stamp: Stamp, now_ns: u64) {
        self.stamps += 1;
        self.read_ns = self.read_ns.or(stamp.read_ns);
        let here = (stamp.written_ns, now_ns);
        self.first = self.first.or(Some(here));
        self.last = Some(here);
    }
}
