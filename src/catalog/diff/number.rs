//! Numbers of price lists, read exactly as pico-dollars.

use serde_json::value::RawValue;

use crate::money::{Picodollars, Rate};

/// USD per token as a rate; `None` when it is not a number or finer than a pico-dollar.
pub fn per_token(raw: &RawValue) -> Option<Rate> {
    Rate::from_number(raw.get(), 6).ok()
}

/// USD per million tokens as a rate.
pub fn per_mtok(raw: &RawValue) -> Option<Rate> {
    Rate::from_number(raw.get(), 0).ok()
}

/// USD per million tokens, for the terminal.
pub fn usd(rate: Rate) -> String {
    Picodollars::new(rate.get().saturating_mul(1_000_000)).to_string()
}
