//! One connection to the upstream: requests in, answers out, piece by piece.

use std::os::fd::OwnedFd;

use super::answer::Answer;
use super::call::{self, Read};
use crate::clock::now_ns;
use crate::poller::Interest;
use crate::socket::{self, Moved};

/// What a connection waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Its socket.
    Wait,
    /// A moment.
    At(u64),
    /// Nothing any more.
    Close,
}

/// A connection.
pub struct Connection {
    /// The socket.
    pub socket: OwnedFd,
    /// Which connection of the upstream it is.
    pub life: u64,
    input: Vec<u8>,
    output: Vec<u8>,
    written: usize,
    answer: Option<Answer>,
    watched: Interest,
}

impl Connection {
    /// A new one.
    pub fn new(socket: OwnedFd, life: u64) -> Self {
        Self {
            socket,
            life,
            input: Vec::new(),
            output: Vec::new(),
            written: 0,
            answer: None,
            watched: Interest::Read,
        }
    }

    /// Takes what has come.
    pub fn read(&mut self) -> Next {
        match socket::read(&self.socket, &mut self.input) {
            Moved::Bytes(_) => self.begin(),
            Moved::Later => Next::Wait,
            Moved::Closed => Next::Close,
        }
    }

    /// Begins with the next request, if it is there.
    fn begin(&mut self) -> Next {
        if self.answer.is_some() || !self.output.is_empty() {
            return Next::Wait;
        }
        match call::read(&self.input) {
            Read::More { bytes } => {
                self.input.reserve(bytes.saturating_sub(self.input.len()));
                Next::Wait
            }
            Read::Bad => Next::Close,
            Read::Other { bytes, what } => {
                self.input.drain(..bytes);
                Answer::other(what, &mut self.output);
                self.flush()
            }
            Read::Call { call, bytes } => {
                self.input.drain(..bytes);
                let now = now_ns();
                let first_ns = call.first_ns;
                self.answer = Some(Answer::new(call, now));
                if first_ns > 0 {
                    return Next::At(now + first_ns);
                }
                self.go_on()
            }
        }
    }

    /// Writes the next piece of the answer.
    pub fn go_on(&mut self) -> Next {
        let Some(answer) = &mut self.answer else {
            return Next::Wait;
        };
        if answer.write(&mut self.output).is_none() {
            self.answer = None;
        }
        self.flush()
    }

    /// Writes what is left to write, and says when to go on.
    pub fn flush(&mut self) -> Next {
        while self.written < self.output.len() {
            match socket::write(&self.socket, &self.output[self.written..]) {
                Moved::Bytes(bytes) => self.written += bytes,
                Moved::Later => return Next::Wait,
                Moved::Closed => return Next::Close,
            }
        }
        let had_output = self.written > 0;
        self.output.clear();
        self.written = 0;
        match &self.answer {
            Some(answer) if had_output => Next::At(now_ns() + answer.gap_ns()),
            Some(_) => Next::Wait,
            None if self.input.is_empty() => Next::Wait,
            None => self.begin(),
        }
    }

    /// What the socket must be watched for from now on, if that has changed.
    pub fn changed_interest(&mut self) -> Option<Interest> {
        let wanted = if self.output.is_empty() {
            Interest::Read
        } else {
            Interest::ReadWrite
        };
        let changed = wanted != self.watched;
        self.watched = wanted;
        changed.then_some(wanted)
    }
}
