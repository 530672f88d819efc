//! The order to end now: every running request hears it, ends truthfully and settles.

use tokio::sync::watch;

/// Whether running requests may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    GoOn,
    End,
}

/// Gives the order once, to all that listen.
#[derive(Debug)]
pub struct Stop(watch::Sender<Order>);

/// Listens for the order.
#[derive(Clone, Debug)]
pub struct StopListener(watch::Receiver<Order>);

impl Default for Stop {
    fn default() -> Self {
        Self(watch::Sender::new(Order::GoOn))
    }
}

impl Stop {
    /// Every running request is to end now.
    pub fn end_all(&self) {
        self.0.send_replace(Order::End);
    }

    /// A listener for one request.
    pub fn listen(&self) -> StopListener {
        StopListener(self.0.subscribe())
    }
}

impl StopListener {
    /// Waits for the order; for ever, when it never comes.
    pub async fn ordered(&mut self) {
        if self.0.wait_for(|order| *order == Order::End).await.is_err() {
            // Whoever could give it is gone, and with it the whole router.
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test]
    async fn the_order_reaches_who_listened_before_and_after() {
        let stop = Stop::default();
        let mut before = stop.listen();
        let waited = tokio::time::timeout(Duration::from_millis(5), before.ordered()).await;
        assert!(waited.is_err(), "nobody gave it yet");
        stop.end_all();
        before.ordered().await;
        stop.listen().ordered().await;
    }
}
