//! Ten thousand random requests against rules that are written down a second time.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use time::macros::date;

use super::*;
use crate::catalog::{Ability, Layer, ModelId, Prefer};
use crate::money::Rate;
use crate::routing::ask::{Allowed, CacheMarks, Funds, Hosts, Rules, Spend, Task};
use crate::routing::context::Need;
use crate::routing::sticky::{Tie, Warm};

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::load(&[Layer::builtin()]).unwrap());

/// Those of the shipped catalog.
pub(in crate::routing) const PROVIDERS: [&str; 7] = [
    "google",
    "openai",
    "anthropic",
    "xai",
    "bedrock",
    "groq",
    "cerebras",
];

fn names(bits: u8) -> Vec<ProviderName> {
    let chosen = PROVIDERS.iter().enumerate();
    chosen
        .filter(|(i, _)| bits & (1 << i) != 0)
        .map(|(_, name)| ProviderName::new(name))
        .collect()
}

fn model_at(index: prop::sample::Index) -> Arc<Model> {
    Arc::clone(index.get(CATALOG.models()))
}

/// Few bits: rules that leave nobody teach nothing.
fn few() -> impl Strategy<Value = u8> {
    (any::<u8>(), any::<u8>(), any::<u8>()).prop_map(|(a, b, c)| a & b & c)
}

fn few_abilities() -> impl Strategy<Value = u16> {
    (any::<u16>(), any::<u16>(), any::<u16>()).prop_map(|(a, b, c)| a & b & c)
}

fn wanted() -> impl Strategy<Value = Wanted> {
    let hosts = || {
        prop_oneof![
            Just(Hosts::OnlyNamed),
            Just(Hosts::SameTerms),
            Just(Hosts::All)
        ]
    };
    prop_oneof![
        4 => prop::sample::select(Tier::ALL.to_vec()).prop_map(Wanted::Tier),
        1 => (any::<prop::sample::Index>(), hosts())
            .prop_map(|(i, hosts)| Wanted::Model(model_at(i), hosts)),
        1 => (any::<prop::sample::Index>(), hosts())
            .prop_map(|(i, hosts)| Wanted::AnyHost(model_at(i), hosts)),
    ]
}

fn choice() -> impl Strategy<Value = Choice> {
    let spend = prop_oneof![4 => Just(Spend::Any), 1 => Just(Spend::FreeOnly)];
    (wanted(), prop::sample::select(Prefer::ALL.to_vec()), spend).prop_map(
        |(wanted, prefer, spend)| Choice {
            wanted,
            prefer,
            spend,
        },
    )
}

fn warm() -> impl Strategy<Value = Option<Warm>> {
    let tie = prop_oneof![Just(Tie::Cache), Just(Tie::ToolLoop)];
    prop::option::of(
        (any::<prop::sample::Index>(), 0_u64..200_000, tie).prop_map(|(i, tokens, tie)| Warm {
            model: model_at(i).id.clone(),
            tokens,
            tie,
        }),
    )
}

fn rules() -> impl Strategy<Value = Rules> {
    let price = || prop::option::weighted(0.2, 0_u32..20);
    let rate = |usd: u32| Rate::from_usd_per_mtok(&usd.to_string()).unwrap();
    (few(), few(), few(), price(), price()).prop_map(move |(order, only, ignore, input, output)| {
        Rules {
            order: names(order),
            only: names(only),
            ignore: names(ignore),
            max_prompt_price: input.map(rate),
            max_completion_price: output.map(rate),
        }
    })
}

prop_compose! {
    fn ask()(
        choices in prop::collection::vec(choice(), 1..4),
        needs in few_abilities(),
        input in (0_u32..22).prop_flat_map(|bits| 0_u64..=(1 << bits)),
        max_output in prop::option::of(1_u64..200_000),
        answers in 1_u32..4,
        marks in prop_oneof![Just(CacheMarks::None), Just(CacheMarks::FiveMinutes), Just(CacheMarks::OneHour)],
        warm in warm(),
        turn in 0_u64..40,
        rules in rules(),
        blocked in few(),
        has_funds in any::<bool>(),
        incapable in prop::collection::vec(any::<prop::sample::Index>(), 0..3),
        days in 0_i64..700,
    ) -> Ask {
        let abilities = Ability::ALL.into_iter().enumerate();
        Ask {
            task: Task::Chat,
            choices,
            needs: abilities.filter(|(i, _)| u32::from(needs) & (1 << i) != 0).map(|(_, a)| a).collect(),
            need: Need::of_tokens(input, max_output),
            answers,
            marks,
            warm,
            turn,
            rules,
            blocked: names(blocked),
            allowed: Allowed::default(),
            funds: if has_funds { Funds::Some } else { Funds::None },
            incapable: incapable.into_iter().map(|i| (model_at(i).id.clone(), "seed".to_owned())).collect(),
            today: date!(2025 - 12 - 01) + time::Duration::days(days),
        }
    }
}

