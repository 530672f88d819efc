//! `usage` of the OpenAI family in normal form.

use crate::usage::Usage;

use super::super::json;
use super::super::object::Object;
use super::super::usage::{ReportedUsage, keep};

/// Members that are ours to say, whatever an upstream says there.
const OURS: [&str; 4] = ["cost", "cost_details", "estimated", "is_byok"];

/// Reads a usage object. `None` when it does not tell both counts: a missing count is no zero.
pub(super) fn read(raw: &str) -> Option<ReportedUsage> {
    let object = Object::parse(raw).ok()?;
    let number = |name: &str| object.get(name).and_then(json::count);
    let total = number("total_tokens");
    let prompt = number("prompt_tokens");
    let completion = number("completion_tokens");
    let prompt_tokens = prompt.or_else(|| total?.checked_sub(completion?))?;
    let completion_tokens = completion.or_else(|| total?.checked_sub(prompt_tokens))?;

    let mut reported = ReportedUsage::default();
    let extra = &mut reported.extra;
    let mut usage = Usage {
        prompt_tokens,
        completion_tokens,
        ..Usage::default()
    };
    for (name, raw) in object.iter() {
        match name {
            "prompt_tokens" | "completion_tokens" | "total_tokens" => {}
            "prompt_tokens_details" => details(raw, |name, raw| match name {
                "cached_tokens" => usage.cached_tokens = json::count(raw).unwrap_or_default(),
                "cache_write_tokens" => {
                    usage.cache_write_tokens = json::count(raw).unwrap_or_default();
                }
                _ => keep(&mut extra.prompt, name, raw),
            }),
            "completion_tokens_details" => details(raw, |name, raw| match name {
                "reasoning_tokens" => {
                    usage.reasoning_tokens = json::count(raw).unwrap_or_default();
                }
                _ => keep(&mut extra.completion, name, raw),
            }),
            _ if OURS.contains(&name) => {}
            _ => keep(&mut extra.top, name, raw),
        }
    }
    // xAI's chat counts reasoning beside the completion, which only the total gives away.
    let beside = completion_tokens.checked_add(usage.reasoning_tokens);
    if usage.reasoning_tokens > 0
        && let Some(with_reasoning) = beside
        && total == prompt_tokens.checked_add(with_reasoning)
    {
        usage.completion_tokens = with_reasoning;
    }
    (reported.usage, reported.clamped) = usage.clamp();
    Some(reported)
}

fn details(raw: &str, mut each: impl FnMut(&str, &str)) {
    // `null` and other shapes say nothing.
    if let Ok(object) = Object::parse(raw) {
        for (name, raw) in object.iter() {
            each(name, raw);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(raw: &str) -> Option<(u64, u64, u64, u64)> {
        read(raw).map(|reported| {
            let usage = reported.usage;
            (
                usage.prompt_tokens,
                usage.cached_tokens,
                usage.completion_tokens,
                usage.reasoning_tokens,
            )
        })
    }

    #[test]
    fn reasoning_inside_and_beside_the_completion() {
        let usage = |completion, total| {
            format!(
                r#"{{"prompt_tokens":100,"completion_tokens":{completion},"total_tokens":{total},
                "completion_tokens_details":{{"reasoning_tokens":30}},"prompt_tokens_details":{{"cached_tokens":7}}}}"#
            )
        };
        assert_eq!(counts(&usage(40, 140)), Some((100, 7, 40, 30)));
        assert_eq!(counts(&usage(40, 170)), Some((100, 7, 70, 30)));
        assert_eq!(counts(&usage(5, 135)), Some((100, 7, 35, 30)));
    }

    #[test]
    fn absent_is_not_zero_and_nonsense_is_no_credit() {
        assert_eq!(counts("null"), None);
        assert_eq!(counts("{}"), None);
        assert_eq!(counts(r#"{"prompt_tokens":5}"#), None);
        assert_eq!(
            counts(r#"{"prompt_tokens":-5,"completion_tokens":1}"#),
            None
        );
        assert_eq!(
            counts(r#"{"prompt_tokens":5,"total_tokens":9}"#),
            Some((5, 0, 4, 0))
        );
        let reported = read(
            r#"{"prompt_tokens":5,"completion_tokens":0,"prompt_tokens_details":{"cached_tokens":99}}"#,
        )
        .unwrap();
        assert!(reported.clamped);
        assert_eq!(reported.usage.cached_tokens, 5);
    }

    #[test]
    fn further_counts_are_kept_and_prices_of_others_are_not() {
        let reported = read(
            r#"{"queue_time":0.04,"prompt_tokens":5,"completion_tokens":1,"cost":9,
                "prompt_tokens_details":{"audio_tokens":0,"cached_tokens":1,"cache_write_tokens":2},
                "completion_tokens_details":null}"#,
        )
        .unwrap();
        assert_eq!(reported.extra.top, r#""queue_time":0.04"#);
        assert_eq!(reported.extra.prompt, r#""audio_tokens":0"#);
        assert_eq!(reported.usage.cache_write_tokens, 2);
    }
}
