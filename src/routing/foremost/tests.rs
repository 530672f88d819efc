//! The fast way against the whole ranking: random requests, catalogs and moments.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use time::macros::date;

use super::tree::{Node, Part};
use super::*;
use crate::catalog::{Abilities, Ability, Layer, ModelId, Prefer};
use crate::money::Rate;
use crate::routing::ask::{Allowed, CacheMarks, Funds, Hosts, Rules, Spend};
use crate::routing::candidates::ranked;
use crate::routing::candidates::tests::PROVIDERS;
use crate::routing::context::{Need, Prompt};
use crate::routing::grid;
use crate::routing::sticky::{Tie, Warm};

const TODAY: time::Date = date!(2026 - 06 - 01);

/// The shipped catalog, and larger ones: of models of every kind, and of models that are much alike.
static CATALOGS: LazyLock<[Catalog; 4]> = LazyLock::new(|| {
    [(0, 1), (60, 1000), (400, 1000), (300, 2)].map(|(models, kinds)| {
        let more = Layer {
            name: "more".to_owned(),
            text: rows(models, kinds),
        };
        Catalog::load(&[Layer::builtin(), more]).unwrap()
    })
});

/// Rows of which each figure has so many values.
fn rows(models: u32, kinds: u32) -> String {
    let rng = &mut StdRng::seed_from_u64(u64::from(kinds));
    let mut text = String::new();
    for number in 0..models {
        let figure = |rng: &mut StdRng| f64::from(rng.random_range(0..kinds)) / f64::from(kinds);
        let provider = PROVIDERS.choose(rng).unwrap();
        let tier = ["\"economy\"", "\"standard\"", "[\"standard\", \"premium\"]"]
            .choose(rng)
            .unwrap();
        let (input, output) = (figure(rng) * 4.0, figure(rng) * 20.0);
        let window = [4_096, 32_768, 200_000, 1_000_000].choose(rng).unwrap();
        write!(
            text,
            "[[model]]\nid = \"more-{number}\"\nprovider = \"{provider}\"\nupstream = \"m\"\ntier = {tier}\n\
             context_window = {window}\nmax_output = {}\nttft_ms = {}\ntokens_per_s = {}\n\
             price = {{ input = {input:.3}, output = {output:.3}, cache_read = {:.3}, cache_write = {:.3}",
            window / 4,
            100.0 + figure(rng) * 3000.0,
            10.0 + figure(rng) * 500.0,
            input / 5.0,
            input * 1.25,
        )
        .unwrap();
        let mut sometimes = |odds: f64, more: String| {
            if rng.random_bool(odds) {
                text.push_str(&more);
            }
        };
        let step = format!(
            "{{ above_tokens = 20_000, input = {:.3}, output = {output:.3} }}",
            input * 2.0
        );
        sometimes(0.4, format!(", steps = [{step}]"));
        sometimes(1.0, " }\n".to_owned());
        let score = figure(&mut StdRng::seed_from_u64(number.into()));
        sometimes(0.9, format!("quality = {score:.3}\n"));
        sometimes(0.7, format!("coding = {:.3}\n", 1.0 - score));
        sometimes(0.05, "free = true\n".to_owned());
        sometimes(0.3, format!("same_as = \"group-{}\"\n", number % 23));
        sometimes(0.1, "deprecation_date = 2026-03-01\n".to_owned());
        let tokenizer = ["claude", "gemini", "llama-3", "openai", "grok"][number as usize % 5];
        sometimes(0.8, format!("tokenizer = \"{tokenizer}\"\n"));
        sometimes(
            0.5,
            "abilities = [\"tools\", \"vision\", \"json_schema\"]\n".to_owned(),
        );
        text.push('\n');
    }
    // Counts are whole.
    text.replace(".0\n", "\n")
        .lines()
        .map(whole)
        .collect::<Vec<_>>()
        .join("\n")
}

fn whole(line: &str) -> String {
    let is_count = line.starts_with("ttft_ms") || line.starts_with("tokens_per_s");
    match line.split_once('.').filter(|_| is_count) {
        Some((whole, _)) => whole.to_owned(),
        None => line.to_owned(),
    }
}

fn model_of(catalog: &Catalog, rng: &mut StdRng) -> Arc<Model> {
    Arc::clone(catalog.models().choose(rng).unwrap())
}

fn choice(catalog: &Catalog, rng: &mut StdRng) -> Choice {
    let wanted = match rng.random_range(0..8) {
        0 => Wanted::Model(model_of(catalog, rng), Hosts::All),
        1 => Wanted::AnyHost(model_of(catalog, rng), Hosts::SameTerms),
        _ => Wanted::Tier(*Tier::ALL.choose(rng).unwrap()),
    };
    Choice {
        wanted,
        prefer: match rng.random_range(0..8) {
            at @ 0..5 => Prefer::ALL[at],
            _ => Prefer::Balanced,
        },
        spend: *[
            Spend::Any,
            Spend::Any,
            Spend::Any,
            Spend::Any,
            Spend::FreeOnly,
        ]
        .choose(rng)
        .unwrap(),
    }
}