/// What is known of every model.
type World = HashMap<ModelId, Live>;

/// A standing and a speed for every model, from one number.
fn world() -> impl Strategy<Value = World> {
    any::<u64>().prop_map(|seed| {
        let mut rng = StdRng::seed_from_u64(seed);
        let models = CATALOG.models().iter();
        models
            .map(|model| {
                let standing = match rng.random_range(0..9) {
                    0 => Standing::Probing,
                    1 => Standing::Unconfigured,
                    2 => Standing::Tripped(Duration::from_secs(rng.random_range(1..60))),
                    _ => Standing::Flowing,
                };
                let output_mean: u64 = rng.random_range(1..4000);
                let live = Live {
                    ttft_p50_ms: rng.random_range(50.0..5000.0),
                    tokens_per_s: rng.random_range(5.0..500.0),
                    samples: rng.random_range(0.0..50.0),
                    output_mean: output_mean.min(u64::from(model.max_output)),
                    ..Live::prior(model, standing)
                };
                (model.id.clone(), live)
            })
            .collect()
    })
}

fn run(ask: &Ask, world: &World) -> Shortlist {
    candidates(&CATALOG, ask, &CATALOG.weights(), &|model| world[&model.id])
}

/// Whether a reason holds for a model, told from the request alone.
fn is_true(reason: &Reason, model: &Model, ask: &Ask, live: &Live) -> bool {
    let meant = || ask.choices.iter().filter(|choice| choice.means(model));
    let above = |price: Rate, most: Option<Rate>| most.is_some_and(|most| price > most);
    match reason {
        Reason::Tier => meant().count() == 0,
        Reason::NotForKey => meant().all(|choice| !ask.allowed.allows(model, &choice.wanted)),
        Reason::Blocked => ask.blocked.contains(&model.provider),
        Reason::NotAllowed => {
            let only = &ask.rules.only;
            ask.rules.ignore.contains(&model.provider)
                || !only.is_empty() && !only.contains(&model.provider)
        }
        Reason::ContextWindow => {
            let input = ask.need.input(model);
            let output = ask.need.max_output.unwrap_or(live.output_mean.max(1024));
            let total = input + output.min(u64::from(model.max_output));
            total > u64::from(model.context_window) || input > u64::from(model.most_input())
        }
        Reason::Capability(ability) => ask.needs.has(*ability) && !model.abilities.has(*ability),
        Reason::Parameter(field) => ask.incapable.get(&model.id) == Some(field),
        Reason::Tripped(rest) => live.standing == Standing::Tripped(*rest),
        Reason::NotFree => !model.free && ask.funds == Funds::None,
        Reason::MaxPrice => {
            !model.free
                && (above(model.price.base.input, ask.rules.max_prompt_price)
                    || above(model.price.base.output, ask.rules.max_completion_price))
        }
        Reason::Unconfigured => live.standing == Standing::Unconfigured,
        Reason::Endpoint => !model.is_chat(),
        Reason::Retired(since) => {
            let is_past = model.deprecation_date == Some(*since) && ask.today > *since;
            is_past && meant().any(|choice| !choice.names(model))
        }
        Reason::Paid => !model.free && meant().any(|choice| choice.spend == Spend::FreeOnly),
    }
}

/// Every reason there could be against a model of this choice, but for a rest that a pin ignores.
fn all_reasons(live: &Live, model: &Model, ask: &Ask, choice: &Choice) -> Vec<Reason> {
    let mut reasons = vec![
        Reason::Blocked,
        Reason::NotAllowed,
        Reason::ContextWindow,
        Reason::NotFree,
        Reason::MaxPrice,
        Reason::Unconfigured,
        Reason::Endpoint,
        Reason::Parameter("seed".to_owned()),
    ];
    reasons.extend(Ability::ALL.map(Reason::Capability));
    if !choice.names(model) {
        reasons.extend(model.deprecation_date.map(Reason::Retired));
    }
    if choice.spend == Spend::FreeOnly {
        reasons.push(Reason::Paid);
    }
    let is_pin = matches!(&choice.wanted, Wanted::Model(named, _) if named.id == model.id);
    if let (Standing::Tripped(rest), false) = (live.standing, is_pin) {
        reasons.push(Reason::Tripped(rest));
    }
    reasons.retain(|reason| is_true(reason, model, ask, live));
    reasons
}

