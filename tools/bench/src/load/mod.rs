//! The load generator: one thread, open loop with Poisson arrivals from fixed seeds, or closed loop.

mod arrivals;
mod connection;
mod generator;
mod outcome;
pub mod prompt;
mod response;
#[cfg(test)]
mod tests;

use std::io;

use crate::process::Tree;

pub use outcome::Outcome;

/// How requests come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// So many a second, whether or not those before have been answered.
    Open {
        /// Requests a second.
        per_s: f64,
        /// Connections at the most.
        connections: usize,
    },
    /// Each connection asks again when it has its answer.
    Closed {
        /// Connections.
        connections: usize,
        /// Over which they begin.
        ramp_ms: u64,
    },
}

/// What is asked, of whom, how often and for how long.
#[derive(Clone, Debug)]
pub struct Load {
    /// The port of this machine that is asked.
    pub port: u16,
    /// The request as it is sent.
    pub request: Vec<u8>,
    /// Stamps that a good answer has: the pieces of a stream, or one.
    pub stamps: u32,
    /// How requests come.
    pub pace: Pace,
    /// Which of the sequences of arrivals they come in, at a fixed rate.
    pub arrivals: u64,
    /// Before the measurement.
    pub warm_ms: u64,
    /// The measurement.
    pub run_ms: u64,
    /// Answers that are under way are waited for so long after it.
    pub drain_ms: u64,
}

/// Runs a load. `tree` is whose processor time and memory is told.
pub fn run(load: &Load, tree: Option<&Tree>) -> io::Result<Outcome> {
    generator::Generator::new(load, tree)?.run()
}
