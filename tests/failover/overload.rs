//! Three times as much as fits: what fits is still served, the rest is told at once, nothing piles up.

use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::Problem;
use super::load::by_tier;
use super::proc::footprint;
use super::router::Bench;
use super::run::Recovery;
use super::script::Act;
use super::timing::Timing;

/// Requests that the router runs at one time, and how long the provider takes for each.
const ROOM: u64 = 20;
const TAKES: Duration = Duration::from_millis(200);
/// What that comes to in a second.
const CAPACITY: u64 = ROOM * 1000 / 200;

/// What became of a run.
#[derive(Debug, Default)]
struct Tally {
    served: usize,
    shed: Vec<Duration>,
    others: usize,
}

/// Answers with what was not as it should be.
pub async fn all(timing: Timing) -> Result<Option<String>, Problem> {
    let settings = format!(
        "{}{}[limits]\nrequests_in_flight = {ROOM}\nrunning_per_account = 1000\n",
        timing.failover(Recovery::Off),
        timing.breaker()
    );
    let bench = Bench::start(&settings, 3).await?;
    bench.primary.script.always(Act::Late(TAKES));
    // Half as much again as fits keeps every place taken: the most there is to be had.
    let calm = timing.of_s(30);
    let peak = goodput(&offer(&bench, CAPACITY * 3 / 2, calm).await, calm);
    let before = footprint(bench.router.pid())?;
    let time = timing.of_s(60);
    let mut tally = offer(&bench, CAPACITY * 3, time).await;
    let after = footprint(bench.router.pid())?;
    tally.shed.sort_unstable();
    let p99 = tally.shed.get(tally.shed.len() * 99 / 100).copied();
    let p99 = p99.unwrap_or(Duration::MAX);
    let good = goodput(&tally, time);
    println!(
        "\nOverload, {} requests/s where {CAPACITY} fit: {good:.0}/s served of {peak:.0}/s at the peak; \
         {} shed, 99 % of them within {p99:?}; {} others; {before:?} before, {after:?} after",
        CAPACITY * 3,
        tally.shed.len(),
        tally.others,
    );
    let fine = good >= 0.8 * peak
        && p99 <= Duration::from_millis(50)
        && tally.others == 0
        && after.is_flat_since(&before)
        && bench.router.ledger_is_clean().await?;
    Ok((!fine).then(|| "overload".to_owned()))
}

fn goodput(tally: &Tally, time: Duration) -> f64 {
    tally.served as f64 / time.as_secs_f64()
}

async fn offer(bench: &Bench, rate: u64, time: Duration) -> Tally {
    let mut ticks = tokio::time::interval(Duration::from_micros(1_000_000 / rate));
    let end = Instant::now() + time;
    let mut running = JoinSet::new();
    while Instant::now() < end {
        ticks.tick().await;
        let request = bench.router.post(&by_tier());
        running.spawn(async move {
            let started = Instant::now();
            let answer = request.send().await.ok()?;
            let (status, told) = (answer.status().as_u16(), answer.headers().clone());
            answer.bytes().await.ok()?;
            let has_wait = told.contains_key("retry-after");
            Some((status, has_wait, started.elapsed()))
        });
    }
    let mut tally = Tally::default();
    while let Some(done) = running.join_next().await {
        match done.ok().flatten() {
            Some((200, _, _)) => tally.served += 1,
            Some((503 | 429, true, took)) => tally.shed.push(took),
            Some(_) | None => tally.others += 1,
        }
    }
    tally
}
