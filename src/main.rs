//! The binary: arguments → settings → logs → storage → actors → serve → drain → exit.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command talks to its terminal"
)]

mod classify;
mod cli;
mod drift;
mod ledger_commands;
mod serve;

use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use model_router::actors::Providers;
use model_router::actors::catalog::Source;
use model_router::actors::classifier;
use model_router::actors::credential::{self, Credential};
use model_router::catalog::{Catalog, Endpoint};
use model_router::config::{Environment, Settings};
use model_router::wire;

use cli::{CatalogCommand, Cli, Command};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The start was stopped by something the operator can mend.
pub const EXIT_CANNOT_START: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let config = cli.config.as_deref();
    match cli.command.unwrap_or_default() {
        Command::Serve { sandbox: true } => serve::serve(config, Providers::Simulated),
        Command::Serve { sandbox: false } => serve::serve(config, Providers::Real),
        Command::Check => check(config),
        Command::Classify {
            from,
            lines,
            features,
        } => {
            let form = match (features, lines) {
                (true, _) => classify::Form::Features,
                (false, true) => classify::Form::Lines,
                (false, false) => classify::Form::Page,
            };
            classify::run(config, &from, form)
        }
        Command::Catalog(CatalogCommand::Diff { prices }) => drift::diff(config, &prices),
        Command::Ledger(command) => ledger_commands::run(config, command),
        Command::Sandbox { port } => serve::sandbox::only(port),
    }
}

/// `model-router check`: settings and catalog, without starting anything.
fn check(config: Option<&Path>) -> ExitCode {
    match checked(config) {
        Ok(lines) => {
            println!("{lines}");
            ExitCode::SUCCESS
        }
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}

fn checked(config: Option<&Path>) -> Result<String, String> {
    let env = Environment::Process;
    let settings = Settings::load(config, &env).map_err(|error| error.to_string())?;
    let source = Source {
        overlay: settings.catalog.overlay.clone(),
        env: env.clone(),
    };
    let catalog = source.load().map_err(|error| error.to_string())?;
    let models = catalog.models().len();
    let weights = classifier::load(settings.auto.weights.as_ref());
    let weights = weights.map_err(|error| error.to_string())?;
    let mut lines = vec![format!(
        "settings: ok\ncatalog: ok, {models} models, version {}\nclassifier: ok, weights {}",
        catalog.version(),
        weights.version()
    )];
    lines.push(deposits(&settings).to_owned());
    lines.extend(providers(&catalog, &env));
    Ok(lines.join("\n"))
}

fn deposits(settings: &Settings) -> &'static str {
    let deposits = &settings.deposits;
    match (&deposits.stripe, deposits.access()) {
        (_, Some(_)) => "deposits: on",
        (Some(_), None) => {
            "deposits: off; STRIPE_WEBHOOK_SECRET is not set, so that payments could not be credited"
        }
        (None, None) => "deposits: off; set STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET",
    }
}

fn providers(catalog: &Catalog, env: &Environment) -> Vec<String> {
    let line = |provider: &model_router::catalog::Provider| {
        let name = provider.name.as_str();
        if !wire::speaks(provider.dialect, Endpoint::Chat) {
            return format!("provider {name}: its dialect is not spoken yet");
        }
        let access =
            credential::base_url(provider, env).and_then(|_| Credential::read(provider, env));
        match access {
            Err(error) => format!("provider {name}: {error}"),
            Ok(Credential::Key(_)) => format!("provider {name}: key set"),
            Ok(Credential::Aws(keys)) => {
                format!("provider {name}: AWS keys set, region {}", keys.region)
            }
            Ok(Credential::None) if provider.api_key_env.is_empty() => {
                format!("provider {name}: needs no key")
            }
            Ok(Credential::None) => format!(
                "provider {name}: no key; set {}",
                provider.api_key_env.join(" or ")
            ),
        }
    };
    catalog
        .providers()
        .iter()
        .map(|provider| line(provider))
        .collect()
}
