//! Who leads each tier in each direction, and what its answers cost, for a typical request.

use std::collections::HashMap;

use super::ask::{Allowed, Ask, CacheMarks, Choice, Funds, Rules, Task};
use super::candidates::{Candidate, ranked};
use super::classify::Prices;
use super::context::Need;
use super::hold;
use super::live::{Live, Standing};
use crate::catalog::{Abilities, Age, Catalog, Model, Prefer, ProviderName, Tier};
use crate::money::Picodollars;

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

/// What a typical answer costs in each tier at list price: with `cheap` the least, else the mean of
/// the models of configured providers that are not blocked. Models that are being left alone count:
/// an outage of minutes does not make a tier dearer.
pub fn prices(
    catalog: &Catalog,
    prefer: Prefer,
    blocked: &[ProviderName],
    today: time::Date,
    live: &dyn Fn(&Model) -> Live,
) -> Prices {
    let mut costs: [Vec<i64>; 3] = Default::default();
    let ask = typical(Choice::tier(Tier::Standard, prefer), today);
    for model in catalog.models().iter().filter(|model| model.is_chat()) {
        let now = live(model);
        let is_gone = matches!(model.age(today), Age::Retired { .. });
        if now.standing == Standing::Unconfigured || is_gone || blocked.contains(&model.provider) {
            continue;
        }
        let cost = hold::expected_cost(model, &ask, now.output_mean).get();
        for tier in &model.tiers {
            costs[*tier as usize].push(cost);
        }
    }
    let price = |costs: Vec<i64>| match prefer {
        Prefer::Cheap => costs.into_iter().min(),
        Prefer::Fast | Prefer::Balanced | Prefer::Quality | Prefer::Coding => mean(&costs),
    };
    Prices(costs.map(|costs| price(costs).map(Picodollars::new)))
}

fn mean(costs: &[i64]) -> Option<i64> {
    let count = i64::try_from(costs.len()).ok()?;
    let parts = costs.iter().map(|cost| cost.checked_div(count));
    parts.sum()
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