fn names(rng: &mut StdRng, odds: f64) -> Vec<ProviderName> {
    let mut chosen = PROVIDERS.to_vec();
    chosen.retain(|_| rng.random_bool(odds));
    chosen.into_iter().map(ProviderName::new).collect()
}

fn need(rng: &mut StdRng) -> Need {
    let bits = rng.random_range(0..18);
    let size = rng.random_range(0..=1_u64 << bits);
    let max_output = rng.random_bool(0.5).then(|| rng.random_range(1..5_000));
    if rng.random_bool(0.5) {
        return Need::of_tokens(size, max_output);
    }
    // Counted by each model's own rules.
    let prompt = Prompt {
        texts: vec!["word ".repeat(usize::try_from(size / 50).unwrap()).into()],
        messages: size % 9,
        ..Prompt::default()
    };
    Need::roughly(&prompt, max_output)
}

fn ask(catalog: &Catalog, rng: &mut StdRng) -> Ask {
    let choices = (0..rng.random_range(1..4)).map(|_| choice(catalog, rng));
    let choices: Vec<Choice> = choices.collect();
    let price = |rng: &mut StdRng| {
        let usd = rng.random_range(0..4).to_string();
        rng.random_bool(0.1)
            .then(|| Rate::from_usd_per_mtok(&usd).unwrap())
    };
    // Of the models that were asked for: others do not matter.
    let members = choices[0].members(catalog);
    let warm = members.choose(rng);
    let warm = warm.map(|model| Warm {
        model: model.id.clone(),
        tokens: rng.random_range(0..100_000),
        tie: *[Tie::Cache, Tie::ToolLoop].choose(rng).unwrap(),
    });
    let listed = (0..rng.random_range(0..30)).map(|_| model_of(catalog, rng).id.clone());
    let models: Vec<ModelId> = listed.collect();
    let is_limited = rng.random_bool(0.2);
    let mut needs = Abilities::NONE;
    for ability in [Ability::Tools, Ability::Vision, Ability::Logprobs] {
        if rng.random_bool(0.1) {
            needs = needs.with(ability);
        }
    }
    Ask {
        needs,
        need: need(rng),
        answers: rng.random_range(1..4),
        marks: *[
            CacheMarks::None,
            CacheMarks::FiveMinutes,
            CacheMarks::OneHour,
        ]
        .choose(rng)
        .unwrap(),
        warm,
        turn: *[0, 19].choose(rng).unwrap(),
        rules: Rules {
            order: if rng.random_bool(0.1) {
                names(rng, 0.4)
            } else {
                Vec::new()
            },
            only: if rng.random_bool(0.2) {
                names(rng, 0.5)
            } else {
                Vec::new()
            },
            ignore: names(rng, 0.05),
            max_prompt_price: price(rng),
            max_completion_price: price(rng),
        },
        blocked: names(rng, 0.05),
        allowed: Allowed {
            models: if is_limited { models } else { Vec::new() },
            providers: if rng.random_bool(0.1) {
                names(rng, 0.6)
            } else {
                Vec::new()
            },
            ..Allowed::default()
        },
        funds: if rng.random_bool(0.9) {
            Funds::Some
        } else {
            Funds::None
        },
        today: if rng.random_bool(0.95) {
            TODAY
        } else {
            date!(2026 - 12 - 24)
        },
        choices,
        ..grid::typical(Choice::tier(Tier::Standard, Prefer::Balanced), TODAY)
    }
}

/// What is known of every model, and which providers are out as a whole.
struct Moment {
    live: HashMap<ModelId, Live>,
    out: Vec<ProviderName>,
}

impl Moment {
    fn mood(&self, catalog: &Catalog, provider: &ProviderName) -> Mood {
        if self.out.contains(provider) {
            return Mood::Out;
        }
        let theirs = catalog.models().iter().filter(|m| m.provider == *provider);
        let mut standings = theirs.map(|model| self.live[&model.id].standing);
        let is_calm = standings.all(|s| matches!(s, Standing::Flowing | Standing::Unconfigured));
        if is_calm { Mood::Calm } else { Mood::Troubled }
    }
}

