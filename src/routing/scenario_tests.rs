//! Scenarios on the shipped catalog: who leads, and what a price, a speed or a breaker changes.

use std::sync::LazyLock;

use time::macros::date;

use super::*;
use crate::catalog::{Layer, ModelId, Prefer};
use crate::routing::ask::{CacheMarks, Hosts};
use crate::routing::context::Need;
use crate::routing::grid;
use crate::routing::sticky::{Tie, Warm};

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::load(&[Layer::builtin()]).unwrap());

/// Before any of the shipped models ends.
const EARLY: time::Date = date!(2025 - 12 - 01);

fn prior(model: &Model) -> Live {
    Live::prior(model, Standing::Flowing)
}

fn order_of(ask: &Ask, live: &dyn Fn(&Model) -> Live) -> Vec<String> {
    let shortlist = candidates(&CATALOG, ask, &CATALOG.weights(), live);
    shortlist
        .ranked
        .iter()
        .map(|c| c.model.id.to_string())
        .collect()
}

fn tier_ask(tier: Tier, prefer: Prefer) -> Ask {
    grid::typical(Choice::tier(tier, prefer), EARLY)
}

#[test]
fn the_shipped_grid_is_led_by_whom_the_figures_say() {
    use Prefer::{Balanced, Cheap, Coding, Fast, Quality};
    use Tier::{Economy, Premium, Standard};
    let found = GRID.map(|(tier, prefer, _)| {
        let ranked = grid::ranking(&CATALOG, tier, prefer, EARLY, &prior);
        (tier, prefer, ranked[0].model.id.to_string())
    });
    let right = GRID.map(|(tier, prefer, first)| (tier, prefer, first.to_owned()));
    assert_eq!(found, right);
    for tier in [Economy, Standard, Premium] {
        let first = |prefer| grid::ranking(&CATALOG, tier, prefer, EARLY, &prior).remove(0);
        let all = grid::ranking(&CATALOG, tier, Balanced, EARLY, &prior);
        let best = |value: &dyn Fn(&Candidate) -> f64| {
            all.iter().map(value).fold(f64::NEG_INFINITY, f64::max)
        };
        let same = |a: f64, b: f64| (a - b).abs() < 1e-12;
        let quality = |c: &Candidate| c.model.quality.unwrap_or(0.0);
        let coding = |c: &Candidate| c.model.coding.unwrap_or(-1.0);
        assert!(same(quality(&first(Quality)), best(&quality)));
        assert!(same(coding(&first(Coding)), best(&coding)));
        assert!(same(-first(Fast).seconds, best(&|c| -c.seconds)));
        let least = all.iter().map(Candidate::charge).min().unwrap();
        assert_eq!(first(Cheap).charge(), least);
    }
}

#[rustfmt::skip]
const GRID: [(Tier, Prefer, &str); 15] = [
    (Tier::Economy, Prefer::Cheap, "qwen-3-235b-a22b-instruct-2507"),
    (Tier::Economy, Prefer::Fast, "llama3.1-8b"),
    (Tier::Economy, Prefer::Balanced, "qwen-3-235b-a22b-instruct-2507"),
    (Tier::Economy, Prefer::Quality, "qwen-3-235b-a22b-instruct-2507"),
    (Tier::Economy, Prefer::Coding, "nvidia.nemotron-nano-3-30b"),
    (Tier::Standard, Prefer::Cheap, "us.meta.llama4-scout-17b-instruct-v1:0"),
    (Tier::Standard, Prefer::Fast, "us.meta.llama4-scout-17b-instruct-v1:0"),
    (Tier::Standard, Prefer::Balanced, "us.meta.llama4-maverick-17b-instruct-v1:0"),
    (Tier::Standard, Prefer::Quality, "gpt-5.3-codex"),
    (Tier::Standard, Prefer::Coding, "gpt-5.3-codex"),
    (Tier::Premium, Prefer::Cheap, "zai.glm-5"),
    (Tier::Premium, Prefer::Fast, "gemini-3.1-pro-preview"),
    (Tier::Premium, Prefer::Balanced, "gemini-3.1-pro-preview"),
    (Tier::Premium, Prefer::Quality, "gemini-3.1-pro-preview"),
    (Tier::Premium, Prefer::Coding, "claude-opus-4-7"),
];

#[test]
fn a_tripped_leader_gives_way_and_comes_back() {
    let ask = tier_ask(Tier::Premium, Prefer::Quality);
    let order = order_of(&ask, &prior);
    let sick = |model: &Model| {
        let standing = match model.id.as_str() == order[0] {
            true => Standing::Tripped(Duration::from_secs(9)),
            false => Standing::Flowing,
        };
        Live::prior(model, standing)
    };
    assert_eq!(order_of(&ask, &sick), order[1..]);
    let list = candidates(&CATALOG, &ask, &CATALOG.weights(), &sick);
    assert_eq!(list.reopens_in(), Some(Duration::from_secs(9)));
}

