//! `usage` of the chat API in normal form.

use super::super::counts::{self, Names, Reasoning};
use super::super::usage::ReportedUsage;

const NAMES: Names = Names {
    prompt: "prompt_tokens",
    prompt_details: "prompt_tokens_details",
    completion: "completion_tokens",
    completion_details: "completion_tokens_details",
    // xAI's chat counts it beside the completion.
    reasoning: Reasoning::AsTheTotalTells,
};

/// Reads a usage object. `None` when it does not tell both counts: a missing count is no zero.
pub(super) fn read(raw: &str) -> Option<ReportedUsage> {
    counts::read(raw, &NAMES)
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
