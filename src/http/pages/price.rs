//! Prices as the pages write them.

use crate::catalog::{Model, Rates};
use crate::money::Rate;

/// What a free model costs.
pub const FREE: &str = "free";

/// USD for a million tokens, with two decimals at least.
pub fn per_million(rate: Rate) -> String {
    let (whole, part) = (rate.get() / 1_000_000, rate.get() % 1_000_000);
    let decimals = format!("{part:06}");
    let (cents, rest) = decimals.split_at(2);
    format!("{whole}.{cents}{}", rest.trim_end_matches('0'))
}

/// USD for a million tokens in and out.
pub fn pair(rates: &Rates) -> String {
    format!(
        "{} / {}",
        per_million(rates.input),
        per_million(rates.output)
    )
}

/// The same of a model, or that it is free.
pub fn of(model: &Model) -> String {
    if model.free {
        FREE.to_owned()
    } else {
        pair(&model.price.base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_have_two_decimals_or_as_many_as_they_need() {
        let of = |text| per_million(Rate::from_usd_per_mtok(text).unwrap());
        assert_eq!(of("2"), "2.00");
        assert_eq!(of("0.1"), "0.10");
        assert_eq!(of("0.125"), "0.125");
        assert_eq!(of("0.000001"), "0.000001");
        assert_eq!(of("10"), "10.00");
        assert_eq!(of("0"), "0.00");
    }
}
