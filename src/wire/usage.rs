//! Usage as an upstream reports it, and the `usage` block that callers see.

use crate::catalog::Cost;
use crate::usage::Usage;

use super::json;

/// What members of an upstream's usage usually take together.
const EXTRA_BYTES: usize = 128;

/// A usage in normal form, with the upstream's further counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReportedUsage {
    /// The counts that are billed; parts never exceed their wholes.
    pub usage: Usage,
    /// The upstream's counts contradicted each other and were corrected.
    pub clamped: bool,
    /// What else the upstream said.
    pub extra: UsageExtra,
}

/// Members of an upstream's usage that are not ours to say: JSON members without braces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsageExtra {
    /// Beside the counts.
    pub(super) top: String,
    /// In `prompt_tokens_details`.
    pub(super) prompt: String,
    /// In `completion_tokens_details`.
    pub(super) completion: String,
}

/// The `usage` block of an answer: what was counted and what it cost.
#[derive(Clone, Debug)]
pub struct UsageBlock<'a> {
    /// The counts that were billed.
    pub usage: Usage,
    /// The price, part by part.
    pub cost: Cost,
    /// The upstream's further counts.
    pub extra: Option<&'a UsageExtra>,
}

impl UsageBlock<'_> {
    /// Appends the block as a JSON object. `cost` is a number, printed digit by digit from the
    /// exact amount; its parts are decimal strings like all other money.
    pub fn write(&self, out: &mut String) {
        let Self { usage, cost, extra } = self;
        let nothing = UsageExtra::default();
        let extra = extra.unwrap_or(&nothing);
        let writes = usage
            .cache_write_tokens
            .saturating_add(usage.cache_write_1h_tokens);
        count(out, r#"{"prompt_tokens":"#, usage.prompt_tokens);
        count(out, r#","completion_tokens":"#, usage.completion_tokens);
        count(out, r#","total_tokens":"#, usage.total_tokens());
        count(
            out,
            r#","prompt_tokens_details":{"cached_tokens":"#,
            usage.cached_tokens,
        );
        count(out, r#","cache_write_tokens":"#, writes);
        join(out, &extra.prompt);
        count(
            out,
            r#"},"completion_tokens_details":{"reasoning_tokens":"#,
            usage.reasoning_tokens,
        );
        join(out, &extra.completion);
        out.push_str(r#"},"cost":"#);
        cost.total.push(out);
        for (name, part) in [
            (r#","cost_details":{"prompt":""#, cost.prompt),
            (r#"","completion":""#, cost.completion),
            (r#"","cache_read":""#, cost.cache_read),
            (r#"","cache_write":""#, cost.cache_write),
        ] {
            out.push_str(name);
            part.push(out);
        }
        out.push_str(r#""}"#);
        if usage.estimated {
            out.push_str(r#","estimated":true"#);
        }
        join(out, &extra.top);
        out.push('}');
    }
}

fn count(out: &mut String, name: &str, count: u64) {
    out.push_str(name);
    json::push_number(out, count);
}

/// Members that follow others: a comma first, unless there are none.
fn join(out: &mut String, members: &str) {
    if !members.is_empty() {
        out.push(',');
        out.push_str(members);
    }
}

/// Appends a member that is passed on as it came.
pub(super) fn keep(extra: &mut String, name: &str, raw: &str) {
    if extra.is_empty() {
        extra.reserve(EXTRA_BYTES);
    }
    json::push_member(extra, name, raw);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Picodollars;

    #[test]
    fn cost_is_exact_and_the_block_is_json() {
        let extra = UsageExtra {
            top: r#""queue_time":0.5"#.into(),
            prompt: r#""audio_tokens":0"#.into(),
            completion: String::new(),
        };
        let block = UsageBlock {
            usage: Usage {
                prompt_tokens: 10,
                cached_tokens: 4,
                completion_tokens: 3,
                estimated: true,
                ..Usage::default()
            },
            cost: Cost {
                total: Picodollars::new(1),
                prompt: Picodollars::new(1_500_000),
                ..Cost::default()
            },
            extra: Some(&extra),
        };
        let mut out = String::new();
        block.write(&mut out);
        insta::assert_snapshot!(out, @r#"{"prompt_tokens":10,"completion_tokens":3,"total_tokens":13,"prompt_tokens_details":{"cached_tokens":4,"cache_write_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0},"cost":0.000000000001,"cost_details":{"prompt":"0.0000015","completion":"0","cache_read":"0","cache_write":"0"},"estimated":true,"queue_time":0.5}"#);
        assert!(serde_json::from_str::<serde::de::IgnoredAny>(&out).is_ok());
    }
}
