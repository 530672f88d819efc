//! `usage` of the Responses API in normal form. Cached tokens are part of the input, reasoning is
//! part of the output.

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
    let input = number("input_tokens");
    let output = number("output_tokens");
    let prompt_tokens = input.or_else(|| total?.checked_sub(output?))?;
    let completion_tokens = output.or_else(|| total?.checked_sub(prompt_tokens))?;
    let mut reported = ReportedUsage::default();
    let extra = &mut reported.extra;
    let mut usage = Usage {
        prompt_tokens,
        completion_tokens,
        ..Usage::default()
    };
    for (name, raw) in object.iter() {
        match name {
            "input_tokens" | "output_tokens" | "total_tokens" => {}
            "input_tokens_details" => details(raw, |name, raw| match name {
                "cached_tokens" => usage.cached_tokens = json::count(raw).unwrap_or_default(),
                "cache_write_tokens" => {
                    usage.cache_write_tokens = json::count(raw).unwrap_or_default();
                }
                _ => keep(&mut extra.prompt, name, raw),
            }),
            "output_tokens_details" => details(raw, |name, raw| match name {
                "reasoning_tokens" => {
                    usage.reasoning_tokens = json::count(raw).unwrap_or_default();
                }
                _ => keep(&mut extra.completion, name, raw),
            }),
            _ if OURS.contains(&name) => {}
            _ => keep(&mut extra.top, name, raw),
        }
    }
    (reported.usage, reported.clamped) = usage.clamp();
    Some(reported)
}

fn details(raw: &str, mut each: impl FnMut(&str, &str)) {
    // `null` and other shapes say nothing.
    for (name, raw) in Object::parse(raw).unwrap_or_default().iter() {
        each(name, raw);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_lie_inside_their_wholes() {
        let reported = read(
            r#"{"input_tokens":100,"input_tokens_details":{"cached_tokens":40,"cache_write_tokens":8,"audio_tokens":0},
                "output_tokens":30,"output_tokens_details":{"reasoning_tokens":20},"total_tokens":130,"cost":1}"#,
        )
        .unwrap();
        let usage = reported.usage;
        assert_eq!((usage.prompt_tokens, usage.cached_tokens), (100, 40));
        assert_eq!((usage.completion_tokens, usage.reasoning_tokens), (30, 20));
        assert_eq!(usage.cache_write_tokens, 8);
        assert_eq!(reported.extra.prompt, r#""audio_tokens":0"#);
        assert!(reported.extra.top.is_empty() && !reported.clamped);
    }

    #[test]
    fn absent_is_not_zero_and_nonsense_is_no_credit() {
        assert_eq!(read("null"), None);
        assert_eq!(read(r#"{"input_tokens":5}"#), None);
        assert_eq!(read(r#"{"input_tokens":-5,"output_tokens":1}"#), None);
        let reported = read(
            r#"{"input_tokens":5,"output_tokens":0,"input_tokens_details":{"cached_tokens":99}}"#,
        )
        .unwrap();
        assert!(reported.clamped);
        assert_eq!(reported.usage.cached_tokens, 5);
    }
}
