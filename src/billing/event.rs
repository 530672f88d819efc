//! Stripe's events, as far as they concern orders and payments of ours.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Card, StripeId};
use crate::ids::OrderId;
use crate::money::Cents;

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
struct Session {
    payment_status: String,
    payment_intent: Option<Ref>,
    amount_total: Option<u64>,
    currency: Option<String>,
    customer: Option<Ref>,
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
struct Intent {
    id: StripeId,
    #[serde(default)]
    amount_received: u64,
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
struct Charge {
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
struct Dispute {
    id: StripeId,
    amount: u64,
    currency: String,
    status: String,
    payment_intent: Option<Ref>,
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

impl Session {
    fn notice(self) -> Option<Notice> {
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
    fn paid(self) -> Option<Notice> {
        Some(Notice::Paid(Paid {
            order: order(self.metadata)?,
            intent: self.id,
            amount: Cents::new(self.amount_received),
            currency: currency(&self.currency),
            customer: self.customer.map(Ref::id),
        }))
    }

    fn failed(self) -> Option<Notice> {
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
    fn charged(self) -> Option<Notice> {
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

    fn refunded(self) -> Option<Notice> {
        Some(Notice::Refunded {
            intent: self.payment_intent?.id(),
            total: Cents::new(self.amount_refunded),
            currency: currency(&self.currency),
        })
    }
}

impl Dispute {
    fn notice(self) -> Option<Notice> {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::billing::ORDER;

    fn event(kind: &str, object: &Value) -> Event {
        let body = json!({
            "id": "evt_1", "object": "event", "type": kind, "created": 7, "livemode": false,
            "api_version": "2099-01-01", "data": { "object": object }, "request": {},
        });
        Event::parse(body.to_string().as_bytes()).unwrap()
    }

    fn with(base: &Value, name: &str, value: Value) -> Value {
        let mut changed = base.clone();
        changed[name] = value;
        changed
    }

    #[test]
    fn a_session_counts_when_it_is_paid_and_carries_an_order() {
        let order = OrderId::new();
        let session = json!({
            "id": "cs_1", "payment_status": "paid", "payment_intent": "pi_1",
            "amount_total": 1000, "currency": "usd", "customer": "cus_1",
            "metadata": { ORDER: order.to_string(), "more": "x" },
        });
        let paid = Notice::Paid(Paid {
            order,
            intent: "pi_1".parse().unwrap(),
            amount: Cents::new(1000),
            currency: Currency::Usd,
            customer: Some("cus_1".parse().unwrap()),
        });
        for kind in [
            "checkout.session.completed",
            "checkout.session.async_payment_succeeded",
        ] {
            assert_eq!(event(kind, &session).notice, paid);
        }
        let whole = with(&session, "payment_intent", json!({ "id": "pi_1", "x": 1 }));
        let completed = "checkout.session.completed";
        assert_eq!(event(completed, &whole).notice, paid);
        for (name, value) in [
            ("payment_status", json!("unpaid")),
            ("metadata", json!({})),
            ("metadata", Value::Null),
            ("metadata", json!({ ORDER: "someone else's" })),
            ("payment_intent", Value::Null),
        ] {
            let other = with(&session, name, value);
            assert_eq!(event(completed, &other).notice, Notice::Other, "{name}");
        }
        let unknown = event("customer.created", &json!({ "id": 5 }));
        assert_eq!(unknown.notice, Notice::Other);
        assert_eq!((unknown.created_s, unknown.mode), (7, Mode::Test));
    }

    #[test]
    fn payments_and_charges_carry_their_order_too() {
        let order = OrderId::new();
        let intent = json!({
            "id": "pi_1", "amount": 1000, "amount_received": 1000, "currency": "eur",
            "customer": null, "metadata": { ORDER: order.to_string() },
            "last_payment_error": { "code": "card_declined", "decline_code": "lost_card" },
        });
        let Notice::Paid(paid) = event("payment_intent.succeeded", &intent).notice else {
            panic!("not paid")
        };
        assert_eq!((paid.currency, paid.customer), (Currency::Other, None));
        let failed = Notice::Failed {
            order,
            intent: "pi_1".parse().unwrap(),
            code: "lost_card".to_owned(),
        };
        assert_eq!(
            event("payment_intent.payment_failed", &intent).notice,
            failed
        );
        let charge = json!({
            "id": "ch_1", "currency": "usd", "customer": "cus_1", "payment_intent": "pi_1",
            "payment_method": "pm_1", "amount": 1000, "amount_refunded": 250,
            "payment_method_details": { "card": {
                "brand": "visa", "last4": "4242", "exp_month": 4, "exp_year": 2030,
            } },
            "metadata": { ORDER: order.to_string() },
        });
        let charged = Notice::Charged {
            order,
            customer: "cus_1".parse().unwrap(),
            card: Card::new("pm_1".parse().unwrap(), "visa", "4242", 4, 2030).unwrap(),
        };
        assert_eq!(event("charge.succeeded", &charge).notice, charged);
        let refunded = Notice::Refunded {
            intent: "pi_1".parse().unwrap(),
            total: Cents::new(250),
            currency: Currency::Usd,
        };
        assert_eq!(event("charge.refunded", &charge).notice, refunded);
    }

    #[test]
    fn a_dispute_moves_money_unless_it_only_asks() {
        let dispute = json!({
            "id": "du_1", "amount": 1000, "currency": "usd", "charge": "ch_1",
            "payment_intent": "pi_1", "status": "needs_response",
        });
        let stage = |kind: &str, status: &str| {
            let dispute = with(&dispute, "status", json!(status));
            match event(&format!("charge.dispute.{kind}"), &dispute).notice {
                Notice::Disputed { stage, .. } => Some(stage),
                _ => None,
            }
        };
        assert_eq!(stage("created", "needs_response"), Some(DisputeStage::Open));
        assert_eq!(stage("closed", "lost"), Some(DisputeStage::Lost));
        assert_eq!(stage("closed", "won"), Some(DisputeStage::Won));
        assert_eq!(stage("created", "warning_needs_response"), None);
        assert_eq!(stage("closed", "warning_closed"), None);
    }

    #[test]
    fn what_was_signed_and_cannot_be_read_is_an_error() {
        for body in [
            "",
            "[]",
            r#"{"id":"evt_1"}"#,
            r#"{"id":"evt/1","type":"x","data":{"object":{}}}"#,
            r#"{"id":"evt_1","type":"charge.refunded","data":{"object":{"amount_refunded":-1}}}"#,
            r#"{"id":"evt_1","type":"charge.refunded","data":{"object":[]}}"#,
        ] {
            assert!(Event::parse(body.as_bytes()).is_err(), "{body}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            Event::parse(&bytes).ok();
        }
    }
}
