//! Who can serve this request, in which order, and why the others cannot.

use std::sync::Arc;
use std::time::Duration;

use super::ask::{Ask, Choice, Wanted, are_same};
use super::live::{Live, Standing};
use super::obstacle::{Reason, obstacle, why_not};
use super::{hold, prefer, rank, sticky};
use crate::catalog::{Catalog, Model, ProviderName, Tier, Weights};
use crate::money::Picodollars;

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
        hold::charge(&self.model, self.cost)
    }

    pub(super) fn figures(&self) -> prefer::Figures {
        let seconds = rank::Seconds::new(self.seconds);
        prefer::Figures::of(&self.model, self.charge(), seconds)
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
            | Reason::NotForKey
            | Reason::ContextWindow
            | Reason::Capability(_)
            | Reason::Parameter(_)
            | Reason::NotFree
            | Reason::MaxPrice
            | Reason::Unconfigured
            | Reason::Endpoint
            | Reason::Retired(_)
            | Reason::Paid => None,
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
    let ranked = ranked(catalog, ask, weights, live);
    let left = |model: &&Arc<Model>| !ranked.iter().any(|c| Arc::ptr_eq(&c.model, model));
    let excluded = catalog.models().iter().filter(left).map(|model| Excluded {
        model: Arc::clone(model),
        reason: why_not(model, ask, &live(model)),
    });
    Shortlist {
        excluded: excluded.collect(),
        ranked,
    }
}

/// Who can serve the request, best first. Looks only at models that are asked for.
pub fn ranked(
    catalog: &Catalog,
    ask: &Ask,
    weights: &Weights,
    live: &dyn Fn(&Model) -> Live,
) -> Vec<Candidate> {
    let mut ranked: Vec<Candidate> = Vec::new();
    for choice in &ask.choices {
        add(&mut ranked, catalog, ask, choice, weights, live);
    }
    ranked
}

/// Ranks whom a choice adds to those who were ranked before.
pub(super) fn add(
    ranked: &mut Vec<Candidate>,
    catalog: &Catalog,
    ask: &Ask,
    choice: &Choice,
    weights: &Weights,
    live: &dyn Fn(&Model) -> Live,
) {
    let before = ranked.len();
    for model in choice.members(catalog) {
        let is_ranked = |c: &Candidate| Arc::ptr_eq(&c.model, model);
        if !choice.means(model) || ranked[..before].iter().any(is_ranked) {
            continue;
        }
        let now = live(model);
        if obstacle(model, ask, choice, &now).is_none() {
            ranked.push(candidate(model, ask, choice, &now));
        }
    }
    order(&mut ranked[before..], ask, choice, weights);
}

/// Brings the pool of one choice into the order in which it is tried.
fn order(pool: &mut [Candidate], ask: &Ask, choice: &Choice, weights: &Weights) {
    prefer::rank(pool, choice.prefer, weights);
    match &choice.wanted {
        Wanted::Tier(_) => {
            prefer::explore(pool, choice.prefer, ask.turn);
            if let Some(warm) = &ask.warm {
                sticky::stay(pool, warm, choice.prefer);
            }
            hosts_together(pool);
        }
        Wanted::Model(named, _) => {
            pool.sort_by_key(|c| (is_tripped(c.live.standing), c.model.id != named.id));
        }
        Wanted::AnyHost(_, _) => pool.sort_by_key(|c| is_tripped(c.live.standing)),
    }
    by_caller_order(pool, &ask.rules.order);
}

/// The same weights at several hosts are one choice: the other hosts follow the one that ranks first.
fn hosts_together(pool: &mut [Candidate]) {
    let mut first = 0;
    while first < pool.len() {
        let mut next = first + 1;
        // Most models are at one host: they are not compared with all others.
        let others = match pool[first].model.same_as {
            Some(_) => first + 1..pool.len(),
            None => 0..0,
        };
        for place in others {
            if are_same(&pool[first].model, &pool[place].model) {
                pool[next..=place].rotate_right(1);
                next += 1;
            }
        }
        first = next;
    }
}

pub(super) fn candidate(model: &Arc<Model>, ask: &Ask, choice: &Choice, live: &Live) -> Candidate {
    let answer = live
        .output_mean
        .min(ask.need.max_output.unwrap_or(u64::MAX));
    let tier = match &choice.wanted {
        Wanted::Tier(tier) => Some(*tier),
        Wanted::Model(_, _) | Wanted::AnyHost(_, _) => model.tiers.first().copied(),
    };
    Candidate {
        model: Arc::clone(model),
        tier,
        cost: hold::expected_cost(model, ask, answer),
        seconds: prefer::expected_seconds(live, answer),
        score: 0.0,
        live: *live,
    }
}

const fn is_tripped(standing: Standing) -> bool {
    match standing {
        Standing::Tripped(_) => true,
        Standing::Flowing | Standing::Probing | Standing::Unconfigured => false,
    }
}

/// Providers that the caller named come first, in the caller's order; the ranking stays inside.
fn by_caller_order(pool: &mut [Candidate], order: &[ProviderName]) {
    if order.is_empty() {
        return;
    }
    pool.sort_by_key(|candidate| {
        order
            .iter()
            .position(|name| *name == candidate.model.provider)
            .unwrap_or(order.len())
    });
}

#[cfg(test)]
#[path = "scenario_tests.rs"]
mod scenarios;
#[cfg(test)]
#[path = "candidates_tests.rs"]
pub(super) mod tests;
