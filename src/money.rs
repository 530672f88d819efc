//! Money: integer pico-dollars and prices per token, checked everywhere and never a float.

mod number;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Pico-dollars in one US dollar.
const PER_USD: i64 = 1_000_000_000_000;
/// Decimals a USD amount may carry before it stops being a whole number of pico-dollars.
const DECIMALS: usize = 12;
/// A sign, seven digits, a point and the decimals.
const TEXT_BYTES: usize = 21;

/// An amount in pico-dollars (10⁻¹² USD). The range of `i64` is about ±9.2 million USD.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Picodollars(i64);

/// Why a text is not an amount or an amount does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The text is not a plain decimal number.
    #[error("not a decimal amount such as 5.00")]
    NotDecimal,
    /// The text has more decimals than the unit can hold.
    #[error("more decimals than can be kept exactly")]
    TooFine,
    /// The result does not fit into 64 bits.
    #[error("amount out of range")]
    OutOfRange,
}

impl Picodollars {
    /// No money.
    pub const ZERO: Self = Self(0);
    /// The largest amount.
    pub const MAX: Self = Self(i64::MAX);

    /// An amount from its number of pico-dollars.
    pub const fn new(picodollars: i64) -> Self {
        Self(picodollars)
    }

    /// The number of pico-dollars.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// A wide product or sum brought back to 64 bits.
    pub fn from_wide(picodollars: i128) -> Result<Self, MoneyError> {
        i64::try_from(picodollars)
            .map(Self)
            .map_err(|_| MoneyError::OutOfRange)
    }

    /// Sum, or `None` when it does not fit.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// Difference, or `None` when it does not fit.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// Sum, held at the ends of the range.
    pub fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// So many times as much, held at the ends of the range.
    pub fn saturating_mul(self, times: i64) -> Self {
        Self(self.0.saturating_mul(times))
    }

    /// Whether this is more than nothing.
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// Appends the text that people read, as a decimal number of JSON is written too.
    pub fn push(self, out: &mut String) {
        out.push_str(self.text(&mut [0; TEXT_BYTES]));
    }

    /// Its text, written from the end of a buffer.
    fn text(self, buffer: &mut [u8; TEXT_BYTES]) -> &str {
        let per_usd = PER_USD.unsigned_abs();
        let amount = self.0.unsigned_abs();
        let (mut whole, mut part) = (amount / per_usd, amount % per_usd);
        let mut at = TEXT_BYTES;
        let mut put = |byte: u8| {
            at -= 1;
            buffer[at] = byte;
        };
        if part > 0 {
            let mut has_digits = false;
            for _ in 0..DECIMALS {
                let digit = (part % 10) as u8;
                part /= 10;
                has_digits |= digit > 0;
                if has_digits {
                    put(b'0' + digit);
                }
            }
            put(b'.');
        }
        loop {
            put(b'0' + (whole % 10) as u8);
            whole /= 10;
            if whole == 0 {
                break;
            }
        }
        if self.0 < 0 {
            put(b'-');
        }
        std::str::from_utf8(&buffer[at..]).unwrap_or_default()
    }

    /// US dollars for JSON fields that are numbers by contract (`usage.cost`) and for ranking;
    /// never computed with. The text form is parsed, so the nearest double is what comes out.
    pub fn display_number(self) -> f64 {
        self.to_string().parse().unwrap_or_default()
    }
}

impl fmt::Display for Picodollars {
    /// A USD decimal with up to 12 decimals and no trailing zeros.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text(&mut [0; TEXT_BYTES]))
    }
}

impl FromStr for Picodollars {
    type Err = MoneyError;

    /// Reads a USD decimal such as `5`, `5.00` or `0.000214`.
    fn from_str(text: &str) -> Result<Self, MoneyError> {
        parse_decimal(text, DECIMALS).map(Self)
    }
}

/// Card money, in cents; never negative.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Cents(u64);

impl Cents {
    /// No money.
    pub const ZERO: Self = Self(0);

    /// An amount from its number of cents.
    pub const fn new(cents: u64) -> Self {
        Self(cents)
    }

    /// The number of cents.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The amount in USD, when it is one in whole cents and not below zero.
    pub fn of_usd(amount: Picodollars) -> Option<Self> {
        let per_cent = PER_USD / 100;
        let whole = amount.0 % per_cent == 0;
        let cents = u64::try_from(amount.0 / per_cent).ok();
        cents.filter(|_| whole && amount.0 >= 0).map(Self)
    }

    /// The same amount in the ledger's unit, or `None` when it does not fit.
    pub fn picodollars(self) -> Option<Picodollars> {
        let cents = i64::try_from(self.0).ok()?;
        cents.checked_mul(PER_USD / 100).map(Picodollars)
    }
}

impl fmt::Display for Cents {
    /// USD with two decimals, as people write prices.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

/// A price in pico-dollars per token. One USD per million tokens is 1,000,000.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Rate(i64);

impl Rate {
    /// Free.
    pub const ZERO: Self = Self(0);

    /// Reads USD per million tokens, the unit of price lists: at most six decimals, not negative.
    pub fn from_usd_per_mtok(text: &str) -> Result<Self, MoneyError> {
        match parse_decimal(text, 6)? {
            negative if negative < 0 => Err(MoneyError::OutOfRange),
            rate => Ok(Self(rate)),
        }
    }

    /// Pico-dollars per token.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The price of `tokens` tokens, wide enough never to overflow.
    pub fn of(self, tokens: u64) -> i128 {
        i128::from(self.0) * i128::from(tokens)
    }

    /// The same for ranking, held at the end of the range.
    pub fn times(self, tokens: u64) -> Picodollars {
        let tokens = i64::try_from(tokens).unwrap_or(i64::MAX);
        Picodollars(self.0.saturating_mul(tokens))
    }

    /// USD per token as a decimal text, the unit of `/v1/models`.
    pub fn per_token(self) -> Picodollars {
        Picodollars(self.0)
    }
}

/// Reads a plain decimal as an integer count of 10⁻`decimals`, without any rounding.
fn parse_decimal(text: &str, decimals: usize) -> Result<i64, MoneyError> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_number = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if !is_number(whole) || !is_number(part) {
        return Err(MoneyError::NotDecimal);
    }
    let part = part.trim_end_matches('0');
    if part.len() > decimals {
        return Err(MoneyError::TooFine);
    }
    let joined = format!("{whole}{part:0<decimals$}");
    let value: i64 = joined.parse().map_err(|_| MoneyError::OutOfRange)?;
    Ok(if negative { -value } else { value })
}

#[cfg(test)]
mod tests;
