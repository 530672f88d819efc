//! Layers are laid over one another, and what is wrong with one is said by file, line and row.

use super::*;
use crate::catalog::{Endpoint, KeyNeed, Tier};
use crate::money::Rate;
use proptest::prelude::*;

/// A provider and a model that nothing is wrong with; the rows begin on lines 1 and 5.
const LOCAL: &str = r#"[[provider]]
name = "local"
dialect = "openai"
base_url = "http://127.0.0.1:11434/v1/"
[[model]]
id = "local-llama"
provider = "local"
upstream = "llama3.2"
tier = ["standard", "economy"]
context_window = 131072
max_output = 8192
price = { input = 0.10, output = "0.40", cache_read = 0.02, cache_write = 0.125 }
abilities = ["tools", "vision"]
timeouts = { first_token_ms = 10000, total_ms = 600000 }
"#;

fn layer(name: &str, text: impl Into<String>) -> Layer {
    Layer {
        name: name.to_owned(),
        text: text.into(),
    }
}

fn over_builtin(text: &str) -> Result<Catalog, CatalogError> {
    Catalog::load(&[Layer::builtin(), layer("mine.toml", text)])
}

fn rate(text: &str) -> Rate {
    Rate::from_usd_per_mtok(text).unwrap()
}

#[test]
fn an_overlay_adds_a_provider_and_its_models() {
    let catalog = over_builtin(LOCAL).unwrap();
    let provider = catalog.provider(&ProviderName::new("local")).unwrap();
    assert_eq!(provider.base_url, "http://127.0.0.1:11434/v1");
    assert_eq!(provider.key_optional, KeyNeed::Optional);
    assert_eq!(provider.source, "mine.toml:1");
    assert!(provider.api_key_env.is_empty());

    let model = catalog.model("LOCAL-llama").unwrap();
    assert_eq!(model.upstream, "llama3.2");
    assert_eq!(model.name, "local-llama");
    assert_eq!(model.endpoint, Endpoint::Chat);
    assert_eq!(model.tiers, [Tier::Economy, Tier::Standard]);
    assert_eq!(model.price.base.output, rate("0.4"));
    assert_eq!(model.price.base.cache_write_1h, rate("0.125"));
    assert_eq!(model.timeouts.idle, None);
    let total = model.timeouts.total.unwrap();
    assert_eq!(total.as_millis(), 600_000);
    assert_eq!(model.source, "mine.toml");
    assert_eq!(catalog.models().len(), 43);
}

#[test]
fn an_overlay_changes_only_the_keys_that_it_names() {
    let shipped = Catalog::load(&[Layer::builtin()]).unwrap();
    let changed = over_builtin(
        r#"
        [weights]
        speed = 0.30
        [alias]
        Codex = "gpt-5.1-codex-mini"
        [[provider]]
        name = "openai"
        base_url = "https://gateway.example/v1"
        [[model]]
        id = "CLAUDE-opus-4-7"
        tier = "standard"
        price = { input = 4 }
        "#,
    )
    .unwrap();
    let (before, after) = (
        shipped.model("claude-opus-4-7"),
        changed.model("claude-opus-4-7"),
    );
    let (before, after) = (before.unwrap(), after.unwrap());
    assert_eq!(after.id, before.id);
    assert_eq!(after.tiers, [Tier::Standard]);
    assert_eq!(after.price.base.input, rate("4"));
    assert_eq!(after.price.base.output, before.price.base.output);
    assert_eq!(after.price.base.cache_write, before.price.base.cache_write);
    assert_eq!(after.traits, before.traits);
    let weights = Weights {
        speed: 0.30,
        ..shipped.weights()
    };
    assert_eq!(changed.weights(), weights);
    let openai = changed.provider(&ProviderName::new("openai")).unwrap();
    assert_eq!(openai.base_url, "https://gateway.example/v1");
    assert_eq!(openai.key_optional, KeyNeed::Required);
    let codex = changed.alias("codex");
    assert!(matches!(codex, Some(Target::Model(m)) if m.id.as_str() == "gpt-5.1-codex-mini"));
    assert_eq!(changed.models().len(), 42);
    assert_ne!(changed.version(), shipped.version());
}

#[test]
fn disabled_rows_go_with_all_that_hangs_on_them() {
    let catalog = over_builtin(
        "[[model]]\nid = \"gpt-5.3-codex\"\ndisabled = true\n\
         [[provider]]\nname = \"google\"\ndisabled = true\n",
    )
    .unwrap();
    for gone in ["gpt-5.3-codex", "codex", "gemini-2.5-pro", "gemini-pro"] {
        assert!(catalog.resolve(gone).is_err(), "{gone}");
    }
    assert!(catalog.provider(&ProviderName::new("google")).is_none());
    assert_eq!(catalog.models().len(), 38);
}

