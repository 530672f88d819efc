//! `[sign_in]`: who may become a customer, what they are given, and how often one may ask.

use serde::{Deserialize, Serialize};

use crate::money::Picodollars;

/// `[sign_in]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct SignIn {
    /// Whether new accounts at throw-away mail domains are refused.
    pub refuse_disposable: bool,
    /// Credit for each new account, in USD.
    #[serde(with = "usd")]
    pub credit_usd: Picodollars,
    /// Credit for all new accounts of one UTC day together, in USD.
    #[serde(with = "usd")]
    pub daily_credit_cap_usd: Picodollars,
    /// Codes that one client address may ask for in an hour; an IPv6 /64 counts as one.
    pub requests_per_ip_hour: usize,
}

impl Default for SignIn {
    fn default() -> Self {
        Self {
            refuse_disposable: true,
            credit_usd: Picodollars::ZERO,
            daily_credit_cap_usd: Picodollars::new(10_000_000_000_000),
            requests_per_ip_hour: 20,
        }
    }
}

/// Amounts as USD texts, such as `"0.50"`.
mod usd {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::money::Picodollars;

    pub(super) fn serialize<S: Serializer>(amount: &Picodollars, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(amount)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Picodollars, D::Error> {
        let text = String::deserialize(from)?;
        let amount: Picodollars = text
            .parse()
            .map_err(|error| D::Error::custom(format!("{text:?} is {error}")))?;
        if amount < Picodollars::ZERO {
            return Err(D::Error::custom("an amount cannot be below zero"));
        }
        Ok(amount)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_usd_texts() {
        let read = |text: &str| toml::from_str::<SignIn>(text);
        let settings = read("credit_usd = \"0.50\"").unwrap();
        assert_eq!(settings.credit_usd, "0.5".parse().unwrap());
        for bad in [
            "credit_usd = \"-1\"",
            "credit_usd = 1",
            "credit_usd = \"x\"",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
