//! Layers are laid over one another, and no text breaks the loader.

use super::*;
use crate::catalog::{Endpoint, KeyNeed, Tier};
use crate::money::Rate;
use proptest::prelude::*;

/// A provider and a model that nothing is wrong with; the rows begin on lines 1 and 5.
pub(super) const LOCAL: &str = r#"[[provider]]
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

pub(super) fn layer(name: &str, text: impl Into<String>) -> Layer {
    Layer {
        name: name.to_owned(),
        text: text.into(),
    }
}

pub(super) fn over_builtin(text: &str) -> Result<Catalog, CatalogError> {
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
    assert_eq!(provider.key_need, KeyNeed::Optional);
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
    assert_eq!(openai.key_need, KeyNeed::Required);
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
