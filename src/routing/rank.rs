//! What candidates are compared by: seconds, ranks and scores, each in a total order.

use std::cmp::{Ordering, Reverse};

use super::prefer::Figures;
use crate::catalog::Prefer;
use crate::money::Picodollars;

/// The other comparisons of a type whose order is written by hand follow from it.
macro_rules! compared_by_ord {
    ($name:ident) => {
        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.cmp(other) == Ordering::Equal
            }
        }

        impl Eq for $name {}
    };
}

/// Expected seconds, and their logarithm where it is known already. Compared by the seconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seconds {
    seconds: f64,
    log: Option<f64>,
}

impl Seconds {
    /// So many.
    pub(super) const fn new(seconds: f64) -> Self {
        let log = None;
        Self { seconds, log }
    }

    /// So many, for those who need their logarithm time and again.
    pub(super) fn prepared(seconds: f64) -> Self {
        let log = Some(Self::new(seconds).log());
        Self { seconds, log }
    }

    /// How many.
    pub(super) const fn get(self) -> f64 {
        self.seconds
    }

    pub(super) fn log(self) -> f64 {
        self.log.unwrap_or_else(|| self.seconds.max(0.001).ln())
    }
}

impl Ord for Seconds {
    fn cmp(&self, other: &Self) -> Ordering {
        self.seconds.total_cmp(&other.seconds)
    }
}

compared_by_ord!(Seconds);

/// What a pool is sorted by: the lesser is the better.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rank {
    /// The score.
    pub(super) score: f64,
    tie: (Picodollars, Reverse<OrdF64>),
    /// The place among the models of the pool as the catalog lists them.
    pub(super) place: usize,
}

impl Rank {
    /// Ties: lower expected charge, with `cheap` higher quality, then catalog order.
    pub(super) fn of(prefer: Prefer, score: f64, figures: &Figures, place: usize) -> Self {
        let quality = match prefer {
            Prefer::Cheap => figures.quality,
            Prefer::Fast | Prefer::Balanced | Prefer::Quality | Prefer::Coding => 0.0,
        };
        Self {
            score,
            tie: (figures.charge, Reverse(OrdF64(quality))),
            place,
        }
    }
}

impl Ord for Rank {
    fn cmp(&self, other: &Self) -> Ordering {
        other
            .score
            .total_cmp(&self.score)
            .then_with(|| self.tie.cmp(&other.tie))
            .then_with(|| self.place.cmp(&other.place))
    }
}

compared_by_ord!(Rank);

/// A number that is never NaN, in its total order.
#[derive(Clone, Copy, Debug)]
pub(super) struct OrdF64(pub(super) f64);

impl Ord for OrdF64 {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

compared_by_ord!(OrdF64);
