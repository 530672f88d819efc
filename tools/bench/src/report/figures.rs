//! Figures of a run: medians over rounds, of medians of turns, with differences and ratios taken within a round.

use crate::histogram::Quantiles;
use crate::load::Outcome;
use crate::results::Results;
use crate::suite::Step;

/// A figure of one measurement.
pub type Of = fn(&Outcome) -> f64;
/// A quantile of a distribution.
pub type Quantile = fn(&Quantiles) -> f64;

/// Quantiles, as tables have them.
pub const QUANTILES: [Quantile; 4] = [|q| q.p50, |q| q.p90, |q| q.p99, |q| q.p999];
pub const P50: Quantile = QUANTILES[0];
pub const P99: Quantile = QUANTILES[2];
pub const PER_S: Of = |outcome| outcome.per_s;
pub const PIECES_PER_S: Of = |outcome| outcome.pieces_per_s;
pub const CPU: Of = |outcome| outcome.cpu_us_per_answer;
pub const CPU_PIECE: Of = |outcome| outcome.cpu_us_per_piece;
pub const FIRST_P99: Of = |outcome| outcome.added.p99;
pub const OWN_CPU: Of = |outcome| outcome.own_cpu * 100.0;
pub const RSS_MIB: Of = |outcome| outcome.rss_kib as f64 / 1024.0;

/// Which time of an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Time {
    /// There and back.
    Added,
    /// Between two pieces of a stream.
    Gap,
}

/// Figures of a run.
pub struct Figures<'a> {
    /// The run.
    pub results: &'a Results,
}

/// Whether a target is a gateway of others.
pub fn is_peer(target: &str) -> bool {
    ["litellm", "portkey"].contains(&target)
}

impl<'a> Figures<'a> {
    pub fn of(results: &'a Results) -> Self {
        Self { results }
    }

    /// The median of a figure.
    pub fn plain(&self, target: &str, step: Step, of: Of) -> Option<f64> {
        self.results
            .median(|round| self.plain_in(round, target, step, of))
    }

    /// The median of a figure over the same of another target.
    pub fn ratio(&self, target: &str, to: &str, step: Step, of: Of) -> Option<f64> {
        self.results.median(|round| {
            let own = self.plain_in(round, target, step, of)?;
            let other = self.plain_in(round, to, step, of)?;
            (other > 0.0).then(|| own / other)
        })
    }

    fn plain_in(&self, round: u32, target: &str, step: Step, of: Of) -> Option<f64> {
        let of = |outcome: &Outcome| Some(of(outcome));
        self.results.figure(round, target, &step.name(), of)
    }

    /// What a target adds to a step, in microseconds: its quantile less that of no gateway.
    pub fn added(&self, target: &str, step: Step, time: Time, quantile: Quantile) -> Option<f64> {
        self.results
            .median(|round| self.added_in(round, target, step, time, quantile))
    }

    /// What it adds over what another target adds.
    pub fn added_ratio(
        &self,
        target: &str,
        to: &str,
        step: Step,
        quantile: Quantile,
    ) -> Option<f64> {
        self.results.median(|round| {
            let own = self.added_in(round, target, step, Time::Added, quantile)?;
            let other = self.added_in(round, to, step, Time::Added, quantile)?;
            (other > 0.0).then(|| own / other)
        })
    }

    /// What it adds less what another target adds, in microseconds.
    pub fn added_beyond(
        &self,
        target: &str,
        than: &str,
        step: Step,
        quantile: Quantile,
    ) -> Option<f64> {
        self.results.median(|round| {
            let own = self.added_in(round, target, step, Time::Added, quantile)?;
            Some(own - self.added_in(round, than, step, Time::Added, quantile)?)
        })
    }

    fn added_in(
        &self,
        round: u32,
        target: &str,
        step: Step,
        time: Time,
        quantile: Quantile,
    ) -> Option<f64> {
        let name = step.name();
        let of = |outcome: &Outcome| {
            let time = match time {
                Time::Added => quantile(&outcome.added),
                Time::Gap => quantile(&outcome.gap),
            };
            outcome.kept_up().then_some(time)
        };
        let own = self.results.figure(round, target, &name, of)?;
        match target {
            "direct" => Some(own),
            _ => Some(own - self.results.figure(round, "direct", &name, of)?),
        }
    }

    /// From a gateway's start to its first 200, in milliseconds.
    pub fn start_ms(&self, target: &str) -> Option<f64> {
        self.start(target, |start| start.start_ms)
    }

    /// Memory of a gateway that has had nothing to do, in MiB.
    pub fn idle_mib(&self, target: &str) -> Option<f64> {
        self.start(target, |start| start.rss_kib as f64 / 1024.0)
    }

    fn start(&self, target: &str, of: impl Fn(&crate::results::Start) -> f64) -> Option<f64> {
        self.results.median(|round| {
            let mut starts = self.results.starts.iter();
            let start = starts.find(|start| start.round == round && start.target == target);
            start.map(&of)
        })
    }

    /// The targets that met the step at which latencies are compared.
    pub fn targets(&self) -> Vec<&'a str> {
        self.met(crate::suite::RATE)
    }

    /// The targets that met a step.
    pub fn met(&self, step: Step) -> Vec<&'a str> {
        let name = step.name();
        let met = |target: &&str| {
            let mut records = self.results.records.iter();
            // Variants of the router are not rows of these tables.
            !target.contains(' ') && records.any(|r| r.target == **target && r.step == name)
        };
        self.results.targets().into_iter().filter(met).collect()
    }
}
