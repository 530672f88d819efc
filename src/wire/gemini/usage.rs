//! `usageMetadata` in normal form.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::usage::Usage;

use super::super::json;
use super::super::usage::ReportedUsage;

/// Google's counts as they stand there.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct UsageMetadata<'a> {
    #[serde(borrow)]
    prompt_token_count: Option<&'a RawValue>,
    #[serde(borrow)]
    tool_use_prompt_token_count: Option<&'a RawValue>,
    #[serde(borrow)]
    candidates_token_count: Option<&'a RawValue>,
    #[serde(borrow)]
    thoughts_token_count: Option<&'a RawValue>,
    #[serde(borrow)]
    cached_content_token_count: Option<&'a RawValue>,
    #[serde(borrow)]
    total_token_count: Option<&'a RawValue>,
}

/// Counts, and whether those of the output were told: early frames of a stream leave them out.
#[derive(Clone, Debug)]
pub(super) struct Counted {
    pub reported: ReportedUsage,
    pub output: Output,
}

/// What is known of the output's count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Output {
    /// Google told it.
    Told,
    /// It follows from the total, or is taken for nothing.
    Inferred,
}

impl UsageMetadata<'_> {
    /// Thoughts stand beside the candidates, the input of Google's own tools beside the prompt;
    /// cached tokens are inside the prompt. `None` where neither prompt nor output is counted; a
    /// prompt of zero tokens is one that was not counted.
    pub(super) fn read(&self) -> Option<Counted> {
        let number = |raw: Option<&RawValue>| raw.map(RawValue::get).and_then(json::count);
        let prompt = match (
            number(self.prompt_token_count),
            number(self.candidates_token_count),
        ) {
            (Some(prompt), _) => prompt,
            (None, Some(_)) => 0,
            (None, None) => return None,
        };
        let prompt = prompt.saturating_add(number(self.tool_use_prompt_token_count).unwrap_or(0));
        let thoughts = number(self.thoughts_token_count);
        let candidates = number(self.candidates_token_count);
        let rest = number(self.total_token_count).and_then(|total| total.checked_sub(prompt));
        let completion = match (candidates, thoughts) {
            (Some(candidates), thoughts) => candidates.saturating_add(thoughts.unwrap_or(0)),
            (None, Some(thoughts)) => thoughts.max(rest.unwrap_or(0)),
            (None, None) => rest.unwrap_or(0),
        };
        let usage = Usage {
            prompt_tokens: prompt,
            cached_tokens: number(self.cached_content_token_count).unwrap_or(0),
            completion_tokens: completion,
            reasoning_tokens: thoughts.unwrap_or(0),
            ..Usage::default()
        };
        let (usage, clamped) = usage.clamp();
        Some(Counted {
            reported: ReportedUsage {
                usage,
                clamped,
                ..ReportedUsage::default()
            },
            output: match candidates {
                Some(_) => Output::Told,
                None => Output::Inferred,
            },
        })
    }
}
