//! The models of one tier as a tree of boxes: a node knows how good and how bad the figures of its models are
//! at the most, so that a search passes over all that cannot matter to it.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::bounds::Bounds;
use super::firsts::Firsts;
use crate::catalog::{Age, Model, ModelId, ProviderName, Rates};
use crate::ids::IdMap;
use crate::routing::ask::are_same;
use crate::routing::live::{Live, Standing};
use crate::routing::rank::Seconds;
use crate::routing::{hold, prefer};

/// Models of a leaf.
const LEAF: usize = 4;
/// Input tokens of the request by which the tree is laid out. It is right for every other, too.
const TYPICAL_INPUT: u64 = 1_000;
/// How much it helps a search when the models of a node are alike in quality, cost, speed, price of input.
const WORTH: [f64; 4] = [0.45, 0.40, 0.20, 0.30];

/// The models of a tier that may serve in it today, at best.
#[derive(Debug, Default)]
pub(super) struct Tree {
    pub(super) rows: Vec<Row>,
    /// Children before their parents: the root is the last.
    pub(super) nodes: Vec<Node>,
    /// For each way to count a prompt, a row that counts so.
    pub(super) counters: Vec<usize>,
    pub(super) providers: Vec<ProviderName>,
    /// Which rows are at the ends of the figures.
    pub(super) ends: Option<Ends>,
    /// The same of those that are free.
    pub(super) free_ends: Option<Ends>,
    /// Who comes first as a rule.
    pub(super) firsts: Firsts,
    by_id: IdMap<ModelId, usize>,
}

/// One model.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) model: Arc<Model>,
    /// What was known of it, its standing apart.
    pub(super) live: Live,
    /// Expected to the end of a usual answer.
    pub(super) whole: Seconds,
    /// What tokens cost the caller; `None` where that goes by the length of the prompt.
    pub(super) rates: Option<Rates>,
    /// Quality score.
    pub(super) quality: f64,
    /// Coding score.
    pub(super) coding: f64,
    /// Its place among the models of the tier.
    pub(super) place: usize,
    /// Its place in `counters`.
    pub(super) counter: usize,
    /// Rows of the same weights at other hosts.
    pub(super) peers: Vec<usize>,
    /// Its provider's place in `providers`.
    pub(super) provider: usize,
}

/// The rows with the least and with the most of each figure, for a typical request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ends {
    pub(super) quality: [usize; 2],
    pub(super) charge: [usize; 2],
    pub(super) seconds: [usize; 2],
}

/// Some models.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) bounds: Bounds,
    pub(super) part: Part,
}

/// What a node consists of.
#[derive(Clone, Debug)]
pub(super) enum Part {
    /// Rows.
    Leaf(Range<usize>),
    /// Two nodes.
    Fork([usize; 2]),
}

impl Tree {
    /// Lays out the models of a tier that are configured and not past their last day.
    pub(super) fn of(
        members: &[Arc<Model>],
        today: time::Date,
        live: &dyn Fn(&Model) -> Live,
    ) -> Self {
        let mut tree = Self::default();
        for (place, model) in members.iter().enumerate() {
            let live = live(model);
            let is_gone = matches!(model.age(today), Age::Retired { .. });
            if live.standing != Standing::Unconfigured && !is_gone {
                tree.push(model, live, place);
            }
        }
        tree.lay_out();
        tree
    }

    fn push(&mut self, model: &Arc<Model>, live: Live, place: usize) {
        let counts_so = |at: &usize| {
            let theirs = &self.rows[*at].model.tokenizer;
            Arc::ptr_eq(theirs, &model.tokenizer) || *theirs == model.tokenizer
        };
        let counter = self.counters.iter().position(counts_so);
        let counter = counter.unwrap_or_else(|| {
            self.counters.push(self.rows.len());
            self.counters.len() - 1
        });
        let mut providers = self.providers.iter();
        let provider = providers.position(|name| *name == model.provider);
        let provider = provider.unwrap_or_else(|| {
            self.providers.push(model.provider.clone());
            self.providers.len() - 1
        });
        self.rows.push(Row {
            model: Arc::clone(model),
            whole: Seconds::prepared(prefer::expected_seconds(&live, live.output_mean)),
            rates: rates(model),
            quality: prefer::quality(model),
            coding: prefer::coding(model),
            live,
            place,
            counter,
            peers: Vec::new(),
            provider,
        });
    }

    /// Rows that are alike come to stand together, and nodes above them.
    fn lay_out(&mut self) {
        let spots: Vec<Spot> = self.rows.iter().map(Spot::of).collect();
        let mut order: Vec<usize> = (0..self.rows.len()).collect();
        let unit = spread(&spots, &order);
        sort(&spots, &mut order, unit);
        let mut moved = vec![0; order.len()];
        for (to, from) in order.iter().enumerate() {
            moved[*from] = to;
        }
        self.counters.iter_mut().for_each(|row| *row = moved[*row]);
        let mut rows: Vec<Option<Row>> = self.rows.drain(..).map(Some).collect();
        self.rows = order.iter().filter_map(|from| rows[*from].take()).collect();
        if !self.rows.is_empty() {
            self.node(0..self.rows.len());
        }
        let ids = self.rows.iter().map(|row| row.model.id.clone());
        self.by_id = ids.zip(0..).collect();
        let spots = || order.iter().map(|from| spots[*from]).zip(0..);
        let free = |(_, row): &(Spot, usize)| self.rows[*row].model.free;
        self.free_ends = Ends::of(&spots().filter(free).collect::<Vec<_>>());
        self.ends = Ends::of(&spots().collect::<Vec<_>>());
        self.meet_peers();
    }

