//! The operator's logs: readable on a terminal, JSON elsewhere. Never prompts, completions or keys.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::Environment;

/// Starts logging to standard error. `RUST_LOG` chooses the level; the default is `info`.
pub fn start(env: &Environment) {
    let wanted = env
        .get("RUST_LOG")
        .unwrap_or_else(|| "info,actix_server=warn,sled=warn".to_owned());
    let filter = EnvFilter::try_new(&wanted).unwrap_or_else(|_| EnvFilter::new("info"));
    let registry = tracing_subscriber::registry().with(filter);
    let terminal = std::io::stderr().is_terminal();
    let started = if terminal {
        registry
            .with(
                tracing_subscriber::fmt::layer()
                    .with_writer(std::io::stderr)
                    .with_target(false),
            )
            .try_init()
    } else {
        registry
            .with(
                tracing_subscriber::fmt::layer()
                    .json()
                    .flatten_event(true)
                    .with_span_list(false)
                    .with_writer(std::io::stderr),
            )
            .try_init()
    };
    // A second start (several routers in one test process) keeps the first subscriber.
    drop(started);
}
