//! What the card processor says goes back of a payment, whether or not we know of the payment yet.
//!
//! Its messages come in any order and any number of times. So what is kept is what they say in the
//! end: the most that was ever refunded, and how far each dispute has come.

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use super::idempotency::MONTH_MS;
use crate::billing::DisputeStage;
use crate::money::Cents;
use crate::store::db::Batch;
use crate::store::key;

/// Disputes of one payment at the most. The networks allow one, rarely two.
const MOST_DISPUTES: usize = 16;

/// What goes back of one payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Returns {
    pub intent: String,
    refunded: Cents,
    disputes: Vec<Dispute>,
    /// When we first heard of it.
    first_ms: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Dispute {
    id: String,
    amount: Cents,
    stage: DisputeStage,
}

/// What one message says goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Back<'a> {
    /// So much of the payment was refunded so far.
    Refunded(Cents),
    /// The cardholder disputes it.
    Disputed {
        /// The processor's id of the dispute.
        id: &'a str,
        /// How much of the payment.
        amount: Cents,
        /// How far it has come.
        stage: DisputeStage,
    },
}

impl Returns {
    pub(super) fn new(intent: &str, now_ms: u64) -> Self {
        Self {
            intent: intent.to_owned(),
            refunded: Cents::ZERO,
            disputes: Vec::new(),
            first_ms: now_ms,
        }
    }

    /// Takes in what a message says. `None` when it says more than can be counted.
    pub(super) fn hear(mut self, back: Back<'_>) -> Option<Self> {
        match back {
            Back::Refunded(total) => self.refunded = self.refunded.max(total),
            Back::Disputed { id, amount, stage } => {
                if let Some(known) = self.disputes.iter_mut().find(|known| known.id == id) {
                    known.amount = known.amount.max(amount);
                    known.stage = known.stage.max(stage);
                } else if self.disputes.len() >= MOST_DISPUTES {
                    return None;
                } else {
                    let id = id.to_owned();
                    self.disputes.push(Dispute { id, amount, stage });
                }
            }
        }
        let everything = self.disputes.iter().try_fold(self.refunded, add)?;
        everything.picodollars().map(|_| self)
    }

    /// What was refunded.
    pub(super) fn refunded(&self) -> Cents {
        self.refunded
    }

    /// All that is gone: what was refunded, and what is disputed and not won.
    pub(super) fn total(&self) -> Cents {
        let gone = |dispute: &&Dispute| match dispute.stage {
            DisputeStage::Open | DisputeStage::Lost => true,
            DisputeStage::Won => false,
        };
        let gone = self.disputes.iter().filter(gone);
        gone.fold(self.refunded, |sum, dispute| {
            Cents::new(sum.get().saturating_add(dispute.amount.get()))
        })
    }
}

fn add(sum: Cents, dispute: &Dispute) -> Option<Cents> {
    sum.get().checked_add(dispute.amount.get()).map(Cents::new)
}

/// What goes back of all payments, in memory.
#[derive(Debug, Default)]
pub(super) struct AllReturns {
    rows: HashMap<String, Returns>,
    /// Those of payments that we have not heard of, by age: they may be of someone else's business
    /// with the same processor.
    waiting: BTreeSet<(u64, String)>,
}

/// Whether we know of the payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Payment {
    Known,
    Unknown,
}

impl AllReturns {
    pub(super) fn get(&self, intent: &str) -> Option<&Returns> {
        self.rows.get(intent)
    }

    pub(super) fn insert(&mut self, returns: Returns, payment: Payment) {
        let place = (returns.first_ms, returns.intent.clone());
        match payment {
            Payment::Known => self.waiting.remove(&place),
            Payment::Unknown => self.waiting.insert(place),
        };
        self.rows.insert(returns.intent.clone(), returns);
    }

    /// Forgets what was said of payments that never came, so many at the most.
    pub(super) fn forget(&mut self, now_ms: u64, most: usize, batch: &mut Batch) {
        for _ in 0..most {
            let old = |(at, _): &&(u64, String)| at.saturating_add(MONTH_MS) <= now_ms;
            if self.waiting.first().filter(old).is_none() {
                break;
            }
            if let Some((_, intent)) = self.waiting.pop_first() {
                batch.delete(key::returns(&intent));
                self.rows.remove(&intent);
            }
        }
    }
}
