//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use model_router::ids::AccountId;
use model_router::store::Day;

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
        /// Start simulated providers and a simulated Stripe on loopback and use them: no keys, no network.
        /// Prints a ready API key and curl lines. Without MODEL_ROUTER_DATA_DIR nothing is kept.
        #[arg(long)]
        sandbox: bool,
    },
    /// Check settings and catalog and tell which providers have keys. Exit 1 with file, line and
    /// reason when something is wrong.
    Check,
    /// Tell what `auto` makes of a conversation: score, tier and what it was decided by.
    Classify {
        /// A chat request, its `messages` alone, or with --lines one of either a line; `-` is
        /// standard input.
        #[arg(value_name = "FILE")]
        from: PathBuf,
        /// Read one conversation a line, and write one line of JSON for each, with its `id`.
        #[arg(long)]
        lines: bool,
        /// Write what training reads, in place of a verdict: the names of the features, then a line
        /// with features and grams for each line that is read.
        #[arg(long)]
        features: bool,
    },
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

/// Work on the ledger. While the router runs, GET /admin/ledger/verify and /admin/ledger/export do
/// the same without stopping it.
#[derive(Debug, Subcommand)]
pub enum LedgerCommand {
    /// Re-derive every balance from its transfers and check the hash chain. Exit 1 with the finding
    /// when something is wrong.
    Verify,
    /// Write the whole ledger as lines of JSON: customers and hashes of their keys, transfers,
    /// totals, records. Each transfer carries its hash, and the last line seals the file.
    ///
    /// The secret under which keys are hashed is not in it: copy the file `pepper` of the data
    /// directory too, and keep it as safe as the keys themselves.
    Export {
        /// Where to; `-` is standard output. A file appears only when it is whole.
        #[arg(default_value = "-", value_name = "FILE")]
        to: PathBuf,
    },
    /// Build the ledger anew from an export, in a data directory that has none. Every hash, balance
    /// and count is checked; a file with a changed byte is refused with its line, and nothing is
    /// left behind.
    ///
    /// Put the file `pepper` of the old data directory into the new one, before or after: without
    /// it no API key is known, and the router does not start.
    Import {
        /// The export.
        #[arg(value_name = "FILE")]
        from: PathBuf,
    },
    /// Print a customer's bookings as CSV: time, kind, amount, balance after it, and generation and
    /// model or reason. Amounts are USD.
    Statement {
        /// Whose: acct_…
        #[arg(long, value_name = "ACCOUNT")]
        account: AccountId,
        /// First day, UTC. Default: all from the beginning.
        #[arg(long, value_name = "YYYY-MM-DD")]
        from: Option<Day>,
        /// Last day, UTC. Default: all to the end.
        #[arg(long, value_name = "YYYY-MM-DD")]
        to: Option<Day>,
    },
}

const AFTER_HELP: &str = "\
Try it without any key:
  model-router serve --sandbox

Serve for real:
  export OPENAI_API_KEY=…            one provider is enough; `model-router check` lists the variables
  export MODEL_ROUTER_ADMIN_TOKEN=…  opens /admin, where accounts and credit are made
  export STRIPE_SECRET_KEY=… STRIPE_WEBHOOK_SECRET=…  lets customers pay by card (docs/deploy.md)
  model-router serve

Back up, restore (docs/deploy.md):
  model-router ledger export backup.jsonl && cp $MODEL_ROUTER_DATA_DIR/pepper .
  MODEL_ROUTER_DATA_DIR=/new model-router ledger import backup.jsonl && cp pepper /new/

Signals: SIGTERM drains (a second one ends at once), SIGHUP reloads the catalog
and the classifier's weights.
Exit codes: 0 stopped, 1 a check failed, 2 cannot start, 75 storage failed: start again when the
disk is well.";
