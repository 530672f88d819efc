//! Which model a case is pinned to, and the catalog rows for formats that no built-in provider
//! of that name speaks.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use model_router::catalog::{Ability, Catalog, Dialect, Layer, Model, Provider, ProviderName};
use model_router::wire;

use super::Problem;
use super::case::Case;
use super::upstream::Upstreams;

/// The catalog a run uses.
pub struct Targets {
    /// To be laid over the built-in catalog.
    pub overlay: String,
    catalog: Catalog,
}

/// A model with its provider.
#[derive(Clone, Copy)]
pub struct Target<'a> {
    pub model: &'a Model,
    pub provider: &'a Provider,
}

impl Targets {
    /// Adds a provider and a model for each pair of provider and dialect that the built-in catalog
    /// does not have.
    pub fn new<C: AsRef<Case>>(cases: &[C], upstreams: &Upstreams) -> Result<Self, Problem> {
        let builtin = Catalog::load(&[Layer::builtin()])?;
        let mut added = BTreeSet::new();
        let mut overlay = String::new();
        for case in cases.iter().map(AsRef::as_ref) {
            let own = own_name(case);
            if pick(&builtin, &case.provider, case).is_none() && added.insert(own.clone()) {
                let origin = upstreams.origin(&case.provider)?;
                overlay.push_str(&rows(own.as_str(), case.dialect, &origin));
            }
        }
        let added = Layer {
            name: "conformance".to_owned(),
            text: overlay.clone(),
        };
        let catalog = Catalog::load(&[Layer::builtin(), added])?;
        Ok(Self { overlay, catalog })
    }

    /// The model for a case; `None` when its dialect is not spoken.
    pub fn of(&self, case: &Case) -> Option<Target<'_>> {
        pick(&self.catalog, &case.provider, case)
            .or_else(|| pick(&self.catalog, &own_name(case), case))
            .filter(|target| wire::speaks(case.dialect, target.model.endpoint))
    }

    pub fn providers(&self) -> impl Iterator<Item = &Provider> {
        self.catalog.providers().iter().map(AsRef::as_ref)
    }
}

/// The provider's model that can do most of what the case is about.
fn pick<'a>(catalog: &'a Catalog, provider: &ProviderName, case: &Case) -> Option<Target<'a>> {
    let wishes: Vec<Ability> = [
        ("tools", Ability::Tools),
        ("n_choices", Ability::N),
        ("vision", Ability::Vision),
        ("reasoning", Ability::Reasoning),
    ]
    .into_iter()
    .filter_map(|(feature, ability)| case.has(feature).then_some(ability))
    .collect();
    let can = |model: &Model| {
        let able = wishes.iter().filter(|wish| model.abilities.has(**wish));
        able.count()
    };
    let provider = catalog.provider(provider)?;
    let models = catalog.models().iter().filter(|model| {
        model.provider == provider.name
            && model.is_chat()
            && wire::dialect_of(provider, model) == case.dialect
    });
    // Of equals the first.
    let model = models.min_by_key(|model| Reverse(can(model)))?;
    Some(Target { model, provider })
}

fn own_name(case: &Case) -> ProviderName {
    ProviderName::new(&format!("{}-{}", case.provider, word(case.dialect)))
}

/// The catalog's word.
fn word(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::OpenAi => "openai",
        Dialect::Responses => "responses",
        Dialect::Anthropic => "anthropic",
        Dialect::Gemini => "gemini",
        Dialect::Bedrock => "bedrock",
    }
}

fn rows(name: &str, dialect: Dialect, origin: &str) -> String {
    let version = match dialect {
        Dialect::OpenAi | Dialect::Responses => "/v1",
        Dialect::Anthropic | Dialect::Gemini | Dialect::Bedrock => "",
    };
    let abilities: Vec<&str> = Ability::ALL.into_iter().map(Ability::as_str).collect();
    format!(
        r#"
[[provider]]
name = "{name}"
dialect = "{dialect}"
base_url = "{origin}{version}"
api_key_env = "CONFORMANCE_API_KEY"
key_required = true
[[model]]
id = "{name}-model"
provider = "{name}"
upstream = "recorded-model"
tier = "standard"
context_window = 200_000
max_output = 32_000
price = {{ input = 1, output = 2 }}
abilities = {abilities:?}
quality = 0.5
coding = 0.5
ttft_ms = 100
tokens_per_s = 100
"#,
        dialect = word(dialect),
    )
}
