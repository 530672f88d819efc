//! `make failover`: sixteen scenarios with a scorecard, and runs under load, against the built binary
//! between two scripted providers.
//!
//! `FAILOVER=full` plays the published timings instead of a tenth of them; `ONLY` narrows the run to
//! what has it in its name: a scenario such as `S08`, `load`, `mistakes`, `leavers`, `overload` or `soak`. Exit
//! code 1 when something did not come to what is due.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a program of its own that reports to its terminal"
)]

mod answer;
mod caller;
mod judge;
mod leavers;
mod load;
mod mistakes;
mod overload;
mod proc;
mod provider;
mod router;
mod run;
mod scenario;
mod script;
mod soak;
mod timing;

use std::process::ExitCode;

use run::Recovery;
use timing::Timing;

/// What keeps the run from being made.
type Problem = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let timing = match std::env::var("FAILOVER").as_deref() {
        Ok("full") => Timing::Full,
        Ok(_) | Err(_) => Timing::Fast,
    };
    let only = std::env::var("ONLY").unwrap_or_default();
    match run(timing, &only) {
        Ok(wrong) if wrong.is_empty() => ExitCode::SUCCESS,
        Ok(wrong) => {
            println!("\nnot as it should be: {}", wrong.join(", "));
            ExitCode::FAILURE
        }
        Err(problem) => {
            println!("failover: cannot run: {problem}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn run(timing: Timing, only: &str) -> Result<Vec<String>, Problem> {
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    let mut wrong = run::all(timing, Recovery::Off, only).await?;
    wrong.extend(run::all(timing, Recovery::Continue, only).await?);
    if "load".contains(only) {
        wrong.extend(load::all(timing).await?);
    }
    if "mistakes".contains(only) {
        wrong.extend(mistakes::all(timing).await?);
    }
    if "leavers".contains(only) {
        wrong.extend(leavers::all(timing).await?);
    }
    if "overload".contains(only) {
        wrong.extend(overload::all(timing).await?);
    }
    if "soak".contains(only) {
        wrong.extend(soak::all(timing).await?);
    }
    Ok(wrong)
}
