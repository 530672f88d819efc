//! By what nodes and rows are searched: never more for a node than for a row of it.

use super::bounds::{self, Bounds};
use super::search::{Search, extent};
use super::tree::Row;
use crate::money::Picodollars;
use crate::routing::hold;
use crate::routing::prefer::{self, Figures};
use crate::routing::rank::{Rank, Seconds};

impl Search<'_> {
    /// Output tokens that are expected where answers usually have so many.
    pub(super) fn answer(&self, output_mean: u64) -> u64 {
        output_mean.min(self.ask.need.max_output.unwrap_or(u64::MAX))
    }

    /// The least and the most that a node's models count.
    pub(super) fn inputs_of(&self, node: &Bounds) -> (u64, u64) {
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
        let input = self.inputs[row.counter];
        let rates = match &row.rates {
            Some(rates) => rates,
            None => row.model.price.rates(input),
        };
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
        let figures = Figures {
            quality: row.quality,
            coding: row.coding,
            charge: self.row_charge(row),
            seconds: self.row_seconds(row),
        };
        self.rank_at(row.place, &figures)
    }

    pub(super) fn rank_at(&self, place: usize, figures: &Figures) -> Rank {
        let prefer = self.choice.prefer;
        let score = prefer::score(prefer, self.weights, &self.scale, figures);
        Rank::of(prefer, score, figures, place)
    }
}
