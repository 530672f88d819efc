//! Ten thousand callers who leave, at every moment and in both manners: nothing piles up.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Problem;
use super::answer;
use super::caller::{call, pinned};
use super::judge::is_whole;
use super::proc::footprint;
use super::router::{Bench, Router};
use super::run::Recovery;
use super::script::Act;
use super::timing::Timing;

const LEAVERS: usize = 10_000;
const WARM_UP: usize = 500;
const AT_ONCE: usize = 32;

/// Answers with what was not as it should be.
pub async fn all(timing: Timing) -> Result<Option<String>, Problem> {
    let settings = timing.failover(Recovery::Off) + &timing.breaker();
    let bench = Bench::start(&settings, answer::TOKENS).await?;
    // Ten tokens, and then the stream stands still: callers leave in its middle.
    bench.primary.script.always(Act::StallAfter(10));
    leave(&bench.router, WARM_UP).await?;
    settle(&bench.router).await?;
    let before = footprint(bench.router.pid())?;
    leave(&bench.router, LEAVERS).await?;
    let in_flight = settle(&bench.router).await?;
    let after = footprint(bench.router.pid())?;
    bench.primary.script.heal();
    let whole = is_whole(&call(&bench.router, &pinned()).await);
    let clean = bench.router.ledger_is_clean().await?;
    let flat = after.is_flat_since(&before);
    println!(
        "\nCallers who leave: {LEAVERS}; {before:?} before, {after:?} after; {in_flight} in flight; \
         ledger clean: {clean}; a healthy call afterwards: {whole}"
    );
    let fine = flat && whole && clean && in_flight == 0;
    Ok((!fine).then(|| "callers who leave".to_owned()))
}

pub async fn leave(router: &Router, callers: usize) -> Result<(), Problem> {
    let mut left = stream::iter(0..callers)
        .map(|number| one(router, number))
        .buffer_unordered(AT_ONCE);
    while let Some(left) = left.next().await {
        left?;
    }
    Ok(())
}

/// A caller who leaves: before its body is whole, while it waits, in the middle; by FIN or by RST.
async fn one(router: &Router, number: usize) -> Result<(), Problem> {
    let host = router.url.trim_start_matches("http://");
    let mut socket = TcpStream::connect(host).await?;
    let mut body = pinned();
    body["stream"] = (!number.is_multiple_of(5)).into();
    let body = body.to_string();
    let sent = if number.is_multiple_of(3) {
        &body[..body.len() / 2]
    } else {
        &body
    };
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{sent}",
        router.key,
        body.len()
    );
    socket.write_all(head.as_bytes()).await?;
    if number % 3 == 1 {
        // Until the answer has begun, or for a moment when there will be none.
        let mut piece = [0; 256];
        let wait = Duration::from_millis(200);
        tokio::time::timeout(wait, socket.read(&mut piece))
            .await
            .ok();
    }
    if number.is_multiple_of(2) {
        socket.set_zero_linger()?;
    }
    Ok(())
}

/// Waits until nothing is in flight, at most ten seconds. Answers with what still is.
async fn settle(router: &Router) -> Result<usize, Problem> {
    let mut in_flight = 0;
    for _ in 0..100 {
        in_flight = router.in_flight().await?;
        if in_flight == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(in_flight)
}
