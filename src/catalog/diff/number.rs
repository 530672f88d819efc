//! Numbers of price lists, read exactly: JSON's decimal text, with an exponent, as pico-dollars.

use serde_json::value::RawValue;

use crate::money::{Picodollars, Rate};

/// Digits of a price, exponent included, that are read at the most.
const MOST_DIGITS: usize = 40;

/// USD per token as a rate; `None` when it is not a number or finer than a pico-dollar.
pub fn per_token(raw: &RawValue) -> Option<Rate> {
    rate(raw.get(), 6)
}

/// USD per million tokens as a rate.
pub fn per_mtok(raw: &RawValue) -> Option<Rate> {
    rate(raw.get(), 0)
}

/// USD per million tokens, for the terminal.
pub fn usd(rate: Rate) -> String {
    Picodollars::new(rate.get().saturating_mul(1_000_000)).to_string()
}

/// A decimal times 10^`shift` as USD per million tokens.
fn rate(text: &str, shift: i32) -> Option<Rate> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_number = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(part) {
        return None;
    }
    let point = i32::try_from(whole.len()).ok()? + exponent.checked_add(shift)?;
    let digits = format!("{whole}{part}");
    if digits.len() > MOST_DIGITS || point.unsigned_abs() as usize > MOST_DIGITS {
        return None;
    }
    Rate::from_usd_per_mtok(&placed(&digits, point)).ok()
}

/// Digits with the decimal point after the first `point` of them.
fn placed(digits: &str, point: i32) -> String {
    let text = match usize::try_from(point) {
        Ok(point) if point >= digits.len() => format!("{digits:0<point$}.0"),
        Ok(point) => format!("{}.{}", &digits[..point], &digits[point..]),
        Err(_) => {
            let zeros = "0".repeat(point.unsigned_abs() as usize);
            format!("0.{zeros}{digits}")
        }
    };
    let text = if text.starts_with('.') {
        format!("0{text}")
    } else {
        text
    };
    // More zeros than the unit has decimals are no finer price.
    let cut = text.trim_end_matches('0');
    if cut.ends_with('.') {
        format!("{cut}0")
    } else {
        cut.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn prices_are_read_exactly() {
        let mtok = |text: &str| Rate::from_usd_per_mtok(text).unwrap();
        for (text, shift, right) in [
            ("3e-07", 6, "0.3"),
            ("0.0000025", 6, "2.5"),
            ("1.25E-6", 6, "1.25"),
            ("2e-08", 6, "0.02"),
            ("0", 6, "0"),
            ("0.0", 6, "0"),
            ("15", 0, "15"),
            ("0.075", 0, "0.075"),
            ("1e1", 0, "10"),
            ("3.7500000000000000", 0, "3.75"),
        ] {
            assert_eq!(rate(text, shift), Some(mtok(right)), "{text}");
        }
        for text in [
            "-1",
            "1e-99",
            "\"3\"",
            "null",
            "",
            "1e999999999999",
            "0.0000000000001",
        ] {
            assert_eq!(rate(text, 0), None, "{text}");
        }
        assert_eq!(usd(mtok("0.3")), "0.3");
    }

    proptest! {
        #[test]
        fn any_rate_comes_back(picos in 0_u32..2_000_000_000) {
            let right = Rate::from_usd_per_mtok(&format!("{}.{:06}", picos / 1_000_000, picos % 1_000_000)).unwrap();
            prop_assert_eq!(rate(&format!("{picos}e-12"), 6), Some(right));
            prop_assert_eq!(rate(&format!("{picos}e-6"), 0), Some(right));
        }

        #[test]
        fn no_text_breaks_it(text in ".{0,60}", shift in -9_i32..9) {
            let _ = rate(&text, shift);
        }
    }
}
