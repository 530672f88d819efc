//! The long runs of `make torture`; each prints a row of its table.

use std::time::{Duration, Instant};

use super::{kill, race};

const KILLS: u32 = 200;
const RACES: u32 = 10;

/// One row: what was done, the figure, the target.
#[expect(clippy::print_stdout, reason = "the table is what is run for")]
fn row(what: &str, figure: impl std::fmt::Display, target: &str) {
    println!("| {what:<42} | {figure:>12} | {target:<12} |");
}

#[actix_web::test]
#[ignore = "minutes long: make torture"]
async fn torture_by_kill_9_under_load() {
    let tally = kill::series(KILLS, kill::RATE).await;
    row("kill -9 under load", tally.kills, "200");
    row("  requests sent, half of them streaming", tally.sent, "");
    row("  requests a second", format!("{:.0}", tally.rate), "500");
    row("  charges whose end a client saw", tally.seen, "");
    row("  lost", tally.lost, "0");
    row("  doubled", tally.doubled, "0");
    let slowest = format!("{} ms", tally.slowest_ready.as_millis());
    row("  slowest start until ready", slowest, "< 1000 ms");
    assert_eq!((tally.lost, tally.doubled), (0, 0), "{tally:?}");
    assert!(tally.slowest_ready < Duration::from_secs(1), "{tally:?}");
}

#[actix_web::test]
#[ignore = "minutes long: make torture"]
async fn torture_by_racing_for_the_last_five_dollars() {
    let started = Instant::now();
    race::repeat(RACES).await;
    row("1,000 requests of $0.10 race for $5.00", RACES, "10");
    row("  served in each, the others refused by 402", 50, "50");
    row(
        "  took",
        format!("{:.1} s", started.elapsed().as_secs_f64()),
        "",
    );
}
