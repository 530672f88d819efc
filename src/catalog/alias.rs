//! What a caller's `model` text means: a model, a tier, or nothing that we know.

use std::sync::Arc;

use strsim::normalized_damerau_levenshtein;

use super::load::Catalog;
use super::model::{Model, ModelId, ProviderName, Tier};

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
        let name = text.trim();
        let pinned = |model: &Arc<Model>| Target::Model(Arc::clone(model));
        self.model(name)
            .map(pinned)
            .or_else(|| self.alias(name).cloned())
            .or_else(|| tier(name))
            .or_else(|| self.by_upstream(name).map(pinned))
            .or_else(|| self.at_provider(name).map(pinned))
            .ok_or_else(|| self.unknown(name))
    }

    fn by_upstream(&self, name: &str) -> Option<&Arc<Model>> {
        let has_name = |model: &&Arc<Model>| model.upstream.eq_ignore_ascii_case(name);
        self.models().iter().find(has_name)
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
