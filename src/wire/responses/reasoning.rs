//! `reasoning`: how hard to think, and what the model thought before its tool calls of earlier
//! turns, which it wants back.

use std::sync::Arc;

use crate::catalog::{Ability, Model, Provider};

use super::super::answer::ReasoningView;
use super::super::chat::{Care, ChatRequest, Effort, Message};
use super::super::json;
use super::super::object::{Object, array};
use super::super::{Context, Reason, Warning};
use super::limits;

/// Marks our `reasoning_details` among those of other providers.
pub(super) const FORMAT: &str = "\"openai-responses-v1\"";

/// More details than any turn has.
const MOST_DETAILS: usize = 4_096;

/// Budgets, in tokens, up to which thinking counts as little and as usual.
const LITTLE: u64 = 2_048;
const USUAL: u64 = 16_384;

/// What the caller wants, and in which field.
fn wanted(request: &ChatRequest, provider: &Provider) -> Option<(Effort, &'static str)> {
    let all = [
        Effort::None,
        Effort::Minimal,
        Effort::Low,
        Effort::Medium,
        Effort::High,
        Effort::XHigh,
    ];
    let wish = request.reasoning_wish();
    let named = request
        .field("reasoning_effort")
        .filter(|_| {
            !provider
                .omit
                .iter()
                .any(|field| field == "reasoning_effort")
        })
        .and_then(json::string)
        .and_then(|word| all.into_iter().find(|effort| effort.as_str() == word));
    if let Some(effort) = named {
        return Some((effort, "reasoning_effort"));
    }
    if let Some(effort) = wish.effort {
        return Some((effort, "reasoning.effort"));
    }
    if wish.enabled == Some(false) {
        return Some((Effort::None, "reasoning.enabled"));
    }
    let effort = match wish.max_tokens? {
        budget if budget <= LITTLE => Effort::Low,
        budget if budget <= USUAL => Effort::Medium,
        _ => Effort::High,
    };
    Some((effort, "reasoning.max_tokens"))
}

/// What the caller is told when the effort is not what he asked for.
pub(super) fn effort_warning(
    request: &ChatRequest,
    model: &Model,
    provider: &Provider,
) -> Option<Warning> {
    let (effort, field) = wanted(request, provider)?;
    if !model.abilities.has(Ability::Reasoning) {
        // The plain field is judged with the other fields.
        return (field != "reasoning_effort" && effort != Effort::None)
            .then(|| Warning::advisory(Reason::Unsupported, field));
    }
    if field == "reasoning.max_tokens" {
        return Some(Warning::advisory(Reason::Untranslatable, field));
    }
    let nearest = limits::nearest_effort(&model.upstream, effort);
    (nearest != effort).then(|| Warning::advisory(Reason::Unsupported, field))
}

/// Appends `reasoning`, and asks for the encrypted reasoning. Models that do not reason refuse both.
pub(super) fn write(request: &ChatRequest, model: &Model, provider: &Provider, out: &mut String) {
    if !model.abilities.has(Ability::Reasoning) {
        return;
    }
    let mut reasoning = String::from("{");
    if let Some((effort, _)) = wanted(request, provider) {
        let effort = limits::nearest_effort(&model.upstream, effort);
        json::push_member(
            &mut reasoning,
            "effort",
            &format!("\"{}\"", effort.as_str()),
        );
    }
    match request.reasoning_view() {
        ReasoningView::Include => json::push_member(&mut reasoning, "summary", "\"auto\""),
        ReasoningView::Exclude => {}
    }
    if reasoning.len() > 1 {
        reasoning.push('}');
        json::push_member(out, "reasoning", &reasoning);
    }
    json::push_member(out, "include", r#"["reasoning.encrypted_content"]"#);
}

/// One `reasoning` item to be put back.
#[derive(Debug)]
pub(super) struct Thought {
    /// How many items of its turn stood before it.
    pub(super) before: u64,
    /// The item as JSON.
    pub(super) item: String,
}

/// What the model thought in an assistant's turn: what the caller sends back, else what was kept.
pub(super) fn thoughts(message: &Message<'_>, context: &Context<'_>) -> Vec<Thought> {
    let sent = match message.care() {
        Care::None => Vec::new(),
        Care::MayNeedRewriting => Object::parse(message.raw())
            .ok()
            .and_then(|message| message.get("reasoning_details").map(read))
            .unwrap_or_default(),
    };
    if !sent.is_empty() {
        return sent;
    }
    let kept: Option<Arc<str>> = message
        .tool_calls()
        .find_map(|call| (context.recall)(call.id.as_deref()?));
    kept.map(|details| read(&details)).unwrap_or_default()
}

/// Makes items of `reasoning_details`; those of other providers are passed over, as nobody else can
/// read them. Without its encrypted content an item is unknown to a server that stores nothing.
fn read(details: &str) -> Vec<Thought> {
    let mut thoughts = Vec::new();
    let mut summary = String::new();
    for raw in array(details, MOST_DETAILS).unwrap_or_default() {
        let detail = Object::parse(raw).unwrap_or_default();
        if detail.get("format") != Some(FORMAT) {
            continue;
        }
        match (
            detail.get("type"),
            detail.get("summary"),
            detail.get("data"),
        ) {
            (Some("\"reasoning.summary\""), Some(text), _) => {
                if !summary.is_empty() {
                    summary.push(',');
                }
                summary.push_str(r#"{"type":"summary_text","text":"#);
                summary.push_str(text);
                summary.push('}');
            }
            (Some("\"reasoning.encrypted\""), _, Some(data)) => {
                let mut item = String::with_capacity(data.len() + summary.len() + 128);
                item.push_str(r#"{"type":"reasoning""#);
                if let Some(id) = detail.get("id") {
                    json::push_member(&mut item, "id", id);
                }
                json::push_member(&mut item, "summary", &format!("[{summary}]"));
                json::push_member(&mut item, "encrypted_content", data);
                item.push('}');
                summary.clear();
                let before = detail.get("index").and_then(json::count);
                thoughts.push(Thought {
                    before: before.unwrap_or_default(),
                    item,
                });
            }
            _ => {}
        }
    }
    thoughts
}
