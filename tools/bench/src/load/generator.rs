//! The event loop of a load.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::io;

use super::arrivals::Arrivals;
use super::connection::{Connection, Doing, Turn};
use super::outcome::{Outcome, Tally};
use super::response::Connection as Fate;
use super::{Load, Pace};
use crate::clock::now_ns;
use crate::poller::{Interest, Poller, Ready};
use crate::process::Tree;
use crate::socket;

const MS: u64 = 1_000_000;
/// Before a closed loop connects again after a failure.
const PAUSE_NS: u64 = 10 * MS;

/// A load that runs.
pub struct Generator<'a> {
    load: &'a Load,
    tree: Option<&'a Tree>,
    poller: Poller,
    slots: Vec<Option<Connection>>,
    idle: Vec<usize>,
    unopened: Vec<usize>,
    /// Open loop: requests that are due and wait for a connection.
    waiting: VecDeque<u64>,
    arrivals: Option<Arrivals>,
    /// Closed loop: when which connection asks again.
    starts: BinaryHeap<Reverse<(u64, usize)>>,
    asking: usize,
    tally: Tally,
    begin_ns: u64,
    end_ns: u64,
}

/// Processor times and memory at a moment.
#[derive(Clone, Copy, Default)]
struct Reading {
    cpu_ns: u64,
    own_ns: u64,
    rss_kib: u64,
}

impl<'a> Generator<'a> {
    pub fn new(load: &'a Load, tree: Option<&'a Tree>) -> io::Result<Self> {
        let start = now_ns() + 10 * MS;
        let begin_ns = start + load.warm_ms * MS;
        let (connections, arrivals, ramp_ms) = match load.pace {
            Pace::Open { per_s, connections } => (
                connections,
                Some(Arrivals::new(per_s, start, load.arrivals)),
                0,
            ),
            Pace::Closed {
                connections,
                ramp_ms,
            } => (connections, None, ramp_ms),
        };
        let start_of = |slot: usize| start + ramp_ms * MS * slot as u64 / connections as u64;
        let starts = match load.pace {
            Pace::Open { .. } => BinaryHeap::new(),
            Pace::Closed { .. } => (0..connections)
                .map(|slot| Reverse((start_of(slot), slot)))
                .collect(),
        };
        Ok(Self {
            load,
            tree,
            poller: Poller::new()?,
            slots: (0..connections).map(|_| None).collect(),
            idle: Vec::new(),
            unopened: (0..connections).rev().collect(),
            waiting: VecDeque::new(),
            arrivals,
            starts,
            asking: 0,
            tally: Tally::default(),
            begin_ns,
            end_ns: begin_ns + load.run_ms * MS,
        })
    }

    pub fn run(mut self) -> io::Result<Outcome> {
        let mut ready = Vec::new();
        let (mut first, mut last) = (None, None);
        loop {
            let now = now_ns();
            if now >= self.begin_ns && first.is_none() {
                first = Some(self.reading());
            }
            if now >= self.end_ns && last.is_none() {
                last = Some(self.reading());
            }
            let over = last.is_some() && self.asking == 0 && self.waiting.is_empty();
            if over || now > self.load_end_ns() {
                break;
            }
            self.start_due(now)?;
            let next = self.next_moment(first.is_some(), last.is_some());
            let timeout = next.saturating_sub(now_ns());
            self.poller.wait(Some(timeout), &mut ready)?;
            for event in &ready {
                self.serve(*event)?;
            }
        }
        Ok(self.outcome(first.unwrap_or_default(), last.unwrap_or_default()))
    }

    fn outcome(&self, first: Reading, last: Reading) -> Outcome {
        let s = self.load.run_ms as f64 / 1000.0;
        let own_ns = last.own_ns.saturating_sub(first.own_ns);
        Outcome {
            unanswered: self.asking as u64 + self.waiting.len() as u64,
            own_cpu: own_ns as f64 / 1e9 / s,
            rss_kib: last.rss_kib,
            ..self
                .tally
                .outcome(s, last.cpu_ns.saturating_sub(first.cpu_ns))
        }
    }

    fn reading(&self) -> Reading {
        Reading {
            cpu_ns: self.tree.map_or(0, Tree::cpu_ns),
            own_ns: Tree::own().cpu_ns(),
            rss_kib: self.tree.map_or(0, Tree::rss_kib),
        }
    }

    fn load_end_ns(&self) -> u64 {
        self.end_ns + self.load.drain_ms * MS
    }

