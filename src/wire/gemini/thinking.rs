//! The caller's wish to think as `thinkingConfig`, per model, never one that the model refuses.
//!
//! Source: <https://ai.google.dev/gemini-api/docs/thinking> (budgets, levels, which models can be
//! switched off) and <https://ai.google.dev/gemini-api/docs/openai> (what an effort means).

use std::ops::RangeInclusive;

use crate::catalog::{Ability, Model};

use super::super::answer::ReasoningView;
use super::super::chat::{ChatRequest, Effort};
use super::super::json;
use super::super::{Reason, Warning};
use super::generation::{Generation, Kind, Levels, Size};

/// What the caller wants, and the field that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    /// Nothing was said.
    Usual,
    /// Yes, as much as the model likes.
    On,
    Off(&'static str),
    Effort(Effort, &'static str),
    /// At most so many tokens.
    Tokens(u64),
}

/// `thinkingConfig`, and what of the wish it does not honour.
#[derive(Debug, Default)]
pub(super) struct Thinking {
    /// The raw object; nothing when the model does as it likes unseen.
    pub config: Option<String>,
    pub warnings: Vec<Warning>,
}

/// Translates the wish for one model.
pub(super) fn plan(request: &ChatRequest, model: &Model, kind: Kind) -> Thinking {
    let mut warnings = Vec::new();
    let mut refuse = |field: &'static str| {
        warnings.push(Warning::advisory(Reason::Unsupported, field));
    };
    let wish = wish(request);
    if !model.abilities.has(Ability::Reasoning) {
        match wish {
            Wish::Usual | Wish::On | Wish::Off(_) => {}
            Wish::Effort(_, field) => refuse(field),
            Wish::Tokens(_) => refuse("reasoning.max_tokens"),
        }
        return Thinking {
            config: None,
            warnings,
        };
    }
    if matches!(wish, Wish::Effort(..) | Wish::Off(_))
        && request.reasoning_wish().max_tokens.is_some()
    {
        refuse("reasoning.max_tokens");
    }
    let amount = match kind.generation {
        Generation::Budget => budget(wish, kind.size, &mut refuse),
        Generation::Level => level(wish, kind.levels, &mut refuse),
    };
    Thinking {
        config: config(amount.as_deref(), request.reasoning_view()),
        warnings,
    }
}

/// What stands for no thinking at all. Thoughts cannot be asked for beside it.
const SWITCHED_OFF: &str = r#""thinkingBudget":0"#;

fn config(amount: Option<&str>, view: ReasoningView) -> Option<String> {
    let shown = match view {
        ReasoningView::Include if amount != Some(SWITCHED_OFF) => Some(r#""includeThoughts":true"#),
        ReasoningView::Include | ReasoningView::Exclude => None,
    };
    let members: Vec<&str> = [amount, shown].into_iter().flatten().collect();
    (!members.is_empty()).then(|| format!("{{{}}}", members.join(",")))
}

/// OpenAI's own field first, then the extension; an effort before a number of tokens.
fn wish(request: &ChatRequest) -> Wish {
    let extension = request.reasoning_wish();
    let own = request.field("reasoning_effort").and_then(json::string);
    let own = own.and_then(|word| effort(&word));
    let said = own
        .map(|effort| (effort, "reasoning_effort"))
        .or(extension.effort.map(|effort| (effort, "reasoning.effort")));
    match (said, extension.max_tokens, extension.enabled) {
        (Some((Effort::None, field)), _, _) => Wish::Off(field),
        (Some((effort, field)), _, _) => Wish::Effort(effort, field),
        (None, _, Some(false)) => Wish::Off("reasoning.enabled"),
        (None, Some(0), _) => Wish::Off("reasoning.max_tokens"),
        (None, Some(tokens), _) => Wish::Tokens(tokens),
        (None, None, Some(true)) => Wish::On,
        (None, None, None) => Wish::Usual,
    }
}

fn effort(word: &str) -> Option<Effort> {
    [
        Effort::None,
        Effort::Minimal,
        Effort::Low,
        Effort::Medium,
        Effort::High,
        Effort::XHigh,
    ]
    .into_iter()
    .find(|effort| effort.as_str() == word)
}

fn budget(wish: Wish, size: Size, refuse: &mut impl FnMut(&'static str)) -> Option<String> {
    let range = budgets(size);
    let tokens = match (wish, size) {
        // The only model that does not think by itself.
        (Wish::Usual, Size::FlashLite) => return Some(SWITCHED_OFF.to_owned()),
        (Wish::On, Size::FlashLite) => return Some(r#""thinkingBudget":-1"#.to_owned()),
        (Wish::Usual | Wish::On, Size::Flash | Size::Pro) => return None,
        (Wish::Off(_), Size::Flash | Size::FlashLite) => return Some(SWITCHED_OFF.to_owned()),
        (Wish::Off(field), Size::Pro) => {
            refuse(field);
            *range.start()
        }
        (Wish::Effort(effort, _), _) => match effort {
            Effort::None => 0,
            Effort::Minimal => 512,
            Effort::Low => 1_024,
            Effort::Medium => 8_192,
            Effort::High => 24_576,
            Effort::XHigh => *range.end(),
        },
        (Wish::Tokens(tokens), _) => {
            if !range.contains(&tokens) {
                refuse("reasoning.max_tokens");
            }
            tokens
        }
    };
    let tokens = tokens.clamp(*range.start(), *range.end());
    Some(format!(r#""thinkingBudget":{tokens}"#))
}

fn budgets(size: Size) -> RangeInclusive<u64> {
    match size {
        Size::Pro => 128..=32_768,
        Size::Flash => 1..=24_576,
        Size::FlashLite => 512..=24_576,
    }
}

fn level(wish: Wish, levels: Levels, refuse: &mut impl FnMut(&'static str)) -> Option<String> {
    let lowest = match levels {
        Levels::All => "minimal",
        Levels::LowHigh | Levels::LowMediumHigh => "low",
    };
    let word = match wish {
        Wish::Usual | Wish::On => return None,
        // Accepted for the sake of older callers; not beside a level.
        Wish::Tokens(tokens) => {
            let range = budgets(Size::Pro);
            if !range.contains(&tokens) {
                refuse("reasoning.max_tokens");
            }
            let tokens = tokens.clamp(*range.start(), *range.end());
            return Some(format!(r#""thinkingBudget":{tokens}"#));
        }
        Wish::Off(field) => {
            refuse(field);
            lowest
        }
        Wish::Effort(effort, field) => match (effort, levels) {
            (Effort::None | Effort::Minimal, Levels::All) => lowest,
            (Effort::None | Effort::Minimal, Levels::LowHigh | Levels::LowMediumHigh) => {
                refuse(field);
                lowest
            }
            (Effort::Low, _) => "low",
            (Effort::Medium, Levels::LowHigh) => {
                refuse(field);
                "high"
            }
            (Effort::Medium, Levels::LowMediumHigh | Levels::All) => "medium",
            (Effort::High | Effort::XHigh, _) => "high",
        },
    };
    Some(format!(r#""thinkingLevel":"{word}""#))
}
