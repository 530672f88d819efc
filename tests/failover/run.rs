//! Plays the scenarios, each with a router of its own, and scores them.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream;

use super::Problem;
use super::answer;
use super::caller::{call, pinned};
use super::judge::{self, Played, Score, Verdict, is_whole};
use super::router::{Bench, PRIMARY};
use super::scenario::{ALL, Scenario};
use super::timing::Timing;

/// Scenarios that run at one time.
const SIDE_BY_SIDE: usize = 4;

/// Whether an answer that broke off is continued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    Off,
    Continue,
}

impl Recovery {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Continue => "continue",
        }
    }

    /// What every scenario has to come to.
    fn due(self, name: &str) -> Verdict {
        match (self, name) {
            (Self::Off, "S08" | "S09" | "S14") => Verdict::Safe,
            (Self::Off | Self::Continue, _) => Verdict::Pass,
        }
    }
}

/// Plays all sixteen. Answers with the names of those that did not come to what is due.
pub async fn all(timing: Timing, recovery: Recovery, only: &str) -> Result<Vec<String>, Problem> {
    let chosen = ALL.iter().filter(|scenario| scenario.name.contains(only));
    let mut played: Vec<Score> = stream::iter(chosen)
        .map(|scenario| play(scenario, timing, recovery))
        .buffered(SIDE_BY_SIDE)
        .collect::<Vec<_>>()
        .await
        .into_iter()
        .collect::<Result<_, _>>()?;
    if "S15".contains(only) {
        played.push(outage(timing, recovery).await?);
    }
    if played.is_empty() {
        return Ok(Vec::new());
    }
    played.sort_by_key(|score| score.name);
    let title = format!(
        "Scenarios, {} timings, recovery = \"{}\"",
        timing.name(),
        recovery.name()
    );
    judge::print(&title, &played);
    let wrong = |score: &&Score| score.verdict != recovery.due(score.name);
    let told = |score: &Score| format!("{} ({title})", score.name);
    Ok(played.iter().filter(wrong).map(told).collect())
}

async fn bench(timing: Timing, recovery: Recovery) -> Result<Bench, Problem> {
    let settings = timing.failover(recovery) + &timing.breaker();
    Bench::start(&settings, answer::TOKENS).await
}

async fn play(scenario: &Scenario, timing: Timing, recovery: Recovery) -> Result<Score, Problem> {
    let bench = bench(timing, recovery).await?;
    (scenario.set)(&bench, timing);
    let seen = call(&bench.router, &pinned()).await;
    let (primary, fallback) = (bench.primary.script.calls(), bench.fallback.script.count());
    bench.primary.script.heal();
    let played = Played {
        after: call(&bench.router, &pinned()).await,
        primary,
        fallback,
        seen,
    };
    let want = (scenario.want)(timing);
    let (mut verdict, mut reasons) = judge::judge(&want, &played);
    if verdict == recovery.due(scenario.name) && verdict == Verdict::Safe {
        // What a safe end lacks is known.
        reasons.clear();
    }
    if !bench.router.ledger_is_clean().await? {
        verdict = Verdict::Fail;
        reasons.push("the ledger does not add up".to_owned());
    }
    Ok(Score {
        name: scenario.name,
        what: scenario.what,
        verdict,
        reasons,
        facts: facts(&played),
    })
}

fn facts(played: &Played) -> String {
    let recovered = match &played.seen.recovery {
        Some(recovery) => format!(", recovered {recovery}"),
        None => String::new(),
    };
    format!(
        "{} + {} calls, {:.1} s{recovered}",
        played.primary.len(),
        played.fallback,
        played.seen.took.as_secs_f64()
    )
}

/// S15: the primary is down for a minute and comes back. Nobody notices, and it serves again within
/// half a minute.
async fn outage(timing: Timing, recovery: Recovery) -> Result<Score, Problem> {
    let mut bench = bench(timing, recovery).await?;
    let mut reasons = Vec::new();
    let pause = timing.of_s(1);
    bench.primary.go_down().await;
    let heal_at = Instant::now() + timing.of_s(60);
    let mut during = 0;
    while Instant::now() < heal_at {
        let seen = call(&bench.router, &pinned()).await;
        during += 1;
        if !is_whole(&seen) {
            reasons.push(format!("while it was down: {seen:?}"));
        }
        tokio::time::sleep(pause).await;
    }
    bench.primary.come_back()?;
    let back = back_after(&bench, timing, pause, &mut reasons).await;
    if back.is_none() {
        reasons.push("it did not serve again in time".to_owned());
    }
    let verdict = if reasons.is_empty() {
        Verdict::Pass
    } else {
        Verdict::Fail
    };
    let back = back.map_or("not".to_owned(), |d| format!("{:.1} s", d.as_secs_f64()));
    Ok(Score {
        name: "S15",
        what: "primary down for 60 s and back",
        verdict,
        reasons,
        facts: format!("{during} calls meanwhile, back after {back}"),
    })
}

async fn back_after(
    bench: &Bench,
    timing: Timing,
    pause: Duration,
    reasons: &mut Vec<String>,
) -> Option<Duration> {
    let healed = Instant::now();
    while healed.elapsed() <= timing.of_s(30) {
        let seen = call(&bench.router, &pinned()).await;
        if !is_whole(&seen) {
            reasons.push(format!("while it came back: {seen:?}"));
        }
        if seen.model == PRIMARY {
            return Some(healed.elapsed());
        }
        tokio::time::sleep(pause).await;
    }
    None
}
