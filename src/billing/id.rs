//! Ids that Stripe gives: short, of letters, digits and `_`, so that one can stand in a path.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Longest id, in bytes. Stripe's have about thirty.
const MOST_BYTES: usize = 128;

/// The id of one of Stripe's objects, such as `pi_…` or `cus_…`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StripeId(String);

/// The text is no id of Stripe's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id of Stripe's: 1 to 128 letters, digits and _")]
pub struct NotAnId;

impl StripeId {
    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StripeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for StripeId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        if text.is_empty() || text.len() > MOST_BYTES || !text.bytes().all(plain) {
            return Err(NotAnId);
        }
        Ok(Self(text.to_owned()))
    }
}

impl Serialize for StripeId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for StripeId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_cannot_leave_its_place_in_a_path() {
        assert_eq!("pi_3Abc".parse::<StripeId>().unwrap().as_str(), "pi_3Abc");
        for bad in ["", "pi/..", "pi?x", "pi 1", "pi%2f", "é", &"a".repeat(129)] {
            assert_eq!(bad.parse::<StripeId>(), Err(NotAnId), "{bad}");
        }
    }
}
