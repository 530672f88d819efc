//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// One OpenAI-compatible endpoint in front of many providers of language models. Callers name a tier (economy, standard, premium, auto) and a direction (prefer: cheap,
/// fast, balanced, quality, coding) instead of a model; the router picks it, fails over, and bills
/// a prepaid account exactly.
#[derive(Debug, Parser)]
#[command(version, after_help = AFTER_HELP)]
pub struct Cli {
    /// Settings file. Default: MODEL_ROUTER_CONFIG, else ./model-router.toml if it is there.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What to do. Default: serve.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve callers, with the providers whose keys are in the environment.
    Serve {
        /// Start simulated providers on loopback and route to them: no keys, no network. Prints a
        /// ready API key and curl lines. Without MODEL_ROUTER_DATA_DIR nothing is kept.
        #[arg(long)]
        sandbox: bool,
    },
    /// Check settings and catalog and tell which providers have keys. Exit 1 with file, line and
    /// reason when something is wrong.
    Check,
    /// Work on the catalog.
    #[command(subcommand)]
    Catalog(CatalogCommand),
    /// Work on the ledger of a router that is not running.
    #[command(subcommand)]
    Ledger(LedgerCommand),
    /// Run only the simulated providers, on fixed ports, for trying out outages.
    Sandbox {
        /// Port of the first provider; the others follow.
        #[arg(long, default_value_t = 9101)]
        port: u16,
    },
}

impl Default for Command {
    fn default() -> Self {
        Self::Serve { sandbox: false }
    }
}

/// Work on the catalog.
#[derive(Debug, Subcommand)]
pub enum CatalogCommand {
    /// Compare prices, windows and longest outputs with a public price list and print what drifted.
    /// Nothing is changed. Exit 1 when something drifted, 2 when the list cannot be read.
    Diff {
        /// LiteLLM's model_prices_and_context_window.json, or genai-prices' data.json.
        #[arg(long, value_name = "FILE")]
        prices: PathBuf,
    },
}

/// Work on the ledger.
#[derive(Debug, Subcommand)]
pub enum LedgerCommand {
    /// Re-derive every balance from its transfers and check the hash chain.
    Verify,
}

const AFTER_HELP: &str = "\
Try it without any key:
  model-router serve --sandbox

Serve for real:
  export OPENAI_API_KEY=…            one provider is enough; `model-router check` lists the variables
  export MODEL_ROUTER_ADMIN_TOKEN=…  opens /admin, where accounts and credit are made
  model-router serve

Signals: SIGTERM drains (a second one ends at once), SIGHUP reloads the catalog.
Exit codes: 0 stopped, 1 a check failed, 2 cannot start, 75 storage failed.";
