//! A saved card, as far as it may be shown.

use serde::{Deserialize, Serialize};

use super::StripeId;

/// Longest brand, in bytes; a longer one is cut.
const MOST_BRAND_BYTES: usize = 32;

/// A card that Stripe keeps. Its number never comes to us.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// Stripe's payment method, by which it is charged.
    pub method: StripeId,
    brand: String,
    last4: String,
    exp_month: u8,
    exp_year: u16,
}

impl Card {
    /// A card by what Stripe tells of it. `None` when that is no card.
    pub fn new(
        method: StripeId,
        brand: &str,
        last4: &str,
        exp_month: u8,
        exp_year: u16,
    ) -> Option<Self> {
        let four_digits = last4.len() == 4 && last4.bytes().all(|b| b.is_ascii_digit());
        if !four_digits || !(1..=12).contains(&exp_month) {
            return None;
        }
        Some(Self {
            method,
            brand: brand[..brand.floor_char_boundary(MOST_BRAND_BYTES)].to_owned(),
            last4: last4.to_owned(),
            exp_month,
            exp_year,
        })
    }

    /// `visa`, `mastercard` …
    pub fn brand(&self) -> &str {
        &self.brand
    }

    /// The last four digits of its number.
    pub fn last4(&self) -> &str {
        &self.last4
    }

    /// The last month it can be used in, as `2030-04`.
    pub fn expires(&self) -> String {
        format!("{:04}-{:02}", self.exp_year, self.exp_month)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_has_four_digits_and_a_month() {
        let card = |last4, month| Card::new("pm_1".parse().unwrap(), "visa", last4, month, 2030);
        assert_eq!(card("4242", 4).unwrap().expires(), "2030-04");
        for (last4, month) in [
            ("424", 4),
            ("424x", 4),
            ("42424", 4),
            ("4242", 0),
            ("4242", 13),
        ] {
            assert_eq!(card(last4, month), None);
        }
    }
}
