//! How a provider is reached, and who gives the right to an attempt at it.

use std::sync::Arc;
use std::time::Instant;

use actix::{Addr, MailboxError};
use arc_swap::ArcSwap;

use crate::actors::credential::Credential;
use crate::actors::provider::{Acquire, Lease, Order, Provider, Refused, Standings, Turn};
use crate::actors::statistics::Board;
use crate::catalog::{self, KeyNeed};

/// How a provider is reached.
pub struct Route {
    /// Its catalog row.
    pub provider: Arc<catalog::Provider>,
    /// Where its API begins, without a trailing slash.
    pub base_url: String,
    /// The operator's credential for it.
    pub credential: Credential,
    pub(super) actor: Addr<Provider>,
    pub(super) standings: Arc<ArcSwap<Standings>>,
    pub(super) statistics: Arc<Board>,
}

impl Route {
    /// Whether the provider takes part: it has its key, or needs none.
    pub fn is_configured(&self) -> bool {
        match self.provider.key_need {
            KeyNeed::Required => self.credential.is_set(),
            KeyNeed::Optional => true,
        }
    }

    /// The right to one attempt, or why not. The first attempt of a request gets it at once while
    /// everything it would have to pass is published as open; otherwise the provider's actor decides.
    pub async fn acquire(&self, ask: Acquire) -> Result<Result<Lease, Refused>, MailboxError> {
        let is_open = || self.standings.load().is_open(&ask.model, Instant::now());
        match ask.turn {
            Turn::First if is_open() => Ok(Ok(Lease::at_once(self.actor.clone(), ask))),
            Turn::First | Turn::Further => self.actor.send(ask).await,
        }
    }

    /// Has the operator's order done. It holds for attempts that come after the answer.
    pub async fn order(&self, order: Order) -> Result<(), MailboxError> {
        self.actor.send(order).await
    }

    /// Where it and its models stand.
    pub fn standings(&self) -> Arc<Standings> {
        self.standings.load_full()
    }

    /// What was observed of its models.
    pub fn statistics(&self) -> &Board {
        &self.statistics
    }
}
