//! The search in a tree: whatever is looked for, only nodes are looked at that can have it.

use super::Now;
use super::best::Best;
use super::bounds::{self, Bounds, Free};
use super::tree::{Ends, Node, Part, Row, Tree};
use crate::catalog::{Abilities, ModelId, ProviderName, Weights};
use crate::routing::ask::{Ask, Choice, Spend};
use crate::routing::candidates::Candidate;
use crate::routing::live::{Live, Mood, Standing};
use crate::routing::obstacle::obstacle;
use crate::routing::prefer::Scale;

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
    pub(super) weights: &'a Weights,
    pub(super) scale: Scale,
    /// Input tokens as each of the tree's counters counts them.
    pub(super) inputs: Vec<u64>,
    /// The least and the most of `inputs`.
    pub(super) extent: (u64, u64),
    /// Bits of the providers that may be asked.
    providers: u64,
    /// Bits of those to some of whose models requests may not flow.
    troubled: u64,
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
        let moods: Vec<Mood> = tree.providers.iter().map(now.mood).collect();
        let providers = providers(tree, ask, &moods);
        let rules = [ask.rules.max_prompt_price, ask.rules.max_completion_price];
        let is_lax = providers == all_providers(tree)
            && choice.spend_with(ask.funds) == Spend::Any
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
            troubled: bits_of(&moods, |mood| *mood != Mood::Calm),
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

    /// Who comes first by one figure: how. Who does so as a rule is looked at first: when that is so now,
    /// nobody else is.
    pub(super) fn extreme<K: Ord + Copy>(
        &mut self,
        usual: Option<usize>,
        of_node: &dyn Fn(&Self, &Bounds) -> K,
        of_row: &dyn Fn(&Self, &Row) -> K,
    ) -> Option<K> {
        let mut best = Best::new(1);
        if let (Some(row), None) = (usual, &self.listed)
            && self.serves(row)
        {
            let key = of_row(self, &self.tree.rows[row]);
            let root = self.tree.nodes.last();
            if root.is_none_or(|root| of_node(self, &root.bounds) >= key) {
                return Some(key);
            }
            best.add(key, row);
        }
        let of_row = |search: &Self, row: &Row| Some(of_row(search, row));
        let of_node = |search: &Self, bounds: &Bounds| Some(of_node(search, bounds));
        let found = self.search(best, &of_node, &of_row);
        found.first().map(|(key, _)| *key)
    }

    /// The rows that can serve and have the least keys, in their order, beside those that were met before.
    /// No key of a row may be less than that of a node above it; who has none is not looked for.
    pub(super) fn search<K: Ord + Copy>(
        &mut self,
        mut best: Best<K>,
        of_node: &dyn Fn(&Self, &Bounds) -> Option<K>,
        of_row: &dyn Fn(&Self, &Row) -> Option<K>,
    ) -> Vec<(K, usize)> {
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
    pub(super) fn look<K: Ord + Copy>(
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

    /// The rows at the ends of the figures of those that may serve, as a rule.
    pub(super) fn ends(&self) -> Option<Ends> {
        match self.choice.spend_with(self.ask.funds) {
            Spend::FreeOnly => self.tree.free_ends,
            Spend::Any => self.tree.ends,
        }
    }

    /// Who comes first as a rule, unless the key may use only some.
    pub(super) fn usual(&self) -> &'a [usize] {
        let spend = self.choice.spend_with(self.ask.funds);
        match self.listed {
            Some(_) => &[],
            None => self.tree.firsts.rows(self.choice.prefer, spend),
        }
    }

    fn may_serve_strictly(&self, node: &Bounds) -> bool {
        let ask = self.ask;
        let wants_free = self.choice.spend_with(ask.funds) == Spend::FreeOnly;
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
        let standing = match self.troubled & bounds::bit(row.provider) {
            // Whoever does not take part has no row.
            0 => Standing::Flowing,
            _ => (self.now.standing)(&row.model),
        };
        Live {
            standing,
            ..row.live
        }
    }
}

/// The bits of the providers that may be asked.
fn providers(tree: &Tree, ask: &Ask, moods: &[Mood]) -> u64 {
    let allowed = &ask.allowed.providers;
    let may_be_asked = |(name, mood): (&ProviderName, &Mood)| {
        !ask.blocked.contains(name)
            && ask.rules.allow(name)
            && (allowed.is_empty() || allowed.contains(name))
            && *mood != Mood::Out
    };
    bits_of(tree.providers.iter().zip(moods), may_be_asked)
}

/// The bits of those that are as they should be.
fn bits_of<T>(all: impl IntoIterator<Item = T>, should: impl Fn(T) -> bool) -> u64 {
    let numbered = all.into_iter().enumerate();
    numbered.fold(0, |bits, (number, one)| match should(one) {
        true => bits | bounds::bit(number),
        false => bits,
    })
}

fn all_providers(tree: &Tree) -> u64 {
    tree.nodes.last().map_or(0, |root| root.bounds.providers)
}

/// The least and the most.
pub(super) fn extent(numbers: impl Iterator<Item = u64>) -> (u64, u64) {
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
