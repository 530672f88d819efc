//! The fields that OpenAI's API does not have: prefer, models, provider, reasoning.

use serde::{Deserialize, Serialize};

use crate::catalog::Prefer;
use crate::money::{MoneyError, Rate};

use super::super::json::{self, Kind};
use super::check::{self, Path};
use super::invalid::Invalid;

/// The most fallback models, and the most providers in a list.
const MOST_FALLBACKS: usize = 16;
const MOST_PROVIDERS: usize = 64;

/// The caller's rules about providers and prices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProviderRules {
    /// Providers to be tried first, in this order.
    pub order: Vec<String>,
    /// If not empty, the only providers that may be asked.
    pub only: Vec<String>,
    /// Providers that may not be asked.
    pub ignore: Vec<String>,
    /// Whether others may be asked when the first choice fails.
    pub allow_fallbacks: Option<bool>,
    /// Whether a model that cannot honour an advisory field is excluded.
    pub require_parameters: Option<bool>,
    /// The most a prompt token may cost.
    pub max_prompt_price: Option<Rate>,
    /// The most a completion token may cost.
    pub max_completion_price: Option<Rate>,
}

/// What becomes of a stream that breaks off after its first content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Recovery {
    /// It ends with an error that says so.
    #[default]
    Off,
    /// Another candidate goes on from what was delivered.
    Continue,
}

impl Recovery {
    const ALL: [Self; 2] = [Self::Off, Self::Continue];

    /// The name in requests and settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Continue => "continue",
        }
    }
}

/// How hard a model is to think.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effort {
    /// Not at all.
    None,
    /// As little as possible.
    Minimal,
    /// Little.
    Low,
    /// The usual amount.
    Medium,
    /// Much.
    High,
    /// As much as possible.
    XHigh,
}

impl Effort {
    const ALL: [Self; 6] = [
        Self::None,
        Self::Minimal,
        Self::Low,
        Self::Medium,
        Self::High,
        Self::XHigh,
    ];

    /// OpenAI's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::XHigh => "xhigh",
        }
    }

    pub(super) fn read(path: Path<'_>, raw: &str) -> Result<Self, Invalid> {
        named(path, raw, &Self::ALL, Self::as_str)
    }
}

/// The `reasoning` extension.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReasoningWish {
    /// How hard to think.
    pub effort: Option<Effort>,
    /// The most tokens for thinking.
    pub max_tokens: Option<u64>,
    /// Whether the reasoning is kept from the caller.
    pub exclude: Option<bool>,
    /// Whether to think at all.
    pub enabled: Option<bool>,
}

/// Reads the value whose name stands there, or lists the names.
fn named<T: Copy, const N: usize>(
    path: Path<'_>,
    raw: &str,
    all: &[T; N],
    name: impl Fn(T) -> &'static str,
) -> Result<T, Invalid> {
    let word = check::one_of(path, raw, &all.map(&name))?;
    all.iter()
        .copied()
        .find(|value| name(*value) == word)
        .ok_or_else(|| Invalid::value(path, "not a known word"))
}

pub(super) fn prefer(path: Path<'_>, raw: &str) -> Result<Prefer, Invalid> {
    named(path, raw, &Prefer::ALL, Prefer::as_str)
}

pub(super) fn recovery(path: Path<'_>, raw: &str) -> Result<Recovery, Invalid> {
    named(path, raw, &Recovery::ALL, Recovery::as_str)
}

pub(super) fn models(path: Path<'_>, raw: &str) -> Result<Vec<String>, Invalid> {
    check::texts(path, raw, MOST_FALLBACKS)
}

pub(super) fn reasoning(path: Path<'_>, raw: &str) -> Result<ReasoningWish, Invalid> {
    let mut wish = ReasoningWish::default();
    for (name, raw) in check::object(path, raw)?.iter() {
        let at = Path::Member(&path, name);
        match name {
            _ if raw == "null" => {}
            "effort" => wish.effort = Some(Effort::read(at, raw)?),
            "max_tokens" => {
                let most = check::integer(at, raw, 0..=i64::MAX)?;
                wish.max_tokens = u64::try_from(most).ok();
            }
            "exclude" => wish.exclude = Some(check::boolean(at, raw)?),
            "enabled" => wish.enabled = Some(check::boolean(at, raw)?),
            _ => {
                return Err(Invalid::unsupported(
                    at,
                    "reasoning takes effort, max_tokens, exclude and enabled",
                ));
            }
        }
    }
    Ok(wish)
}

pub(in crate::wire) fn provider(path: Path<'_>, raw: &str) -> Result<ProviderRules, Invalid> {
    let mut rules = ProviderRules::default();
    for (name, raw) in check::object(path, raw)?.iter() {
        let at = Path::Member(&path, name);
        match name {
            _ if raw == "null" => {}
            "order" => rules.order = check::texts(at, raw, MOST_PROVIDERS)?,
            "only" => rules.only = check::texts(at, raw, MOST_PROVIDERS)?,
            "ignore" => rules.ignore = check::texts(at, raw, MOST_PROVIDERS)?,
            "allow_fallbacks" => rules.allow_fallbacks = Some(check::boolean(at, raw)?),
            "require_parameters" => rules.require_parameters = Some(check::boolean(at, raw)?),
            "max_price" => max_price(&mut rules, at, raw)?,
            _ => {
                return Err(Invalid::unsupported(
                    at,
                    "provider takes order, only, ignore, allow_fallbacks, require_parameters and max_price",
                ));
            }
        }
    }
    Ok(rules)
}

fn max_price(rules: &mut ProviderRules, path: Path<'_>, raw: &str) -> Result<(), Invalid> {
    for (name, raw) in check::object(path, raw)?.iter() {
        let at = Path::Member(&path, name);
        match name {
            _ if raw == "null" => {}
            "prompt" => rules.max_prompt_price = Some(price(at, raw)?),
            "completion" => rules.max_completion_price = Some(price(at, raw)?),
            _ => {
                return Err(Invalid::unsupported(
                    at,
                    "max_price takes prompt and completion",
                ));
            }
        }
    }
    Ok(())
}

/// USD per million tokens, a number or a string.
fn price(path: Path<'_>, raw: &str) -> Result<Rate, Invalid> {
    let rate = match Kind::of(raw) {
        Kind::Number => Rate::from_number(raw, 0),
        Kind::String => Rate::from_usd_per_mtok(&json::string(raw).unwrap_or_default()),
        Kind::Null | Kind::Bool | Kind::Array | Kind::Object => Err(MoneyError::NotDecimal),
    };
    rate.map_err(|error| {
        Invalid::value(
            path,
            format_args!("expected USD per million tokens such as 2.50 ({error})"),
        )
    })
}
