//! How hard the model is to think: `reasoning_effort` and `reasoning` in the model's own form.
//!
//! Newer models decide themselves (`adaptive`, steered by `output_config.effort`), older ones take
//! a budget in tokens that has to leave room below `max_tokens`.

use crate::catalog::{Ability, Model, Trait};

use super::super::answer::ReasoningView;
use super::super::chat::{ChatRequest, Effort};
use super::super::json;
use super::super::{Reason, Warning};
use super::tools::Calls;

/// The smallest budget that the provider takes.
const LEAST_BUDGET: u64 = 1_024;
/// Below this limit a budget would leave no room for an answer.
const LEAST_LIMIT: u64 = 1_536;

/// What goes upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Thinking {
    /// Nothing: the model does not think.
    Off,
    /// The model decides, at this effort.
    Adaptive(&'static str),
    /// At most so many tokens.
    Budget(u64),
}

impl Thinking {
    pub(super) fn is_on(self) -> bool {
        match self {
            Self::Off => false,
            Self::Adaptive(_) | Self::Budget(_) => true,
        }
    }

    /// Appends the member `thinking`, where there is one.
    pub(super) fn write(self, view: ReasoningView, out: &mut String) {
        match (self, view) {
            (Self::Off, _) => {}
            // Some models leave their thoughts out unless they are asked for them.
            (Self::Adaptive(_), ReasoningView::Include) => {
                let raw = r#"{"type":"adaptive","display":"summarized"}"#;
                json::push_member(out, "thinking", raw);
            }
            (Self::Adaptive(_), ReasoningView::Exclude) => {
                json::push_member(out, "thinking", r#"{"type":"adaptive"}"#);
            }
            (Self::Budget(tokens), _) => {
                let raw = format!(r#"{{"type":"enabled","budget_tokens":{tokens}}}"#);
                json::push_member(out, "thinking", &raw);
            }
        }
    }
}

/// What the caller wishes, in the form of the extension or of OpenAI's own field.
#[derive(Clone, Copy, Debug)]
enum Wish {
    Effort(Effort),
    Tokens(u64),
}

/// Decides how the model thinks. `limit` is `max_tokens`. A wish that cannot be met is left out
/// with a warning, never refused by the provider.
pub(super) fn of(
    request: &ChatRequest,
    model: &Model,
    limit: u64,
    calls: Calls,
) -> (Thinking, Option<Warning>) {
    let (field, wish) = match wish(request) {
        Some((_, Wish::Effort(Effort::None))) | None => return (Thinking::Off, None),
        Some(wish) => wish,
    };
    let warning = |reason| Some(Warning::advisory(reason, field));
    // A forced call and thinking exclude each other.
    if !model.abilities.has(Ability::Reasoning) || calls == Calls::Forced {
        return (Thinking::Off, warning(Reason::Unsupported));
    }
    if model.has_trait(Trait::AdaptiveThinking) {
        return match wish {
            Wish::Effort(effort) => (Thinking::Adaptive(level(model, effort)), None),
            Wish::Tokens(tokens) => (
                Thinking::Adaptive(level_of_budget(tokens)),
                warning(Reason::Untranslatable),
            ),
        };
    }
    if limit < LEAST_LIMIT {
        return (Thinking::Off, warning(Reason::Unsupported));
    }
    let wanted = match wish {
        Wish::Effort(effort) => budget(effort),
        Wish::Tokens(tokens) => tokens,
    };
    let most = (limit / 4 * 3).max(LEAST_BUDGET);
    let tokens = wanted.clamp(LEAST_BUDGET, most);
    let changed = matches!(wish, Wish::Tokens(_)) && tokens != wanted;
    let warning = changed.then(|| Warning::advisory(Reason::Unsupported, field));
    (Thinking::Budget(tokens), warning)
}

/// The wish and the field that holds it.
fn wish(request: &ChatRequest) -> Option<(&'static str, Wish)> {
    let extension = request.reasoning_wish();
    if extension.enabled == Some(false) {
        return None;
    }
    if let Some(effort) = request.field("reasoning_effort").and_then(effort) {
        return Some(("reasoning_effort", Wish::Effort(effort)));
    }
    match (extension.effort, extension.max_tokens, extension.enabled) {
        (Some(effort), _, _) => Some(("reasoning.effort", Wish::Effort(effort))),
        (None, Some(tokens), _) => Some(("reasoning.max_tokens", Wish::Tokens(tokens))),
        (None, None, Some(true)) => Some(("reasoning.enabled", Wish::Effort(Effort::Medium))),
        (None, None, Some(false) | None) => None,
    }
}

fn effort(raw: &str) -> Option<Effort> {
    let all = [
        Effort::None,
        Effort::Minimal,
        Effort::Low,
        Effort::Medium,
        Effort::High,
        Effort::XHigh,
    ];
    let word = json::string(raw)?;
    all.into_iter().find(|effort| effort.as_str() == word)
}

fn level(model: &Model, effort: Effort) -> &'static str {
    match effort {
        Effort::None | Effort::Minimal | Effort::Low => "low",
        Effort::Medium => "medium",
        Effort::High => "high",
        Effort::XHigh if model.has_trait(Trait::XhighEffort) => "xhigh",
        Effort::XHigh => "max",
    }
}

fn level_of_budget(tokens: u64) -> &'static str {
    match tokens {
        ..4_096 => "low",
        4_096..12_288 => "medium",
        12_288.. => "high",
    }
}

fn budget(effort: Effort) -> u64 {
    match effort {
        Effort::None | Effort::Minimal => LEAST_BUDGET,
        Effort::Low => 2_048,
        Effort::Medium => 8_192,
        Effort::High => 16_384,
        Effort::XHigh => 32_768,
    }
}
