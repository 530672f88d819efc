//! What the ledger counts, in Prometheus' text format. It is counted by the ledger's own thread, so it
//! is only written out here.

use std::fmt::{self, Write};
use std::time::Duration;

use crate::actors::ledger::{BATCH_CLASSES, LATENCY_CLASSES_US, LedgerStats, LossCount};

const LOSSES: &str = "model_router_ledger_losses_total";
const LOST: &str = "model_router_ledger_lost_picodollars_total";
const DECISIONS: &str = "model_router_ledger_commit_decisions";
const LATENCY: &str = "model_router_ledger_commit_seconds";

/// The lines of losses and commits. Amounts are in pico-dollars, so that they stay exact.
pub fn text(stats: &LedgerStats) -> String {
    let mut text = String::new();
    // A String takes all that is written to it.
    losses(&mut text, stats)
        .and_then(|()| commits(&mut text, stats))
        .and_then(|()| latencies(&mut text, stats))
        .ok();
    text
}

fn losses(text: &mut String, stats: &LedgerStats) -> fmt::Result {
    let kinds: [(&str, LossCount); 5] = [
        ("overrun", stats.overrun),
        ("orphan", stats.orphan),
        ("correction", stats.correction),
        ("failed", stats.failed),
        ("refund", stats.refund),
    ];
    let help = "Losses that the ledger booked, by kind; a correction takes an orphan back.";
    head(text, LOSSES, help, "counter")?;
    for (kind, loss) in &kinds {
        writeln!(text, "{LOSSES}{{kind=\"{kind}\"}} {}", loss.count)?;
    }
    head(text, LOST, "Their sums, in pico-dollars.", "counter")?;
    for (kind, loss) in &kinds {
        writeln!(text, "{LOST}{{kind=\"{kind}\"}} {}", loss.amount.get())?;
    }
    Ok(())
}

fn commits(text: &mut String, stats: &LedgerStats) -> fmt::Result {
    let help = "Decisions of the ledger that shared one durable commit.";
    head(text, DECISIONS, help, "histogram")?;
    let mut commits = 0;
    for (most, count) in BATCH_CLASSES.iter().zip(stats.batches) {
        commits += count;
        writeln!(text, "{DECISIONS}_bucket{{le=\"{most}\"}} {commits}")?;
    }
    writeln!(text, "{DECISIONS}_bucket{{le=\"+Inf\"}} {commits}")?;
    writeln!(text, "{DECISIONS}_sum {}", stats.decisions)?;
    writeln!(text, "{DECISIONS}_count {commits}")
}

fn latencies(text: &mut String, stats: &LedgerStats) -> fmt::Result {
    let help = "How long durable commits of the ledger took, in seconds.";
    head(text, LATENCY, help, "histogram")?;
    let mut commits = 0;
    for (most_us, count) in LATENCY_CLASSES_US.iter().zip(stats.latencies) {
        commits += count;
        let most = seconds(*most_us);
        writeln!(text, "{LATENCY}_bucket{{le=\"{most}\"}} {commits}")?;
    }
    let commits: u64 = stats.latencies.iter().sum();
    writeln!(text, "{LATENCY}_bucket{{le=\"+Inf\"}} {commits}")?;
    writeln!(text, "{LATENCY}_sum {}", seconds(stats.took_us))?;
    writeln!(text, "{LATENCY}_count {commits}")
}

fn seconds(micros: u64) -> f64 {
    Duration::from_micros(micros).as_secs_f64()
}

fn head(text: &mut String, name: &str, help: &str, kind: &str) -> fmt::Result {
    writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Picodollars;

    #[test]
    fn losses_are_by_kind_and_buckets_add_up() {
        let stats = LedgerStats {
            overrun: LossCount {
                count: 2,
                amount: Picodollars::new(7),
            },
            commits: 6,
            decisions: 90,
            batches: [3, 2, 0, 1, 0],
            latencies: [1, 0, 2, 0, 0, 0, 0, 0, 1],
            took_us: 2_500_000,
            ..LedgerStats::default()
        };
        let text = text(&stats);
        for line in [
            "# TYPE model_router_ledger_losses_total counter",
            "model_router_ledger_losses_total{kind=\"overrun\"} 2",
            "model_router_ledger_losses_total{kind=\"orphan\"} 0",
            "model_router_ledger_lost_picodollars_total{kind=\"overrun\"} 7",
            "# TYPE model_router_ledger_commit_decisions histogram",
            "model_router_ledger_commit_decisions_bucket{le=\"1\"} 3",
            "model_router_ledger_commit_decisions_bucket{le=\"16\"} 5",
            "model_router_ledger_commit_decisions_bucket{le=\"256\"} 6",
            "model_router_ledger_commit_decisions_bucket{le=\"+Inf\"} 6",
            "model_router_ledger_commit_decisions_sum 90",
            "model_router_ledger_commit_decisions_count 6",
            "model_router_ledger_commit_seconds_bucket{le=\"0.00025\"} 1",
            "model_router_ledger_commit_seconds_bucket{le=\"0.0025\"} 3",
            "model_router_ledger_commit_seconds_bucket{le=\"1\"} 3",
            "model_router_ledger_commit_seconds_bucket{le=\"+Inf\"} 4",
            "model_router_ledger_commit_seconds_sum 2.5",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
        }
    }
}
