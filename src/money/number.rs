//! Numbers as JSON writes them, with an exponent, read exactly as rates.

use super::{MoneyError, Rate};

/// Digits of a price, exponent included, that are read at the most.
const MOST_DIGITS: usize = 40;

impl Rate {
    /// Reads a JSON number times 10^`shift` as USD per million tokens: `2.5`, `1e-06`. Not negative,
    /// at most six decimals.
    pub fn from_number(text: &str, shift: i32) -> Result<Self, MoneyError> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent),
            None if shift == 0 => return Self::from_usd_per_mtok(text),
            None => (text, "0"),
        };
        let exponent: i32 = exponent.parse().map_err(|_| MoneyError::OutOfRange)?;
        let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let is_number = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !is_number(whole) || !is_number(part) {
            return Err(MoneyError::NotDecimal);
        }
        let digits = format!("{whole}{part}");
        let point = i32::try_from(whole.len())
            .ok()
            .and_then(|point| point.checked_add(exponent)?.checked_add(shift))
            .filter(|point| point.unsigned_abs() as usize <= MOST_DIGITS)
            .filter(|_| digits.len() <= MOST_DIGITS)
            .ok_or(MoneyError::OutOfRange)?;
        Self::from_usd_per_mtok(&placed(&digits, point))
    }
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
            assert_eq!(Rate::from_number(text, shift), Ok(mtok(right)), "{text}");
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
            assert!(Rate::from_number(text, 0).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_rate_comes_back(picos in 0_u32..2_000_000_000) {
            let right = Rate::from_usd_per_mtok(&format!("{}.{:06}", picos / 1_000_000, picos % 1_000_000)).unwrap();
            prop_assert_eq!(Rate::from_number(&format!("{picos}e-12"), 6), Ok(right));
            prop_assert_eq!(Rate::from_number(&format!("{picos}e-6"), 0), Ok(right));
        }

        #[test]
        fn no_text_breaks_it(text in ".{0,60}", shift in -9_i32..9) {
            let _ = Rate::from_number(&text, shift);
        }
    }
}
