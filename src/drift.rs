//! `model-router catalog diff`: what drifted between the catalog and a public price list.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

use model_router::actors::catalog::Source;
use model_router::actors::clock;
use model_router::catalog::diff::{Comparison, MOST_BYTES, compare};
use model_router::config::{Environment, Settings};

use crate::EXIT_CANNOT_START;

/// Prints what drifted. Exit 1 when something did, 2 when the list cannot be compared.
pub fn diff(config: Option<&Path>, prices: &Path) -> ExitCode {
    match compared(config, prices) {
        Ok(comparison) => tell(&comparison),
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::from(EXIT_CANNOT_START)
        }
    }
}

fn compared(config: Option<&Path>, prices: &Path) -> Result<Comparison, String> {
    let env = Environment::Process;
    let settings = Settings::load(config, &env).map_err(|error| error.to_string())?;
    let source = Source {
        overlay: settings.catalog.overlay,
        env,
    };
    let catalog = source.load().map_err(|error| error.to_string())?;
    let text = read(prices).map_err(|error| format!("{}: {error}", prices.display()))?;
    compare(&catalog, &text, clock::today())
        .map_err(|error| format!("{}: {error}", prices.display()))
}

fn read(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    File::open(path)?
        .take(MOST_BYTES)
        .read_to_string(&mut text)?;
    Ok(text)
}

fn tell(comparison: &Comparison) -> ExitCode {
    for drift in &comparison.drifts {
        println!("{drift}");
    }
    let Comparison {
        shape,
        compared,
        drifts,
        unlisted,
    } = comparison;
    println!(
        "{compared} models compared with {shape}'s list (USD per million tokens): {} drifted",
        drifts.len()
    );
    if !unlisted.is_empty() {
        println!("not listed: {}", unlisted.join(", "));
    }
    if drifts.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
