//! The load run: two hundred requests a second while the chosen provider fails in every manner, and
//! then heals.

use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::Problem;
use super::router::{Bench, FALLBACK, PRIMARY};
use super::run::Recovery;
use super::script::Act;
use super::timing::Timing;

const RATE: u64 = 200;
/// Requests of a burst that run at one time.
const AT_ONCE: usize = 64;
/// Tokens of an answer: the run is about routing, not about long texts.
const TOKENS: usize = 3;
/// Healed traffic is back when this share of a second's requests is served by the chosen provider.
const BACK: f64 = 0.9;

/// How the chosen provider fails.
#[derive(Clone, Copy, Debug)]
pub enum Outage {
    Refuses,
    Answers500,
    Hangs,
    Storms429,
}

pub const OUTAGES: [Outage; 4] = [
    Outage::Refuses,
    Outage::Answers500,
    Outage::Hangs,
    Outage::Storms429,
];

impl Outage {
    pub async fn begin(self, bench: &mut Bench) {
        match self {
            Self::Refuses => bench.primary.go_down().await,
            Self::Answers500 => bench.primary.script.always(refusal(500, None)),
            Self::Hangs => bench.primary.script.always(Act::Silence),
            Self::Storms429 => bench.primary.script.always(refusal(429, Some(1))),
        }
    }

    pub fn end(self, bench: &mut Bench) -> Result<(), Problem> {
        match self {
            Self::Refuses => bench.primary.come_back()?,
            Self::Answers500 | Self::Hangs | Self::Storms429 => bench.primary.script.heal(),
        }
        Ok(())
    }
}

/// What became of the requests of one phase.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub sent: usize,
    pub failed: Vec<String>,
    by_primary: usize,
    slow: usize,
}

/// One request of the run.
struct Answered {
    failure: Option<String>,
    by_primary: bool,
    took: Duration,
}

/// Plays all outages. Answers with what was not as it should be.
pub async fn all(timing: Timing) -> Result<Vec<String>, Problem> {
    println!("\nLoad, {RATE} requests/s, {} timings", timing.name());
    let mut wrong = Vec::new();
    for outage in OUTAGES {
        wrong.extend(play(outage, timing).await?);
    }
    Ok(wrong)
}

async fn play(outage: Outage, timing: Timing) -> Result<Option<String>, Problem> {
    let settings = format!(
        "{}{}[limits]\nrunning_per_account = 100000\nrequests_in_flight = 100000\n",
        timing.failover(Recovery::Off),
        timing.breaker()
    );
    let mut bench = Bench::start(&settings, TOKENS).await?;
    phase(&bench, timing.of_s(20)).await;
    outage.begin(&mut bench).await;
    let during = phase(&bench, timing.of_s(60)).await;
    outage.end(&mut bench)?;
    let (after, back) = until_back(&bench, timing.of_s(60)).await;
    let failed: Vec<&String> = during.failed.iter().chain(&after.failed).collect();
    println!(
        "  {outage:?}: {} requests meanwhile, {} client errors, {} slower than a second; back after {}",
        during.sent,
        failed.len(),
        during.slow,
        back.map_or("never".to_owned(), |d| format!("{:.1} s", d.as_secs_f64())),
    );
    for failure in failed.iter().take(3) {
        println!("    {}", failure.chars().take(300).collect::<String>());
    }
    let clean = bench.router.ledger_is_clean().await?;
    // Who was sent to a silent provider waits for the clock of the first token; nobody after that.
    let patient = match outage {
        Outage::Hangs => timing.of_s(10) + timing.of_s(5),
        Outage::Refuses | Outage::Answers500 | Outage::Storms429 => timing.of_s(5),
    };
    let few_slow = during.slow as f64 <= RATE as f64 * patient.as_secs_f64();
    let fine = failed.is_empty() && back.is_some() && few_slow && clean;
    Ok((!fine).then(|| format!("load while the provider {outage:?}")))
}

const fn refusal(status: u16, retry_after_s: Option<u64>) -> Act {
    Act::Refuse {
        status,
        retry_after_s,
        code: "scripted_outage",
    }
}

/// A steady stream of requests for so long.
pub async fn phase(bench: &Bench, time: Duration) -> Tally {
    let pause = Duration::from_micros(1_000_000 / RATE);
    let mut ticks = tokio::time::interval(pause);
    let end = Instant::now() + time;
    let mut running = JoinSet::new();
    while Instant::now() < end {
        ticks.tick().await;
        running.spawn(one(bench.router.post(&by_tier())));
    }
    let mut tally = Tally::default();
    while let Some(done) = running.join_next().await {
        match done {
            Ok(answered) => tally.add(answered),
            Err(error) => {
                tally.sent += 1;
                tally.failed.push(error.to_string());
            }
        }
    }
    tally
}

/// So many requests, as fast as they are answered.
pub async fn burst(bench: &Bench, requests: usize) -> Tally {
    let request = by_tier();
    let answers = stream::iter(0..requests).map(|_| one(bench.router.post(&request)));
    let mut answers = answers.buffer_unordered(AT_ONCE);
    let mut tally = Tally::default();
    while let Some(answered) = answers.next().await {
        tally.add(answered);
    }
    tally
}

impl Tally {
    fn add(&mut self, answered: Answered) {
        self.sent += 1;
        self.failed.extend(answered.failure);
        self.by_primary += usize::from(answered.by_primary);
        self.slow += usize::from(answered.took > Duration::from_secs(1));
    }
}

/// Second after second, until the chosen provider serves nearly everybody again.
async fn until_back(bench: &Bench, limit: Duration) -> (Tally, Option<Duration>) {
    let healed = Instant::now();
    let mut all = Tally::default();
    while healed.elapsed() < limit {
        let second = phase(bench, Duration::from_secs(1)).await;
        let share = second.by_primary as f64 / second.sent.max(1) as f64;
        all.failed.extend(second.failed);
        if share >= BACK {
            return (all, Some(healed.elapsed()));
        }
    }
    (all, None)
}

/// A request that names no model: the better one of the two is chosen.
pub fn by_tier() -> Value {
    json!({
        "model": "economy", "prefer": "quality", "provider": { "only": ["alpha", "beta"] },
        "stream": true,
        "messages": [{ "role": "user", "content": "Hello" }],
    })
}

async fn one(request: reqwest::RequestBuilder) -> Answered {
    let started = Instant::now();
    let answer = match request.send().await {
        Ok(answer) => answer,
        Err(error) => return failed(started, format!("{error:?}")),
    };
    let status = answer.status().as_u16();
    let text = match answer.text().await {
        Ok(text) if status == 200 => text,
        Ok(text) => return failed(started, format!("{status}: {text}")),
        Err(error) => return failed(started, error.to_string()),
    };
    // The header is left out when the wait was long; the chunks always name the model.
    let by = |model: &str| text.contains(&format!("\"model\":\"{model}\""));
    let whole = ["word0", " word1", " word2", "[DONE]"]
        .iter()
        .all(|piece| text.contains(piece));
    let (by_primary, named) = (by(PRIMARY), by(PRIMARY) || by(FALLBACK));
    Answered {
        failure: (!named || !whole).then_some(text),
        by_primary,
        took: started.elapsed(),
    }
}

fn failed(started: Instant, failure: String) -> Answered {
    Answered {
        failure: Some(failure),
        by_primary: false,
        took: started.elapsed(),
    }
}
