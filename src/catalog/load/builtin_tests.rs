//! The catalog that comes with the program says what the product promises.

use super::*;
use crate::catalog::Tier::{self, Economy, Premium, Standard};
use crate::catalog::price::Rates;
use crate::catalog::{Ability, Endpoint, KeyNeed, Trait};
use crate::money::Rate;

/// Tier (none for embedding models), provider, id, window, USD per million tokens in and out.
type Promise = (
    Option<Tier>,
    &'static str,
    &'static str,
    u32,
    &'static str,
    &'static str,
);

#[rustfmt::skip]
const PROMISED: [Promise; 42] = [
    (Some(Economy), "google", "gemini-2.5-flash", 1_048_576, "0.3", "2.5"),
    (Some(Economy), "openai", "gpt-4.1-mini", 1_047_576, "0.4", "1.6"),
    (Some(Economy), "openai", "o4-mini", 200_000, "1.1", "4.4"),
    (Some(Economy), "anthropic", "claude-haiku-4-5", 200_000, "1", "5"),
    (Some(Economy), "xai", "grok-3-mini-beta", 131_072, "0.3", "0.5"),
    (Some(Economy), "bedrock", "nvidia.nemotron-nano-3-30b", 256_000, "0.06", "0.24"),
    (Some(Economy), "bedrock", "nvidia.nemotron-nano-9b-v2", 128_000, "0.06", "0.23"),
    (Some(Economy), "bedrock", "zai.glm-4.7-flash", 203_000, "0.07", "0.4"),
    (Some(Economy), "bedrock", "qwen.qwen3-32b-v1:0", 32_768, "0.15", "0.6"),
    (Some(Economy), "bedrock", "openai.gpt-oss-120b-1:0", 128_000, "0.15", "0.6"),
    (Some(Economy), "groq", "llama-3.3-70b-versatile", 131_072, "0.59", "0.79"),
    (Some(Economy), "groq", "meta-llama/llama-4-scout-17b-16e-instruct", 131_072, "0.11", "0.34"),
    (Some(Economy), "cerebras", "llama3.1-8b", 32_000, "0.1", "0.1"),
    (Some(Economy), "cerebras", "qwen-3-235b-a22b-instruct-2507", 131_000, "0.6", "1.2"),
    (Some(Standard), "google", "gemini-2.5-pro", 1_048_576, "1.25", "10"),
    (Some(Standard), "openai", "gpt-4.1", 1_047_576, "2", "8"),
    (Some(Standard), "openai", "gpt-5.3-chat-latest", 128_000, "1.75", "14"),
    (Some(Standard), "openai", "gpt-5.3-codex", 400_000, "1.75", "14"),
    (Some(Standard), "openai", "gpt-5.1-codex-mini", 400_000, "0.25", "2"),
    (Some(Standard), "openai", "o3", 200_000, "2", "8"),
    (Some(Standard), "anthropic", "claude-sonnet-4-6", 1_000_000, "3", "15"),
    (Some(Standard), "xai", "grok-3-beta", 131_072, "3", "15"),
    (Some(Standard), "bedrock", "zai.glm-4.7", 203_000, "0.6", "2.2"),
    (Some(Standard), "bedrock", "deepseek.v3.2", 164_000, "0.62", "1.85"),
    (Some(Standard), "bedrock", "mistral.mistral-large-3-675b-instruct", 256_000, "0.5", "1.5"),
    (Some(Standard), "bedrock", "moonshotai.kimi-k2.5", 256_000, "0.6", "3"),
    (Some(Standard), "bedrock", "minimax.minimax-m2.1", 196_000, "0.3", "1.2"),
    (Some(Standard), "bedrock", "qwen.qwen3-next-80b-a3b", 256_000, "0.15", "1.2"),
    (Some(Standard), "bedrock", "us.meta.llama4-maverick-17b-instruct-v1:0", 1_000_000, "0.24", "0.97"),
    (Some(Standard), "bedrock", "us.meta.llama4-scout-17b-instruct-v1:0", 10_000_000, "0.17", "0.66"),
    (Some(Standard), "bedrock", "mistral.devstral-2-123b", 256_000, "0.4", "2"),
    (Some(Standard), "bedrock", "qwen.qwen3-coder-480b-a35b-v1:0", 262_144, "0.45", "1.8"),
    (Some(Standard), "bedrock", "nvidia.nemotron-super-3-120b", 256_000, "0.15", "0.65"),
    (Some(Standard), "bedrock", "qwen.qwen3-235b-a22b-2507-v1:0", 262_144, "0.22", "0.88"),
    (Some(Premium), "google", "gemini-3.1-pro-preview", 1_048_576, "2", "12"),
    (Some(Premium), "anthropic", "claude-opus-4-7", 1_000_000, "5", "25"),
    (Some(Premium), "anthropic", "claude-opus-4-6", 1_000_000, "5", "25"),
    (Some(Premium), "openai", "gpt-5.4", 1_050_000, "2.5", "15"),
    (Some(Premium), "bedrock", "zai.glm-5", 200_000, "1", "3.2"),
    (None, "openai", "text-embedding-3-small", 8_191, "0.02", "0"),
    (None, "openai", "text-embedding-3-large", 8_191, "0.13", "0"),
    (None, "bedrock", "amazon.titan-embed-text-v2:0", 8_192, "0.02", "0"),
];