    /// When something is to be done without an event.
    fn next_moment(&self, begun: bool, ended: bool) -> u64 {
        let mut next = match (begun, ended) {
            (false, _) => self.begin_ns,
            (true, false) => self.end_ns,
            (true, true) => self.load_end_ns(),
        };
        if let Some(arrivals) = &self.arrivals
            && arrivals.peek() < self.end_ns
        {
            next = next.min(arrivals.peek());
        }
        if let Some(Reverse((start, _))) = self.starts.peek() {
            next = next.min(*start);
        }
        next
    }

    /// Sends what is due.
    fn start_due(&mut self, now: u64) -> io::Result<()> {
        if let Some(arrivals) = &mut self.arrivals {
            while arrivals.peek() <= now && arrivals.peek() < self.end_ns {
                self.waiting.push_back(arrivals.take());
            }
        }
        while let Some(due) = self.waiting.front().copied() {
            let Some(slot) = self.idle.pop().or_else(|| self.unopened.pop()) else {
                break;
            };
            self.waiting.pop_front();
            self.start(slot, due)?;
        }
        while let Some(Reverse((start, slot))) = self.starts.peek().copied() {
            if start > now {
                break;
            }
            self.starts.pop();
            if now < self.end_ns {
                self.start(slot, now)?;
            }
        }
        Ok(())
    }

    /// Sends a request on a connection, which may have to be made first.
    fn start(&mut self, slot: usize, due_ns: u64) -> io::Result<()> {
        self.asking += 1;
        match &mut self.slots[slot] {
            Some(connection) => {
                let turn = connection.ask(due_ns, &self.load.request);
                self.settle(slot, turn)
            }
            empty @ None => {
                let socket = socket::connect(self.load.port)?;
                self.poller.add(&socket, slot, Interest::ReadWrite)?;
                *empty = Some(Connection::new(socket, due_ns));
                Ok(())
            }
        }
    }

    fn serve(&mut self, event: Ready) -> io::Result<()> {
        let request = &self.load.request;
        let Some(connection) = &mut self.slots[event.token] else {
            return Ok(());
        };
        let turn = match connection.doing {
            Doing::Connecting if event.broken => Turn::Broken,
            Doing::Connecting => {
                let due_ns = connection.exchange.due_ns;
                connection.ask(due_ns, request)
            }
            Doing::Idle | Doing::Asking => {
                let wrote = if event.writable {
                    connection.write(request)
                } else {
                    Turn::Goes
                };
                match wrote {
                    Turn::Goes if event.readable => {
                        let (tally, window) = (&mut self.tally, self.begin_ns..self.end_ns);
                        connection.read(|written, now, before| {
                            if window.contains(&now) {
                                tally.piece(written, now, before);
                            }
                        })
                    }
                    turn @ (Turn::Goes | Turn::Answered(_) | Turn::Broken) => turn,
                }
            }
        };
        self.settle(event.token, turn)
    }

    fn settle(&mut self, slot: usize, turn: Turn) -> io::Result<()> {
        let Some(connection) = &mut self.slots[slot] else {
            return Ok(());
        };
        let now = now_ns();
        let window = self.begin_ns..self.end_ns;
        let counts = window.contains(&connection.exchange.due_ns);
        let was = connection.doing;
        match turn {
            Turn::Goes => {}
            Turn::Answered(fate) => {
                if window.contains(&now) && connection.exchange.status == 200 {
                    self.tally.answers += 1;
                }
                if counts {
                    self.tally
                        .answered(&connection.exchange, now, self.load.stamps);
                }
                connection.doing = Doing::Idle;
                self.asking -= 1;
                return self.free(slot, fate, now);
            }
            Turn::Broken => {
                if was != Doing::Idle {
                    self.asking -= 1;
                    if counts {
                        let word = "the connection broke";
                        self.tally.failed(&connection.exchange, word);
                    }
                }
                self.idle.retain(|idle| *idle != slot);
                return self.free(slot, Fate::Closing, now + PAUSE_NS);
            }
        }
        if let Some(interest) = connection.changed_interest(&self.load.request) {
            self.poller.change(&connection.socket, slot, interest)?;
        }
        Ok(())
    }

    /// A connection has nothing to do; a closed loop finds it something.
    fn free(&mut self, slot: usize, fate: Fate, again_ns: u64) -> io::Result<()> {
        match (fate, &mut self.slots[slot]) {
            (Fate::Kept, Some(connection)) => {
                if let Some(interest) = connection.changed_interest(&self.load.request) {
                    self.poller.change(&connection.socket, slot, interest)?;
                }
            }
            (Fate::Closing | Fate::Kept, empty) => *empty = None,
        }
        match (self.load.pace, fate) {
            (Pace::Open { .. }, Fate::Kept) => self.idle.push(slot),
            (Pace::Open { .. }, Fate::Closing) => self.unopened.push(slot),
            (Pace::Closed { .. }, _) => self.starts.push(Reverse((again_ns, slot))),
        }
        Ok(())
    }
}