#[test]
fn a_new_id_takes_the_name_of_an_older_alias() {
    let text = LOCAL.replace("local-llama", "gpt-4o");
    let catalog = over_builtin(&text).unwrap();
    let found = catalog.resolve("gpt-4o");
    assert!(matches!(found, Ok(Target::Model(m)) if m.provider.as_str() == "local"));
}

#[test]
fn the_version_names_the_exact_text() {
    let version = |layers: &[Layer]| Catalog::load(layers).unwrap().version().to_owned();
    let plain = version(&[Layer::builtin()]);
    assert_eq!(
        plain,
        version(&[layer("renamed.toml", Catalog::builtin_text())])
    );
    assert_ne!(plain, version(&[Layer::builtin(), layer("empty.toml", "")]));
    assert_eq!(plain.len(), VERSION_DIGITS);
}

/// Changes one line of [`LOCAL`] and expects exactly one complaint.
#[track_caller]
fn complains(line: &str, instead: &str, expected: &str) {
    assert!(LOCAL.contains(line), "{line}");
    let error = over_builtin(&LOCAL.replacen(line, instead, 1)).unwrap_err();
    assert_eq!(error.to_string(), format!("mine.toml:{expected}"));
}

#[test]
fn broken_provider_rows_are_named() {
    let url = "\"http://127.0.0.1:11434/v1/\"";
    for (line, instead, expected) in [
        (
            "name = \"local\"",
            "nam = \"local\"",
            "1: provider: name: missing, or not a text",
        ),
        (
            "\"openai\"",
            "\"smtp\"",
            "3: provider \"local\": dialect: unknown variant `smtp`, expected one of `openai`, `responses`, `anthropic`, `gemini`, `bedrock`",
        ),
        (
            url,
            "\"ftp://host/\"",
            "4: provider \"local\": base_url: must start with http:// or https://",
        ),
        (
            url,
            "\"http://u:p@host/\"",
            "4: provider \"local\": base_url: must not carry credentials; name a variable in api_key_env",
        ),
        (
            url,
            "\"http://host/?k=1\"",
            "4: provider \"local\": base_url: must have neither a query nor a fragment",
        ),
        (
            url,
            "\"http://host/#k\"",
            "4: provider \"local\": base_url: must have neither a query nor a fragment",
        ),
        (
            url,
            "\"host\"",
            "4: provider \"local\": base_url: not a URL: relative URL without a base",
        ),
        (
            url,
            "\"http://h/\"\nkey_required = true",
            "1: provider \"local\": api_key_env: missing, though key_required is true",
        ),
        (
            url,
            "\"http://h/\"\napi_key_env = [\"A-B\"]",
            "5: provider \"local\": api_key_env: not the name of an environment variable",
        ),
        (
            url,
            "\"http://h/\"\napi_key = \"sk-1\"",
            "5: provider \"local\": unknown key \"api_key\"",
        ),
        (
            url,
            "\"http://h/\"\nomit = [\"lögit\"]",
            "5: provider \"local\": omit: \"lögit\" is not the name of a field",
        ),
    ] {
        // Whatever is wrong with the provider's name, its model no longer has a provider.
        if line.starts_with("name") {
            let error = over_builtin(&LOCAL.replacen(line, instead, 1)).unwrap_err();
            assert_eq!(
                error.problems()[0].to_string(),
                format!("mine.toml:{expected}")
            );
        } else {
            complains(line, instead, expected);
        }
    }
}

