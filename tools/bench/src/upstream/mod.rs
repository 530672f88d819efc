//! The scripted upstream: OpenAI chat, Anthropic messages and Gemini `generateContent` on one thread, with
//! answers as fast as the request asks for.

mod answer;
pub mod call;
mod connection;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::os::fd::OwnedFd;

use crate::clock::now_ns;
use crate::poller::{Interest, Poller, Ready};
use crate::socket;
use connection::{Connection, Next};

pub use call::Form;

/// The listener's number among the sockets.
const LISTENER: usize = usize::MAX;

/// Serves on a port of this machine until the process ends.
pub fn serve(listener: &OwnedFd) -> io::Result<()> {
    let mut upstream = Upstream {
        poller: Poller::new()?,
        connections: Vec::new(),
        free: Vec::new(),
        due: BinaryHeap::new(),
        lives: 0,
    };
    upstream.poller.add(listener, LISTENER, Interest::Read)?;
    let mut ready = Vec::new();
    loop {
        let next = upstream.due.peek().map(|Reverse((due_ns, ..))| *due_ns);
        let timeout = next.map(|due_ns| due_ns.saturating_sub(now_ns()));
        upstream.poller.wait(timeout, &mut ready)?;
        for event in &ready {
            if event.token == LISTENER {
                upstream.accept(listener)?;
            } else {
                upstream.serve(*event)?;
            }
        }
        upstream.go_on()?;
    }
}

struct Upstream {
    poller: Poller,
    connections: Vec<Option<Connection>>,
    free: Vec<usize>,
    /// When which connection writes its next piece. A number tells a connection from one before it.
    due: BinaryHeap<Reverse<(u64, usize, u64)>>,
    lives: u64,
}

impl Upstream {
    fn accept(&mut self, listener: &OwnedFd) -> io::Result<()> {
        while let Some(socket) = socket::accept(listener)? {
            self.lives += 1;
            let slot = self.free.pop().unwrap_or_else(|| {
                self.connections.push(None);
                self.connections.len() - 1
            });
            self.poller.add(&socket, slot, Interest::Read)?;
            self.connections[slot] = Some(Connection::new(socket, self.lives));
        }
        Ok(())
    }

    fn serve(&mut self, event: Ready) -> io::Result<()> {
        if event.writable {
            self.with(event.token, Connection::flush)?;
        }
        if event.readable {
            self.with(event.token, Connection::read)?;
        }
        Ok(())
    }

    fn with(&mut self, slot: usize, step: fn(&mut Connection) -> Next) -> io::Result<()> {
        match self.connections.get_mut(slot) {
            Some(Some(connection)) => {
                let next = step(connection);
                self.settle(slot, next)
            }
            Some(None) | None => Ok(()),
        }
    }

    /// Everything that is due now is written.
    fn go_on(&mut self) -> io::Result<()> {
        let now = now_ns();
        while let Some(Reverse((due_ns, slot, life))) = self.due.peek().copied() {
            if due_ns > now {
                break;
            }
            self.due.pop();
            let Some(connection) = self.connections[slot].as_mut() else {
                continue;
            };
            if connection.life == life {
                let next = connection.go_on();
                self.settle(slot, next)?;
            }
        }
        Ok(())
    }

    fn settle(&mut self, slot: usize, next: Next) -> io::Result<()> {
        let Some(connection) = self.connections[slot].as_mut() else {
            return Ok(());
        };
        match next {
            Next::Close => {
                self.connections[slot] = None;
                self.free.push(slot);
                return Ok(());
            }
            Next::At(due_ns) => self.due.push(Reverse((due_ns, slot, connection.life))),
            Next::Wait => {}
        }
        if let Some(interest) = connection.changed_interest() {
            self.poller.change(&connection.socket, slot, interest)?;
        }
        Ok(())
    }
}
