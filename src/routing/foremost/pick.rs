//! One look for the foremost of a tier, from the search to the candidates: what the whole ranking does to its
//! pool, done to its beginning.

use std::cmp::Reverse;

use super::best::Best;
use super::search::{Search, Verdict};
use super::tree::{Ends, Row};
use super::{End, Foremost};
use crate::catalog::Prefer;
use crate::routing::candidates::{Candidate, candidate};
use crate::routing::prefer::{self, Figures, Scale};
use crate::routing::rank::{OrdF64, Rank};
use crate::routing::{hold, sticky};

impl Search<'_> {
    /// The first of the tier, so many when there are.
    pub(super) fn run(mut self, most: usize) -> Foremost {
        // The model of the conversation has a cost of its own: it is looked at apart.
        let warm = self.take_warm();
        if self.choice.prefer == Prefer::Balanced {
            match self.scale(warm.as_ref()) {
                Some(scale) => self.scale = scale,
                None => return Foremost::default(),
            }
        }
        let warm =
            warm.map(|(row, figures)| (self.rank_at(self.tree.rows[row].place, &figures), row));
        let mut first = self.lead(most);
        let is_whole = first.len() < most;
        if let Some(warm) = warm {
            let place = first.partition_point(|other| *other < warm);
            // Behind the last that was found, there may be others before it.
            if place < most || is_whole {
                first.insert(place, warm);
            }
        }
        self.explore(&mut first, warm);
        if let Some(warm) = warm {
            self.stay(&mut first, warm);
        }
        let mut rows = self.hosts_together(&first, warm);
        let end = if is_whole && rows.len() <= most {
            End::All
        } else {
            End::Cut
        };
        rows.truncate(most);
        let ranked = rows
            .into_iter()
            .map(|(rank, row)| self.candidate(rank, row));
        Foremost {
            ranked: ranked.collect(),
            end,
        }
    }

    /// The rows that come first.
    pub(super) fn firsts(mut self, most: usize) -> Vec<usize> {
        if self.choice.prefer == Prefer::Balanced {
            self.scale = self.scale(None).unwrap_or_default();
        }
        self.lead(most).into_iter().map(|(_, row)| row).collect()
    }

    /// The least ranks, and whose they are.
    fn lead(&mut self, most: usize) -> Vec<(Rank, usize)> {
        let of_row = |search: &Self, row: &Row| Some(search.row_rank(row));
        let mut best = Best::new(most);
        let usual = self.usual();
        usual
            .iter()
            .for_each(|row| self.look(*row, &of_row, &mut best));
        self.search(
            best,
            &|search, bounds| Some(search.best_rank(bounds)),
            &of_row,
        )
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
        let charge = hold::charge(&row.model, cost);
        let seconds = self.row_seconds(row);
        Some((at, Figures::of(&row.model, charge, seconds)))
    }

    /// The extremes of the pool; `None` when nobody is in it.
    pub(super) fn scale(&mut self, warm: Option<&(usize, Figures)>) -> Option<Scale> {
        let ends = self.ends();
        let least = |of: fn(&Ends) -> [usize; 2]| ends.as_ref().map(|ends| of(ends)[0]);
        let most = |of: fn(&Ends) -> [usize; 2]| ends.as_ref().map(|ends| of(ends)[1]);
        let found = self.extreme(
            least(|ends| ends.quality),
            &|_, b| OrdF64(b.worst.quality),
            &|_, row| OrdF64(row.quality),
        );
        let warm = warm.map(|(_, figures)| figures);
        let Some(OrdF64(least_quality)) = found else {
            return warm.map(|figures| Scale::between(figures, figures));
        };
        let high = self.extreme(
            most(|ends| ends.quality),
            &|_, b| Reverse(OrdF64(b.best.quality)),
            &|_, row| Reverse(OrdF64(row.quality)),
        )?;
        let low_charge = self.extreme(
            least(|ends| ends.charge),
            &Self::best_charge,
            &Self::row_charge,
        )?;
        let high_charge = self.extreme(
            most(|ends| ends.charge),
            &|search, b| Reverse(search.worst_charge(b)),
            &|search, row| Reverse(search.row_charge(row)),
        )?;
        let low_seconds = self.extreme(
            least(|ends| ends.seconds),
            &|search, b| b.best.seconds(search.ask),
            &|search, row| search.row_seconds(row),
        )?;
        let high_seconds = self.extreme(
            most(|ends| ends.seconds),
            &|search, b| Reverse(b.worst.seconds(search.ask)),
            &|search, row| Reverse(search.row_seconds(row)),
        )?;
        let low = Figures {
            quality: least_quality,
            coding: 0.0,
            charge: low_charge,
            seconds: low_seconds,
        };
        let high = Figures {
            quality: high.0.0,
            coding: 0.0,
            charge: high_charge.0,
            seconds: high_seconds.0,
        };
        Some(match warm {
            Some(warm) => Scale::between(&low.least(warm), &high.most(warm)),
            None => Scale::between(&low, &high),
        })
    }

    /// As [`prefer::explore`] does: the model of which least is known comes to the front.
    fn explore(&mut self, first: &mut Vec<(Rank, usize)>, warm: Option<(Rank, usize)>) {
        let Some((_, fastest)) = first.first().copied() else {
            return;
        };
        if !prefer::explores(self.choice.prefer, self.ask.turn) {
            return;
        }
        let best = self.row_seconds(&self.tree.rows[fastest]).get();
        let found = self.search(
            Best::new(1),
            &|search, b| {
                let is_worth_it =
                    prefer::is_worth_a_try(b.samples, b.best.seconds(search.ask).get(), best);
                is_worth_it.then(|| (OrdF64(b.samples), search.best_rank(b)))
            },
            &|search, row| {
                let (samples, seconds) = (row.live.samples, search.row_seconds(row).get());
                let is_worth_it = prefer::is_worth_a_try(samples, seconds, best);
                is_worth_it.then(|| (OrdF64(samples), search.row_rank(row)))
            },
        );
        let found = found
            .into_iter()
            .map(|((samples, rank), row)| (samples, (rank, row)));
        let warm = warm.and_then(|(rank, at)| {
            let row = &self.tree.rows[at];
            let seconds = self.row_seconds(row).get();
            let is_worth_it = prefer::is_worth_a_try(row.live.samples, seconds, best);
            is_worth_it.then_some((OrdF64(row.live.samples), (rank, at)))
        });
        if let Some((_, least)) = found.chain(warm).min() {
            to_front(first, least);
        }
    }

    /// As [`sticky::stay`] does: the conversation's model comes to the front where it should stay.
    fn stay(&self, first: &mut Vec<(Rank, usize)>, warm: (Rank, usize)) {
        let seconds = |row: usize| self.row_seconds(&self.tree.rows[row]).get();
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
        let candidate = candidate(&row.model, self.ask, self.choice, &self.live(row));
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