fn builtin() -> Catalog {
    Catalog::load(&[Layer::builtin()]).unwrap()
}

fn rate(text: &str) -> Rate {
    Rate::from_usd_per_mtok(text).unwrap()
}

#[test]
fn every_promised_model_is_there_and_no_other() {
    let catalog = builtin();
    let found: Vec<_> = catalog
        .models()
        .iter()
        .map(|m| {
            (
                m.tiers.clone(),
                m.provider.as_str(),
                m.id.as_str(),
                m.context_window,
                m.price.base.input,
                m.price.base.output,
            )
        })
        .collect();
    let promised: Vec<_> = PROMISED
        .iter()
        .map(|(tier, provider, id, window, input, output)| {
            (
                Vec::from_iter(*tier),
                *provider,
                *id,
                *window,
                rate(input),
                rate(output),
            )
        })
        .collect();
    assert_eq!(found, promised);

    let in_tier = |tier| catalog.models().iter().filter(|m| m.serves(tier)).count();
    assert_eq!(Tier::ALL.map(in_tier), [14, 20, 5]);
    assert_eq!(catalog.models().iter().filter(|m| m.is_chat()).count(), 39);
}

#[test]
fn every_provider_is_there_with_its_variables() {
    let catalog = builtin();
    let found: Vec<_> = catalog
        .providers()
        .iter()
        .map(|p| {
            assert_eq!(p.key_need, KeyNeed::Required);
            let count = catalog.models().iter().filter(|m| m.provider == p.name);
            let base_url_env = p.base_url_env.as_deref().unwrap();
            (
                p.name.as_str(),
                count.count(),
                base_url_env,
                p.api_key_env.join(" "),
            )
        })
        .collect();
    let row = |name, models, url, keys: &str| (name, models, url, keys.to_owned());
    assert_eq!(
        found,
        [
            row(
                "google",
                3,
                "GEMINI_BASE_URL",
                "GEMINI_API_KEY GOOGLE_API_KEY"
            ),
            row("openai", 10, "OPENAI_BASE_URL", "OPENAI_API_KEY"),
            row("anthropic", 4, "ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY"),
            row("xai", 2, "XAI_BASE_URL", "XAI_API_KEY"),
            row(
                "bedrock",
                19,
                "AWS_ENDPOINT_URL_BEDROCK_RUNTIME",
                "AWS_BEARER_TOKEN_BEDROCK AWS_ACCESS_KEY_ID"
            ),
            row("groq", 2, "GROQ_BASE_URL", "GROQ_API_KEY"),
            row("cerebras", 2, "CEREBRAS_BASE_URL", "CEREBRAS_API_KEY"),
        ]
    );
}