#[test]
fn a_slow_model_loses_fast_and_keeps_the_rest() {
    let fast = tier_ask(Tier::Standard, Prefer::Fast);
    let leader = order_of(&fast, &prior).remove(0);
    let slow = |model: &Model| Live {
        ttft_p50_ms: if model.id.as_str() == leader {
            60_000.0
        } else {
            300.0
        },
        samples: 50.0,
        ..prior(model)
    };
    assert_eq!(order_of(&fast, &slow).pop().unwrap(), leader);
    let quality = tier_ask(Tier::Standard, Prefer::Quality);
    assert_eq!(order_of(&quality, &slow), order_of(&quality, &prior));
}

#[test]
fn a_price_that_falls_leads_cheap_and_moves_balanced() {
    let text = "[[model]]\nid = \"claude-opus-4-7\"\nprice = { input = 0.01, output = 0.01 }\n";
    let overlay = Layer {
        name: "sale.toml".to_owned(),
        text: text.to_owned(),
    };
    let sale = Catalog::load(&[Layer::builtin(), overlay]).unwrap();
    let place = |catalog: &Catalog, prefer| {
        let ranked = grid::ranking(catalog, Tier::Premium, prefer, EARLY, &prior);
        let opus = |c: &Candidate| c.model.id.as_str() == "claude-opus-4-7";
        ranked.iter().position(opus).unwrap()
    };
    assert_ne!(place(&CATALOG, Prefer::Cheap), 0);
    assert_eq!(place(&sale, Prefer::Cheap), 0);
    assert_eq!(place(&sale, Prefer::Balanced), 0);
}

#[test]
fn cheap_counts_the_answer_the_cache_and_the_long_context() {
    let cheapest = |ask: &Ask, live: &dyn Fn(&Model) -> Live| order_of(ask, live).remove(0);
    let premium = tier_ask(Tier::Premium, Prefer::Cheap);
    assert_eq!(cheapest(&premium, &prior), "zai.glm-5");
    // Its long answers make it dearer than a dear model that answers briefly.
    let chatty = |model: &Model| Live {
        output_mean: if model.id.as_str() == "zai.glm-5" {
            30_000
        } else {
            10
        },
        ..prior(model)
    };
    assert_ne!(cheapest(&premium, &chatty), "zai.glm-5");
    // 190,000 tokens at 1 USD against 185,000 of them at 0.2 USD.
    let mut long = premium.clone();
    long.need = Need::of_tokens(190_000, None);
    assert_eq!(cheapest(&long, &prior), "zai.glm-5");
    long.warm = Some(Warm {
        model: ModelId::new("gemini-3.1-pro-preview"),
        tokens: 185_000,
        tie: Tie::Cache,
    });
    assert_eq!(cheapest(&long, &prior), "gemini-3.1-pro-preview");
    // Above 200,000 tokens Google's price doubles, and OpenAI's not yet.
    let mut longer = premium;
    longer.need = Need::of_tokens(210_000, None);
    assert_eq!(cheapest(&longer, &prior), "gpt-5.4");
}

#[test]
fn marks_cost_where_writing_to_the_cache_does() {
    let cost = |marks| {
        let choice = Choice::pin(Arc::clone(CATALOG.model("claude-haiku-4-5").unwrap()));
        let ask = Ask {
            marks,
            ..grid::typical(choice, EARLY)
        };
        let none = Live {
            output_mean: 0,
            ..prior(CATALOG.model("claude-haiku-4-5").unwrap())
        };
        candidates(&CATALOG, &ask, &CATALOG.weights(), &|_| none).ranked[0]
            .cost
            .get()
    };
    let plain = cost(CacheMarks::None);
    assert_eq!(cost(CacheMarks::FiveMinutes), plain / 4 * 5);
    assert_eq!(cost(CacheMarks::OneHour), plain * 2);
}

#[test]
fn a_tool_loop_stays_with_its_model_while_it_lives() {
    let mut ask = tier_ask(Tier::Standard, Prefer::Quality);
    let last = order_of(&ask, &prior).pop().unwrap();
    ask.warm = Some(Warm {
        model: ModelId::new(&last),
        tokens: 0,
        tie: Tie::ToolLoop,
    });
    assert_eq!(order_of(&ask, &prior)[0], last);
    let dead = |model: &Model| {
        let standing = match model.id.as_str() == last {
            true => Standing::Tripped(Duration::from_secs(1)),
            false => Standing::Flowing,
        };
        Live::prior(model, standing)
    };
    assert_ne!(order_of(&ask, &dead)[0], last);
}

