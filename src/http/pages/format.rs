//! Numbers and times as the pages write them.

use crate::catalog::Model;
use crate::money::Rate;

/// What a free model costs.
pub const FREE: &str = "free";

/// USD for a million tokens, with two decimals at least.
pub fn per_million(rate: Rate) -> String {
    let (whole, part) = (rate.get() / 1_000_000, rate.get() % 1_000_000);
    let mut text = format!("{whole}.{part:06}");
    while text.ends_with('0') && !text.ends_with(".00") && decimals(&text) > 2 {
        text.pop();
    }
    text
}

fn decimals(text: &str) -> usize {
    text.split_once('.').map_or(0, |(_, part)| part.len())
}

/// USD for a million tokens in and out of a model.
pub fn price(model: &Model) -> String {
    if model.free {
        return FREE.to_owned();
    }
    let rates = &model.price.base;
    format!(
        "{} / {}",
        per_million(rates.input),
        per_million(rates.output)
    )
}

/// A count of tokens in thousands or millions: `128k`, `1M`, `1.05M`.
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
    if ms < 1_000.0 {
        format!("{ms:.0} ms")
    } else {
        format!("{:.1} s", ms / 1_000.0)
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

    #[test]
    fn windows_are_short() {
        let written = [999, 8_192, 131_072, 1_000_000, 1_047_576, 2_000_000].map(window);
        assert_eq!(written, ["999", "8k", "131k", "1M", "1.04M", "2M"]);
    }

    #[test]
    fn times_have_a_unit() {
        assert_eq!(
            [12.4, 999.0, 1_234.0].map(duration),
            ["12 ms", "999 ms", "1.2 s"]
        );
    }
}
