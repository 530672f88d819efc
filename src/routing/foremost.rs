//! The first who can serve a request, and as good as no look at the others: the same, in the same order, as the
//! beginning of the whole ranking.

use std::cmp::Reverse;
use std::sync::Arc;

use super::Standing;
use super::ask::{Ask, Choice, Funds, Spend, Task, Wanted};
use super::candidates::{self, Candidate, candidate, obstacle};
use super::hold;
use super::live::Live;
use super::prefer::{self, Figures, OrdF64, Rank, Scale};
use super::sticky;
use super::tree::{self, Bounds, Corner, Free, Node, Part, Row, Tree};
use crate::catalog::{Catalog, Model, ModelId, Prefer, ProviderName, Tier, Weights};
use crate::money::Picodollars;

/// The tiers of a catalog, prepared with what was known of every model at one moment.
#[derive(Debug)]
pub struct Prepared {
    tiers: [Tree; 3],
    today: time::Date,
}

impl Prepared {
    /// Looks through the catalog.
    pub fn of(catalog: &Catalog, today: time::Date, live: &dyn Fn(&Model) -> Live) -> Self {
        let tree = |tier| Tree::of(catalog.of_tier(tier), today, live);
        Self {
            tiers: Tier::ALL.map(tree),
            today,
        }
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
    /// Whether a provider is left alone with all of its models.
    pub is_out: &'a dyn Fn(&ProviderName) -> bool,
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

/// Who can serve the request, best first: at least the first `most`, when there are so many.
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

/// What is known of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Unknown,
    Serves,
    /// Cannot serve, or is no longer to be found.
    Out,
}

/// One look for the foremost of a tier.
struct Search<'a> {
    tree: &'a Tree,
    ask: &'a Ask,
    choice: &'a Choice,
    now: &'a Now<'a>,
    weights: &'a Weights,
    scale: Scale,
    /// Input tokens as each of the tree's counters counts them.
    inputs: Vec<u64>,
    /// Bits of the providers that may be asked.
    providers: u64,
    verdicts: Vec<Verdict>,
    /// The rows of the models that the key may use, when it may use only some.
    listed: Option<Vec<usize>>,
}

impl<'a> Search<'a> {
    fn new(
        tree: &'a Tree,
        ask: &'a Ask,
        choice: &'a Choice,
        now: &'a Now<'a>,
        weights: &'a Weights,
        before: &[Candidate],
    ) -> Self {
        let input = |row: &usize| ask.need.input(&tree.rows[*row].model);
        let mut verdicts = vec![Verdict::Unknown; tree.rows.len()];
        for row in before.iter().filter_map(|c| tree.row(&c.model.id)) {
            verdicts[row] = Verdict::Out;
        }
        Self {
            inputs: tree.counters.iter().map(input).collect(),
            providers: providers(tree, ask, now),
            listed: listed(tree, &ask.allowed.models),
            scale: Scale::default(),
            tree,
            ask,
            choice,
            now,
            weights,
            verdicts,
        }
    }

    fn run(mut self, most: usize) -> Foremost {
        // The model of the conversation has a cost of its own: it is looked at apart.
        let warm = self.take_warm();
        if self.choice.prefer == Prefer::Balanced {
            match self.scale(warm.as_ref()) {
                Some(scale) => self.scale = scale,
                None => return Foremost::default(),
            }
        }
        let warm = warm.map(|(row, figures)| (self.rank(row, &figures), row));
        let mut first = self.search(
            most,
            &|search, bounds| Some(search.best_rank(bounds)),
            &|search, row| Some(search.row_rank(row)),
        );
        let end = if first.len() < most {
            End::All
        } else {
            End::Cut
        };
        if let Some(warm) = warm {
            let place = first.partition_point(|other| *other < warm);
            // Behind the last that was found, there may be others before it.
            if place < most || end == End::All {
                first.insert(place, warm);
            }
        }
        self.explore(&mut first, warm);
        if let Some(warm) = warm {
            self.stay(&mut first, warm);
        }
        let rows = self.hosts_together(&first, warm);
        let ranked = rows
            .into_iter()
            .map(|(rank, row)| self.candidate(rank, row));
        Foremost {
            ranked: ranked.collect(),
            end,
        }
    }

    /// The model that has answered the conversation, when it can serve; a search does not find it.
    fn take_warm(&mut self) -> Option<(usize, Figures)> {
        let warm = self.ask.warm.as_ref()?;
        let at = self.tree.row(&warm.model)?;
        if !self.serves(at) {
            return None;
        }
        self.verdicts[at] = Verdict::Out;
        let row = &self.tree.rows[at];
        let cost = hold::expected_cost(&row.model, self.ask, self.answer(row.live.output_mean));
        let charge = if row.model.free {
            Picodollars::ZERO
        } else {
            cost
        };
        let seconds = self.row_seconds(row);
        Some((at, Figures::of(&row.model, charge, seconds)))
    }