#[test]
fn broken_model_rows_are_named() {
    let id = "\"local-llama\"";
    let provider = "provider = \"local\"";
    let price = "input = 0.10";
    for (line, instead, expected) in [
        (
            id,
            "\"a b\"",
            "6: model \"a b\": id: must be visible ASCII without spaces, quotes, `\\`, `?`, `#` and `%`",
        ),
        (
            id,
            "\"a?b\"",
            "6: model \"a?b\": id: must be visible ASCII without spaces, quotes, `\\`, `?`, `#` and `%`",
        ),
        (
            id,
            "\"a\\u0007\"",
            "6: model \"a\\u{7}\": id: must be visible ASCII without spaces, quotes, `\\`, `?`, `#` and `%`",
        ),
        (
            id,
            "\"a/../b\"",
            "6: model \"a/../b\": id: must not have `..`, an empty part, or `/` at an end",
        ),
        (
            id,
            "\"/a\"",
            "6: model \"/a\": id: must not have `..`, an empty part, or `/` at an end",
        ),
        (
            id,
            "\"\"",
            "6: model \"\": id: must have 1 to 200 characters",
        ),
        (
            id,
            "\"Premium\"",
            "6: model \"Premium\": id: is the name of a tier",
        ),
        (id, "7", "5: model: id: missing, or not a text"),
        (
            provider,
            "provider = \"elsewhere\"",
            "7: model \"local-llama\": provider: no [[provider]] row has this name",
        ),
        (
            provider,
            "provider = \"grok\"",
            "7: model \"local-llama\": provider: callers who write grok mean xai",
        ),
        (provider, "", "5: model \"local-llama\": provider: missing"),
        (
            provider,
            "provider = \"anthropic\"\nendpoint = \"responses\"",
            "8: model \"local-llama\": endpoint: the provider's dialect has no such endpoint",
        ),
        (
            provider,
            "provider = \"local\"\nendpoint = \"embeddings\"",
            "10: model \"local-llama\": tier: an embedding model has no tier",
        ),
        (
            "[\"standard\", \"economy\"]",
            "[]",
            "9: model \"local-llama\": tier: a chat model needs a tier",
        ),
        (
            "\"economy\"]",
            "\"cheap\"]",
            "9: model \"local-llama\": tier: unknown variant `cheap`, expected one of `economy`, `standard`, `premium`",
        ),
        (
            "= 131072",
            "= 0",
            "10: model \"local-llama\": context_window: must be 1 to 1000000000",
        ),
        (
            "= 131072",
            "= 1.5",
            "10: model \"local-llama\": context_window: not a whole number",
        ),
        (
            "= 131072",
            "= 99999999999999999999",
            "10: model \"local-llama\": context_window: not a whole number",
        ),
        (
            "= 131072",
            "= 8191",
            "11: model \"local-llama\": max_output: is more than context_window",
        ),
        (
            "= 8192",
            "= 8192\nmax_input = 131073",
            "12: model \"local-llama\": max_input: is more than context_window",
        ),
        (
            price,
            "input = -1",
            "12: model \"local-llama\": price.input: amount out of range",
        ),
        (
            price,
            "input = nan",
            "12: model \"local-llama\": price.input: not a decimal amount such as 5.00",
        ),
        (
            price,
            "input = 0.0000001",
            "12: model \"local-llama\": price.input: more decimals than can be kept exactly",
        ),
        (
            price,
            "input = true",
            "12: model \"local-llama\": price.input: not a decimal amount",
        ),
        (
            price,
            "free = 0",
            "12: model \"local-llama\": price.input: missing\nmine.toml:12: model \"local-llama\": unknown key price.\"free\"",
        ),
        (
            price,
            "input = 1, steps = [{ above_tokens = 9, input = 1, output = 1 }, { above_tokens = 9, input = 1, output = 1 }]",
            "12: model \"local-llama\": price.steps: must be at most 8, by ascending above_tokens",
        ),
        (
            price,
            "input = 1, steps = [{ input = 1, output = 1 }]",
            "12: model \"local-llama\": price.steps.above_tokens: missing",
        ),
        (
            "price = {",
            "prices = {",
            "5: model \"local-llama\": price: missing, though the row is not free\nmine.toml:12: model \"local-llama\": unknown key \"prices\"",
        ),
        (
            "\"vision\"",
            "\"flight\"",
            "13: model \"local-llama\": abilities: unknown variant `flight`, expected one of `tools`, `vision`, `files`, `audio`, `json_schema`, `reasoning`, `logprobs`, `n`",
        ),
        (
            "abilities",
            "quality = 1.01\nabilities",
            "13: model \"local-llama\": quality: must be 0 to 1",
        ),
        (
            "abilities",
            "coding = inf\nabilities",
            "13: model \"local-llama\": coding: not a finite number",
        ),
        (
            "abilities",
            "as_of = \"today\"\nabilities",
            "13: model \"local-llama\": as_of: not a date such as 2026-01-31, without quotes",
        ),
        (
            "abilities",
            "free = 1\nabilities",
            "13: model \"local-llama\": free: must be true or false",
        ),
        (
            "abilities",
            "name = \"a\\nb\"\nabilities",
            "13: model \"local-llama\": name: has control characters",
        ),
        (
            "first_token_ms = 10000",
            "first_token_ms = 0",
            "14: model \"local-llama\": timeouts.first_token_ms: must be 1 to 3600000",
        ),
        (
            "first_token_ms = 10000",
            "idle = 1",
            "14: model \"local-llama\": unknown key timeouts.\"idle\"",
        ),
    ] {
        complains(line, instead, expected);
    }
}

