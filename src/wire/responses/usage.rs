//! `usage` of the Responses API in normal form. Cached tokens are part of the input, reasoning is
//! part of the output.

use super::super::counts::{self, Names, Reasoning};
use super::super::usage::ReportedUsage;

const NAMES: Names = Names {
    prompt: "input_tokens",
    prompt_details: "input_tokens_details",
    completion: "output_tokens",
    completion_details: "output_tokens_details",
    reasoning: Reasoning::Inside,
};

/// Reads a usage object. `None` when it does not tell both counts: a missing count is no zero.
pub(super) fn read(raw: &str) -> Option<ReportedUsage> {
    counts::read(raw, &NAMES)
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
