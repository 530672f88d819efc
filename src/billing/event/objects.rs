//! Stripe's objects inside of events: the fields that matter, and what each object says with them.

use serde::Deserialize;

use super::{Currency, DisputeStage, Notice, Paid};
use crate::billing::{Card, StripeId};
use crate::ids::OrderId;
use crate::money::Cents;

/// An object of Stripe's: its id, or all of it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Ref {
    Id(StripeId),
    Object { id: StripeId },
}

impl Ref {
    fn id(self) -> StripeId {
        match self {
            Self::Id(id) | Self::Object { id } => id,
        }
    }
}

#[derive(Deserialize)]
struct Metadata {
    model_router_order: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Session {
    payment_status: String,
    payment_intent: Option<Ref>,
    amount_total: Option<u64>,
    currency: Option<String>,
    customer: Option<Ref>,
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
pub(super) struct Intent {
    id: StripeId,
    amount: u64,
    /// What came of it. Doubles of Stripe leave it out.
    amount_received: Option<u64>,
    currency: String,
    customer: Option<Ref>,
    last_payment_error: Option<PaymentError>,
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
struct PaymentError {
    code: Option<String>,
    decline_code: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Charge {
    #[serde(default)]
    amount_refunded: u64,
    currency: String,
    customer: Option<Ref>,
    payment_intent: Option<Ref>,
    payment_method: Option<String>,
    payment_method_details: Option<MethodDetails>,
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
struct MethodDetails {
    card: Option<CardDetails>,
}

#[derive(Deserialize)]
struct CardDetails {
    brand: Option<String>,
    last4: Option<String>,
    exp_month: u8,
    exp_year: u16,
}

#[derive(Deserialize)]
pub(super) struct Dispute {
    id: StripeId,
    amount: u64,
    currency: String,
    status: String,
    payment_intent: Option<Ref>,
}

impl Session {
    pub(super) fn notice(self) -> Option<Notice> {
        // "unpaid" waits for async_payment_succeeded.
        if self.payment_status != "paid" {
            return None;
        }
        Some(Notice::Paid(Paid {
            order: order(self.metadata)?,
            intent: self.payment_intent?.id(),
            amount: Cents::new(self.amount_total?),
            currency: currency(&self.currency?),
            customer: self.customer.map(Ref::id),
        }))
    }
}

impl Intent {
    pub(super) fn paid(self) -> Option<Notice> {
        Some(Notice::Paid(Paid {
            order: order(self.metadata)?,
            intent: self.id,
            amount: Cents::new(self.amount_received.unwrap_or(self.amount)),
            currency: currency(&self.currency),
            customer: self.customer.map(Ref::id),
        }))
    }

    pub(super) fn failed(self) -> Option<Notice> {
        let error = self.last_payment_error;
        let mut code = error
            .and_then(|error| error.decline_code.or(error.code))
            .unwrap_or_default();
        code.retain(|c| c.is_ascii_alphanumeric() || c == '_');
        code.truncate(64);
        Some(Notice::Failed {
            order: order(self.metadata)?,
            intent: self.id,
            code,
        })
    }
}

impl Charge {
    pub(super) fn charged(self) -> Option<Notice> {
        let card = self.payment_method_details?.card?;
        Some(Notice::Charged {
            order: order(self.metadata)?,
            customer: self.customer?.id(),
            card: Card::new(
                self.payment_method?.parse().ok()?,
                &card.brand?,
                &card.last4?,
                card.exp_month,
                card.exp_year,
            )?,
        })
    }

    pub(super) fn refunded(self) -> Option<Notice> {
        Some(Notice::Refunded {
            intent: self.payment_intent?.id(),
            total: Cents::new(self.amount_refunded),
            currency: currency(&self.currency),
        })
    }
}

impl Dispute {
    pub(super) fn notice(self) -> Option<Notice> {
        let stage = match self.status.as_str() {
            "needs_response" | "under_review" => DisputeStage::Open,
            "lost" => DisputeStage::Lost,
            "won" => DisputeStage::Won,
            // "warning_…" is a question that moves no money, and so is "prevented".
            _ => return None,
        };
        Some(Notice::Disputed {
            intent: self.payment_intent?.id(),
            dispute: self.id,
            amount: Cents::new(self.amount),
            currency: currency(&self.currency),
            stage,
        })
    }
}

/// The order of a router, if the object was made for one.
fn order(metadata: Option<Metadata>) -> Option<OrderId> {
    metadata?.model_router_order?.parse().ok()
}

fn currency(code: &str) -> Currency {
    if code.eq_ignore_ascii_case("usd") {
        Currency::Usd
    } else {
        Currency::Other
    }
}
