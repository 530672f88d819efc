//! What becomes of a stream whose caller leaves: it is closed, or read on for a while.

use std::time::Duration;

use super::flow::Flow;
use crate::catalog::OnDisconnect;

/// A stream without a caller is read on for this long at the most.
const DRAIN_LIMIT: Duration = Duration::from_secs(60);

/// A stream with a caller. Dropped before its end, the caller has left.
pub struct Attended(Option<Box<Flow>>);

impl Attended {
    /// From the first content on.
    pub fn new(flow: Flow) -> Self {
        Self(Some(Box::new(flow)))
    }

    /// Whether the next frames are those of another model that goes on, if one does.
    pub fn has_broken_off(&self) -> bool {
        self.0.as_ref().is_some_and(|flow| flow.has_broken_off())
    }

    /// The next frames; empty when a pause follows, `None` after the last.
    pub async fn next(&mut self) -> Option<bytes::Bytes> {
        self.0.as_mut()?.next().await
    }
}

impl Drop for Attended {
    fn drop(&mut self) {
        let Some(flow) = self.0.take().filter(|flow| !flow.has_ended()) else {
            return;
        };
        let mut unattended = Unattended(flow);
        match unattended.0.ticket.on_disconnect {
            // The upstream's connection goes with it.
            OnDisconnect::Cancel => {}
            OnDisconnect::Drain => {
                let mut stop = unattended.0.ticket.stop.clone();
                actix_web::rt::spawn(async move {
                    tokio::select! {
                        () = unattended.0.drain() => {}
                        () = stop.ordered() => {}
                        () = tokio::time::sleep(DRAIN_LIMIT) => {}
                    }
                });
            }
        }
    }
}

/// A stream without a caller. However it goes, it is billed once.
struct Unattended(Box<Flow>);

impl Drop for Unattended {
    fn drop(&mut self) {
        self.0.abandon();
    }
}
