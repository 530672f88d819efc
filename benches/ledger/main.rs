//! What the ledger holds on this machine's disk: each figure beside its target. Exits 1 when one is
//! missed.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench prints, and ends where its ledger fails"
)]

mod load;
mod orders;
mod random;
mod start;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use tempfile::TempDir;

/// Transfers behind the start that is measured.
const TRANSFERS: u64 = 400_000;
const OPERATIONS: u32 = 1_000_000;

/// The table.
#[derive(Default)]
struct Table {
    missed: u32,
}

/// Whether a figure with a target has reached it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Held,
    Missed,
    /// A figure to know, without a target.
    Told,
}

impl Verdict {
    fn of(held: bool) -> Self {
        if held { Self::Held } else { Self::Missed }
    }
}

impl Table {
    fn row(&mut self, what: &str, figure: &str, target: &str, verdict: Verdict) {
        let word = match verdict {
            Verdict::Held => "held",
            Verdict::Missed => "MISSED",
            Verdict::Told => "",
        };
        self.missed += u32::from(verdict == Verdict::Missed);
        println!("| {what:<44} | {figure:>12} | {target:<11} | {word:<6} |");
    }
}

fn ms(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

fn main() -> ExitCode {
    // `cargo test --benches` calls benches too, to see that they run.
    if !std::env::args().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    let mut table = Table::default();
    let dir = || TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    println!("the ledger on {}", env!("CARGO_TARGET_TMPDIR"));
    table.row("what", "figure", "target", Verdict::Told);
    settles(&mut table, dir().path());
    opening(&mut table, dir().path());
    operations(&mut table, dir().path());
    if table.missed > 0 {
        println!("{} missed", table.missed);
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn settles(table: &mut Table, dir: &Path) {
    let (groups, paced) = load::run(dir);
    let held = Verdict::of(groups.per_s >= 3_000);
    let figure = |per_s: u64| format!("{per_s}/s");
    table.row(
        "durable settles, 256 callers",
        &figure(groups.per_s),
        ">= 3000/s",
        held,
    );
    table.row("  p99 of one", &ms(groups.p99), "", Verdict::Told);
    let held = Verdict::of(paced.p99 <= Duration::from_millis(25));
    table.row(
        "p99 of a settle at 500 requests a second",
        &ms(paced.p99),
        "<= 25 ms",
        held,
    );
    table.row("  p50", &ms(paced.p50), "", Verdict::Told);
    table.row("  reached", &figure(paced.per_s), "", Verdict::Told);
}

fn opening(table: &mut Table, dir: &Path) {
    let opened = start::open_with(dir, TRANSFERS);
    let held = Verdict::of(opened < Duration::from_millis(500));
    table.row("open with 400,000 transfers", &ms(opened), "< 500 ms", held);
}

fn operations(table: &mut Table, dir: &Path) {
    let took = random::run(dir, OPERATIONS);
    let held = Verdict::of(took < Duration::from_secs(60));
    let figure = format!("{:.1} s", took.as_secs_f64());
    table.row(
        "1,000,000 random operations, books balanced",
        &figure,
        "< 60 s",
        held,
    );
}
