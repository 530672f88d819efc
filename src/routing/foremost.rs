//! The first who can serve a request, and as good as no look at the others: the same, in the same order, as the
//! beginning of the whole ranking.

mod best;
mod bounds;
mod firsts;
mod keys;
mod pick;
mod search;
mod tree;

use std::sync::Arc;

use self::firsts::Firsts;
use self::search::Search;
use self::tree::Tree;
use super::ask::{Ask, Choice, Task, Wanted};
use super::candidates::{self, Candidate};
use super::context::Rooms;
use super::live::{Live, Mood, Standing};
use crate::catalog::{Catalog, Model, ModelId, ProviderName, Tier};
use crate::ids::IdMap;

/// The tiers of a catalog, prepared with what was known of every model at one moment.
#[derive(Debug)]
pub struct Prepared {
    tiers: [Tree; 3],
    rooms: [Arc<Rooms>; 3],
    today: time::Date,
}

impl Prepared {
    /// Looks through the catalog.
    pub fn of(catalog: &Catalog, today: time::Date, live: &dyn Fn(&Model) -> Live) -> Self {
        let known = catalog.models().iter();
        let known: IdMap<ModelId, Live> = known.map(|m| (m.id.clone(), live(m))).collect();
        let live = &|model: &Model| {
            known
                .get(&model.id)
                .map_or_else(|| live(model), |live| *live)
        };
        let tree = |tier| {
            let mut tree = Tree::of(catalog.of_tier(tier), today, live);
            tree.firsts = Firsts::of(&tree, tier, today, &catalog.weights(), live);
            tree
        };
        let expected_output = |model: &Model| live(model).output_mean;
        let rooms = |tier| Arc::new(Rooms::of(catalog.of_tier(tier), &expected_output));
        Self {
            tiers: Tier::ALL.map(tree),
            rooms: Tier::ALL.map(rooms),
            today,
        }
    }

    /// What a tier's models have room for, whoever of them can serve.
    pub fn rooms(&self, tier: Tier) -> &Arc<Rooms> {
        &self.rooms[tier as usize]
    }

    /// The day it was prepared for: on another one models may have ended.
    pub fn today(&self) -> time::Date {
        self.today
    }
}

/// What is known at the moment of a request.
pub struct Now<'a> {
    /// Of a model.
    pub live: &'a dyn Fn(&Model) -> Live,
    /// Where a model stands.
    pub standing: &'a dyn Fn(&Model) -> Standing,
    /// Where a provider stands with all of its models.
    pub mood: &'a dyn Fn(&ProviderName) -> Mood,
}

/// The beginning of a ranking.
#[derive(Clone, Debug, Default)]
pub struct Foremost {
    /// Best first.
    pub ranked: Vec<Candidate>,
    /// Whether that is all.
    pub end: End,
}

/// Where a ranking was cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum End {
    /// Nowhere: these are all.
    #[default]
    All,
    /// There may be more.
    Cut,
}

/// Who can serve the request, best first: at least the first `most`, when there are so many. Weights, rules and
/// ties are those of [`candidates::ranked`], and so is the order; what differs is only who is looked at.
pub fn foremost(
    prepared: &Prepared,
    catalog: &Catalog,
    ask: &Ask,
    now: &Now<'_>,
    most: usize,
) -> Foremost {
    let weights = catalog.weights();
    let mut found = Foremost::default();
    for choice in &ask.choices {
        if found.ranked.len() >= most {
            found.end = End::Cut;
        }
        if found.end == End::Cut {
            break;
        }
        match tree_for(prepared, ask, choice) {
            Some(tree) => {
                let search = Search::new(tree, ask, choice, now, &weights, &found.ranked);
                let next = search.run(most);
                found.ranked.extend(next.ranked);
                found.end = next.end;
            }
            None => candidates::add(&mut found.ranked, catalog, ask, choice, &weights, now.live),
        }
    }
    found
}

/// The tree in which a choice can be looked up. A caller's own order of providers needs the whole ranking.
fn tree_for<'a>(prepared: &'a Prepared, ask: &Ask, choice: &Choice) -> Option<&'a Tree> {
    let can = ask.task == Task::Chat && ask.rules.order.is_empty() && ask.today == prepared.today;
    match &choice.wanted {
        Wanted::Tier(tier) if can => Some(&prepared.tiers[*tier as usize]),
        Wanted::Tier(_) | Wanted::Model(_, _) | Wanted::AnyHost(_, _) => None,
    }
}

#[cfg(test)]
mod tests;
