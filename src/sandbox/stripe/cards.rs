//! Stripe's test cards, by number and by name.

use serde_json::{Value, json};

/// How a card takes a charge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Behaviour {
    /// It pays.
    #[default]
    Pays,
    /// The bank declines.
    Declines,
    /// There is not enough on it.
    InsufficientFunds,
    /// It is past its end.
    Expired,
    /// The bank wants to see the customer: it pays on a page, and not off-session.
    Authenticates,
}

/// A test card.
#[derive(Clone, Copy, Debug)]
pub(super) struct TestCard {
    pub(super) number: &'static str,
    /// The payment method that stands for it.
    pub(super) method: &'static str,
    brand: &'static str,
    pub(super) behaviour: Behaviour,
    pub(super) what: &'static str,
}

/// From Stripe's list of test cards.
pub(super) const CARDS: &[TestCard] = &[
    TestCard {
        number: "4242424242424242",
        method: "pm_card_visa",
        brand: "visa",
        behaviour: Behaviour::Pays,
        what: "Visa, pays",
    },
    TestCard {
        number: "5555555555554444",
        method: "pm_card_mastercard",
        brand: "mastercard",
        behaviour: Behaviour::Pays,
        what: "Mastercard, pays",
    },
    TestCard {
        number: "4000000000000002",
        method: "pm_card_chargeDeclined",
        brand: "visa",
        behaviour: Behaviour::Declines,
        what: "Visa, declined",
    },
    TestCard {
        number: "4000000000009995",
        method: "pm_card_chargeDeclinedInsufficientFunds",
        brand: "visa",
        behaviour: Behaviour::InsufficientFunds,
        what: "Visa, insufficient funds",
    },
    TestCard {
        number: "4000000000000069",
        method: "pm_card_chargeDeclinedExpiredCard",
        brand: "visa",
        behaviour: Behaviour::Expired,
        what: "Visa, expired",
    },
    TestCard {
        number: "4000002760003184",
        method: "pm_card_authenticationRequired",
        brand: "visa",
        behaviour: Behaviour::Authenticates,
        what: "Visa, wants authentication: pays here, not off-session",
    },
];

impl Behaviour {
    /// The words that name one to the control route.
    pub(super) fn named(word: &str) -> Option<Self> {
        match word {
            "pays" => Some(Self::Pays),
            "declines" => Some(Self::Declines),
            "insufficient_funds" => Some(Self::InsufficientFunds),
            "expired" => Some(Self::Expired),
            "authenticates" => Some(Self::Authenticates),
            _ => None,
        }
    }
}

impl TestCard {
    /// A test card by its number, spaces or not, or by its payment method.
    pub(super) fn find(name: &str) -> Option<&'static Self> {
        let digits: String = name.chars().filter(|c| !c.is_whitespace()).collect();
        CARDS
            .iter()
            .find(|card| card.number == digits || card.method == digits)
    }

    pub(super) fn last4(&self) -> &'static str {
        &self.number[12..]
    }

    /// What a payment method says of it.
    pub(super) fn details(&self) -> Value {
        json!({
            "brand": self.brand,
            "country": "US",
            "exp_month": 12,
            "exp_year": 2034,
            "funding": "credit",
            "last4": self.last4(),
        })
    }
}
