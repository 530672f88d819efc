//! What a request's names mean: `model`, `models` and `provider` brought to the catalog's rows, or a
//! 4xx that says which name is wrong.

use super::{ApiError, Code};
use crate::catalog::alias::{Target, Unknown, provider_alias};
use crate::catalog::suffix::{self, Suffixes};
use crate::catalog::{Catalog, Prefer, ProviderName, Tier};
use crate::routing::{Choice, Hosts, Rules, Spend, Wanted};
use crate::wire::{ChatRequest, ProviderRules};

/// A name that was resolved, and what its suffixes ask for.
pub struct Named {
    /// The model or tier.
    pub target: Target,
    suffixes: Suffixes,
}

impl Named {
    /// The direction that a suffix asks for.
    pub fn leaning(&self) -> Option<Prefer> {
        self.suffixes.prefer
    }

    /// `auto` stands for the account's default tier, if it has one.
    pub fn or_tier(mut self, default: Option<Tier>) -> Self {
        if let (Target::Auto, Some(tier)) = (&self.target, default) {
            self.target = Target::Tier(tier);
        }
        self
    }
}

/// What a name of a chat request stands for. 404 lists the tiers and the nearest ids; 400 for an
/// embedding model and for suffixes that contradict each other.
pub fn named(catalog: &Catalog, name: &str, param: &str) -> Result<Named, ApiError> {
    let (target, suffixes) = match catalog.find(name) {
        // An operator's id may end like a suffix.
        Some(target) => (target, Suffixes::default()),
        None => {
            let (stem, suffixes) = suffix::split(name).map_err(|wrong| {
                ApiError::new(Code::InvalidValue, wrong.to_string()).param(param)
            })?;
            let target = catalog.resolve(stem);
            (
                target.map_err(|unknown| not_found(&unknown, param))?,
                suffixes,
            )
        }
    };
    match &target {
        Target::Model(model) if !model.is_chat() => {
            let message = format!(
                "{} makes embeddings; use a chat model or a tier here.",
                model.id
            );
            Err(ApiError::new(Code::InvalidValue, message).param(param))
        }
        Target::Model(_) | Target::Tier(_) | Target::Auto => Ok(Named { target, suffixes }),
    }
}

/// 404 for a name that nothing has.
pub fn not_found(unknown: &Unknown, param: &str) -> ApiError {
    ApiError::new(Code::ModelNotFound, unknown.to_string()).param(param)
}

/// The first choice, the caller's own fallbacks, and for a pin with `allow_fallbacks` its tier.
/// `auto` is the tier that it picked, `default` the direction of a request that names none.
pub fn choices(
    catalog: &Catalog,
    first: Named,
    auto: Tier,
    request: &ChatRequest,
    default: Option<Prefer>,
) -> Result<Vec<Choice>, ApiError> {
    let choice = |named, param: &str| choice(catalog, named, auto, request, default, param);
    let first = choice(first, "model")?;
    let mut choices = vec![first];
    for (i, name) in request.fallback_models().iter().enumerate() {
        let param = format!("models[{i}]");
        let next = named(catalog, name, &param)?;
        choices.push(choice(next, &param)?);
    }
    let first = &choices[0];
    match (&first.wanted, request.provider_rules().allow_fallbacks) {
        (Wanted::Model(model, _) | Wanted::AnyHost(model, _), Some(true)) => {
            let (prefer, spend) = (first.prefer, first.spend);
            let tier = model.tiers.first().copied().map(Wanted::Tier);
            choices.extend(tier.map(|wanted| Choice {
                wanted,
                prefer,
                spend,
            }));
        }
        (_, Some(false)) => choices.truncate(1),
        (Wanted::Model(_, _) | Wanted::AnyHost(_, _) | Wanted::Tier(_), Some(true) | None) => {}
    }
    Ok(choices)
}

