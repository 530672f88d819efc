//! The search in a tree: whatever is looked for, only nodes are looked at that can have it.

use super::Now;
use super::bounds::{self, Bounds, Free};
use super::tree::{Node, Part, Row, Tree};
use crate::catalog::{Abilities, ModelId, ProviderName, Weights};
use crate::money::Picodollars;
use crate::routing::ask::{Ask, Choice, Funds, Spend};
use crate::routing::candidates::{Candidate, obstacle};
use crate::routing::hold;
use crate::routing::live::Live;
use crate::routing::prefer::{self, Figures, Scale};
use crate::routing::rank::{Rank, Seconds};

/// Nodes that are open at one time, as a rule: one of each level.
const OPEN: usize = 16;

/// What is known of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Not looked at yet.
    Unknown,
    /// Can serve.
    Serves,
    /// Cannot serve, or is no longer to be found.
    Out,
}

/// Whether a request rules out anybody by what its node knows, but for those with small windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Strictness {
    Lax,
    Strict,
}

/// One look for the foremost of a tier.
pub(super) struct Search<'a> {
    pub(super) tree: &'a Tree,
    pub(super) ask: &'a Ask,
    pub(super) choice: &'a Choice,
    now: &'a Now<'a>,
    weights: &'a Weights,
    pub(super) scale: Scale,
    /// Input tokens as each of the tree's counters counts them.
    inputs: Vec<u64>,
    /// The least and the most of `inputs`.
    extent: (u64, u64),
    /// Bits of the providers that may be asked.
    providers: u64,
    strictness: Strictness,
    pub(super) verdicts: Vec<Verdict>,
    /// The rows of the models that the key may use, when it may use only some.
    listed: Option<Vec<usize>>,
}

