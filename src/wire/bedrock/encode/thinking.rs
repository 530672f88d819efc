//! How much a model is to think: the caller's wish in each family's own words.
//!
//! What has no known form is left out with a warning, never sent on trial: DeepSeek R1, GLM,
//! MiniMax, Nemotron and Qwen think by themselves or not at all.

use crate::catalog::{Ability, Model};

use super::super::super::chat::{ChatRequest, Effort};
use super::super::family::Family;
use super::conversation::Loop;
use super::params::Limits;

/// The smallest budget that Claude takes.
const LEAST_BUDGET: u64 = 1_024;
/// Claude models that think by budget; later ones by effort.
const BY_BUDGET: [&str; 8] = [
    "claude-3",
    "sonnet-4-2",
    "sonnet-4-5",
    "opus-4-1",
    "opus-4-2",
    "opus-4-5",
    "haiku-4-5",
    "haiku-3",
];

/// What the caller wishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Nothing,
    Effort(Effort),
    /// At most so many tokens.
    Budget(u64),
}

/// What is sent of it.
#[derive(Debug)]
pub(super) struct Thinking {
    /// A member of `additionalModelRequestFields`, as JSON without braces.
    pub field: Option<String>,
    /// Whether the model was told to think, so that sampling and forced tools may be refused.
    pub is_told: bool,
    /// The smallest `maxTokens` that goes with it.
    pub least_output: Option<u64>,
    /// The caller's field that cannot be honoured.
    pub refused: Option<&'static str>,
}

impl Thinking {
    pub(super) fn of(
        request: &ChatRequest,
        model: &Model,
        family: Family,
        limits: &Limits,
        open_loop: Loop,
    ) -> Self {
        let (wish, field) = wish(request);
        let reasons = model.abilities.has(Ability::Reasoning);
        let sent = match (wish, reasons) {
            (Wish::Nothing | Wish::Effort(Effort::None), false) => Ok(None),
            (Wish::Effort(_) | Wish::Budget(_), false) => Err(()),
            (Wish::Nothing, true) => Ok(None),
            (Wish::Effort(_) | Wish::Budget(_), true) => {
                form(wish, request, model, family, limits, open_loop)
            }
        };
        let least_output = sent.as_ref().ok().and_then(|sent| sent.as_ref()?.budget);
        // Models without a form of their own think anyway.
        let is_granted = reasons && request.reasoning_wish().enabled == Some(true);
        let is_refused = sent.is_err() && !(is_granted && field == "reasoning.enabled");
        Self {
            is_told: matches!(sent, Ok(Some(_))),
            refused: is_refused.then_some(field),
            field: sent.ok().flatten().map(|sent| sent.field),
            least_output,
        }
    }
}

struct Sent {
    field: String,
    budget: Option<u64>,
}

/// The wish and the field that it stands in.
fn wish(request: &ChatRequest) -> (Wish, &'static str) {
    let wish = request.reasoning_wish();
    if let Some(effort) = request.field("reasoning_effort").and_then(effort) {
        return (Wish::Effort(effort), "reasoning_effort");
    }
    if let Some(effort) = wish.effort {
        return (Wish::Effort(effort), "reasoning.effort");
    }
    match (wish.max_tokens, wish.enabled) {
        (Some(0), _) => (Wish::Effort(Effort::None), "reasoning.max_tokens"),
        (Some(most), _) => (Wish::Budget(most), "reasoning.max_tokens"),
        (None, Some(false)) => (Wish::Effort(Effort::None), "reasoning.enabled"),
        (None, Some(true)) => (Wish::Effort(Effort::Medium), "reasoning.enabled"),
        (None, None) => (Wish::Nothing, "reasoning.enabled"),
    }
}

fn effort(raw: &str) -> Option<Effort> {
    [
        Effort::None,
        Effort::Minimal,
        Effort::Low,
        Effort::Medium,
        Effort::High,
        Effort::XHigh,
    ]
    .into_iter()
    .find(|effort| raw.trim_matches('"') == effort.as_str())
}