fn choice(
    catalog: &Catalog,
    named: Named,
    auto: Tier,
    request: &ChatRequest,
    default: Option<Prefer>,
    param: &str,
) -> Result<Choice, ApiError> {
    let hosts = match request.provider_rules().allow_fallbacks {
        None => Hosts::SameTerms,
        Some(true) => Hosts::All,
        Some(false) => Hosts::OnlyNamed,
    };
    let wanted = match (named.target, named.suffixes == Suffixes::default()) {
        (Target::Model(model), true) => Wanted::Model(model, hosts),
        (Target::Model(model), false) => Wanted::AnyHost(model, hosts),
        (Target::Tier(tier), _) => Wanted::Tier(tier),
        (Target::Auto, _) => Wanted::Tier(auto),
    };
    let choice = Choice {
        wanted,
        prefer: prefer(named.suffixes.prefer, request.prefer())?
            .or(default)
            .unwrap_or_default(),
        spend: match named.suffixes.free {
            Some(suffix::Free) => Spend::FreeOnly,
            None => Spend::Any,
        },
    };
    let has_free = || {
        let models = catalog.models().iter();
        let mut meant = models.filter(|model| choice.means(model));
        meant.any(|model| model.free)
    };
    match choice.spend {
        Spend::FreeOnly if !has_free() => {
            let message = "Nothing that ':free' stands for here is free; leave the suffix out, or use economy:free.";
            Err(ApiError::new(Code::InvalidValue, message).param(param))
        }
        Spend::FreeOnly | Spend::Any => Ok(choice),
    }
}

/// The direction: a suffix and the field must not contradict each other.
fn prefer(suffix: Option<Prefer>, field: Option<Prefer>) -> Result<Option<Prefer>, ApiError> {
    match (suffix, field) {
        (Some(suffix), Some(field)) if suffix != field => {
            let message = format!(
                "The model's suffix asks for {:?} and prefer for {:?}; keep one of them.",
                suffix.as_str(),
                field.as_str()
            );
            Err(ApiError::new(Code::InvalidValue, message).param("prefer"))
        }
        (suffix, field) => Ok(suffix.or(field)),
    }
}

/// The caller's rules with the catalog's names. 400 for an unknown provider, and for a list of which
/// the other rules leave nothing.
pub fn rules(catalog: &Catalog, wanted: &ProviderRules) -> Result<Rules, ApiError> {
    let names = |list: &[String], field: &str| -> Result<Vec<ProviderName>, ApiError> {
        list.iter()
            .map(|name| provider(catalog, name, field))
            .collect()
    };
    let rules = Rules {
        order: names(&wanted.order, "provider.order")?,
        only: names(&wanted.only, "provider.only")?,
        ignore: names(&wanted.ignore, "provider.ignore")?,
        max_prompt_price: wanted.max_prompt_price,
        max_completion_price: wanted.max_completion_price,
    };
    let contradiction =
        |param: &str, message: &str| Err(ApiError::new(Code::InvalidValue, message).param(param));
    let forbidden =
        |list: &[ProviderName]| !list.is_empty() && !list.iter().any(|name| rules.allow(name));
    if forbidden(&rules.only) {
        let message = "provider.ignore forbids every provider that provider.only names.";
        return contradiction("provider.only", message);
    }
    if forbidden(&rules.order) {
        let message =
            "provider.only or provider.ignore forbids every provider that provider.order names.";
        return contradiction("provider.order", message);
    }
    Ok(rules)
}

fn provider(catalog: &Catalog, name: &str, field: &str) -> Result<ProviderName, ApiError> {
    let wanted = provider_alias(name);
    if catalog.provider(&wanted).is_some() {
        return Ok(wanted);
    }
    let known = catalog
        .providers()
        .iter()
        .map(|p| p.name.as_str())
        .collect::<Vec<_>>()
        .join(", ");
    Err(ApiError::new(
        Code::InvalidValue,
        format!("There is no provider {name:?}; use one of {known}."),
    )
    .param(field))
}
