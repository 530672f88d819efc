//! Stripe's events, as far as they concern orders and payments of ours.

mod objects;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Card, StripeId};
use crate::ids::OrderId;
use crate::money::Cents;
use objects::{Charge, Dispute, Intent, Session};

/// An event whose signature was right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its id: the same event may come any number of times.
    pub id: StripeId,
    /// When it happened, in seconds since 1970.
    pub created_s: u64,
    /// Whether it is about real money.
    pub mode: Mode,
    /// What it says.
    pub notice: Notice,
}

/// Whether money is real.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It is.
    Live,
    /// It is Stripe's test mode.
    Test,
}

/// What an event says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// An order was paid.
    Paid(Paid),
    /// A card was charged for an order, and may be charged again.
    Charged {
        /// The order.
        order: OrderId,
        /// Whose card.
        customer: StripeId,
        /// The card.
        card: Card,
    },
    /// A payment for an order failed. On a page, the customer may try again.
    Failed {
        /// The order.
        order: OrderId,
        /// The payment.
        intent: StripeId,
        /// Stripe's word for why.
        code: String,
    },
    /// Money of a payment went back to the card.
    Refunded {
        /// The payment.
        intent: StripeId,
        /// All that has gone back of it so far.
        total: Cents,
        /// In which currency.
        currency: Currency,
    },
    /// A cardholder disputes a payment, or the dispute goes on.
    Disputed {
        /// The payment.
        intent: StripeId,
        /// The dispute.
        dispute: StripeId,
        /// How much of the payment.
        amount: Cents,
        /// In which currency.
        currency: Currency,
        /// How far it has come.
        stage: DisputeStage,
    },
    /// Nothing that concerns us.
    Other,
}

/// A payment for an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paid {
    /// The order.
    pub order: OrderId,
    /// The payment.
    pub intent: StripeId,
    /// What was paid.
    pub amount: Cents,
    /// In which currency.
    pub currency: Currency,
    /// By whom.
    pub customer: Option<StripeId>,
}

/// A currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Currency {
    /// Ours.
    Usd,
    /// Any other.
    Other,
}

/// How far a dispute has come. A later one is never undone by an earlier one that comes late.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisputeStage {
    /// The money is gone until it is decided.
    Open,
    /// The money stays gone.
    Lost,
    /// The money came back.
    Won,
}

/// The bytes are no event that can be read. They were signed, so that Stripe and this router do not
/// speak the same version.
#[derive(Debug, thiserror::Error)]
#[error("the event cannot be read: {0}")]
pub struct BadEvent(#[from] serde_json::Error);

#[derive(Deserialize)]
struct Envelope<'a> {
    id: StripeId,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    created: u64,
    #[serde(default)]
    livemode: bool,
    #[serde(borrow)]
    data: Data<'a>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    object: &'a RawValue,
}

impl Event {
    /// Reads an event. Kinds that are not known are [`Notice::Other`], and so are payments that
    /// carry no order of a router.
    pub fn parse(payload: &[u8]) -> Result<Self, BadEvent> {
        let envelope: Envelope<'_> = serde_json::from_slice(payload)?;
        let object = envelope.data.object.get();
        let notice = match envelope.kind.as_str() {
            "checkout.session.completed" | "checkout.session.async_payment_succeeded" => {
                serde_json::from_str::<Session>(object)?.notice()
            }
            "payment_intent.succeeded" => serde_json::from_str::<Intent>(object)?.paid(),
            "payment_intent.payment_failed" => serde_json::from_str::<Intent>(object)?.failed(),
            "charge.succeeded" => serde_json::from_str::<Charge>(object)?.charged(),
            "charge.refunded" => serde_json::from_str::<Charge>(object)?.refunded(),
            "charge.dispute.created"
            | "charge.dispute.closed"
            | "charge.dispute.funds_withdrawn"
            | "charge.dispute.funds_reinstated" => {
                serde_json::from_str::<Dispute>(object)?.notice()
            }
            _ => None,
        };
        Ok(Self {
            id: envelope.id,
            created_s: envelope.created,
            mode: if envelope.livemode {
                Mode::Live
            } else {
                Mode::Test
            },
            notice: notice.unwrap_or(Notice::Other),
        })
    }
}

#[cfg(test)]
mod tests;
