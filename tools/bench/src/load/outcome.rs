//! What a load came to.

use serde::{Deserialize, Serialize};

use super::connection::Exchange;
use crate::histogram::{Histogram, Quantiles};

/// What a load came to. Times are in microseconds.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Outcome {
    /// Requests that were answered as they should be.
    pub good: u64,
    /// Requests that were refused, broke off, or lacked pieces.
    pub bad: u64,
    /// Requests without an end when the load was over.
    pub unanswered: u64,
    /// Answers a second.
    pub per_s: f64,
    /// Pieces of streams a second.
    pub pieces_per_s: f64,
    /// From the moment a request was due to the end of its answer.
    pub latency: Quantiles,
    /// What the way added: to the upstream, and back to the end of the answer or to its first piece.
    pub added: Quantiles,
    /// From the moment a request was due to its first piece.
    pub first: Quantiles,
    /// From the upstream's writing of a piece to its arrival.
    pub piece: Quantiles,
    /// How much longer two pieces were apart on arrival than on departure.
    pub gap: Quantiles,
    /// Processor time of the gateway for each answer.
    pub cpu_us_per_answer: f64,
    /// Processor time of the gateway for each piece.
    pub cpu_us_per_piece: f64,
    /// The share of a processor that generator and upstream took.
    pub own_cpu: f64,
    /// The gateway's memory at the end, in KiB.
    pub rss_kib: u64,
    /// The first refusal.
    pub refusal: Option<String>,
}

impl Outcome {
    /// Whether nine of ten requests were answered: the times of the others would be those of the lucky ones.
    pub fn kept_up(&self) -> bool {
        self.good * 10 >= (self.good + self.bad + self.unanswered) * 9
    }
}

/// What is counted while a load runs.
#[derive(Default)]
pub struct Tally {
    pub good: u64,
    pub bad: u64,
    pub answers: u64,
    pub pieces: u64,
    pub latency: Histogram,
    pub added: Histogram,
    pub first: Histogram,
    pub piece: Histogram,
    pub gap: Histogram,
    pub refusal: Option<String>,
}

impl Tally {
    /// A piece that came inside the measurement.
    pub fn piece(&mut self, written_ns: u64, now_ns: u64, before: Option<(u64, u64)>) {
        self.pieces += 1;
        self.piece.add(now_ns.saturating_sub(written_ns));
        if let Some((written_before, came_before)) = before {
            let apart = now_ns.saturating_sub(came_before);
            self.gap
                .add(apart.saturating_sub(written_ns.saturating_sub(written_before)));
        }
    }

    /// A request that was due inside the measurement has its answer.
    pub fn answered(&mut self, exchange: &Exchange, now_ns: u64, stamps: u32) {
        let (200, Some((written_ns, came_ns)), true) =
            (exchange.status, exchange.first, exchange.stamps == stamps)
        else {
            self.failed(exchange, "an answer without all of its pieces");
            return;
        };
        self.good += 1;
        self.latency.add(now_ns.saturating_sub(exchange.due_ns));
        self.first.add(came_ns.saturating_sub(exchange.due_ns));
        let read_ns = exchange.read_ns.unwrap_or(written_ns);
        let there = read_ns.saturating_sub(exchange.sent_ns);
        let back = if stamps > 1 { came_ns } else { now_ns };
        self.added.add(there + back.saturating_sub(written_ns));
    }

    /// A request that was due inside the measurement has no answer.
    pub fn failed(&mut self, exchange: &Exchange, otherwise: &str) {
        self.bad += 1;
        self.refusal.get_or_insert_with(|| match exchange.status {
            0 | 200 => otherwise.to_owned(),
            status => format!("{status} {}", String::from_utf8_lossy(&exchange.refusal)),
        });
    }

    /// What it comes to, over so many seconds.
    pub fn outcome(&self, s: f64, cpu_ns: u64) -> Outcome {
        let each = |count: u64| cpu_ns as f64 / 1000.0 / count.max(1) as f64;
        Outcome {
            good: self.good,
            bad: self.bad,
            unanswered: 0,
            per_s: self.answers as f64 / s,
            pieces_per_s: self.pieces as f64 / s,
            latency: self.latency.quantiles(),
            added: self.added.quantiles(),
            first: self.first.quantiles(),
            piece: self.piece.quantiles(),
            gap: self.gap.quantiles(),
            cpu_us_per_answer: each(self.answers),
            cpu_us_per_piece: each(self.pieces),
            own_cpu: 0.0,
            rss_kib: 0,
            refusal: self.refusal.clone(),
        }
    }
}
