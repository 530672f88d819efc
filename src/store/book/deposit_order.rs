//! Deposits that were ordered: kept before the card processor hears of them, so that a payment finds
//! whom it is for.

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use crate::ids::{AccountId, OrderId};
use crate::money::Cents;
use crate::store::db::Batch;
use crate::store::key;

/// How long an order that nobody paid is kept: 30 days, for which the processor keeps its messages.
const UNPAID_MS: u64 = 30 * 24 * 3600 * 1000;

/// A deposit that was ordered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DepositOrder {
    /// Its id, which goes to the card processor and comes back with the payment.
    pub id: OrderId,
    /// Whose credit it becomes.
    pub account: AccountId,
    /// What is to be paid, fee included.
    pub paid: Cents,
    /// How it came about.
    pub origin: Origin,
    /// The processor's customer who is to pay, as soon as there is one.
    pub customer: Option<String>,
    /// The caller's idempotency key.
    pub request: Option<String>,
    /// When it was made, in milliseconds since 1970.
    pub created_ms: u64,
    /// How far it is.
    pub state: OrderState,
}

/// How an order came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The customer pays on the processor's page.
    Checkout,
    /// A saved card is charged while nobody is there.
    Recharge,
}

/// How far an order is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderState {
    /// Nobody has paid yet.
    Open,
    /// It will not be paid.
    Failed,
    /// It was paid.
    Paid {
        /// The processor's id of the payment.
        intent: String,
        /// When we heard of it, in milliseconds since 1970.
        at_ms: u64,
    },
}

impl DepositOrder {
    /// The processor's id of the payment, when it was paid.
    pub fn intent(&self) -> Option<&str> {
        match &self.state {
            OrderState::Open | OrderState::Failed => None,
            OrderState::Paid { intent, .. } => Some(intent),
        }
    }
}

impl Origin {
    /// As the API and the transfers' actor name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Checkout => "checkout",
            Self::Recharge => "auto_recharge",
        }
    }
}

/// All orders, in memory: a short row for each deposit ever made, and for those that may yet be paid.
#[derive(Debug, Default)]
pub(super) struct Orders {
    rows: HashMap<OrderId, DepositOrder>,
    by_account: BTreeSet<(AccountId, OrderId)>,
    /// By age.
    unpaid: BTreeSet<OrderId>,
}

impl Orders {
    pub(super) fn get(&self, id: OrderId) -> Option<&DepositOrder> {
        self.rows.get(&id)
    }

    pub(super) fn insert(&mut self, order: DepositOrder) {
        self.by_account.insert((order.account, order.id));
        match order.state {
            OrderState::Open | OrderState::Failed => self.unpaid.insert(order.id),
            OrderState::Paid { .. } => self.unpaid.remove(&order.id),
        };
        self.rows.insert(order.id, order);
    }

    /// An account's orders since a moment, newest first.
    pub(super) fn since(
        &self,
        account: AccountId,
        from_ms: u64,
    ) -> impl Iterator<Item = &DepositOrder> {
        let from = (account, OrderId::first_at(from_ms));
        let to = (account, OrderId::from_bytes([0xff; 16]));
        let ids = self.by_account.range(from..=to).rev();
        ids.filter_map(|(_, id)| self.rows.get(id))
    }

    /// Forgets orders that nobody paid, so many at the most.
    pub(super) fn forget(&mut self, now_ms: u64, most: usize, batch: &mut Batch) {
        let before = OrderId::first_at(now_ms.saturating_sub(UNPAID_MS));
        for _ in 0..most {
            let Some(id) = self.unpaid.first().copied().filter(|id| *id < before) else {
                break;
            };
            self.unpaid.remove(&id);
            if let Some(order) = self.rows.remove(&id) {
                self.by_account.remove(&(order.account, id));
                batch.delete(key::order(order.account, id));
            }
        }
    }
}
