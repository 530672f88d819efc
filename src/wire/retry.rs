//! How long an upstream asks us to stay away: headers first, then the text of its message.

use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Longest wait that is believed.
const MOST: Duration = Duration::from_secs(3_600);

/// Reads `retry-after-ms`, `retry-after` (seconds or a date) and the rate-limit resets.
pub(super) fn from_headers<'h>(
    header: impl Fn(&str) -> Option<&'h str>,
    now_unix_s: u64,
) -> Option<Duration> {
    if let Some(text) = header("retry-after-ms")
        && let Some(wait) = seconds(text, 0.001)
    {
        return Some(wait);
    }
    if let Some(text) = header("retry-after")
        && let Some(wait) = seconds(text, 1.0).or_else(|| until(text, now_unix_s))
    {
        return Some(wait);
    }
    // All resets are always sent; only an exhausted one says how long to wait.
    RESETS
        .into_iter()
        .filter(|(remaining, _)| header(remaining) == Some("0"))
        .filter_map(|(_, reset)| {
            let text = header(reset)?;
            moment(text, now_unix_s).or_else(|| span(text))
        })
        .max()
}

/// Headers with what is left of a limit and when it is full again: a span at OpenAI and Groq, seconds
/// at Cerebras, an RFC 3339 moment at Anthropic.
/// Sources: <https://platform.openai.com/docs/guides/rate-limits>,
/// <https://docs.claude.com/en/api/rate-limits>,
/// <https://inference-docs.cerebras.ai/support/rate-limits>.
const RESETS: [(&str, &str); 8] = [
    (
        "x-ratelimit-remaining-requests",
        "x-ratelimit-reset-requests",
    ),
    ("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
    (
        "x-ratelimit-remaining-requests-day",
        "x-ratelimit-reset-requests-day",
    ),
    (
        "x-ratelimit-remaining-tokens-minute",
        "x-ratelimit-reset-tokens-minute",
    ),
    (
        "anthropic-ratelimit-requests-remaining",
        "anthropic-ratelimit-requests-reset",
    ),
    (
        "anthropic-ratelimit-tokens-remaining",
        "anthropic-ratelimit-tokens-reset",
    ),
    (
        "anthropic-ratelimit-input-tokens-remaining",
        "anthropic-ratelimit-input-tokens-reset",
    ),
    (
        "anthropic-ratelimit-output-tokens-remaining",
        "anthropic-ratelimit-output-tokens-reset",
    ),
];

/// The time until an RFC 3339 moment.
fn moment(text: &str, now_unix_s: u64) -> Option<Duration> {
    let at = OffsetDateTime::parse(text.trim(), &Rfc3339).ok()?;
    let at_unix_s = u64::try_from(at.unix_timestamp()).unwrap_or(0);
    Some(Duration::from_secs(at_unix_s.saturating_sub(now_unix_s)).min(MOST))
}

/// A number of units, clamped.
fn seconds(text: &str, unit_s: f64) -> Option<Duration> {
    let value: f64 = text.trim().parse().ok()?;
    clamped(value * unit_s)
}

fn clamped(seconds: f64) -> Option<Duration> {
    if seconds.is_nan() {
        return None;
    }
    Duration::try_from_secs_f64(seconds.clamp(0.0, MOST.as_secs_f64())).ok()
}

/// The time until an HTTP date.
fn until(text: &str, now_unix_s: u64) -> Option<Duration> {
    let date = httpdate::parse_http_date(text.trim()).ok()?;
    let since_epoch = date.duration_since(std::time::UNIX_EPOCH).ok()?;
    let wait = since_epoch.saturating_sub(Duration::from_secs(now_unix_s));
    Some(wait.min(MOST))
}

/// A span such as `6m0s`, `12ms`, `1h2m3.5s` at the start of a text; a bare number is seconds.
fn span(text: &str) -> Option<Duration> {
    let mut rest = text.trim_start();
    let mut total_s = 0.0;
    let mut parts = 0;
    while parts < 4 {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let (number, tail) = rest.split_at(digits);
        let Ok(value) = number.trim_end_matches('.').parse::<f64>() else {
            break;
        };
        let (unit_s, tail) = unit(tail.trim_start());
        total_s += value * unit_s;
        parts += 1;
        rest = tail;
    }
    if parts == 0 { None } else { clamped(total_s) }
}

fn unit(text: &str) -> (f64, &str) {
    let units = [
        ("ms", 0.001),
        ("h", 3_600.0),
        ("m", 60.0),
        ("s", 1.0),
        ("d", 86_400.0),
    ];
    for (name, seconds) in units {
        if let Some(rest) = text.strip_prefix(name) {
            return (seconds, rest);
        }
    }
    (1.0, text)
}

/// Reads "try again in 1m47.5s", "retry in 48.9s" and Google's `"retryDelay": "48s"`.
pub(super) fn from_text(text: &str) -> Option<Duration> {
    [
        "try again in ",
        "retry in ",
        "retry after ",
        "\"retryDelay\": \"",
        "\"retryDelay\":\"",
    ]
    .into_iter()
    .find_map(|lead| {
        let at = text.find(lead)? + lead.len();
        span(text.get(at..)?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(headers: &[(&str, &'static str)]) -> Option<Duration> {
        let find = |name: &str| {
            headers
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, v)| *v)
        };
        from_headers(find, 784_111_777)
    }

    #[test]
    fn headers_in_order_of_precision() {
        let ms = Duration::from_millis;
        assert_eq!(
            read(&[("retry-after-ms", "250"), ("retry-after", "9")]),
            Some(ms(250))
        );
        assert_eq!(read(&[("retry-after", "9")]), Some(ms(9_000)));
        assert_eq!(
            read(&[("retry-after", "Sun, 06 Nov 1994 08:50:07 GMT")]),
            Some(ms(30_000))
        );
        assert_eq!(
            read(&[("retry-after", "Sat, 06 Nov 1993 08:50:07 GMT")]),
            Some(ms(0))
        );
        assert_eq!(read(&[("retry-after", "99999999")]), Some(MOST));
        assert_eq!(read(&[("retry-after", "-5")]), Some(ms(0)));
        for bad in ["soon", "", "NaN"] {
            assert_eq!(read(&[("retry-after", bad)]), None, "{bad}");
        }
        assert_eq!(
            read(&[
                ("x-ratelimit-remaining-requests", "0"),
                ("x-ratelimit-reset-requests", "6m0s"),
                ("x-ratelimit-remaining-tokens", "17"),
                ("x-ratelimit-reset-tokens", "59m"),
            ]),
            Some(ms(360_000))
        );
        assert_eq!(read(&[("x-ratelimit-reset-requests", "6m0s")]), None);
    }

    #[test]
    fn each_providers_own_resets() {
        let s = Duration::from_secs;
        assert_eq!(
            read(&[
                ("anthropic-ratelimit-requests-remaining", "49"),
                ("anthropic-ratelimit-requests-reset", "1994-11-06T09:49:37Z"),
                ("anthropic-ratelimit-input-tokens-remaining", "0"),
                (
                    "anthropic-ratelimit-input-tokens-reset",
                    "1994-11-06T08:50:07Z"
                ),
            ]),
            Some(s(30))
        );
        assert_eq!(
            read(&[
                ("anthropic-ratelimit-tokens-remaining", "0"),
                ("anthropic-ratelimit-tokens-reset", "1994-11-06T08:00:00Z"),
            ]),
            Some(s(0)),
            "a moment that is over"
        );
        assert_eq!(
            read(&[
                ("x-ratelimit-remaining-tokens-minute", "0"),
                ("x-ratelimit-reset-tokens-minute", "11.382"),
            ]),
            Some(Duration::from_millis(11_382))
        );
    }

    #[test]
    fn texts() {
        let ms = |text| from_text(text).map(|wait| wait.as_millis());
        assert_eq!(ms("Please try again in 1m47.5854s."), Some(107_585));
        assert_eq!(ms("Please try again in 644ms. Visit"), Some(644));
        assert_eq!(ms("Please try again in 3.89s."), Some(3_890));
        assert_eq!(ms("Please retry in 48.939935699s."), Some(48_939));
        assert_eq!(ms(r#"{"retryDelay": "48s"}"#), Some(48_000));
        assert_eq!(
            ms("Please try again in 9m38.016s. Need more"),
            Some(578_016)
        );
        assert_eq!(ms("Please try again in a while"), None);
        assert_eq!(ms("Please try again later."), None);
    }
}
