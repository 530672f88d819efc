//! Who can serve this request, in which order, and why the others cannot.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::context::Need;
use super::hold;
use super::prefer;
use crate::catalog::{
    Abilities, Ability, Catalog, Model, ModelId, Prefer, ProviderName, Tier, Weights,
};
use crate::money::{Picodollars, Rate};

/// What a request wants of the catalog.
#[derive(Clone, Debug)]
pub struct Ask {
    /// What the model is to do.
    pub task: Task,
    /// What to try, in order; each is exhausted before the next.
    pub choices: Vec<Choice>,
    /// How the models of a tier are ranked.
    pub prefer: Prefer,
    /// What the request really uses.
    pub needs: Abilities,
    /// What it takes of a context window.
    pub need: Need,
    /// The caller's own rules about providers and prices.
    pub rules: Rules,
    /// Providers that the account blocks.
    pub blocked: Vec<ProviderName>,
    /// Whether paid models may be used at all.
    pub funds: Funds,
    /// Models that would have to leave a field of the request out, and the field, when the caller
    /// does not want that.
    pub incapable: HashMap<ModelId, String>,
    /// Today, for models past their provider's last day.
    pub today: time::Date,
}

/// What a model is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Answer a conversation, which has to fit its window as a whole.
    Chat,
    /// Embed texts, each of which has to fit its window.
    Embed,
}

impl Task {
    /// Whether the model is made for it.
    pub fn suits(self, model: &Model) -> bool {
        match self {
            Self::Chat => model.is_chat(),
            Self::Embed => !model.is_chat(),
        }
    }
}

/// One thing a caller asked for.
#[derive(Clone, Debug)]
pub enum Choice {
    /// Exactly this model, whatever its tier or state.
    Model(Arc<Model>),
    /// The models of a tier, ranked.
    Tier(Tier),
}

/// Whether the account can pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Funds {
    /// It has credit.
    Some,
    /// It has none: free models only.
    None,
}

/// The request's `provider` object, names already brought to the catalog's.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// These first, in this order.
    pub order: Vec<ProviderName>,
    /// Only these. Empty: all.
    pub only: Vec<ProviderName>,
    /// Never these.
    pub ignore: Vec<ProviderName>,
    /// Dearest input price.
    pub max_prompt_price: Option<Rate>,
    /// Dearest output price.
    pub max_completion_price: Option<Rate>,
}

/// What is known now about a model: its provider's state and its speed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Live {
    /// The breaker's state.
    pub standing: Standing,
    /// Milliseconds to the first token.
    pub ttft_ms: f64,
    /// Output tokens a second.
    pub tokens_per_s: f64,
}

/// A model's standing with its provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The provider has no key here, or speaks a dialect that is not spoken yet.
    Unconfigured,
    /// Requests flow.
    Flowing,
    /// Left alone for this long.
    Tripped(Duration),
    /// One probe is out, or may go out now.
    Probing,
}

impl Standing {
    /// The name in `/v1/route`, `/v1/models` and `/health`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unconfigured => "unconfigured",
            Self::Flowing => "flowing",
            Self::Tripped(_) => "tripped",
            Self::Probing => "probing",
        }
    }
}

/// A model that can serve the request.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The model.
    pub model: Arc<Model>,
    /// The tier it would serve; embedding models serve in none.
    pub tier: Option<Tier>,
    /// Expected cost of this request at list price, also for models that are free to the caller.
    pub cost: Picodollars,
    /// Expected seconds to the end of a typical answer.
    pub seconds: f64,
    /// What it was ranked by; higher is better.
    pub score: f64,
    /// What is known now.
    pub live: Live,
}

impl Candidate {
    /// What the caller is expected to pay.
    pub fn charge(&self) -> Picodollars {
        if self.model.free {
            Picodollars::ZERO
        } else {
            self.cost
        }
    }
}

/// A model that cannot serve the request.
#[derive(Clone, Debug)]
pub struct Excluded {
    /// The model.
    pub model: Arc<Model>,
    /// Why not.
    pub reason: Reason,
}

/// Why a model cannot serve a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Not of the tier, or not the model, that was asked for.
    Tier,
    /// The account blocks its provider.
    Blocked,
    /// The request's own `provider` rules leave it out.
    NotAllowed,
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
}

impl Reason {
    /// The word in `/v1/route` and in error metadata.
    pub fn text(&self) -> String {
        match self {
            Self::Tier => "tier".into(),
            Self::Blocked => "blocked".into(),
            Self::NotAllowed => "not_allowed".into(),
            Self::ContextWindow => "context_window".into(),
            Self::Capability(ability) => format!("capability:{}", ability.as_str()),
            Self::Parameter(field) => format!("capability:{field}"),
            Self::Tripped(_) => "tripped".into(),
            Self::NotFree => "not_free".into(),
            Self::MaxPrice => "max_price".into(),
            Self::Unconfigured => "unconfigured".into(),
            Self::Endpoint => "endpoint".into(),
        }
    }
}

/// Every model of the catalog, ranked or excluded.
#[derive(Clone, Debug, Default)]
pub struct Shortlist {
    /// Best first.
    pub ranked: Vec<Candidate>,
    /// The others.
    pub excluded: Vec<Excluded>,
}

