//! The signals an operator sends: stop, and read catalog and weights again.

use model_router::actors::Switchboard;
use model_router::actors::catalog::Reload;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Reads catalog and weights again: both are taken, or neither.
async fn reload(desk: &Switchboard) {
    match desk.catalog.send(Reload).await {
        // The keeper tells what it took.
        Ok(Ok(_)) => {}
        Ok(Err(error)) => {
            tracing::error!(%error, "nothing was taken; catalog and weights stay what they were");
        }
        Err(error) => tracing::error!(%error, "catalog and weights not reloaded"),
    }
}

/// The signals an operator sends.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    /// Listens for them from now on.
    pub fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for SIGTERM or SIGINT.
    pub async fn stop(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    /// The same, and reloads catalog and weights on each SIGHUP meanwhile.
    pub async fn stop_or_reload(&mut self, desk: &Switchboard) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hang_up.recv() => reload(desk).await,
            }
        }
    }
}
