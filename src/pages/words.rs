//! Numbers and times as the pages write them.

/// A count of tokens in thousands or millions: `128k`, `1M`, `1.04M`.
pub fn window(tokens: u32) -> String {
    match tokens {
        0..1_000 => tokens.to_string(),
        1_000..1_000_000 => format!("{}k", tokens / 1_000),
        _ => {
            let hundredths = tokens / 10_000;
            let text = format!("{}.{:02}", hundredths / 100, hundredths % 100);
            format!("{}M", text.trim_end_matches('0').trim_end_matches('.'))
        }
    }
}

/// Milliseconds as `340 ms` or `1.2 s`.
pub fn duration(ms: f64) -> String {
    if ms < 999.5 {
        format!("{ms:.0} ms")
    } else {
        format!("{:.1} s", ms / 1_000.0)
    }
}

/// A count with its thousands apart: `12,345`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// An amount in USD with two decimals at the least, as people write them: `20.00`, `19.19864883`.
pub fn dollars(amount: &str) -> String {
    match amount.split_once('.') {
        Some((whole, part)) => format!("{whole}.{part:0<2}"),
        None => format!("{amount}.00"),
    }
}

/// A share as a percentage that says 100 only when nothing is missing.
pub fn percent(good: u64, all: u64) -> String {
    if all == 0 {
        return "no data".to_owned();
    }
    if good == all {
        return "100 %".to_owned();
    }
    let hundredths = u128::from(good) * 10_000 / u128::from(all);
    format!("{}.{:02} %", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_short() {
        let written = [999, 8_192, 131_072, 1_000_000, 1_047_576, 2_000_000].map(window);
        assert_eq!(written, ["999", "8k", "131k", "1M", "1.04M", "2M"]);
    }

    #[test]
    fn times_have_a_unit() {
        assert_eq!(
            [12.4, 999.4, 999.6].map(duration),
            ["12 ms", "999 ms", "1.0 s"]
        );
    }

    #[test]
    fn dollars_have_cents() {
        let written = ["0", "20", "19.2", "0.05", "19.19864883", "-0.5"].map(dollars);
        assert_eq!(
            written,
            ["0.00", "20.00", "19.20", "0.05", "19.19864883", "-0.50"]
        );
    }

    #[test]
    fn counts_are_readable() {
        assert_eq!(
            [0, 999, 1_000, 1_234_567].map(count),
            ["0", "999", "1,000", "1,234,567"]
        );
    }

    #[test]
    fn one_failure_in_a_million_shows() {
        assert_eq!(percent(0, 0), "no data");
        assert_eq!(percent(5, 5), "100 %");
        assert_eq!(percent(999_999, 1_000_000), "99.99 %");
        assert_eq!(percent(0, 3), "0.00 %");
        assert_eq!(percent(u64::MAX - 1, u64::MAX), "99.99 %");
    }
}