    /// The extremes of the pool; `None` when nobody is in it.
    fn scale(&mut self, warm: Option<&(usize, Figures)>) -> Option<Scale> {
        let quality = |row: &Row| prefer::quality(&row.model);
        let found = self.extreme(&|_, b| OrdF64(b.worst.quality), &|_, row| {
            OrdF64(quality(row))
        });
        let warm = warm.map(|(_, figures)| figures);
        let Some(OrdF64(least_quality)) = found else {
            return warm.map(|figures| Scale::between(figures, figures));
        };
        let high = self.extreme(&|_, b| Reverse(OrdF64(b.best.quality)), &|_, row| {
            Reverse(OrdF64(quality(row)))
        })?;
        let low_charge = self.extreme(&Self::best_charge, &Self::row_charge)?;
        let high_charge = self.extreme(
            &|search, b| Reverse(search.worst_charge(b)),
            &|search, row| Reverse(search.row_charge(row)),
        )?;
        let low_seconds = self.extreme(
            &|search, b| OrdF64(search.seconds(&b.best)),
            &|search, row| OrdF64(search.row_seconds(row)),
        )?;
        let high_seconds = self.extreme(
            &|search, b| Reverse(OrdF64(search.seconds(&b.worst))),
            &|search, row| Reverse(OrdF64(search.row_seconds(row))),
        )?;
        let low = Figures {
            quality: least_quality,
            coding: 0.0,
            charge: low_charge,
            seconds: low_seconds.0,
        };
        let high = Figures {
            quality: high.0.0,
            coding: 0.0,
            charge: high_charge.0,
            seconds: high_seconds.0.0,
        };
        Some(match warm {
            Some(warm) => Scale::between(&low.least(warm), &high.most(warm)),
            None => Scale::between(&low, &high),
        })
    }

    /// Who comes first by one figure: how.
    fn extreme<K: Ord + Copy>(
        &mut self,
        of_node: &dyn Fn(&Self, &Bounds) -> K,
        of_row: &dyn Fn(&Self, &Row) -> K,
    ) -> Option<K> {
        let found = self.search(
            1,
            &|search, bounds| Some(of_node(search, bounds)),
            &|search, row| Some(of_row(search, row)),
        );
        found.first().map(|(key, _)| *key)
    }

    /// The rows that can serve and have the least keys, in their order. No key of a row may be less than
    /// that of a node above it; who has none is not looked for.
    fn search<K: Ord + Copy>(
        &mut self,
        most: usize,
        of_node: &dyn Fn(&Self, &Bounds) -> Option<K>,
        of_row: &dyn Fn(&Self, &Row) -> Option<K>,
    ) -> Vec<(K, usize)> {
        let mut best = Best {
            most,
            found: Vec::with_capacity(most + 1),
        };
        let tree = self.tree;
        if let Some(rows) = self.listed.take() {
            rows.iter()
                .for_each(|row| self.look(*row, of_row, &mut best));
            self.listed = Some(rows);
            return best.found;
        }
        // Nodes that are still to be looked at, the most promising last.
        let mut open: Vec<(K, &Node)> = Vec::new();
        let root = tree.nodes.last().into_iter();
        open.extend(root.filter_map(|node| Some((self.key(node, of_node)?, node))));
        while let Some((key, node)) = open.pop() {
            if !best.wants(&key) {
                continue;
            }
            match &node.part {
                Part::Leaf(rows) => {
                    rows.clone()
                        .for_each(|row| self.look(row, of_row, &mut best));
                }
                Part::Fork(halves) => {
                    let halves = halves.map(|half| {
                        let node = &tree.nodes[half];
                        self.key(node, of_node).map(|key| (key, node))
                    });
                    let [one, other] = halves;
                    let other_first = match (&one, &other) {
                        (Some((one, _)), Some((other, _))) => other < one,
                        (Some(_) | None, Some(_) | None) => false,
                    };
                    let in_order = if other_first {
                        [one, other]
                    } else {
                        [other, one]
                    };
                    open.extend(in_order.into_iter().flatten());
                }
            }
        }
        best.found
    }

    /// Looks at one row.
    fn look<K: Ord + Copy>(
        &mut self,
        row: usize,
        of_row: &dyn Fn(&Self, &Row) -> Option<K>,
        best: &mut Best<K>,
    ) {
        if self.verdicts[row] == Verdict::Out {
            return;
        }
        let key = of_row(self, &self.tree.rows[row]);
        if let Some(key) = key.filter(|key| best.wants(key))
            && self.serves(row)
        {
            best.add(key, row);
        }
    }