#[test]
fn noise_moves_no_conversation_and_a_clear_lead_does() {
    let ask = |model: &str| Ask {
        warm: Some(Warm {
            model: ModelId::new(model),
            tokens: 4096,
            tie: Tie::Cache,
        }),
        ..tier_ask(Tier::Premium, Prefer::Fast)
    };
    let speed = |factor: f64| {
        move |model: &Model| Live {
            ttft_p50_ms: if model.id.as_str() == "gpt-5.4" {
                1000.0 * factor
            } else {
                1000.0
            },
            tokens_per_s: 100.0,
            output_mean: 0,
            samples: 9.0,
            ..Live::prior(model, Standing::Flowing)
        }
    };
    assert_eq!(order_of(&ask("gpt-5.4"), &speed(1.05))[0], "gpt-5.4");
    assert_ne!(order_of(&ask("gpt-5.4"), &speed(1.5))[0], "gpt-5.4");
}

#[test]
fn one_fast_request_in_twenty_measures_a_new_model() {
    let measured = |model: &Model| Live {
        samples: if model.id.as_str() == "gpt-4.1" {
            0.0
        } else {
            9.0
        },
        ttft_p50_ms: if model.id.as_str() == "gpt-4.1" {
            900.0
        } else {
            600.0
        },
        tokens_per_s: 100.0,
        output_mean: 100,
        ..prior(model)
    };
    let first = |turn, prefer| {
        let ask = Ask {
            turn,
            ..tier_ask(Tier::Standard, prefer)
        };
        order_of(&ask, &measured).remove(0)
    };
    let tried = (0..100)
        .filter(|turn| first(*turn, Prefer::Fast) == "gpt-4.1")
        .count();
    assert_eq!(tried, 5);
    assert!((0..100).all(|turn| first(turn, Prefer::Cheap) == first(0, Prefer::Cheap)));
    // What is hopelessly slow is not worth a caller's time.
    let hopeless = |model: &Model| Live {
        ttft_p50_ms: if model.id.as_str() == "gpt-4.1" {
            60_000.0
        } else {
            600.0
        },
        ..measured(model)
    };
    let ask = Ask {
        turn: 19,
        ..tier_ask(Tier::Standard, Prefer::Fast)
    };
    assert_ne!(order_of(&ask, &hopeless)[0], "gpt-4.1");
}

#[test]
fn the_same_weights_at_two_hosts_are_one_choice_with_two_routes() {
    let at_cerebras = "qwen-3-235b-a22b-instruct-2507";
    let at_bedrock = "qwen.qwen3-235b-a22b-2507-v1:0";
    let pin = |id: &str, hosts| {
        let wanted = Wanted::Model(Arc::clone(CATALOG.model(id).unwrap()), hosts);
        let choice = Choice {
            wanted,
            ..Choice::tier(Tier::Economy, Prefer::Cheap)
        };
        order_of(&grid::typical(choice, EARLY), &prior)
    };
    assert_eq!(pin(at_bedrock, Hosts::SameTerms), [at_bedrock, at_cerebras]);
    assert_eq!(pin(at_bedrock, Hosts::OnlyNamed), [at_bedrock]);
    assert_eq!(
        pin(at_cerebras, Hosts::SameTerms),
        [at_cerebras],
        "free stays free"
    );
    assert_eq!(pin(at_cerebras, Hosts::All), [at_cerebras, at_bedrock]);

    let text = format!("[[model]]\nid = \"{at_cerebras}\"\ntier = \"standard\"\nquality = 0.01\n");
    let overlay = Layer {
        name: "both.toml".to_owned(),
        text,
    };
    let both = Catalog::load(&[Layer::builtin(), overlay]).unwrap();
    let ranked = grid::ranking(&both, Tier::Standard, Prefer::Quality, EARLY, &prior);
    let order: Vec<&str> = ranked.iter().map(|c| c.model.id.as_str()).collect();
    let first = order.iter().position(|id| *id == at_bedrock).unwrap();
    assert_eq!(order[first + 1], at_cerebras, "{order:?}");
}

#[test]
fn a_model_past_its_last_day_is_left_out_unless_it_is_named() {
    let after = date!(2026 - 10 - 24);
    let choice = Choice::pin(Arc::clone(CATALOG.model("o4-mini").unwrap()));
    assert_eq!(order_of(&grid::typical(choice, after), &prior), ["o4-mini"]);
    let mut ask = grid::typical(Choice::tier(Tier::Economy, Prefer::Cheap), after);
    ask.today = date!(2026 - 10 - 23);
    assert!(order_of(&ask, &prior).contains(&"o4-mini".to_owned()));
    ask.today = after;
    let list = candidates(&CATALOG, &ask, &CATALOG.weights(), &prior);
    assert!(list.ranked.iter().all(|c| c.model.id.as_str() != "o4-mini"));
    let left = list
        .excluded
        .iter()
        .find(|e| e.model.id.as_str() == "o4-mini");
    assert_eq!(left.unwrap().reason.text(), "endpoint");
}
