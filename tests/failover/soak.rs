//! Ten minutes of load, after a burst that fills what is bounded, in which the chosen provider fails and heals in
//! every manner and callers leave: memory and descriptors stay where they are.

use super::Problem;
use super::leavers::leave;
use super::load::{OUTAGES, Tally, burst, phase};
use super::proc::{Footprint, footprint};
use super::router::Bench;
use super::run::Recovery;
use super::timing::Timing;

const ROUNDS: usize = 10;
/// By the end of this round the provider has failed in every manner.
const FULL: usize = OUTAGES.len();
/// Answers after which the caches are full, the ledger's pages above all: ten minutes at the run's rate are too few.
const FILLING: usize = 600_000;
const LEAVERS: usize = 300;

/// Answers with what was not as it should be.
pub async fn all(timing: Timing) -> Result<Option<String>, Problem> {
    println!("\nSoak, {} timings", timing.name());
    let settings = format!(
        "{}{}[limits]\nrunning_per_account = 100000\nrequests_in_flight = 100000\n",
        timing.failover(Recovery::Off),
        timing.breaker()
    );
    let mut bench = Bench::start(&settings, 3).await?;
    let mut rounds = Vec::new();
    let mut failed = match timing {
        Timing::Fast => 0,
        Timing::Full => fill(&bench).await?,
    };
    for (round, outage) in OUTAGES.into_iter().cycle().take(ROUNDS).enumerate() {
        let well = phase(&bench, timing.of_s(20)).await;
        outage.begin(&mut bench).await;
        let ill = phase(&bench, timing.of_s(20)).await;
        outage.end(&mut bench)?;
        leave(&bench.router, LEAVERS).await?;
        let healed = phase(&bench, timing.of_s(20)).await;
        let all = [&well, &ill, &healed];
        let sent: usize = all.iter().map(|tally: &&Tally| tally.sent).sum();
        let failures = all.iter().flat_map(|tally: &&Tally| &tally.failed);
        for failure in failures.clone().take(3) {
            println!("    {}", failure.chars().take(300).collect::<String>());
        }
        failed += failures.count();
        let now = footprint(bench.router.pid())?;
        println!(
            "  {:>2} {outage:?}: {sent} requests, {failed} failed so far, {now:?}",
            round + 1
        );
        rounds.push(now);
    }
    let clean = bench.router.ledger_is_clean().await?;
    let flat = is_flat(&rounds, timing);
    println!("  flat: {flat}; ledger clean: {clean}");
    let fine = flat && clean && failed == 0;
    Ok((!fine).then(|| "soak".to_owned()))
}

/// Fills what is bounded; answers with how many requests failed.
async fn fill(bench: &Bench) -> Result<usize, Problem> {
    let tally = burst(bench, FILLING).await;
    let (failed, now) = (tally.failed.len(), footprint(bench.router.pid())?);
    println!("  full: {} requests, {failed} failed, {now:?}", tally.sent);
    Ok(failed)
}

/// Whether the last round takes no more than the one at which everything bounded is full, and a
/// twentieth for what breathes. A fast run is too short to fill it.
fn is_flat(rounds: &[Footprint], timing: Timing) -> bool {
    let (Some(full), Some(last)) = (rounds.get(FULL - 1), rounds.last()) else {
        return false;
    };
    match timing {
        Timing::Fast => last.is_flat_since(full),
        Timing::Full => {
            last.rss_kib <= full.rss_kib + full.rss_kib / 20 && last.fds <= full.fds + 20
        }
    }
}