#[test]
fn every_row_says_where_its_facts_come_from() {
    let text = Catalog::builtin_text();
    let count = |start: &str| text.lines().filter(|line| line.starts_with(start)).count();
    assert_eq!(count("[[model]]"), 42);
    assert_eq!(count("source = "), 42 + count("[[tokenizer]]"));
    assert_eq!(count("as_of = "), 42);
}

#[test]
fn long_prompts_cost_more() {
    let catalog = builtin();
    let mut stepped = Vec::new();
    for model in catalog.models() {
        for step in &model.price.steps {
            let Rates {
                input,
                output,
                cache_read,
                ..
            } = step.rates;
            stepped.push((
                model.id.as_str(),
                step.above_tokens,
                input,
                output,
                cache_read,
            ));
        }
    }
    assert_eq!(
        stepped,
        [
            (
                "gemini-2.5-pro",
                200_000,
                rate("2.5"),
                rate("15"),
                rate("0.25")
            ),
            (
                "gemini-3.1-pro-preview",
                200_000,
                rate("4"),
                rate("18"),
                rate("0.4")
            ),
            ("gpt-5.4", 272_000, rate("5"), rate("22.5"), rate("0.5")),
        ]
    );
}

#[test]
fn cache_prices_are_as_stated_or_the_input_price() {
    let catalog = builtin();
    for model in catalog.models() {
        let base = &model.price.base;
        let (short, long) = match model.provider.as_str() {
            "anthropic" => (base.input.of(125), base.input.of(200)),
            _ => (base.input.of(100), base.input.of(100)),
        };
        assert_eq!(base.cache_write.of(100), short, "{}", model.id);
        assert_eq!(base.cache_write_1h.of(100), long, "{}", model.id);
    }
    let read = |id| catalog.model(id).unwrap().price.base.cache_read;
    assert_eq!(read("claude-opus-4-7"), rate("0.5"));
    assert_eq!(read("gemini-2.5-flash"), rate("0.03"));
    assert_eq!(read("zai.glm-5"), rate("1"));
}

#[test]
fn the_free_and_the_peculiar_ones_are_marked() {
    let catalog = builtin();
    let ids = |keep: &dyn Fn(&Model) -> bool| -> Vec<&str> {
        let kept = catalog.models().iter().filter(|m| keep(m));
        kept.map(|m| m.id.as_str()).collect()
    };
    let free = ids(&|m| m.free);
    assert_eq!(free.len(), 4);
    assert_eq!(
        free,
        ids(&|m| ["groq", "cerebras"].contains(&m.provider.as_str()))
    );
    let responses = ["gpt-5.3-codex", "gpt-5.1-codex-mini"];
    assert_eq!(ids(&|m| m.endpoint == Endpoint::Responses), responses);
    let with = |wanted| ids(&|m| m.has_trait(wanted));
    assert_eq!(
        with(Trait::NoPrefill),
        ["claude-sonnet-4-6", "claude-opus-4-7", "claude-opus-4-6"]
    );
    assert_eq!(with(Trait::NoParallelTools), ["o4-mini", "o3"]);
    assert_eq!(with(Trait::NoSystemMessage), ["gpt-5.3-codex"]);
    assert!(with(Trait::NoSampling).contains(&"claude-opus-4-7"));
    let codex = catalog.model("gpt-5.3-codex").unwrap();
    assert_eq!(
        (codex.max_input, codex.max_output),
        (Some(272_000), 128_000)
    );
    assert_eq!(
        ids(&|m| m.same_as.as_deref() == Some("qwen3-235b-a22b-2507")).len(),
        2
    );
    assert!(
        !catalog
            .model("llama3.1-8b")
            .unwrap()
            .abilities
            .has(Ability::JsonSchema)
    );
}

