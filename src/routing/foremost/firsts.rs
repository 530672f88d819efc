//! Who comes first as a rule: a search begins with them, and passes over whatever cannot come before.

use super::Now;
use super::search::Search;
use super::tree::Tree;
use crate::catalog::{Model, Prefer, Tier, Weights};
use crate::routing::ask::{Choice, Spend};
use crate::routing::grid;
use crate::routing::live::{Live, Mood};

/// As many as a request is ranked by, as a rule.
const FIRSTS: usize = 8;

/// The rows that a typical request finds, in every direction, among all models and among those that are free.
#[derive(Debug, Default)]
pub(super) struct Firsts {
    rows: [[Vec<usize>; 2]; Prefer::ALL.len()],
}

impl Firsts {
    /// Of a tier, by what was known of its models.
    pub(super) fn of(
        tree: &Tree,
        tier: Tier,
        today: time::Date,
        weights: &Weights,
        live: &dyn Fn(&Model) -> Live,
    ) -> Self {
        let now = Now {
            live,
            standing: &|model| live(model).standing,
            mood: &|_| Mood::Troubled,
        };
        let rows = |prefer, spend| {
            let choice = Choice {
                spend,
                ..Choice::tier(tier, prefer)
            };
            let ask = grid::typical(choice.clone(), today);
            Search::new(tree, &ask, &choice, &now, weights, &[]).firsts(FIRSTS)
        };
        Self {
            rows: Prefer::ALL
                .map(|prefer| [Spend::Any, Spend::FreeOnly].map(|spend| rows(prefer, spend))),
        }
    }

    /// In one direction.
    pub(super) fn rows(&self, prefer: Prefer, spend: Spend) -> &[usize] {
        let [any, free] = &self.rows[prefer as usize];
        match spend {
            Spend::Any => any,
            Spend::FreeOnly => free,
        }
    }
}
