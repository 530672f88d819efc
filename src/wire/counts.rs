//! Reads the usage objects of the OpenAI family: one shape under two sets of names.

use super::json;
use super::object::Object;
use super::usage::{ReportedUsage, keep};
use crate::usage::Usage;

/// Members that are ours to say, whatever an upstream says there.
const OURS: [&str; 4] = ["cost", "cost_details", "estimated", "is_byok"];

/// What an API calls the counts of a usage object.
pub(super) struct Names {
    pub prompt: &'static str,
    pub prompt_details: &'static str,
    pub completion: &'static str,
    pub completion_details: &'static str,
    pub reasoning: Reasoning,
}

/// Where reasoning is counted.
pub(super) enum Reasoning {
    /// As a part of the completion.
    Inside,
    /// Some hosts count it beside the completion, which only the total gives away.
    AsTheTotalTells,
}

/// Reads a usage object as it stands. `None` when it does not tell both counts: a missing count is
/// no zero.
pub(super) fn read(raw: &str, names: &Names) -> Option<ReportedUsage> {
    let object = Object::nested(raw).ok()?;
    let number = |name: &str| object.get(name).and_then(json::count);
    let total = number("total_tokens");
    let prompt = number(names.prompt);
    let completion = number(names.completion);
    let prompt_tokens = prompt.or_else(|| total?.checked_sub(completion?))?;
    let completion_tokens = completion.or_else(|| total?.checked_sub(prompt_tokens))?;
    let mut reported = ReportedUsage {
        usage: Usage {
            prompt_tokens,
            completion_tokens,
            ..Usage::default()
        },
        ..ReportedUsage::default()
    };
    let is_count = |name: &str| ["total_tokens", names.prompt, names.completion].contains(&name);
    for (name, raw) in object.iter() {
        if name == names.prompt_details {
            prompt_parts(raw, &mut reported);
        } else if name == names.completion_details {
            completion_parts(raw, &mut reported);
        } else if !is_count(name) && !OURS.contains(&name) {
            keep(&mut reported.extra.top, name, raw);
        }
    }
    match names.reasoning {
        Reasoning::Inside => {}
        Reasoning::AsTheTotalTells => take_in_reasoning(&mut reported.usage, total),
    }
    (reported.usage, reported.clamped) = reported.usage.clamp();
    Some(reported)
}

/// Counts reasoning as a part of the completion where the total says that it was not.
fn take_in_reasoning(usage: &mut Usage, total: Option<u64>) {
    let together = usage.completion_tokens.checked_add(usage.reasoning_tokens);
    if usage.reasoning_tokens > 0
        && let Some(together) = together
        && total == usage.prompt_tokens.checked_add(together)
    {
        usage.completion_tokens = together;
    }
}

fn prompt_parts(raw: &str, reported: &mut ReportedUsage) {
    // `null` and other shapes say nothing.
    for (name, raw) in Object::nested(raw).unwrap_or_default().iter() {
        let count = json::count(raw).unwrap_or_default();
        match name {
            "cached_tokens" => reported.usage.cached_tokens = count,
            "cache_write_tokens" => reported.usage.cache_write_tokens = count,
            _ => keep(&mut reported.extra.prompt, name, raw),
        }
    }
}

fn completion_parts(raw: &str, reported: &mut ReportedUsage) {
    for (name, raw) in Object::nested(raw).unwrap_or_default().iter() {
        match name {
            "reasoning_tokens" => {
                reported.usage.reasoning_tokens = json::count(raw).unwrap_or_default();
            }
            _ => keep(&mut reported.extra.completion, name, raw),
        }
    }
}
