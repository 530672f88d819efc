//! What the operator bears: each loss told once, and what failed attempts cost.

use super::transfer::Draft;
use super::{Book, Cause, Kind, LedgerAccount};
use crate::ids::GenerationId;
use crate::money::Picodollars;

/// What a provider charged us for an attempt that failed.
#[derive(Clone, Debug)]
pub struct FailedCost {
    /// The provider.
    pub provider: String,
    /// Catalog id of the model.
    pub model: String,
    /// The price list that the amount was computed with.
    pub price_version: String,
    /// How much.
    pub amount: Picodollars,
}

/// A loss that was booked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// Which.
    pub kind: LossKind,
    /// How much.
    pub amount: Picodollars,
    /// By which generation, when it was one.
    pub generation: Option<GenerationId>,
}

/// Why something was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LossKind {
    /// Cost that the customer's balance or limit did not cover.
    Overrun,
    /// The estimate of an answer whose end nobody saw.
    Orphan,
    /// An orphan's estimate that was taken back: a loss less.
    Correction,
    /// A failed attempt that the provider billed.
    Failed,
    /// A refund or dispute that the customer's balance did not cover.
    Refund,
}

impl LossKind {
    /// The loss account's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Overrun => "overrun",
            Self::Orphan => "orphan",
            Self::Correction => "correction",
            Self::Failed => "failed",
            Self::Refund => "refund",
        }
    }
}

impl Loss {
    /// The loss in a transfer, if it is one.
    pub(super) fn of(draft: &Draft) -> Option<Self> {
        let kind = match draft.kind {
            Kind::Overrun => LossKind::Overrun,
            Kind::Orphan => LossKind::Orphan,
            Kind::Correction => LossKind::Correction,
            Kind::Failed => LossKind::Failed,
            Kind::Uncovered => LossKind::Refund,
            Kind::Hold { .. }
            | Kind::Extend { .. }
            | Kind::Post
            | Kind::Late
            | Kind::Void
            | Kind::Grant
            | Kind::Deposit
            | Kind::DepositFee
            | Kind::Refund
            | Kind::Dispute
            | Kind::Adjust
            | Kind::Reinstated
            | Kind::Recovered => return None,
        };
        Some(Self {
            kind,
            amount: draft.amount,
            generation: draft.cause.of_generation(),
        })
    }
}

impl Book {
    /// Books what a generation's failed attempts cost us; never the customer's money. Say it just
    /// before the settle, void or record of the same generation: once that has been said, it
    /// changes nothing, so that a repeated message books nothing twice.
    pub fn book_failed(&mut self, generation: GenerationId, costs: &[FailedCost], now_ms: u64) {
        if self.ended.get(generation).is_some() {
            return;
        }
        for cost in costs.iter().filter(|cost| cost.amount.is_positive()) {
            let loss = Draft {
                kind: Kind::Failed,
                debit: LedgerAccount::LossFailed,
                credit: LedgerAccount::provider(&cost.provider),
                amount: cost.amount,
                cause: Cause::generation(generation, &cost.model, &cost.price_version),
            };
            self.post(loss, now_ms);
        }
    }
}
