//! How a charge of a saved card ended, read from Stripe's answer.

use serde::Deserialize;

use super::{Refusal, StripeId};
use crate::money::Cents;

/// How a charge of a saved card ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Charge {
    /// The money came. The same is said again by an event.
    Succeeded {
        /// The payment.
        intent: StripeId,
        /// What was paid.
        amount: Cents,
    },
    /// Nothing was paid, and asking again with this card would not help now.
    Declined(Declined),
    /// Nothing was paid: the bank wants to see the customer.
    NeedsAuthentication {
        /// The payment, where there is one.
        intent: Option<StripeId>,
    },
    /// Nobody knows yet: ask again under the same key, or wait for the event.
    Unclear,
}

/// Why nothing was paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declined {
    /// Stripe's word for it: `card_declined`, `expired_card`, `insufficient_funds` …
    pub code: String,
    /// The payment, where there is one.
    pub intent: Option<StripeId>,
}

#[derive(Deserialize)]
struct Intent {
    id: StripeId,
    status: String,
    amount: u64,
    /// What came of it. Doubles of Stripe leave it out.
    amount_received: Option<u64>,
}

impl Charge {
    /// Reads an answer to `POST /v1/payment_intents`.
    pub fn read(status: u16, body: &[u8]) -> Self {
        match status {
            200..=299 => Self::of_intent(body),
            // Nothing of these says what became of the charge, or that it will not be made yet. A
            // wrong key of ours is no fault of the card.
            401 | 403 | 408 | 409 | 429 => Self::Unclear,
            400..=499 => Self::of_refusal(Refusal::read(body)),
            _ => Self::Unclear,
        }
    }

    fn of_intent(body: &[u8]) -> Self {
        let Ok(intent) = serde_json::from_slice::<Intent>(body) else {
            return Self::Unclear;
        };
        match intent.status.as_str() {
            "succeeded" => Self::Succeeded {
                intent: intent.id,
                amount: Cents::new(intent.amount_received.unwrap_or(intent.amount)),
            },
            "requires_action" => Self::NeedsAuthentication {
                intent: Some(intent.id),
            },
            "requires_payment_method" | "canceled" => Self::Declined(Declined {
                code: intent.status,
                intent: Some(intent.id),
            }),
            // "processing", and what Stripe may add.
            _ => Self::Unclear,
        }
    }

    fn of_refusal(refusal: Refusal) -> Self {
        let words = [&refusal.code, &refusal.decline_code];
        if words.iter().any(|word| *word == "authentication_required") {
            return Self::NeedsAuthentication {
                intent: refusal.intent,
            };
        }
        let code = words.into_iter().rev().find(|word| !word.is_empty());
        Self::Declined(Declined {
            code: code.unwrap_or(&refusal.kind).clone(),
            intent: refusal.intent,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(code: &str, decline_code: &str) -> Vec<u8> {
        format!(
            r#"{{"error":{{"type":"card_error","code":"{code}","decline_code":"{decline_code}",
            "payment_intent":{{"id":"pi_1","status":"requires_payment_method"}}}}}}"#
        )
        .into_bytes()
    }

    #[test]
    fn an_answer_is_one_of_four_outcomes() {
        let intent = || Some("pi_1".parse().unwrap());
        let paid = br#"{"id":"pi_1","status":"succeeded","amount":2000,"amount_received":2000}"#;
        let succeeded = Charge::Succeeded {
            intent: "pi_1".parse().unwrap(),
            amount: Cents::new(2000),
        };
        assert_eq!(Charge::read(200, paid), succeeded);
        let declined = |code: &str, intent| {
            Charge::Declined(Declined {
                code: code.to_owned(),
                intent,
            })
        };
        assert_eq!(
            Charge::read(402, &refusal("card_declined", "insufficient_funds")),
            declined("insufficient_funds", intent())
        );
        assert_eq!(
            Charge::read(402, &refusal("expired_card", "")),
            declined("expired_card", intent())
        );
        let gone = br#"{"error":{"type":"invalid_request_error","code":"resource_missing","param":"payment_method"}}"#;
        assert_eq!(Charge::read(400, gone), declined("resource_missing", None));
        let wanted = Charge::NeedsAuthentication { intent: intent() };
        let refused = refusal("authentication_required", "authentication_required");
        assert_eq!(Charge::read(402, &refused), wanted);
        let action = br#"{"id":"pi_1","status":"requires_action","amount":2000}"#;
        assert_eq!(Charge::read(200, action), wanted);
    }

    #[test]
    fn what_does_not_say_that_nothing_was_paid_is_unclear() {
        let processing = br#"{"id":"pi_1","status":"processing","amount":2000}"#;
        assert_eq!(Charge::read(200, processing), Charge::Unclear);
        assert_eq!(Charge::read(200, b"<html>"), Charge::Unclear);
        for status in [301, 401, 403, 409, 429, 500, 502, 503] {
            assert_eq!(
                Charge::read(status, &refusal("card_declined", "")),
                Charge::Unclear,
                "{status}"
            );
        }
    }
}