impl Shortlist {
    /// The soonest moment at which a tripped model may be asked again.
    pub fn reopens_in(&self) -> Option<Duration> {
        let tripped = |excluded: &Excluded| match excluded.reason {
            Reason::Tripped(rest) => Some(rest),
            Reason::Tier
            | Reason::Blocked
            | Reason::NotAllowed
            | Reason::ContextWindow
            | Reason::Capability(_)
            | Reason::Parameter(_)
            | Reason::NotFree
            | Reason::MaxPrice
            | Reason::Unconfigured
            | Reason::Endpoint => None,
        };
        self.excluded.iter().filter_map(tripped).min()
    }
}

/// Sorts the whole catalog into ranked and excluded. `live` tells what is known of a model now.
pub fn candidates(
    catalog: &Catalog,
    ask: &Ask,
    weights: &Weights,
    live: &dyn Fn(&Model) -> Live,
) -> Shortlist {
    let mut shortlist = Shortlist::default();
    for choice in &ask.choices {
        let mut pool: Vec<Candidate> = catalog
            .models()
            .iter()
            .filter(|model| is_asked(model, choice) && !is_ranked(&shortlist, model))
            .filter_map(|model| {
                let now = live(model);
                (obstacle(model, ask, choice, now).is_none())
                    .then(|| candidate(model, ask, choice, now))
            })
            .collect();
        prefer::rank(&mut pool, ask.prefer, weights);
        by_caller_order(&mut pool, &ask.rules.order);
        pool.sort_by_key(|candidate| is_past(&candidate.model, ask.today));
        shortlist.ranked.extend(pool);
    }
    for model in catalog.models() {
        if !is_ranked(&shortlist, model) {
            let reason = why_not(model, ask, live(model));
            shortlist.excluded.push(Excluded {
                model: Arc::clone(model),
                reason,
            });
        }
    }
    shortlist
}

fn is_asked(model: &Model, choice: &Choice) -> bool {
    match choice {
        Choice::Model(wanted) => wanted.id == model.id,
        Choice::Tier(tier) => model.serves(*tier),
    }
}

fn is_ranked(shortlist: &Shortlist, model: &Model) -> bool {
    shortlist
        .ranked
        .iter()
        .any(|candidate| candidate.model.id == model.id)
}

fn is_past(model: &Model, today: time::Date) -> bool {
    model.deprecation_date.is_some_and(|last| today > last)
}

fn why_not(model: &Model, ask: &Ask, live: Live) -> Reason {
    if !ask.task.suits(model) {
        return Reason::Endpoint;
    }
    let asked = ask.choices.iter().find(|choice| is_asked(model, choice));
    asked
        .and_then(|choice| obstacle(model, ask, choice, live))
        .unwrap_or(Reason::Tier)
}

/// The first thing that keeps a model which was asked for from serving.
fn obstacle(model: &Model, ask: &Ask, choice: &Choice, live: Live) -> Option<Reason> {
    if !ask.task.suits(model) {
        return Some(Reason::Endpoint);
    }
    if ask.blocked.contains(&model.provider) {
        return Some(Reason::Blocked);
    }
    let rules = &ask.rules;
    if rules.ignore.contains(&model.provider)
        || (!rules.only.is_empty() && !rules.only.contains(&model.provider))
    {
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
    if ask.task == Task::Chat && !ask.need.fits(model, hold::expected_output(model)) {
        return Some(Reason::ContextWindow);
    }
    if ask.funds == Funds::None && !model.free {
        return Some(Reason::NotFree);
    }
    if is_too_dear(model, rules) {
        return Some(Reason::MaxPrice);
    }
    match (live.standing, choice) {
        (Standing::Tripped(rest), Choice::Tier(_)) => Some(Reason::Tripped(rest)),
        // A pin is tried whatever its published state; the provider's actor has the last word.
        (Standing::Tripped(_), Choice::Model(_)) => None,
        (Standing::Flowing | Standing::Probing | Standing::Unconfigured, _) => None,
    }
}

fn is_too_dear(model: &Model, rules: &Rules) -> bool {
    let above =
        |price: Rate, most: Option<Rate>| !model.free && most.is_some_and(|most| price > most);
    above(model.price.base.input, rules.max_prompt_price)
        || above(model.price.base.output, rules.max_completion_price)
}

fn candidate(model: &Arc<Model>, ask: &Ask, choice: &Choice, live: Live) -> Candidate {
    let output = hold::expected_output(model).min(ask.need.max_output.unwrap_or(u64::MAX));
    let tier = match choice {
        Choice::Tier(tier) => Some(*tier),
        Choice::Model(model) => model.tiers.first().copied(),
    };
    Candidate {
        model: Arc::clone(model),
        tier,
        cost: hold::list_cost(model, ask.need.input(model), output),
        seconds: prefer::expected_seconds(&live, output),
        score: 0.0,
        live,
    }
}

/// Providers that the caller named come first, in the caller's order; the ranking stays inside.
fn by_caller_order(pool: &mut [Candidate], order: &[ProviderName]) {
    pool.sort_by_key(|candidate| {
        order
            .iter()
            .position(|name| *name == candidate.model.provider)
            .unwrap_or(order.len())
    });
}
