//! What a transfer does, and on whose behalf.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::{GenerationId, KeyId};

/// What a transfer does. New kinds go at the end: their order is their stored form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Keeps credit back for a generation.
    Hold {
        /// The API key that pays.
        key: KeyId,
        /// When it is given back by itself, in milliseconds since 1970.
        expires_ms: u64,
    },
    /// Charges a generation's cost and gives its hold back.
    Post,
    /// Gives a generation's hold back without a charge.
    Void,
    /// Credits a customer at our expense.
    Grant,
    /// Books cost that a customer's balance did not cover.
    Overrun,
    /// Books the estimate of an answer whose end nobody saw: a crash cut it off, or its hold expired.
    Orphan,
    /// Enlarges the open hold of a generation.
    Extend {
        /// The generation's how-manieth, from 1.
        number: u32,
    },
    /// Takes an orphan's estimate back, because its request ended after all.
    Correction,
    /// Charges a generation whose hold had expired before it ended.
    Late,
    /// Books what a failed attempt cost us.
    Failed,
    /// Credits a customer with card money. The next transfer is its [`Kind::DepositFee`].
    Deposit,
    /// Our fee for the deposit just before.
    DepositFee,
    /// Takes back credit whose payment was given back.
    Refund,
    /// Takes back credit whose payment the cardholder disputes.
    Dispute,
    /// The part of a refund or dispute that the customer's balance did not cover.
    Uncovered,
    /// Corrects a balance by hand, in either direction.
    Adjust,
    /// Gives back credit whose dispute was won.
    Reinstated,
    /// Makes a loss good whose dispute was won.
    Recovered,
}

impl Kind {
    /// Whether it moves money for good, and does not only keep credit back or give it back.
    pub(crate) fn moves_money(&self) -> bool {
        match self {
            Self::Hold { .. } | Self::Extend { .. } | Self::Void => false,
            Self::Post
            | Self::Grant
            | Self::Overrun
            | Self::Orphan
            | Self::Correction
            | Self::Late
            | Self::Failed
            | Self::Deposit
            | Self::DepositFee
            | Self::Refund
            | Self::Dispute
            | Self::Uncovered
            | Self::Adjust
            | Self::Reinstated
            | Self::Recovered => true,
        }
    }

    /// Its name, as exports and statements write it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Hold { .. } => "hold",
            Self::Post => "post",
            Self::Void => "void",
            Self::Grant => "grant",
            Self::Overrun => "overrun",
            Self::Orphan => "orphan",
            Self::Extend { .. } => "extend",
            Self::Correction => "correction",
            Self::Late => "late",
            Self::Failed => "failed",
            Self::Deposit => "deposit",
            Self::DepositFee => "deposit_fee",
            Self::Refund => "refund",
            Self::Dispute => "dispute",
            Self::Uncovered => "uncovered",
            Self::Adjust => "adjust",
            Self::Reinstated => "reinstated",
            Self::Recovered => "recovered",
        }
    }
}

/// Why a transfer was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A generation. Its id also ties a post or void to its hold.
    Generation {
        /// Which one.
        id: GenerationId,
        /// Catalog id of the model.
        model: Arc<str>,
        /// The price list that the amount was computed with.
        price_version: Arc<str>,
    },
    /// The operator.
    Operator {
        /// In the operator's words.
        reason: String,
    },
    /// A payment by card.
    Payment {
        /// The payment's id with the card processor.
        intent: Arc<str>,
        /// Who asked for it.
        actor: Arc<str>,
        /// Why.
        reason: Arc<str>,
    },
}

/// Longest name, version or text of a payment in a transfer, in bytes; longer ones are cut.
const MOST_TEXT_BYTES: usize = 128;
/// Longest reason of the operator, in bytes.
const MOST_REASON_BYTES: usize = 256;

impl Cause {
    /// A generation, with the model and the price list behind the amount.
    pub(super) fn generation(id: GenerationId, model: &str, price_version: &str) -> Self {
        Self::Generation {
            id,
            model: cut(model),
            price_version: cut(price_version),
        }
    }

    /// The generation, when it was one.
    pub(super) fn of_generation(&self) -> Option<GenerationId> {
        match self {
            Self::Generation { id, .. } => Some(*id),
            Self::Operator { .. } | Self::Payment { .. } => None,
        }
    }

    /// A payment by card.
    pub(super) fn payment(intent: &str, actor: &str, reason: &str) -> Self {
        Self::Payment {
            intent: cut(intent),
            actor: cut(actor),
            reason: cut(reason),
        }
    }

    /// The operator, in words.
    pub(super) fn operator(reason: &str) -> Self {
        Self::Operator {
            reason: reason[..reason.floor_char_boundary(MOST_REASON_BYTES)].to_owned(),
        }
    }
}

fn cut(text: &str) -> Arc<str> {
    Arc::from(&text[..text.floor_char_boundary(MOST_TEXT_BYTES)])
}