    fn key<K>(&self, node: &Node, of_node: &dyn Fn(&Self, &Bounds) -> Option<K>) -> Option<K> {
        let bounds = &node.bounds;
        self.may_serve(bounds).then(|| of_node(self, bounds))?
    }

    /// Whether a model of a node can serve, as far as the node knows.
    fn may_serve(&self, node: &Bounds) -> bool {
        let ask = self.ask;
        let wants_free = self.choice.spend == Spend::FreeOnly || ask.funds == Funds::None;
        let [input, output] = node.cheapest;
        let rules = &ask.rules;
        node.providers & self.providers != 0
            && (!wants_free || node.free == Free::Some)
            && ask.needs.missing_in(node.abilities).is_none()
            && self.inputs_of(node).0 <= node.window
            && rules.max_prompt_price.is_none_or(|most| input <= most)
            && rules.max_completion_price.is_none_or(|most| output <= most)
    }

    /// Whether a row can serve. It is looked at once.
    fn serves(&mut self, at: usize) -> bool {
        if self.verdicts[at] == Verdict::Unknown {
            let row = &self.tree.rows[at];
            let obstacle = obstacle(&row.model, self.ask, self.choice, &self.live(row));
            self.verdicts[at] = match obstacle {
                None => Verdict::Serves,
                Some(_) => Verdict::Out,
            };
        }
        self.verdicts[at] == Verdict::Serves
    }

    fn live(&self, row: &Row) -> Live {
        Live {
            standing: (self.now.standing)(&row.model),
            ..row.live
        }
    }

    /// Output tokens that are expected where answers usually have so many.
    fn answer(&self, output_mean: u64) -> u64 {
        output_mean.min(self.ask.need.max_output.unwrap_or(u64::MAX))
    }

    /// The least and the most that a node's models count.
    fn inputs_of(&self, node: &Bounds) -> (u64, u64) {
        let mut bits = node.counters;
        let (mut least, mut most) = (u64::MAX, 0);
        while bits != 0 {
            let first = bits.trailing_zeros() as usize;
            for input in self.inputs.iter().skip(first).step_by(64) {
                (least, most) = (least.min(*input), most.max(*input));
            }
            bits &= bits - 1;
        }
        (least, most)
    }

    fn charge(&self, corner: &Corner, input: u64) -> Picodollars {
        let usage = hold::expected_usage(self.ask, input, 0, self.answer(corner.output_mean));
        corner.rates.total(&usage)
    }

    fn best_charge(&self, node: &Bounds) -> Picodollars {
        self.charge(&node.best, self.inputs_of(node).0)
    }

    fn worst_charge(&self, node: &Bounds) -> Picodollars {
        self.charge(&node.worst, self.inputs_of(node).1)
    }

    fn row_charge(&self, row: &Row) -> Picodollars {
        if row.model.free {
            return Picodollars::ZERO;
        }
        let input = self.inputs[row.counter];
        let usage = hold::expected_usage(self.ask, input, 0, self.answer(row.live.output_mean));
        row.model.price.rates(input).total(&usage)
    }

    fn seconds(&self, corner: &Corner) -> f64 {
        let answer = self.answer(corner.output_mean);
        prefer::seconds(corner.ttft_ms, corner.tokens_per_s, answer)
    }

    fn row_seconds(&self, row: &Row) -> f64 {
        prefer::expected_seconds(&row.live, self.answer(row.live.output_mean))
    }

    fn best_rank(&self, node: &Bounds) -> Rank {
        let figures = Figures {
            quality: node.best.quality,
            coding: node.best.coding,
            charge: self.best_charge(node),
            seconds: self.seconds(&node.best),
        };
        self.rank_at(node.place, &figures)
    }

    fn row_rank(&self, row: &Row) -> Rank {
        let figures = Figures::of(&row.model, self.row_charge(row), self.row_seconds(row));
        self.rank_at(row.place, &figures)
    }

    fn rank(&self, row: usize, figures: &Figures) -> Rank {
        self.rank_at(self.tree.rows[row].place, figures)
    }

    fn rank_at(&self, place: usize, figures: &Figures) -> Rank {
        let prefer = self.choice.prefer;
        let score = prefer::score(prefer, self.weights, &self.scale, figures);
        Rank::of(prefer, score, figures, place)
    }