fn ids(shortlist: &Shortlist) -> HashSet<&ModelId> {
    shortlist.ranked.iter().map(|c| &c.model.id).collect()
}

/// One more constraint.
fn constrain(ask: &mut Ask, which: u8, bits: u8) {
    let some = |bits: u8| names(bits | 1);
    match which % 7 {
        0 => ask.rules.ignore.extend(some(bits)),
        1 => ask.blocked.extend(some(bits)),
        2 => {
            let only = some(bits);
            let both = |name: &ProviderName| only.contains(name);
            ask.rules.only = match ask.rules.only.is_empty() {
                true => only,
                false => ask.rules.only.iter().filter(|n| both(n)).cloned().collect(),
            };
            if ask.rules.only.is_empty() {
                ask.rules.only.push(ProviderName::new("nobody"));
            }
        }
        3 => ask.funds = Funds::None,
        4 => {
            ask.needs = ask
                .needs
                .with(Ability::ALL[usize::from(bits) % Ability::ALL.len()])
        }
        5 => {
            let input = ask.need.input(&CATALOG.models()[0]) + u64::from(bits) * 10_000;
            ask.need = Need::of_tokens(input, ask.need.max_output);
        }
        _ => {
            let most = Rate::from_usd_per_mtok(&(bits % 10).to_string()).unwrap();
            let before = ask.rules.max_prompt_price.unwrap_or(most);
            ask.rules.max_prompt_price = Some(before.min(most));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn ten_thousand_requests_are_routed_by_the_rules(
        ask in ask(),
        world in world(),
        tier in prop::sample::select(Tier::ALL.to_vec()),
        (which, bits) in (any::<u8>(), few()),
    ) {
        let shortlist = run(&ask, &world);
        every_model_is_ranked_rightly_or_left_out_for_a_true_reason(&shortlist, &ask, &world)?;
        a_constraint_never_adds_a_candidate(&shortlist, &ask, &world, which, bits)?;
        cheap_is_never_dearer_than_another(ask, tier, &world)?;
    }
}

fn every_model_is_ranked_rightly_or_left_out_for_a_true_reason(
    shortlist: &Shortlist,
    ask: &Ask,
    world: &World,
) -> Result<(), TestCaseError> {
    let all = shortlist.excluded.iter().map(|e| &e.model.id);
    let all: Vec<&ModelId> = all
        .chain(shortlist.ranked.iter().map(|c| &c.model.id))
        .collect();
    prop_assert_eq!(all.len(), CATALOG.models().len());
    prop_assert_eq!(
        all.into_iter().collect::<HashSet<_>>().len(),
        CATALOG.models().len()
    );
    for candidate in &shortlist.ranked {
        let model = &candidate.model;
        let fine = ask.choices.iter().any(|choice| {
            choice.means(model) && all_reasons(&world[&model.id], model, ask, choice).is_empty()
        });
        prop_assert!(fine, "{} should not serve", model.id);
    }
    for Excluded { model, reason } in &shortlist.excluded {
        let is_true = is_true(reason, model, ask, &world[&model.id]);
        prop_assert!(is_true, "{}: {reason:?}", model.id);
    }
    Ok(())
}

fn a_constraint_never_adds_a_candidate(
    before: &Shortlist,
    ask: &Ask,
    world: &World,
    which: u8,
    bits: u8,
) -> Result<(), TestCaseError> {
    let mut narrower = ask.clone();
    constrain(&mut narrower, which, bits);
    let after = run(&narrower, world);
    prop_assert!(ids(&after).is_subset(&ids(before)));
    Ok(())
}

fn cheap_is_never_dearer_than_another(
    mut ask: Ask,
    tier: Tier,
    world: &World,
) -> Result<(), TestCaseError> {
    ask.choices = vec![Choice::tier(tier, Prefer::Cheap)];
    ask.rules.order.clear();
    ask.warm = ask.warm.filter(|warm| warm.tie == Tie::Cache);
    let shortlist = run(&ask, world);
    if let Some(first) = shortlist.ranked.first() {
        let least = shortlist.ranked.iter().map(Candidate::charge).min();
        prop_assert_eq!(Some(first.charge()), least);
    }
    Ok(())
}