#[test]
fn broken_files_are_named() {
    for (text, expected) in [
        (
            "a = 1\nb = = 2\n",
            "mine.toml:2: extra `=`, expected nothing",
        ),
        (
            "[models]\n",
            "mine.toml:1: unknown key \"models\"; a catalog has [[provider]], [[model]], [alias] and [weights]",
        ),
        (
            "[model]\n",
            "mine.toml:1: model: not a list of tables; write [[model]]",
        ),
        ("model = [1]", "mine.toml:1: model: not a table"),
        (
            "alias = 1",
            "mine.toml:1: alias: not a table; write [alias]",
        ),
        ("weights = 1", "mine.toml:1: weights: not a table"),
        (
            "[weights]\ncost = -1",
            "mine.toml:2: weights.cost: must not be negative",
        ),
        (
            "[weights]\ncost = 0\nspeed = 0\nquality = 0",
            "mine.toml:4: weights.quality: at least one weight must be more than 0",
        ),
        (
            "[weights]\nlooks = 1",
            "mine.toml:2: unknown key weights.\"looks\"",
        ),
        (
            "[alias]\nfast = \"nowhere\"",
            "mine.toml:2: alias \"fast\": names neither a model nor a tier: \"nowhere\"",
        ),
        (
            "[alias]\nfast = 1",
            "mine.toml:2: alias \"fast\": not a text",
        ),
        (
            "[alias]\nauto = \"o3\"",
            "mine.toml:2: alias \"auto\": is the name of a tier",
        ),
        (
            "[alias]\no3 = \"o4-mini\"",
            "mine.toml:2: alias \"o3\": is the id of another model",
        ),
        (
            "[alias]\nx = \"o3\"\nX = \"o3\"",
            "mine.toml:3: alias \"x\": already stands on line 2",
        ),
        (
            "[[model]]\nid = \"o5\"\ndisabled = true",
            "mine.toml:3: model \"o5\": disabled: no earlier file has this row",
        ),
        (
            "[[model]]\nid = \"o3\"\n[[model]]\nid = \"O3\"\n",
            "mine.toml:3: model \"O3\": already stands in this file; first on line 431",
        ),
    ] {
        let error = over_builtin(text).unwrap_err();
        assert_eq!(error.to_string(), expected, "{text}");
    }
    let error = Catalog::load(&[layer("mine.toml", LOCAL)]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "catalog:1: [weights] is missing from every file"
    );
}

#[test]
fn sizes_are_bounded_and_all_problems_counted() {
    let error = over_builtin(&"#".repeat((4 << 20) + 1)).unwrap_err();
    assert_eq!(error.to_string(), "mine.toml:1: larger than 4194304 bytes");

    let rows =
        |count: usize, row: &dyn Fn(usize) -> String| -> String { (0..count).map(row).collect() };
    let many = rows(5_000, &|n| {
        format!(
            "[[model]]\nid = \"m{n}\"\nprovider = \"openai\"\ntier = \"economy\"\nfree = true\ncontext_window = 9\nmax_output = 9\n"
        )
    });
    let error = over_builtin(&many).unwrap_err();
    assert_eq!(
        error.to_string(),
        "mine.toml:34700: model \"m4958\": more than 5000 models".replace("34700", "34707")
    );

    let many = rows(200, &|n| {
        format!("[[provider]]\nname = \"p{n}\"\ndialect = \"openai\"\nbase_url = \"http://h\"\n")
    });
    let error = over_builtin(&many).unwrap_err();
    assert!(
        error.to_string().ends_with("more than 200 providers"),
        "{error}"
    );

    let broken = rows(60, &|n| {
        format!("[[model]]\nid = \"m{n}\"\nprovider = \"openai\"\n")
    });
    let error = over_builtin(&broken).unwrap_err();
    assert_eq!(error.problems().len(), 50);
    assert!(error.to_string().ends_with("\nand 190 more"), "{error}");
}

/// Pieces from which a text is made that is nearly a catalog.
fn nearly_toml() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("[[model]]\n".to_owned()),
        Just("[[provider]]\n".to_owned()),
        Just("[alias]\n".to_owned()),
        Just("[weights]\n".to_owned()),
        Just("[model.price]\n".to_owned()),
        "(id|name|provider|tier|price|steps|timeouts|omit|o3|disabled) = (1|-0\\.5|nan|\"o3\"|\"\u{e9} \"|\\[\\]|\\[\\{\\}\\]|\\{ input = 1e9 \\}|true|1979-05-27|07:32:00)\n",
        ".{0,12}",
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_text_breaks_the_loader(text in prop_oneof![nearly_toml(), any::<String>()]) {
        if let Err(error) = over_builtin(&text) {
            let lines = text.lines().count().max(Catalog::builtin_text().lines().count());
            for problem in error.problems() {
                prop_assert!((1..=lines + 1).contains(&problem.line), "{}", problem);
            }
        }
    }

    #[test]
    fn no_cut_of_the_shipped_file_breaks_the_loader(start in 0..22_000_usize, len in 0..400_usize) {
        let bytes = Catalog::builtin_text().as_bytes();
        let cut = [&bytes[..start], &bytes[(start + len).min(bytes.len())..]].concat();
        let text = String::from_utf8_lossy(&cut).into_owned();
        let _ = Catalog::load(&[layer("cut.toml", text)]);
    }
}
