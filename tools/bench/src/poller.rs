//! Readiness of many sockets, with waits as short as a microsecond.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};

/// Events that one wait brings at the most.
const AT_ONCE: usize = 512;

/// What a socket is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interest {
    /// Bytes to read.
    Read,
    /// Bytes to read, or room to write.
    ReadWrite,
}

/// What has become of a socket.
#[derive(Clone, Copy, Debug)]
pub struct Ready {
    /// The number it was added under.
    pub token: usize,
    /// There is something to read, be it the end.
    pub readable: bool,
    /// There is room to write.
    pub writable: bool,
    /// It is broken.
    pub broken: bool,
}

/// An epoll instance.
pub struct Poller {
    epoll: OwnedFd,
    events: Vec<Event>,
}

impl Poller {
    /// An empty one.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            epoll: epoll::create(CreateFlags::CLOEXEC)?,
            events: Vec::with_capacity(AT_ONCE),
        })
    }

    /// Watches a socket. It is forgotten when it is closed.
    pub fn add(&self, socket: impl AsFd, token: usize, interest: Interest) -> io::Result<()> {
        Ok(epoll::add(
            &self.epoll,
            socket,
            data(token),
            flags(interest),
        )?)
    }

    /// Watches it for something else.
    pub fn change(&self, socket: impl AsFd, token: usize, interest: Interest) -> io::Result<()> {
        Ok(epoll::modify(
            &self.epoll,
            socket,
            data(token),
            flags(interest),
        )?)
    }

    /// Waits for at most so many nanoseconds, or for ever, and puts into `found` what has happened.
    pub fn wait(&mut self, timeout_ns: Option<u64>, found: &mut Vec<Ready>) -> io::Result<()> {
        found.clear();
        self.events.clear();
        let timeout = timeout_ns.map(timespec);
        match epoll::wait(
            &self.epoll,
            spare_capacity(&mut self.events),
            timeout.as_ref(),
        ) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        found.extend(self.events.iter().map(ready));
        Ok(())
    }
}

fn ready(event: &Event) -> Ready {
    let (flags, data) = (event.flags, event.data);
    Ready {
        token: usize::try_from(data.u64()).unwrap_or(usize::MAX),
        readable: flags.intersects(EventFlags::IN | EventFlags::HUP | EventFlags::ERR),
        writable: flags.contains(EventFlags::OUT),
        broken: flags.intersects(EventFlags::HUP | EventFlags::ERR),
    }
}

fn data(token: usize) -> EventData {
    EventData::new_u64(token as u64)
}

fn flags(interest: Interest) -> EventFlags {
    match interest {
        Interest::Read => EventFlags::IN,
        Interest::ReadWrite => EventFlags::IN | EventFlags::OUT,
    }
}

fn timespec(ns: u64) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(ns / 1_000_000_000).unwrap_or(i64::MAX),
        tv_nsec: i64::try_from(ns % 1_000_000_000).unwrap_or(0),
    }
}
