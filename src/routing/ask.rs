//! What a request asks of the catalog.

use std::collections::HashMap;
use std::sync::Arc;

use super::context::Need;
use super::sticky::Warm;
use crate::catalog::{Abilities, Catalog, Model, ModelId, Prefer, ProviderName, Tier};
use crate::money::Rate;

/// What a request wants of the catalog.
#[derive(Clone, Debug)]
pub struct Ask {
    /// What the model is to do.
    pub task: Task,
    /// What to try, in order; each is exhausted before the next.
    pub choices: Vec<Choice>,
    /// What the request really uses.
    pub needs: Abilities,
    /// What it takes of a context window.
    pub need: Need,
    /// How many answers it wants.
    pub answers: u32,
    /// What of its prompt the caller wants to be kept in a provider's cache.
    pub marks: CacheMarks,
    /// The model that has answered the conversation so far.
    pub warm: Option<Warm>,
    /// How many requests that rank by speed came before: now and then one of them measures a model.
    pub turn: u64,
    /// The caller's own rules about providers and prices.
    pub rules: Rules,
    /// Providers that the account blocks.
    pub blocked: Vec<ProviderName>,
    /// What the caller's key may use.
    pub allowed: Allowed,
    /// Whether paid models may be used at all.
    pub funds: Funds,
    /// Models that would have to leave a field of the request out, and the field, when the caller
    /// does not want that.
    pub incapable: HashMap<ModelId, String>,
    /// Today, for models past their provider's last day.
    pub today: time::Date,
}

/// What a model is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Answer a conversation, which has to fit its window as a whole.
    Chat,
    /// Embed texts, each of which has to fit its window.
    Embed,
}

impl Task {
    /// Whether the model is made for it.
    pub fn suits(self, model: &Model) -> bool {
        match self {
            Self::Chat => model.is_chat(),
            Self::Embed => !model.is_chat(),
        }
    }
}

/// One thing a caller asked for.
#[derive(Clone, Debug)]
pub struct Choice {
    /// Which models.
    pub wanted: Wanted,
    /// How they are ranked.
    pub prefer: Prefer,
    /// Whether they may cost the caller something.
    pub spend: Spend,
}

/// Which models a choice means.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// Exactly this model, whatever its tier or state; its other hosts as far as they may be asked.
    Model(Arc<Model>, Hosts),
    /// This model at the host that ranks first.
    AnyHost(Arc<Model>, Hosts),
    /// The models of a tier, ranked.
    Tier(Tier),
}

/// Which other hosts of a model's weights may answer for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hosts {
    /// None.
    OnlyNamed,
    /// Those that cost the caller nothing if the named one does not.
    SameTerms,
    /// All.
    All,
}

/// Whether models may cost the caller something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spend {
    /// They may.
    Any,
    /// Only free ones will do.
    FreeOnly,
}

impl Choice {
    /// Exactly one model, at one host.
    pub fn pin(model: Arc<Model>) -> Self {
        Self {
            wanted: Wanted::Model(model, Hosts::OnlyNamed),
            prefer: Prefer::default(),
            spend: Spend::Any,
        }
    }

    /// The models of a tier.
    pub fn tier(tier: Tier, prefer: Prefer) -> Self {
        Self {
            wanted: Wanted::Tier(tier),
            prefer,
            spend: Spend::Any,
        }
    }

    /// What its models may cost a caller with these funds.
    pub const fn spend_with(&self, funds: Funds) -> Spend {
        match funds {
            Funds::None => Spend::FreeOnly,
            Funds::Some => self.spend,
        }
    }

    /// Models among which are all that the choice means.
    pub fn members<'a>(&'a self, catalog: &'a Catalog) -> &'a [Arc<Model>] {
        match &self.wanted {
            Wanted::Model(named, _) | Wanted::AnyHost(named, _) => catalog.hosts_of(named),
            Wanted::Tier(tier) => catalog.of_tier(*tier),
        }
    }

