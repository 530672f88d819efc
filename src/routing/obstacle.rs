//! Why a model cannot serve a request: the first thing that stands against it.

use std::time::Duration;

use super::ask::{Ask, Choice, Funds, Rules, Spend, Task, Wanted};
use super::live::{Live, Standing};
use crate::catalog::{Ability, Age, Model};
use crate::money::Rate;

/// Why a model cannot serve a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Not of the tier, or not the model, that was asked for.
    Tier,
    /// The account blocks its provider.
    Blocked,
    /// The request's own `provider` rules leave it out.
    NotAllowed,
    /// The caller's key may not use it.
    NotForKey,
    /// The request does not fit its window.
    ContextWindow,
    /// It lacks something the request uses.
    Capability(Ability),
    /// It cannot honour this field, and the request insists (`provider.require_parameters`).
    Parameter(String),
    /// Its provider is being left alone.
    Tripped(Duration),
    /// It costs money and the account has none.
    NotFree,
    /// Dearer than the request's `max_price`.
    MaxPrice,
    /// Its provider is not configured.
    Unconfigured,
    /// It does not answer on this endpoint.
    Endpoint,
    /// Its provider's last day for it was this one: no endpoint answers for it any more.
    Retired(time::Date),
    /// It costs money and the request wants a free model.
    Paid,
}

impl Reason {
    /// The word in `/v1/route` and in error metadata.
    pub fn text(&self) -> String {
        match self {
            Self::Tier => "tier".into(),
            Self::Blocked => "blocked".into(),
            Self::NotAllowed | Self::NotForKey => "not_allowed".into(),
            Self::ContextWindow => "context_window".into(),
            Self::Capability(ability) => format!("capability:{}", ability.as_str()),
            Self::Parameter(field) => format!("capability:{field}"),
            Self::Tripped(_) => "tripped".into(),
            Self::NotFree | Self::Paid => "not_free".into(),
            Self::MaxPrice => "max_price".into(),
            Self::Unconfigured => "unconfigured".into(),
            Self::Endpoint | Self::Retired(_) => "endpoint".into(),
        }
    }
}

/// Why a model that was not taken is not there.
pub(super) fn why_not(model: &Model, ask: &Ask, live: &Live) -> Reason {
    if !ask.task.suits(model) {
        return Reason::Endpoint;
    }
    let asked = ask.choices.iter().find(|choice| choice.means(model));
    asked
        .and_then(|choice| obstacle(model, ask, choice, live))
        .unwrap_or(Reason::Tier)
}

/// The first thing that keeps a model which was asked for from serving.
pub(super) fn obstacle(model: &Model, ask: &Ask, choice: &Choice, live: &Live) -> Option<Reason> {
    if !ask.task.suits(model) {
        return Some(Reason::Endpoint);
    }
    // Whoever names a model gets it as long as its provider answers.
    if !choice.names(model)
        && let Age::Retired { since } = model.age(ask.today)
    {
        return Some(Reason::Retired(since));
    }
    if ask.blocked.contains(&model.provider) {
        return Some(Reason::Blocked);
    }
    if !ask.allowed.allows(model, &choice.wanted) {
        return Some(Reason::NotForKey);
    }
    if !ask.rules.allow(&model.provider) {
        return Some(Reason::NotAllowed);
    }
    if live.standing == Standing::Unconfigured {
        return Some(Reason::Unconfigured);
    }
    if let Some(ability) = ask.needs.missing_in(model.abilities) {
        return Some(Reason::Capability(ability));
    }
    if let Some(field) = ask.incapable.get(&model.id) {
        return Some(Reason::Parameter(field.clone()));
    }
    if ask.task == Task::Chat && !ask.need.fits(model, live.output_mean) {
        return Some(Reason::ContextWindow);
    }
    if choice.spend == Spend::FreeOnly && !model.free {
        return Some(Reason::Paid);
    }
    if ask.funds == Funds::None && !model.free {
        return Some(Reason::NotFree);
    }
    if is_too_dear(model, &ask.rules) {
        return Some(Reason::MaxPrice);
    }
    match (live.standing, &choice.wanted) {
        // A pin is tried whatever its published state; the provider's actor has the last word.
        (Standing::Tripped(_), Wanted::Model(named, _)) if named.id == model.id => None,
        (Standing::Tripped(rest), _) => Some(Reason::Tripped(rest)),
        (Standing::Flowing | Standing::Probing | Standing::Unconfigured, _) => None,
    }
}

fn is_too_dear(model: &Model, rules: &Rules) -> bool {
    let above =
        |price: Rate, most: Option<Rate>| !model.free && most.is_some_and(|most| price > most);
    above(model.price.base.input, rules.max_prompt_price)
        || above(model.price.base.output, rules.max_completion_price)
}
