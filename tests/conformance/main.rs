//! Replays recorded exchanges with providers through the built binary and checks both sides: what
//! the caller gets, and what the upstream was asked.
//!
//! Counts the recorded requests as well and compares with the usage that their providers reported.
//!
//! `WIRE` names a directory with `index.json` and `<provider>/<id>.json`; `CASE` narrows the run to
//! cases whose name contains it; `TOKENS` leaves the replay out and lists every count. Without `WIRE` nothing is run. Exit code 1 when a check failed or
//! the run could not be made.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a program of its own that reports to its terminal"
)]

mod case;
mod chatform;
mod check;
mod dialect;
mod expect;
mod failure;
mod report;
mod request;
mod router;
mod seen;
mod stream;
mod target;
mod tokens;
mod upstream;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use case::{Case, Recording};
use report::{Report, Verdict};
use router::Router;
use target::Targets;
use tokens::Tokens;
use upstream::Upstreams;

/// What keeps the run from being made.
type Problem = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let Some(wire) = std::env::var_os("WIRE") else {
        println!("conformance: not run; WIRE names no directory of recorded exchanges");
        return ExitCode::SUCCESS;
    };
    let filter = std::env::var("CASE").unwrap_or_default();
    match run(Path::new(&wire), &filter) {
        Ok((report, tokens)) => {
            report.print();
            tokens.print();
            ExitCode::from(u8::from(report.has_failures() || tokens.has_failures()))
        }
        Err(problem) => {
            println!("conformance: cannot run: {problem}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn run(wire: &Path, filter: &str) -> Result<(Report, Tokens), Problem> {
    let tokens = Tokens::of(wire, filter)?;
    if tokens::alone() {
        return Ok((Report::default(), tokens));
    }
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    let mut report = Report::default();
    let mut cases = Vec::new();
    for recording in case::load(wire, filter)? {
        match recording {
            Recording::Chat(case) => cases.push(Arc::new(case)),
            Recording::Other { name, reason } => report.add(name, Verdict::Skipped(reason)),
        }
    }
    let upstreams = Upstreams::start(&cases)?;
    let targets = Targets::new(&cases, &upstreams)?;
    let shared = Router::start(&targets, &upstreams).await?;
    for (number, case) in cases.iter().enumerate() {
        let verdict = if case.may_rest_the_model() {
            let alone = Router::start(&targets, &upstreams).await?;
            replay(number, case, &alone, &targets, &upstreams).await?
        } else {
            replay(number, case, &shared, &targets, &upstreams).await?
        };
        report.add(case.name.clone(), verdict);
    }
    Ok((report, tokens))
}

/// Sends one case's request and checks the answer and what the upstream got.
async fn replay(
    number: usize,
    case: &Case,
    router: &Router,
    targets: &Targets,
    upstreams: &Upstreams,
) -> Result<Verdict, Problem> {
    let Some(target) = targets.of(case) else {
        return Ok(Verdict::Skipped("no model of the provider speaks it"));
    };
    let body = request::body(number, case, target);
    let seen = router.chat(case, &body).await?;
    let calls = upstreams.calls(number);
    Ok(Verdict::Checked(check::all(
        case, target, &body, &seen, &calls,
    )))
}