    /// Whether the choice means the model.
    pub fn means(&self, model: &Model) -> bool {
        match &self.wanted {
            Wanted::Model(named, hosts) | Wanted::AnyHost(named, hosts) => {
                named.id == model.id || hosts.include(named, model)
            }
            Wanted::Tier(tier) => model.serves(*tier),
        }
    }

    /// The model that the caller named, if one was named.
    pub fn pinned(&self) -> Option<&ModelId> {
        match &self.wanted {
            Wanted::Tier(_) => None,
            Wanted::Model(model, _) | Wanted::AnyHost(model, _) => Some(&model.id),
        }
    }

    /// Whether the caller named exactly this model.
    pub fn names(&self, model: &Model) -> bool {
        self.pinned() == Some(&model.id)
    }

    /// The tier that a model of this choice serves.
    pub fn tier_of(&self) -> Option<Tier> {
        match &self.wanted {
            Wanted::Tier(tier) => Some(*tier),
            Wanted::Model(model, _) | Wanted::AnyHost(model, _) => model.tiers.first().copied(),
        }
    }
}

impl Hosts {
    fn include(self, named: &Model, model: &Model) -> bool {
        let terms = match self {
            Self::OnlyNamed => false,
            Self::SameTerms => model.free || !named.free,
            Self::All => true,
        };
        terms && are_same(named, model)
    }
}

/// Whether two rows are the same weights at two hosts.
pub fn are_same(a: &Model, b: &Model) -> bool {
    a.same_as.is_some() && a.same_as == b.same_as && a.is_chat() == b.is_chat()
}

/// Whether the account can pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Funds {
    /// It has credit.
    Some,
    /// It has none: free models only.
    None,
}

/// What the caller marked (`cache_control`) to be kept in a provider's cache. The whole prompt is
/// taken to be marked: conversations are marked at their end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheMarks {
    /// Nothing.
    None,
    /// For five minutes.
    FiveMinutes,
    /// For an hour.
    OneHour,
}

/// What a key may use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allowed {
    /// Only these tiers. Empty: all. Models that are in none, such as those of embeddings, are not
    /// concerned.
    pub tiers: Vec<Tier>,
    /// Only these models. Empty: all.
    pub models: Vec<ModelId>,
    /// Only these providers. Empty: all.
    pub providers: Vec<ProviderName>,
}

impl Allowed {
    /// Whether a model may answer for a choice.
    pub(super) fn allows(&self, model: &Model, wanted: &Wanted) -> bool {
        let tier = match wanted {
            Wanted::Tier(tier) => self.allows_tier(*tier),
            Wanted::Model(_, _) | Wanted::AnyHost(_, _) => {
                model.tiers.is_empty() || model.tiers.iter().any(|tier| self.allows_tier(*tier))
            }
        };
        tier && is_listed(&self.models, &model.id) && is_listed(&self.providers, &model.provider)
    }

    /// The tier itself when it is allowed; else the next one below that is, or the lowest of all.
    pub fn nearest(&self, tier: Tier) -> Tier {
        if self.allows_tier(tier) {
            return tier;
        }
        let below = self.tiers.iter().filter(|allowed| **allowed < tier).max();
        below.or(self.tiers.iter().min()).copied().unwrap_or(tier)
    }

    fn allows_tier(&self, tier: Tier) -> bool {
        is_listed(&self.tiers, &tier)
    }
}

fn is_listed<T: PartialEq>(list: &[T], name: &T) -> bool {
    list.is_empty() || list.contains(name)
}

/// The request's `provider` object, names already brought to the catalog's.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// These first, in this order.
    pub order: Vec<ProviderName>,
    /// Only these. Empty: all.
    pub only: Vec<ProviderName>,
    /// Never these.
    pub ignore: Vec<ProviderName>,
    /// Dearest input price.
    pub max_prompt_price: Option<Rate>,
    /// Dearest output price.
    pub max_completion_price: Option<Rate>,
}

impl Rules {
    /// Whether the provider may be asked.
    pub fn allow(&self, provider: &ProviderName) -> bool {
        !self.ignore.contains(provider) && (self.only.is_empty() || self.only.contains(provider))
    }
}