/// The family's form; an error when it has none for this wish.
fn form(
    wish: Wish,
    request: &ChatRequest,
    model: &Model,
    family: Family,
    limits: &Limits,
    open_loop: Loop,
) -> Result<Option<Sent>, ()> {
    let is_off = wish == Wish::Effort(Effort::None);
    let field = match family {
        // They think only when they are told to.
        Family::Claude | Family::Nova2 | Family::DeepSeek if is_off => return Ok(None),
        Family::Claude if BY_BUDGET.iter().any(|name| model.upstream.contains(name)) => {
            return budget(wish, limits, open_loop).map(Some);
        }
        Family::Claude => {
            let word = word(wish, ["low", "low", "medium", "high", "high"])?;
            format!(r#""thinking":{{"type":"adaptive"}},"output_config":{{"effort":"{word}"}}"#)
        }
        Family::Nova2 => {
            // At high effort it refuses limits and sampling.
            let samples = ["temperature", "top_p"];
            let is_bound = limits.max_tokens.is_some()
                || samples.iter().any(|name| request.field(name).is_some());
            let high = if is_bound { "medium" } else { "high" };
            let word = word(wish, ["low", "low", "medium", high, high])?;
            format!(r#""reasoningConfig":{{"type":"enabled","maxReasoningEffort":"{word}"}}"#)
        }
        Family::Gpt if is_off => r#""reasoning":{"effort":"none"}"#.to_owned(),
        Family::Gpt => {
            let word = word(wish, ["low", "low", "medium", "high", "xhigh"])?;
            format!(r#""reasoning":{{"effort":"{word}"}}"#)
        }
        Family::GptOss | Family::DeepSeek => {
            let word = word(wish, ["low", "low", "medium", "high", "high"])?;
            format!(r#""reasoning_effort":"{word}""#)
        }
        Family::Kimi => {
            let word = word(wish, ["low", "low", "high", "high", "max"])?;
            format!(r#""reasoning_effort":"{word}""#)
        }
        Family::Nova | Family::Llama | Family::Qwen | Family::Other => return Err(()),
    };
    Ok(Some(Sent {
        field,
        budget: None,
    }))
}

/// The word for an effort; from minimal to the highest.
fn word(wish: Wish, words: [&'static str; 5]) -> Result<&'static str, ()> {
    let [minimal, low, medium, high, highest] = words;
    match wish {
        Wish::Nothing | Wish::Budget(_) | Wish::Effort(Effort::None) => Err(()),
        Wish::Effort(Effort::Minimal) => Ok(minimal),
        Wish::Effort(Effort::Low) => Ok(low),
        Wish::Effort(Effort::Medium) => Ok(medium),
        Wish::Effort(Effort::High) => Ok(high),
        Wish::Effort(Effort::XHigh) => Ok(highest),
    }
}

/// Claude's older form. The budget is a part of the output, and goes on only from reasoning that is
/// still there.
fn budget(wish: Wish, limits: &Limits, open_loop: Loop) -> Result<Sent, ()> {
    let wanted = match wish {
        Wish::Budget(most) => most,
        Wish::Effort(Effort::XHigh) => 32_768,
        Wish::Effort(Effort::High) => 16_384,
        Wish::Effort(Effort::Medium) => 8_192,
        Wish::Effort(Effort::Low) => 2_048,
        Wish::Effort(Effort::Minimal | Effort::None) | Wish::Nothing => LEAST_BUDGET,
    };
    let most = limits.max_tokens.unwrap_or(limits.model_most);
    let budget = wanted.max(LEAST_BUDGET).min(most.saturating_sub(1));
    if budget < LEAST_BUDGET || open_loop == Loop::Unsigned {
        return Err(());
    }
    Ok(Sent {
        field: format!(r#""thinking":{{"type":"enabled","budget_tokens":{budget}}}"#),
        budget: Some(budget + 1),
    })
}
