//! What a caller's `model` text means: a model, a tier, or nothing that we know.

use std::sync::Arc;

use strsim::normalized_damerau_levenshtein;

use super::load::Catalog;
use super::model::{Model, ModelId, ProviderName};
use super::tier::Tier;

/// Ids offered when a name is unknown.
const SUGGESTIONS: usize = 3;
/// Characters of an unknown name that are compared and repeated in messages.
const MOST_COMPARED: usize = 64;

/// What a caller asked for.
#[derive(Clone, Debug)]
pub enum Target {
    /// This model and no other.
    Model(Arc<Model>),
    /// Any model of a tier.
    Tier(Tier),
    /// The tier is to be found from the conversation.
    Auto,
}

/// The text names no model and no tier: the caller has to choose another one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no model or tier is called {text:?}; tiers: economy, standard, premium, auto; nearest models: {}", list(.nearest))]
pub struct Unknown {
    /// The text, shortened to 64 characters.
    pub text: String,
    /// The ids that look most like it, best first. At most three.
    pub nearest: Vec<ModelId>,
}

fn list(ids: &[ModelId]) -> String {
    let ids: Vec<&str> = ids.iter().map(ModelId::as_str).collect();
    ids.join(", ")
}

/// The provider that a text means on input: `grok` is xai, `gemini` is google, `aws` is bedrock; any
/// other text stands for itself, in lower case.
pub fn provider_alias(text: &str) -> ProviderName {
    let name = text.trim().to_ascii_lowercase();
    ProviderName::new(match name.as_str() {
        "grok" => "xai",
        "gemini" => "google",
        "aws" => "bedrock",
        other => other,
    })
}

/// The tier with this name, whatever its case.
pub(super) fn tier(name: &str) -> Option<Target> {
    let is = |tier: &Tier| name.eq_ignore_ascii_case(tier.as_str());
    if name.eq_ignore_ascii_case("auto") {
        return Some(Target::Auto);
    }
    Tier::ALL.into_iter().find(is).map(Target::Tier)
}

impl Catalog {
    /// What the text asks for: a model's id, an alias, a tier, a model's name at its provider, or
    /// `provider/model`, tried in this order. Spaces around it and case do not matter.
    ///
    /// Embedding models are models here; which endpoint a model serves is the caller's to check.
    ///
    /// # Errors
    /// [`Unknown`], with the ids that look most like the text.
    pub fn resolve(&self, text: &str) -> Result<Target, Unknown> {
        self.find(text).ok_or_else(|| self.unknown(text.trim()))
    }

    /// The same; whoever has another reading of an unknown text needs no nearest ids, which cost
    /// more than all the rest.
    pub fn find(&self, text: &str) -> Option<Target> {
        let name = text.trim();
        let pinned = |model: &Arc<Model>| Target::Model(Arc::clone(model));
        self.model(name)
            .map(pinned)
            .or_else(|| self.alias(name).cloned())
            .or_else(|| tier(name))
            .or_else(|| self.by_upstream(name).map(pinned))
            .or_else(|| self.at_provider(name).map(pinned))
    }

    /// `provider/model`, where the model goes by its id, its upstream name or an alias.
    fn at_provider(&self, text: &str) -> Option<&Arc<Model>> {
        let (provider, name) = text.split_once('/')?;
        let provider = provider_alias(provider);
        let aliased = match self.alias(name) {
            Some(Target::Model(model)) => Some(&model.id),
            Some(Target::Tier(_) | Target::Auto) | None => None,
        };
        self.models().iter().find(|model| {
            model.provider == provider
                && (model.id.as_str().eq_ignore_ascii_case(name)
                    || model.upstream.eq_ignore_ascii_case(name)
                    || aliased == Some(&model.id))
        })
    }

    fn unknown(&self, name: &str) -> Unknown {
        let text: String = name.chars().take(MOST_COMPARED).collect();
        let wanted = text.to_ascii_lowercase();
        let mut scored: Vec<(f64, &ModelId)> = self
            .names()
            .map(|(name, id)| (likeness(&wanted, name), id))
            .collect();
        scored.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        let mut nearest: Vec<ModelId> = Vec::with_capacity(SUGGESTIONS);
        for (_, id) in scored {
            if nearest.len() < SUGGESTIONS && !nearest.contains(id) {
                nearest.push(id.clone());
            }
        }
        Unknown { text, nearest }
    }

    /// All names of all models.
    fn names(&self) -> impl Iterator<Item = (&str, &ModelId)> {
        let own = self.models().iter().flat_map(|model| {
            let id = &model.id;
            [(id.as_str(), id), (model.upstream.as_str(), id)]
        });
        let aliased = self.aliases().filter_map(|(name, target)| match target {
            Target::Model(model) => Some((name, &model.id)),
            Target::Tier(_) | Target::Auto => None,
        });
        own.chain(aliased)
    }
}

/// How much two names look alike, 0 to 1, leaving dates aside.
fn likeness(wanted: &str, name: &str) -> f64 {
    let name = name.to_ascii_lowercase();
    normalized_damerau_levenshtein(without_date(wanted), without_date(&name))
}

