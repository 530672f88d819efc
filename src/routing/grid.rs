//! Who leads each tier in each direction, for a typical request.

use std::collections::HashMap;

use super::ask::{Allowed, Ask, CacheMarks, Choice, Funds, Rules, Task};
use super::candidates::{Candidate, ranked};
use super::context::Need;
use super::live::Live;
use crate::catalog::{Abilities, Catalog, Model, Prefer, Tier};

/// Input tokens of the typical request.
const TYPICAL_INPUT: u64 = 1_000;

/// The ranking of a tier for a typical request (1,000 tokens in, each model's usual answer, nothing
/// special asked) of an account with credit.
pub fn ranking(
    catalog: &Catalog,
    tier: Tier,
    prefer: Prefer,
    today: time::Date,
    live: &dyn Fn(&Model) -> Live,
) -> Vec<Candidate> {
    let ask = typical(Choice::tier(tier, prefer), today);
    ranked(catalog, &ask, &catalog.weights(), live)
}

/// A typical request for one choice.
pub fn typical(choice: Choice, today: time::Date) -> Ask {
    Ask {
        task: Task::Chat,
        choices: vec![choice],
        needs: Abilities::NONE,
        need: Need::of_tokens(TYPICAL_INPUT, None),
        answers: 1,
        marks: CacheMarks::None,
        warm: None,
        turn: 0,
        rules: Rules::default(),
        blocked: Vec::new(),
        allowed: Allowed::default(),
        funds: Funds::Some,
        incapable: HashMap::new(),
        today,
    }
}