    /// As [`prefer::explore`] does: the model of which least is known comes to the front.
    fn explore(&mut self, first: &mut Vec<(Rank, usize)>, warm: Option<(Rank, usize)>) {
        let Some((_, fastest)) = first.first().copied() else {
            return;
        };
        if !prefer::explores(self.choice.prefer, self.ask.turn) {
            return;
        }
        let best = self.row_seconds(&self.tree.rows[fastest]);
        let found = self.search(
            1,
            &|search, b| {
                let is_worth_it = prefer::is_worth_a_try(b.samples, search.seconds(&b.best), best);
                is_worth_it.then(|| (OrdF64(b.samples), search.best_rank(b)))
            },
            &|search, row| {
                let (samples, seconds) = (row.live.samples, search.row_seconds(row));
                let is_worth_it = prefer::is_worth_a_try(samples, seconds, best);
                is_worth_it.then(|| (OrdF64(samples), search.row_rank(row)))
            },
        );
        let found = found
            .into_iter()
            .map(|((samples, rank), row)| (samples, (rank, row)));
        let warm = warm.and_then(|(rank, at)| {
            let row = &self.tree.rows[at];
            let is_worth_it = prefer::is_worth_a_try(row.live.samples, self.row_seconds(row), best);
            is_worth_it.then_some((OrdF64(row.live.samples), (rank, at)))
        });
        if let Some((_, least)) = found.chain(warm).min() {
            to_front(first, least);
        }
    }

    /// As [`sticky::stay`] does: the conversation's model comes to the front where it should stay.
    fn stay(&self, first: &mut Vec<(Rank, usize)>, warm: (Rank, usize)) {
        let seconds = |row: usize| self.row_seconds(&self.tree.rows[row]);
        let tie = self.ask.warm.as_ref().map(|warm| warm.tie);
        if let (Some(tie), Some((_, leader))) = (tie, first.first())
            && sticky::stays(tie, self.choice.prefer, seconds(warm.1), seconds(*leader))
        {
            to_front(first, warm);
        }
    }

    /// As the whole ranking has them: other hosts of the same weights follow the one that ranks first.
    fn hosts_together(
        &mut self,
        first: &[(Rank, usize)],
        warm: Option<(Rank, usize)>,
    ) -> Vec<(Rank, usize)> {
        let mut together: Vec<(Rank, usize)> = Vec::with_capacity(first.len());
        for (rank, row) in first {
            if together.iter().any(|(_, other)| other == row) {
                continue;
            }
            together.push((*rank, *row));
            let tree = self.tree;
            let is_peer = |at: usize| tree.rows[*row].peers.contains(&at);
            let known = first.iter().filter(|(_, other)| is_peer(*other));
            let before = together.len();
            together.extend(known.copied());
            let mut further = Vec::new();
            for peer in &tree.rows[*row].peers {
                if together[before..].iter().any(|(_, other)| other == peer) {
                    continue;
                }
                if let Some(warm) = warm.filter(|(_, row)| row == peer) {
                    further.push(warm);
                } else if self.serves(*peer) {
                    further.push((self.row_rank(&tree.rows[*peer]), *peer));
                }
            }
            further.sort_unstable();
            together.extend(further);
        }
        together
    }

    fn candidate(&self, rank: Rank, row: usize) -> Candidate {
        let row = &self.tree.rows[row];
        let model: &Arc<Model> = &row.model;
        let candidate = candidate(model, self.ask, self.choice, &self.live(row));
        Candidate {
            score: rank.score,
            ..candidate
        }
    }
}

fn to_front(first: &mut Vec<(Rank, usize)>, who: (Rank, usize)) {
    first.retain(|(_, row)| *row != who.1);
    first.insert(0, who);
}

/// The bits of the providers that may be asked.
fn providers(tree: &Tree, ask: &Ask, now: &Now<'_>) -> u64 {
    let allowed = &ask.allowed.providers;
    let may_be_asked = |name: &ProviderName| {
        !ask.blocked.contains(name)
            && ask.rules.allow(name)
            && (allowed.is_empty() || allowed.contains(name))
            && !(now.is_out)(name)
    };
    let names = tree.providers.iter().enumerate();
    let open = names.filter(|(_, name)| may_be_asked(name));
    open.fold(0, |bits, (number, _)| bits | tree::bit(number))
}

/// The rows of the models that a key may use; `None` when it may use all.
fn listed(tree: &Tree, models: &[ModelId]) -> Option<Vec<usize>> {
    if models.is_empty() {
        return None;
    }
    let mut rows: Vec<usize> = models.iter().filter_map(|id| tree.row(id)).collect();
    rows.sort_unstable();
    rows.dedup();
    Some(rows)
}

/// The least keys so far, in order.
struct Best<K> {
    most: usize,
    found: Vec<(K, usize)>,
}

impl<K: Ord> Best<K> {
    /// Whether a key as small as this would be among them.
    fn wants(&self, key: &K) -> bool {
        match self.found.last() {
            Some((last, _)) if self.found.len() >= self.most => key < last,
            Some(_) | None => self.most > 0,
        }
    }

    fn add(&mut self, key: K, row: usize) {
        let place = self.found.partition_point(|(other, _)| *other < key);
        self.found.insert(place, (key, row));
        self.found.truncate(self.most);
    }
}

#[cfg(test)]
#[path = "foremost_tests.rs"]
mod tests;