/// A name without a date at its end, such as `-2025-04-14` or `-20251001`.
fn without_date(name: &str) -> &str {
    let fits = |(byte, shape): (u8, u8)| match shape {
        b'0' => byte.is_ascii_digit(),
        other => byte == other,
    };
    ["-0000-00-00", "-00000000"]
        .iter()
        .find_map(|shape| {
            let stem_len = name.len().checked_sub(shape.len())?;
            let (stem, ending) = name.split_at_checked(stem_len)?;
            ending.bytes().zip(shape.bytes()).all(fits).then_some(stem)
        })
        .unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Layer;
    use proptest::prelude::*;

    fn catalog() -> Catalog {
        Catalog::load(&[Layer::builtin()]).unwrap()
    }

    fn told(catalog: &Catalog, text: &str) -> String {
        match catalog.resolve(text) {
            Ok(Target::Model(model)) => model.id.to_string(),
            Ok(Target::Tier(tier)) => format!("tier {tier}"),
            Ok(Target::Auto) => "auto".to_owned(),
            Err(unknown) => format!("unknown: {}", list(&unknown.nearest)),
        }
    }

    #[test]
    fn names_are_tried_in_order() {
        let catalog = catalog();
        for (text, expected) in [
            ("gpt-4.1", "gpt-4.1"),
            (" GPT-4.1\n", "gpt-4.1"),
            ("Codex", "gpt-5.3-codex"),
            ("ECONOMY", "tier economy"),
            ("premium", "tier premium"),
            (" Auto ", "auto"),
            ("gpt-4o", "tier standard"),
            ("embed-titan", "amazon.titan-embed-text-v2:0"),
            ("claude-haiku-4-5-20251001", "claude-haiku-4-5"),
            ("openai/gpt-4.1", "gpt-4.1"),
            ("Gemini/gemini-flash", "gemini-2.5-flash"),
            ("grok/grok-3", "grok-3-beta"),
            ("aws/zai.glm-5", "zai.glm-5"),
            ("anthropic/claude-haiku-4-5-20251001", "claude-haiku-4-5"),
            (
                "meta-llama/llama-4-scout-17b-16e-instruct",
                "meta-llama/llama-4-scout-17b-16e-instruct",
            ),
            (
                "groq/meta-llama/llama-4-scout-17b-16e-instruct",
                "meta-llama/llama-4-scout-17b-16e-instruct",
            ),
        ] {
            assert_eq!(told(&catalog, text), expected, "{text}");
        }
    }

    #[test]
    fn every_id_and_upstream_name_resolves_to_its_model() {
        let catalog = catalog();
        for model in catalog.models() {
            let id = model.id.as_str();
            assert_eq!(told(&catalog, id), id);
            assert_eq!(told(&catalog, &model.upstream), id);
            assert_eq!(told(&catalog, &format!("{}/{id}", model.provider)), id);
        }
    }

    #[test]
    fn an_upstream_name_picks_its_provider() {
        let text = "[[model]]\nid = \"mine\"\nprovider = \"groq\"\nupstream = \"gpt-4o\"\n\
                    tier = \"economy\"\nfree = true\ncontext_window = 9\nmax_output = 9\n";
        let overlay = Layer {
            name: "mine.toml".to_owned(),
            text: text.to_owned(),
        };
        let catalog = Catalog::load(&[Layer::builtin(), overlay]).unwrap();
        assert_eq!(told(&catalog, "gpt-4o"), "tier standard");
        assert_eq!(told(&catalog, "groq/gpt-4o"), "mine");
    }

    #[test]
    fn of_two_hosts_with_one_name_for_a_model_the_first_answers_to_it() {
        let row = |id: &str, provider: &str| {
            format!(
                "[[model]]\nid = \"{id}\"\nprovider = \"{provider}\"\nupstream = \"Theirs\"\n\
                 tier = \"economy\"\nfree = true\ncontext_window = 9\nmax_output = 9\n"
            )
        };
        let overlay = Layer {
            name: "mine.toml".to_owned(),
            text: row("one", "groq") + &row("other", "cerebras"),
        };
        let catalog = Catalog::load(&[Layer::builtin(), overlay]).unwrap();
        assert_eq!(told(&catalog, "THEIRS"), "one");
        assert_eq!(told(&catalog, "cerebras/theirs"), "other");
    }

    #[test]
    fn a_model_is_not_found_at_another_provider() {
        let catalog = catalog();
        for text in [
            "anthropic/gpt-4.1",
            "openai/gpt-oss-120b",
            "openai/economy",
            "/",
            "",
        ] {
            assert!(catalog.resolve(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_unknown_name_brings_the_nearest_ids() {
        let catalog = catalog();
        let nearest = |text: &str| catalog.resolve(text).unwrap_err().nearest[0].to_string();
        assert_eq!(nearest("gpt-4.1-mimi"), "gpt-4.1-mini");
        assert_eq!(nearest("claude-3-5-sonnet-20241022"), "claude-sonnet-4-6");
        assert_eq!(nearest("o3-2031-01-01"), "o3");
        assert_eq!(nearest("gemini-2.5-por"), "gemini-2.5-pro");

        let unknown = catalog.resolve("gpt-4.1-mimi").unwrap_err();
        assert_eq!(unknown.nearest.len(), 3);
        let message = "no model or tier is called \"gpt-4.1-mimi\"; tiers: economy, standard, \
                       premium, auto; nearest models: gpt-4.1-mini, gpt-4.1, ";
        assert!(unknown.to_string().starts_with(message), "{unknown}");
    }

    #[test]
    fn dates_are_left_aside() {
        assert_eq!(without_date("gpt-4.1-2025-04-14"), "gpt-4.1");
        assert_eq!(
            without_date("claude-haiku-4-5-20251001"),
            "claude-haiku-4-5"
        );
        assert_eq!(without_date("claude-haiku-4-5"), "claude-haiku-4-5");
        assert_eq!(without_date("é-20251001"), "é");
        assert_eq!(without_date("20251001é"), "20251001é");
    }

    proptest! {
        #[test]
        fn no_text_breaks_resolution(text in any::<String>()) {
            if let Err(unknown) = catalog().resolve(&text) {
                prop_assert!(unknown.text.chars().count() <= MOST_COMPARED);
                prop_assert_eq!(unknown.nearest.len(), SUGGESTIONS);
            }
        }
    }
}
