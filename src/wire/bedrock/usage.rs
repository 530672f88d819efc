//! `usage` of Converse in normal form.

use crate::usage::Usage;

use super::super::json;
use super::super::object::{Object, array};
use super::super::usage::ReportedUsage;

/// Kinds of cache writes at the most.
const MOST_CACHE_DETAILS: usize = 16;

/// Reads a usage object. `inputTokens` counts neither cache reads nor writes. `None` when it does
/// not tell both counts: a missing count is no zero.
pub(super) fn read(raw: &str) -> Option<ReportedUsage> {
    let object = Object::parse(raw).ok()?;
    let count = |name: &str| object.get(name).and_then(json::count);
    // Both spellings come, often together.
    let either = |name: &str| {
        count(&format!("{name}Tokens")).or_else(|| count(&format!("{name}TokenCount")))
    };
    let input = count("inputTokens")?;
    let completion_tokens = count("outputTokens")?;
    let cached_tokens = either("cacheReadInput").unwrap_or_default();
    let written = either("cacheWriteInput").unwrap_or_default();
    let hour = object
        .get("cacheDetails")
        .map_or(0, hour_writes)
        .min(written);
    let (usage, clamped) = Usage {
        prompt_tokens: input.saturating_add(cached_tokens).saturating_add(written),
        cached_tokens,
        cache_write_tokens: written - hour,
        cache_write_1h_tokens: hour,
        completion_tokens,
        ..Usage::default()
    }
    .clamp();
    Some(ReportedUsage {
        usage,
        clamped,
        ..ReportedUsage::default()
    })
}

/// Tokens that were written to a cache that lives an hour.
fn hour_writes(details: &str) -> u64 {
    let details = array(details, MOST_CACHE_DETAILS).unwrap_or_default();
    details
        .into_iter()
        .filter_map(|raw| {
            let detail = Object::parse(raw).ok()?;
            (detail.get("ttl") == Some("\"1h\"")).then_some(())?;
            json::count(detail.get("inputTokens")?)
        })
        .fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cache_counts_stand_beside_the_input() {
        let reported = read(
            r#"{"inputTokens":3,"outputTokens":227,"totalTokens":1942,"cacheReadInputTokenCount":10,
                "cacheWriteInputTokens":1712,"cacheWriteInputTokenCount":1712,"serverToolUsage":{},
                "cacheDetails":[{"ttl":"5m","inputTokens":1000},{"ttl":"1h","inputTokens":712}]}"#,
        )
        .unwrap();
        let usage = reported.usage;
        assert_eq!(usage.prompt_tokens, 3 + 10 + 1712);
        assert_eq!(usage.cached_tokens, 10);
        assert_eq!(
            (usage.cache_write_tokens, usage.cache_write_1h_tokens),
            (1000, 712)
        );
        assert_eq!(usage.completion_tokens, 227);
        assert!(!reported.clamped);
    }

    #[test]
    fn absent_is_not_zero_and_nonsense_is_no_credit() {
        for absent in [
            "null",
            "{}",
            r#"{"inputTokens":5}"#,
            r#"{"inputTokens":-5,"outputTokens":1}"#,
        ] {
            assert_eq!(read(absent), None, "{absent}");
        }
        let huge = read(
            r#"{"inputTokens":9223372036854775808,"outputTokens":1,"cacheReadInputTokens":7,
                "cacheDetails":[{"ttl":"1h","inputTokens":9}]}"#,
        )
        .unwrap();
        assert!(huge.clamped);
        assert_eq!(huge.usage.cached_tokens, 7);
        assert_eq!(huge.usage.cache_write_1h_tokens, 0);
    }
}