impl<'a> Search<'a> {
    /// Nobody was looked at yet; who was ranked before is not to be found.
    pub(super) fn new(
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
        let inputs: Vec<u64> = tree.counters.iter().map(input).collect();
        let providers = providers(tree, ask, now);
        let rules = [ask.rules.max_prompt_price, ask.rules.max_completion_price];
        let is_lax = providers == all_providers(tree)
            && choice.spend == Spend::Any
            && ask.funds == Funds::Some
            && ask.needs == Abilities::NONE
            && rules == [None; 2];
        Self {
            extent: extent(inputs.iter().copied()),
            strictness: if is_lax {
                Strictness::Lax
            } else {
                Strictness::Strict
            },
            inputs,
            providers,
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

    /// Who comes first by one figure: how.
    pub(super) fn extreme<K: Ord + Copy>(
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
    pub(super) fn search<K: Ord + Copy>(
        &mut self,
        most: usize,
        of_node: &dyn Fn(&Self, &Bounds) -> Option<K>,
        of_row: &dyn Fn(&Self, &Row) -> Option<K>,
    ) -> Vec<(K, usize)> {
        let mut best = Best::new(most);
        if let Some(rows) = self.listed.take() {
            rows.iter()
                .for_each(|row| self.look(*row, of_row, &mut best));
            self.listed = Some(rows);
            return best.found;
        }
        let tree = self.tree;
        // Nodes that are still to be looked at: of two halves the more promising one is the next.
        let mut open = Vec::with_capacity(OPEN);
        let root = tree.nodes.len().checked_sub(1);
        open.extend(root.and_then(|root| self.open(root, of_node, &best)));
        while let Some((key, node)) = open.pop() {
            if !best.wants(&key) {
                continue;
            }
            match &node.part {
                Part::Leaf(rows) => {
                    rows.clone()
                        .for_each(|row| self.look(row, of_row, &mut best));
                }
                Part::Fork([one, other]) => {
                    let one = self.open(*one, of_node, &best);
                    match (one, self.open(*other, of_node, &best)) {
                        (Some(one), Some(other)) if one.0 < other.0 => open.extend([other, one]),
                        (one, other) => open.extend(one.into_iter().chain(other)),
                    }
                }
            }
        }
        best.found
    }

    /// A node and its key, if there may be something in it.
    fn open<K: Ord + Copy>(
        &self,
        at: usize,
        of_node: &dyn Fn(&Self, &Bounds) -> Option<K>,
        best: &Best<K>,
    ) -> Option<(K, &'a Node)> {
        let node = &self.tree.nodes[at];
        if !self.may_serve(&node.bounds) {
            return None;
        }
        let key = of_node(self, &node.bounds)?;
        best.wants(&key).then_some((key, node))
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

    /// Whether a model of a node can serve, as far as the node knows.
    pub(super) fn may_serve(&self, node: &Bounds) -> bool {
        self.inputs_of(node).0 <= node.window
            && match self.strictness {
                Strictness::Lax => true,
                Strictness::Strict => self.may_serve_strictly(node),
            }
    }

    fn may_serve_strictly(&self, node: &Bounds) -> bool {
        let ask = self.ask;
        let wants_free = self.choice.spend == Spend::FreeOnly || ask.funds == Funds::None;
        let [input, output] = node.cheapest;
        let rules = &ask.rules;
        node.providers & self.providers != 0
            && (!wants_free || node.free == Free::Some)
            && ask.needs.missing_in(node.abilities).is_none()
            && rules.max_prompt_price.is_none_or(|most| input <= most)
            && rules.max_completion_price.is_none_or(|most| output <= most)
    }

    /// Whether a row can serve. It is looked at once.
    pub(super) fn serves(&mut self, at: usize) -> bool {
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

    pub(super) fn live(&self, row: &Row) -> Live {
        Live {
            standing: (self.now.standing)(&row.model),
            ..row.live
        }
    }

    /// Output tokens that are expected where answers usually have so many.
    pub(super) fn answer(&self, output_mean: u64) -> u64 {
        output_mean.min(self.ask.need.max_output.unwrap_or(u64::MAX))
    }

    /// The least and the most that a node's models count.
    fn inputs_of(&self, node: &Bounds) -> (u64, u64) {
        let (least, most) = self.extent;
        if least == most {
            return self.extent;
        }
        let inputs = self.inputs.iter().enumerate();
        let theirs = inputs.filter(|(number, _)| node.counters & bounds::bit(*number) != 0);
        extent(theirs.map(|(_, input)| *input))
    }

    pub(super) fn best_charge(&self, node: &Bounds) -> Picodollars {
        node.best.charge(self.ask, self.inputs_of(node).0)
    }

    pub(super) fn worst_charge(&self, node: &Bounds) -> Picodollars {
        node.worst.charge(self.ask, self.inputs_of(node).1)
    }

    pub(super) fn row_charge(&self, row: &Row) -> Picodollars {
        if row.model.free {
            return Picodollars::ZERO;
        }
        let input = self.inputs[row.counter];
        let rates = row.model.price.rates(input);
        let answer = rates.output.times(self.answer(row.live.output_mean));
        hold::cold_cost(rates, self.ask, input, answer)
    }

    pub(super) fn row_seconds(&self, row: &Row) -> Seconds {
        match self.ask.need.max_output {
            Some(most) if most < row.live.output_mean => {
                Seconds::new(prefer::expected_seconds(&row.live, most))
            }
            Some(_) | None => row.whole,
        }
    }

    pub(super) fn best_rank(&self, node: &Bounds) -> Rank {
        let figures = Figures {
            quality: node.best.quality,
            coding: node.best.coding,
            charge: self.best_charge(node),
            seconds: node.best.seconds(self.ask),
        };
        self.rank_at(node.place, &figures)
    }

    pub(super) fn row_rank(&self, row: &Row) -> Rank {
        let figures = Figures::of(&row.model, self.row_charge(row), self.row_seconds(row));
        self.rank_at(row.place, &figures)
    }

    pub(super) fn rank_at(&self, place: usize, figures: &Figures) -> Rank {
        let prefer = self.choice.prefer;
        let score = prefer::score(prefer, self.weights, &self.scale, figures);
        Rank::of(prefer, score, figures, place)
    }
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
    open.fold(0, |bits, (number, _)| bits | bounds::bit(number))
}

fn all_providers(tree: &Tree) -> u64 {
    tree.nodes.last().map_or(0, |root| root.bounds.providers)
}

/// The least and the most.
fn extent(numbers: impl Iterator<Item = u64>) -> (u64, u64) {
    numbers.fold((u64::MAX, 0), |(least, most), number| {
        (least.min(number), most.max(number))
    })
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
    fn new(most: usize) -> Self {
        Self {
            most,
            found: Vec::with_capacity(most + 1),
        }
    }

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
