//! Why nobody serves a planned request: the error that says what would help.

mod credit;

use super::error::ExclusionNote;
use super::plan::Plan;
use super::{ApiError, Code, Switchboard};
use crate::actors::accounts::Principal;
use crate::actors::clock::today;
use crate::catalog::Model;
use crate::routing::Reason;

pub use credit::{no_credit, no_free, unextended, unpaid};

/// The error for an empty shortlist: 402, 400 or 403 when one reason explains it, else 503.
pub fn nobody(plan: &Plan, desk: &Switchboard, caller: &Principal) -> ApiError {
    let error = match explanation(plan) {
        Some(Reason::NotFree) => no_credit(plan, desk, caller),
        Some(Reason::ContextWindow) => too_long(plan),
        Some(Reason::Capability(ability)) => unable(ability.as_str()),
        Some(Reason::Parameter(field)) => unable(field),
        Some(Reason::Blocked) => ApiError::new(
            Code::ProviderBlocked,
            "Your account blocks the provider of every model that was asked for.",
        ),
        Some(Reason::NotAllowed) => {
            let message = "The request's own provider rules leave no model.";
            ApiError::new(Code::ModelNotAllowed, message).param("provider")
        }
        Some(Reason::NotForKey) => {
            let message = "This API key may use no model that was asked for; its allowed tiers, models and providers say which it may.";
            ApiError::new(Code::ModelNotAllowed, message).param("model")
        }
        Some(Reason::MaxPrice) => {
            let message = "Every model that was asked for is dearer than provider.max_price.";
            ApiError::new(Code::ModelNotAllowed, message).param("provider.max_price")
        }
        Some(Reason::Unconfigured) => ApiError::new(
            Code::NoAvailableModels,
            "No provider of what was asked for is configured on this router; ask for another model or tier, or tell its operator.",
        ),
        Some(Reason::Retired(_)) => retired(plan),
        None if let Some(code) = own_fault(plan) => {
            let message = "What the request needs, its rules and what its key may use leave no model between them; error.metadata.excluded says what stands against each.";
            ApiError::new(code, message)
        }
        Some(Reason::Tripped(_) | Reason::Tier | Reason::Endpoint | Reason::Paid) | None => {
            ApiError::new(
                Code::NoAvailableModels,
                "No model that was asked for can be reached right now; try again shortly.",
            )
        }
    };
    let error = match plan.shortlist.reopens_in() {
        Some(wait) => error.retry_after(wait),
        None => error,
    };
    error.excluded(exclusions(plan)).auto(plan.verdict())
}

/// The one reason that explains an empty list. Lack of credit explains it whatever else there is; a
/// provider that is not configured and a model past its last day explain it only when there is
/// nothing else.
fn explanation(plan: &Plan) -> Option<&Reason> {
    let asked = || {
        plan.shortlist
            .excluded
            .iter()
            .map(|excluded| &excluded.reason)
    };
    if let Some(reason) = asked().find(|reason| **reason == Reason::NotFree) {
        return Some(reason);
    }
    let mut telling = asked().filter(|reason| !is_background(reason));
    let Some(first) = telling.next() else {
        let unconfigured = asked().find(|reason| **reason == Reason::Unconfigured);
        return unconfigured.or_else(|| asked().find(|reason| is_retired(reason)));
    };
    let same = |other: &Reason| std::mem::discriminant(first) == std::mem::discriminant(other);
    telling.all(same).then_some(first)
}

/// The code for several reasons of which none passes with time: the request can never be served.
fn own_fault(plan: &Plan) -> Option<Code> {
    let asked = plan.shortlist.excluded.iter();
    let mut telling = asked
        .map(|excluded| &excluded.reason)
        .filter(|reason| !is_background(reason))
        .peekable();
    telling.peek()?;
    let mut code = Code::UnsupportedParameter;
    for reason in telling {
        match reason {
            Reason::Tripped(_) => return None,
            Reason::Blocked | Reason::NotAllowed | Reason::NotForKey | Reason::MaxPrice => {
                code = Code::ModelNotAllowed;
            }
            Reason::ContextWindow
            | Reason::Capability(_)
            | Reason::Parameter(_)
            | Reason::NotFree
            | Reason::Tier
            | Reason::Endpoint
            | Reason::Unconfigured
            | Reason::Retired(_)
            | Reason::Paid => {}
        }
    }
    Some(code)
}

fn is_background(reason: &Reason) -> bool {
    match reason {
        Reason::Tier | Reason::Endpoint | Reason::Unconfigured | Reason::Retired(_) => true,
        // The paid models beside the free ones that were asked for.
        Reason::Paid => true,
        Reason::Blocked
        | Reason::NotAllowed
        | Reason::NotForKey
        | Reason::ContextWindow
        | Reason::Capability(_)
        | Reason::Parameter(_)
        | Reason::Tripped(_)
        | Reason::NotFree
        | Reason::MaxPrice => false,
    }
}

fn is_retired(reason: &Reason) -> bool {
    matches!(reason, Reason::Retired(_))
}

/// 404: names the model that takes the place of one past its last day.
fn retired(plan: &Plan) -> ApiError {
    let mut retired = plan.shortlist.excluded.iter();
    let notice = retired
        .find(|excluded| is_retired(&excluded.reason))
        .and_then(|excluded| excluded.model.notice(today()));
    let message = notice.unwrap_or_else(|| "What was asked for was retired.".to_owned());
    ApiError::new(Code::ModelNotFound, message).param("model")
}

fn unable(what: &str) -> ApiError {
    let message =
        format!("No model that was asked for can do {what}; ask another tier, or leave it out.");
    ApiError::new(Code::UnsupportedParameter, message).param(what)
}

/// 400 that names the count and the largest window there would be. Families count differently, so
/// the count is that of the model with this window.
fn too_long(plan: &Plan) -> ApiError {
    let refused = plan
        .shortlist
        .excluded
        .iter()
        .filter(|e| e.reason == Reason::ContextWindow);
    let message = match refused.map(|e| &e.model).max_by_key(|m| m.context_window) {
        Some(model) => too_long_for(plan, model),
        None => "The request is too long for every model that was asked for.".to_owned(),
    };
    ApiError::new(Code::ContextLengthExceeded, message).param("messages")
}

fn too_long_for(plan: &Plan, model: &Model) -> String {
    let input = plan.need.input(model);
    let expected = plan
        .world
        .live(model, std::time::Instant::now())
        .output_mean;
    let output = plan.need.reserved(model, expected);
    let of_input = match model.max_input {
        Some(most) => format!(", of which at most {most} input"),
        None => String::new(),
    };
    format!(
        "The request has about {input} tokens of input and reserves {output} for the answer; the largest window of the models that were asked for is {} tokens ({}){of_input}. Shorten the messages, lower max_tokens, or ask another tier.",
        model.context_window, model.id
    )
}

/// The models that were asked for and left out.
fn exclusions(plan: &Plan) -> Vec<ExclusionNote> {
    let asked = plan
        .shortlist
        .excluded
        .iter()
        .filter(|e| e.reason != Reason::Tier && e.reason != Reason::Endpoint);
    asked
        .map(|e| ExclusionNote {
            model: e.model.id.to_string(),
            reason: e.reason.text(),
        })
        .collect()
}