fn moment(catalog: &Catalog, rng: &mut StdRng) -> Moment {
    let (out, calm) = (names(rng, 0.05), names(rng, 0.5));
    let unknown = rng.random_bool(0.3);
    let live = catalog.models().iter().map(|model| {
        let rest = Duration::from_secs(9);
        let standing = match rng.random_range(0..12) {
            0 => Standing::Unconfigured,
            _ if out.contains(&model.provider) => Standing::Tripped(rest),
            _ if calm.contains(&model.provider) => Standing::Flowing,
            1 => Standing::Tripped(rest),
            2 => Standing::Probing,
            _ => Standing::Flowing,
        };
        let prior = Live::prior(model, standing);
        let live = Live {
            ttft_p50_ms: rng.random_range(50.0..5000.0),
            tokens_per_s: rng.random_range(5.0..500.0),
            samples: *[0.0, 0.2, 0.4, 7.0].choose(rng).unwrap(),
            output_mean: rng
                .random_range(1..4000_u64)
                .min(u64::from(model.max_output)),
            ..prior
        };
        (model.id.clone(), if unknown { prior } else { live })
    });
    Moment {
        live: live.collect(),
        out,
    }
}

/// What has to be the same of a candidate.
fn told(candidate: &Candidate) -> (String, Option<Tier>, i64, u64, u64, Standing) {
    (
        candidate.model.id.to_string(),
        candidate.tier,
        candidate.cost.get(),
        candidate.seconds.to_bits(),
        candidate.score.to_bits(),
        candidate.live.standing,
    )
}

fn both(catalog: &Catalog, ask: &Ask, moment: &Moment, most: usize) -> (Vec<Candidate>, Foremost) {
    let live = |model: &Model| moment.live[&model.id];
    let prepared = Prepared::of(catalog, TODAY, &live);
    let now = Now {
        live: &live,
        standing: &|model| live(model).standing,
        mood: &|provider| moment.mood(catalog, provider),
    };
    let whole = ranked(catalog, ask, &catalog.weights(), &live);
    (whole, foremost(&prepared, catalog, ask, &now, most))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn the_foremost_are_the_beginning_of_the_whole_ranking(
        catalog in 0..CATALOGS.len(),
        seed in any::<u64>(),
        most in 1_usize..12,
    ) {
        let catalog = &CATALOGS[catalog];
        let rng = &mut StdRng::seed_from_u64(seed);
        let (ask, moment) = (ask(catalog, rng), moment(catalog, rng));
        let (whole, found) = both(catalog, &ask, &moment, most);
        let begin: Vec<_> = found.ranked.iter().map(told).collect();
        let whole: Vec<_> = whole.iter().map(told).collect();
        prop_assert_eq!(&begin[..], &whole[..begin.len().min(whole.len())]);
        match found.end {
            End::All => prop_assert_eq!(begin.len(), whole.len()),
            End::Cut => prop_assert!(begin.len() >= most),
        }
    }
}

/// The rows below a node.
fn below(tree: &Tree, node: &Node) -> Vec<usize> {
    match &node.part {
        Part::Leaf(rows) => rows.clone().collect(),
        Part::Fork(halves) => {
            let both = halves
                .iter()
                .flat_map(|half| below(tree, &tree.nodes[*half]));
            both.collect()
        }
    }
}

#[test]
fn no_model_is_better_or_worse_than_its_node_says() {
    let rng = &mut StdRng::seed_from_u64(7);
    for round in 0..200 {
        let catalog = &CATALOGS[round % CATALOGS.len()];
        let (mut ask, moment) = (ask(catalog, rng), moment(catalog, rng));
        let tier = *Tier::ALL.choose(rng).unwrap();
        let choice = Choice::tier(tier, *Prefer::ALL.choose(rng).unwrap());
        (ask.warm, ask.choices) = (None, vec![choice.clone()]);
        let live = |model: &Model| moment.live[&model.id];
        let tree = Tree::of(catalog.of_tier(tier), TODAY, &live);
        let now = Now {
            live: &live,
            standing: &|model| live(model).standing,
            mood: &|provider| moment.mood(catalog, provider),
        };
        let weights = catalog.weights();
        let mut search = Search::new(&tree, &ask, &choice, &now, &weights, &[]);
        search.scale = search.scale(None).unwrap_or_default();
        for node in &tree.nodes {
            let bounds = &node.bounds;
            for at in below(&tree, node) {
                let row = &tree.rows[at];
                let charge = search.row_charge(row);
                assert!(search.best_charge(bounds) <= charge);
                assert!(search.worst_charge(bounds) >= charge);
                let seconds = search.row_seconds(row);
                assert!(bounds.best.seconds(&ask) <= seconds);
                assert!(bounds.worst.seconds(&ask) >= seconds);
                assert!(search.best_rank(bounds) <= search.row_rank(row));
                assert!(bounds.samples <= row.live.samples);
                assert!(search.may_serve(bounds) || !search.serves(at));
            }
        }
    }
}
