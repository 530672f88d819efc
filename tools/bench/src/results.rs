//! Everything that a run has measured, as it is kept in JSON.

use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::load::Outcome;

/// A run.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Results {
    /// Where and how it was made.
    pub machine: Machine,
    /// Rounds.
    pub rounds: u32,
    /// What was measured in each of them.
    pub suite: String,
    /// Peers that were wanted and did not run, and why.
    pub missing: Vec<String>,
    /// One for each step, target, round and turn.
    pub records: Vec<Record>,
    /// One for each gateway and round.
    pub starts: Vec<Start>,
}

/// Where a run was made.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Machine {
    /// The processor.
    pub processor: String,
    /// How many there are.
    pub cores: usize,
    /// The kernel's version.
    pub kernel: String,
    /// Memory, in MiB.
    pub memory_mib: u64,
    /// The commit of the router, as far as it is known.
    pub commit: String,
    /// The compiler.
    pub compiler: String,
    /// nginx's version.
    pub nginx: String,
    /// Processes that waited for a processor when the run began, as a minute's mean.
    pub load: String,
    /// The UTC day.
    pub day: String,
    /// Whether gateway and load went before all other work.
    pub real_time: bool,
}

/// One measurement, a turn.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// Counted from 0.
    pub round: u32,
    /// Who was asked.
    pub target: String,
    /// What was done.
    pub step: String,
    /// What came of it.
    pub outcome: Outcome,
}

/// One start of a gateway.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Start {
    /// Counted from 0.
    pub round: u32,
    /// The gateway's first target.
    pub target: String,
    /// From its start to its first 200, in milliseconds.
    pub start_ms: f64,
    /// Memory before it had anything to do, in KiB.
    pub rss_kib: u64,
}

impl Results {
    /// Writes them as JSON.
    pub fn write(&self, file: &Path) -> io::Result<()> {
        fs::write(file, serde_json::to_string_pretty(self)? + "\n")
    }

    /// Reads them back.
    pub fn read(file: &Path) -> io::Result<Self> {
        Ok(serde_json::from_str(&fs::read_to_string(file)?)?)
    }

    /// A figure of a target's step in one round: the median of its turns.
    pub fn figure(
        &self,
        round: u32,
        target: &str,
        step: &str,
        figure: impl Fn(&Outcome) -> Option<f64>,
    ) -> Option<f64> {
        let is_meant = |r: &&Record| r.round == round && r.target == target && r.step == step;
        let turns = self.records.iter().filter(is_meant);
        let counts = |outcome: &&Outcome| outcome.good > 0 || outcome.pieces_per_s > 0.0;
        let outcomes = turns.map(|record| &record.outcome).filter(counts);
        median(outcomes.filter_map(figure).collect())
    }

    /// The median over rounds of what a round comes to.
    pub fn median(&self, of: impl Fn(u32) -> Option<f64>) -> Option<f64> {
        median((0..self.rounds).filter_map(of).collect())
    }

    /// Whose results there are, in order.
    pub fn targets(&self) -> Vec<&str> {
        let mut targets: Vec<&str> = Vec::new();
        for record in &self.records {
            if !targets.contains(&record.target.as_str()) {
                targets.push(&record.target);
            }
        }
        targets
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() % 2 {
        1 => values.get(middle).copied(),
        _ => Some((values.get(middle.checked_sub(1)?)? + values.get(middle)?) / 2.0),
    }
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(Vec::new()), None);
    }
}