#[test]
fn ageing_models_name_a_younger_one() {
    let catalog = builtin();
    let ageing: Vec<_> = catalog
        .models()
        .iter()
        .filter(|m| m.deprecation_date.is_some())
        .collect();
    assert_eq!(ageing.len(), 13);
    for model in ageing {
        let replacement = catalog
            .model(model.replacement.as_deref().unwrap())
            .unwrap();
        assert!(replacement.deprecation_date.is_none(), "{}", model.id);
    }
    let o3 = catalog.model("o3").unwrap();
    assert_eq!(
        o3.deprecation_date,
        Some(time::macros::date!(2026 - 12 - 11))
    );
}

#[test]
fn every_alias_names_what_it_should() {
    let catalog = builtin();
    let models = [
        ("text-embedding-small", "text-embedding-3-small"),
        ("embed-small", "text-embedding-3-small"),
        ("text-embedding-large", "text-embedding-3-large"),
        ("embed-large", "text-embedding-3-large"),
        ("embed-titan", "amazon.titan-embed-text-v2:0"),
        ("claude-haiku", "claude-haiku-4-5"),
        ("claude-sonnet", "claude-sonnet-4-6"),
        ("claude-opus", "claude-opus-4-7"),
        ("gemini-flash", "gemini-2.5-flash"),
        ("gemini-pro", "gemini-2.5-pro"),
        ("grok-3", "grok-3-beta"),
        ("grok-3-mini", "grok-3-mini-beta"),
        ("gpt-oss-120b", "openai.gpt-oss-120b-1:0"),
        ("deepseek-v3.2", "deepseek.v3.2"),
        ("kimi-k2.5", "moonshotai.kimi-k2.5"),
        ("glm-5", "zai.glm-5"),
        ("glm-4.7", "zai.glm-4.7"),
        ("glm-4.7-flash", "zai.glm-4.7-flash"),
        ("qwen3-coder", "qwen.qwen3-coder-480b-a35b-v1:0"),
        (
            "llama-4-maverick",
            "us.meta.llama4-maverick-17b-instruct-v1:0",
        ),
        ("llama-4-scout", "us.meta.llama4-scout-17b-instruct-v1:0"),
        ("mistral-large", "mistral.mistral-large-3-675b-instruct"),
        ("devstral", "mistral.devstral-2-123b"),
        ("codex", "gpt-5.3-codex"),
        ("claude-haiku-4-5-20251001", "claude-haiku-4-5"),
        ("gpt-4.1-2025-04-14", "gpt-4.1"),
        ("gpt-4.1-mini-2025-04-14", "gpt-4.1-mini"),
        ("gpt-5.4-2026-03-05", "gpt-5.4"),
        ("o3-2025-04-16", "o3"),
        ("o4-mini-2025-04-16", "o4-mini"),
    ];
    for (name, id) in models {
        let found = catalog.alias(name);
        assert!(
            matches!(found, Some(Target::Model(m)) if m.id.as_str() == id),
            "{name}"
        );
    }
    let tiers = [
        ("gpt-4o-mini", Economy),
        ("gpt-3.5-turbo", Economy),
        ("gpt-4o", Standard),
        ("gpt-4", Standard),
        ("gpt-4-turbo", Standard),
        ("o1", Premium),
        ("gpt-5", Premium),
    ];
    for (name, tier) in tiers {
        let found = catalog.alias(name);
        assert!(
            matches!(found, Some(Target::Tier(t)) if *t == tier),
            "{name}"
        );
    }
    assert_eq!(catalog.aliases().count(), models.len() + tiers.len());
}

#[test]
fn weights_are_the_documented_ones() {
    let weights = Weights {
        quality: 0.45,
        cost: 0.40,
        speed: 0.15,
    };
    assert_eq!(builtin().weights(), weights);
}
