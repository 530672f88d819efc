//! What of an answer is shown as its usage, and what is billed.

use crate::routing::Candidate;
use crate::usage::Usage;
use crate::wire::{Delivered, Finish, Joiner, ReportedUsage};

/// Bytes of text that make a token when the provider did not count.
const BYTES_PER_TOKEN: u64 = 4;

/// Usage as reported. What the provider did not say is counted from text; no prompt has zero tokens.
pub fn counted(
    reported: Option<&ReportedUsage>,
    prompt_tokens: u64,
    delivered: &Delivered,
) -> Usage {
    match reported.map(|reported| reported.usage) {
        None => estimate(prompt_tokens, delivered),
        // Zero all over is a count: a guardrail stepped in before the model was asked.
        Some(usage) if usage.prompt_tokens == 0 && usage.completion_tokens > 0 => Usage {
            prompt_tokens,
            estimated: true,
            ..usage
        },
        Some(usage) => usage,
    }
}

/// Output tokens of one answer, for the statistics; `None` where they say nothing about the model.
pub fn answer_tokens(usage: &Usage, candidate: &Candidate, choices: u32) -> Option<u64> {
    let most = u64::from(candidate.model.max_output);
    let tokens = usage.completion_tokens / u64::from(choices.max(1));
    (tokens > 0).then(|| tokens.min(most))
}

/// Usage counted from text, because the provider did not say.
pub fn estimate(prompt_tokens: u64, delivered: &Delivered) -> Usage {
    let completion_tokens = delivered.text_bytes.div_ceil(BYTES_PER_TOKEN);
    Usage {
        prompt_tokens,
        completion_tokens,
        estimated: true,
        ..Usage::default()
    }
}

/// What a continuation adds to the bill: the output that the caller had not had before, and nothing
/// else. That the conversation was read a second time is not the caller's doing, and neither is what
/// had to be said again or thought again to find the place.
pub fn continuation(reported: Option<&ReportedUsage>, joiner: &Joiner) -> Usage {
    let completion_tokens = match reported.map(|reported| reported.usage) {
        Some(usage) => joiner.share(
            usage
                .completion_tokens
                .saturating_sub(usage.reasoning_tokens),
        ),
        None => joiner.passed_bytes().div_ceil(BYTES_PER_TOKEN),
    };
    Usage {
        completion_tokens,
        estimated: true,
        ..Usage::default()
    }
}

/// What a continuation took beyond what the caller pays of it.
pub fn borne(reported: &ReportedUsage, paid: &Usage) -> Usage {
    let completion_tokens = reported.usage.completion_tokens;
    Usage {
        completion_tokens: completion_tokens.saturating_sub(paid.completion_tokens),
        ..reported.usage
    }
}

/// Nothing is billed without output when the finish is blank, an error or a filter.
pub fn is_billable(finish: Option<Finish>, delivered: &Delivered, usage: &Usage) -> bool {
    let has_output = delivered.has_content || (usage.completion_tokens > 0 && !usage.estimated);
    match finish {
        None | Some(Finish::Error | Finish::ContentFilter) => has_output,
        Some(Finish::Stop | Finish::Length | Finish::ToolCalls | Finish::FunctionCall) => true,
    }
}
