//! What Stripe answers: the few fields that matter, and refusals. Fields that are not known are
//! passed over.

use serde::Deserialize;

use super::StripeId;

/// Longest text of Stripe's that is kept, in bytes.
const MOST_TEXT_BYTES: usize = 200;

/// `POST /v1/customers`
#[derive(Clone, Debug, Deserialize)]
pub struct Customer {
    /// Its id.
    pub id: StripeId,
}

/// `POST /v1/checkout/sessions`
#[derive(Clone, Debug, Deserialize)]
pub struct Session {
    /// Its id.
    pub id: StripeId,
    /// The page on which the order is paid.
    pub url: String,
}

/// `GET /v1/payment_methods`
#[derive(Clone, Debug, Deserialize)]
pub struct Cards {
    data: Vec<Customer>,
}

impl Cards {
    /// The payment methods.
    pub fn methods(&self) -> impl Iterator<Item = &StripeId> {
        self.data.iter().map(|method| &method.id)
    }
}

/// Why Stripe refused a request. Its words are not passed on to callers: they may quote the request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// `card_error`, `invalid_request_error` …
    pub kind: String,
    /// `card_declined`, `resource_missing` …
    pub code: String,
    /// Why the bank declined, if it did.
    pub decline_code: String,
    /// The field of the form.
    pub param: String,
    /// The payment that failed.
    pub intent: Option<StripeId>,
}

#[derive(Deserialize)]
struct Envelope {
    error: Error,
}

#[derive(Deserialize)]
struct Error {
    #[serde(rename = "type")]
    kind: Option<String>,
    code: Option<String>,
    decline_code: Option<String>,
    param: Option<String>,
    payment_intent: Option<Customer>,
}

impl Refusal {
    /// Reads the body of a refusal; an empty one when it is no such thing.
    pub fn read(body: &[u8]) -> Self {
        let Ok(Envelope { error }) = serde_json::from_slice(body) else {
            return Self::default();
        };
        Self {
            kind: word(error.kind),
            code: word(error.code),
            decline_code: word(error.decline_code),
            param: word(error.param),
            intent: error.payment_intent.map(|intent| intent.id),
        }
    }

    /// Whether Stripe does not know the customer (any more).
    pub fn is_lost_customer(&self) -> bool {
        self.code == "resource_missing" && self.param == "customer"
    }
}

/// A word of Stripe's, cut to what a log line bears and without control characters.
fn word(text: Option<String>) -> String {
    let mut text = text.unwrap_or_default();
    text.truncate(text.floor_char_boundary(MOST_TEXT_BYTES));
    text.retain(|c| !c.is_control());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_read_as_far_as_it_goes() {
        let declined = br#"{"error":{"type":"card_error","code":"card_declined","decline_code":
            "insufficient_funds","message":"x","payment_intent":{"id":"pi_1","object":"payment_intent"}}}"#;
        let refusal = Refusal::read(declined);
        assert_eq!(refusal.decline_code, "insufficient_funds");
        assert_eq!(refusal.intent.unwrap().as_str(), "pi_1");
        let lost = br#"{"error":{"code":"resource_missing","param":"customer"}}"#;
        assert!(Refusal::read(lost).is_lost_customer());
        for odd in [&b"<html>"[..], b"{}", b"{\"error\":5}"] {
            assert_eq!(Refusal::read(odd), Refusal::default());
        }
    }

    #[test]
    fn fields_that_are_not_known_are_passed_over() {
        let body = br#"{"id":"cs_test_1","object":"checkout.session","url":"https://c/1","x":{}}"#;
        let session: Session = serde_json::from_slice(body).unwrap();
        assert_eq!(session.url, "https://c/1");
        let list = br#"{"object":"list","data":[{"id":"pm_1"},{"id":"pm_2"}],"has_more":false}"#;
        let cards: Cards = serde_json::from_slice(list).unwrap();
        assert_eq!(cards.methods().count(), 2);
    }
}
