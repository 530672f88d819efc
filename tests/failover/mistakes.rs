//! Ten thousand mistakes of callers: they trip nothing.

use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

use super::Problem;
use super::answer;
use super::caller::{call, pinned};
use super::judge::is_whole;
use super::router::{Bench, PRIMARY};
use super::run::Recovery;
use super::script::Act;
use super::timing::Timing;

const MISTAKES: usize = 10_000;
const AT_ONCE: usize = 32;

/// What the provider says to the callers' mistakes.
const REFUSALS: [(u16, &str); 5] = [
    (400, "invalid_request_error"),
    (413, "request_too_large"),
    (422, "invalid_request_error"),
    (400, "content_policy_violation"),
    (400, "context_length_exceeded"),
];

/// Answers with what was not as it should be.
pub async fn all(timing: Timing) -> Result<Option<String>, Problem> {
    let settings = timing.failover(Recovery::Off) + &timing.breaker();
    let bench = Bench::start(&settings, answer::TOKENS).await?;
    let alone = json!({ "model": PRIMARY, "messages": [{ "role": "user", "content": "x" }] });
    let mut tripped = 0;
    for (status, code) in REFUSALS {
        bench.primary.script.always(Act::Refuse {
            status,
            retry_after_s: None,
            code,
        });
        let calls = (0..MISTAKES / REFUSALS.len()).map(|_| call(&bench.router, &alone));
        let refused = stream::iter(calls).buffer_unordered(AT_ONCE);
        tripped += refused
            .filter(|seen| std::future::ready(seen.status >= 500 || seen.status == 0))
            .count()
            .await;
    }
    bench.primary.script.heal();
    let seen = call(&bench.router, &pinned()).await;
    let health: Value = bench
        .router
        .client
        .get(format!("{}/health", bench.router.url))
        .send()
        .await?
        .json()
        .await?;
    let fine = tripped == 0
        && is_whole(&seen)
        && seen.model == PRIMARY
        && bench.primary.script.count() == MISTAKES + 1
        && health["status"] == "operational";
    println!(
        "\nMistakes of callers: {} sent, all asked of the provider: {}; {tripped} answered as if it were down; \
         health {}",
        MISTAKES,
        bench.primary.script.count() == MISTAKES + 1,
        health["status"]
    );
    Ok((!fine).then(|| "mistakes of callers".to_owned()))
}