    fn node(&mut self, rows: Range<usize>) -> usize {
        let node = if rows.len() <= LEAF {
            let bounds = self.rows[rows.clone()].iter().map(Bounds::of);
            let all = bounds.reduce(Bounds::join);
            all.map(|bounds| (bounds, Part::Leaf(rows)))
        } else {
            let middle = middle(&rows);
            let halves = [rows.start..middle, middle..rows.end].map(|half| self.node(half));
            let [one, other] = halves.map(|half| self.nodes[half].bounds);
            Some((one.join(other), Part::Fork(halves)))
        };
        self.nodes
            .extend(node.map(|(bounds, part)| Node { bounds, part }));
        self.nodes.len() - 1
    }

    fn meet_peers(&mut self) {
        let mut groups: HashMap<&str, Vec<usize>> = HashMap::new();
        for (at, row) in self.rows.iter().enumerate() {
            if let Some(group) = row.model.same_as.as_deref() {
                groups.entry(group).or_default().push(at);
            }
        }
        let peers = |at: usize, row: &Row| {
            let group = row.model.same_as.as_deref();
            let all = group.and_then(|group| groups.get(group));
            let is_peer =
                |other: &usize| *other != at && are_same(&self.rows[*other].model, &row.model);
            let others = all.into_iter().flatten().copied();
            others.filter(is_peer).collect()
        };
        let rows = self.rows.iter().enumerate();
        let peers: Vec<Vec<usize>> = rows.map(|(at, row)| peers(at, row)).collect();
        for (row, peers) in self.rows.iter_mut().zip(peers) {
            row.peers = peers;
        }
    }

    /// The row of a model.
    pub(super) fn row(&self, model: &ModelId) -> Option<usize> {
        self.by_id.get(model).copied()
    }
}

impl Ends {
    /// Of rows and where they stand; `None` of none.
    fn of(spots: &[(Spot, usize)]) -> Option<Self> {
        let ends = |i: usize| {
            let by = |a: &&(Spot, usize), b: &&(Spot, usize)| a.0.at[i].total_cmp(&b.0.at[i]);
            Some([spots.iter().min_by(by)?.1, spots.iter().max_by(by)?.1])
        };
        Some(Self {
            quality: ends(0)?,
            charge: ends(1)?,
            seconds: ends(2)?,
        })
    }
}

/// What tokens cost a caller whatever the length of the prompt.
fn rates(model: &Model) -> Option<Rates> {
    if model.free {
        return Some(Rates::default());
    }
    model.price.steps.is_empty().then_some(model.price.base)
}

/// Where a model stands among others, for a typical request: quality, cost, seconds, price of input.
#[derive(Clone, Copy, Debug)]
struct Spot {
    at: [f64; 4],
    place: usize,
}

impl Spot {
    fn of(row: &Row) -> Self {
        let (model, live) = (&row.model, &row.live);
        let cost = hold::list_cost(model, TYPICAL_INPUT, live.output_mean);
        let input = model.price.rates(TYPICAL_INPUT).input.per_token();
        Self {
            at: [
                row.quality,
                prefer::log_cost(hold::charge(model, cost)),
                row.whole.log(),
                prefer::log_cost(hold::charge(model, input)),
            ],
            place: row.place,
        }
    }
}

/// How far apart spots are, in each direction.
fn spread(spots: &[Spot], order: &[usize]) -> [f64; 4] {
    let mut low = [f64::INFINITY; 4];
    let mut high = [f64::NEG_INFINITY; 4];
    for spot in order.iter().map(|at| &spots[*at]) {
        for ((value, low), high) in spot.at.iter().zip(&mut low).zip(&mut high) {
            *low = low.min(*value);
            *high = high.max(*value);
        }
    }
    std::array::from_fn(|i| high[i] - low[i])
}

/// Halves what stands together by the direction in which it is widest, and each half again.
fn sort(spots: &[Spot], order: &mut [usize], unit: [f64; 4]) {
    if order.len() <= LEAF {
        return;
    }
    let wide = spread(spots, order);
    let share = |i: &usize| WORTH[*i] * wide[*i] / unit[*i].max(f64::MIN_POSITIVE);
    let widest = (0..4).max_by(|a, b| share(a).total_cmp(&share(b)));
    let by = widest.unwrap_or(0);
    let middle = middle(&(0..order.len()));
    order.select_nth_unstable_by(middle, |a, b| {
        let [a, b] = [a, b].map(|at| &spots[*at]);
        a.at[by].total_cmp(&b.at[by]).then(a.place.cmp(&b.place))
    });
    let (one, other) = order.split_at_mut(middle);
    sort(spots, one, unit);
    sort(spots, other, unit);
}

/// Where rows are halved: both halves are full leaves, as far as there are rows.
fn middle(rows: &Range<usize>) -> usize {
    let leaves = rows.len().div_ceil(LEAF);
    rows.start + leaves / 2 * LEAF
}
