//! What a request's body says of a key: what it may do, which models it may use, how much it may spend.

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::actors::clock::now_ms;
use crate::catalog::alias::provider_alias;
use crate::catalog::{Catalog, Target, Tier};
use crate::http::fields::{self, Fields};
use crate::http::{ApiError, Switchboard};
use crate::store::{KeyScope, MOST_NAMES, PolicyChange, SpendLimits};

/// What a body says of a key's policy.
pub(super) fn policy(desk: &Switchboard, fields: &mut Fields) -> Result<PolicyChange, ApiError> {
    let world = desk.world.load();
    let catalog = &world.catalog;
    let scopes = "a list of inference, read and manage, at least one of them";
    let expires = "a date and time in the future, such as 2027-01-31T12:00:00Z";
    let per_min = "a number from 1 to 1000000";
    let tiers = "a list of economy, standard and premium";
    let models = "a list of at most 100 ids of the catalog";
    let providers = "a list of at most 100 providers of the catalog";
    Ok(PolicyChange {
        scopes: fields.optional("scopes", scopes, |value| {
            set(value, scope).filter(|scopes| !scopes.is_empty())
        })?,
        expires_ms: fields.nullable("expires_at", expires, moment)?,
        spend: spend(fields)?,
        tiers: fields
            .nullable("allowed_tiers", tiers, |value| set(value, tier))?
            .map(Option::unwrap_or_default),
        models: fields
            .nullable("allowed_models", models, |value| {
                set(value, |name| model(catalog, name))
            })?
            .map(Option::unwrap_or_default),
        providers: fields
            .nullable("allowed_providers", providers, |value| {
                set(value, |name| provider(catalog, name))
            })?
            .map(Option::unwrap_or_default),
        requests_per_min: fields.nullable("requests_per_minute", per_min, |value| {
            let number = u32::try_from(value.as_u64()?).ok()?;
            (1..=1_000_000).contains(&number).then_some(number)
        })?,
    })
}

/// All periods together: one that is not named has no limit.
fn spend(fields: &mut Fields) -> Result<Option<SpendLimits>, ApiError> {
    let Some(mut periods) = fields.object("spend_limit_usd")? else {
        return Ok(None);
    };
    let mut of = |period| periods.optional(period, "an amount in USD as a text", fields::usd);
    let limits = SpendLimits {
        day: of("day")?,
        week: of("week")?,
        month: of("month")?,
        total: of("total")?,
    };
    periods.finish()?;
    Ok(Some(limits))
}

/// A list without repetitions.
fn set<T: PartialEq>(value: Value, read: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    let mut names: Vec<T> = Vec::new();
    for name in fields::list(value, read)? {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    (names.len() <= MOST_NAMES).then_some(names)
}

fn scope(word: &str) -> Option<KeyScope> {
    KeyScope::ALL
        .into_iter()
        .find(|scope| scope.as_str() == word)
}

fn tier(word: &str) -> Option<Tier> {
    Tier::ALL.into_iter().find(|tier| tier.as_str() == word)
}

fn model(catalog: &Catalog, name: &str) -> Option<String> {
    match catalog.resolve(name) {
        Ok(Target::Model(model)) => Some(model.id.to_string()),
        Ok(Target::Tier(_) | Target::Auto) | Err(_) => None,
    }
}

/// A provider's name as the catalog has it.
pub fn provider(catalog: &Catalog, name: &str) -> Option<String> {
    let name = provider_alias(name);
    catalog.provider(&name).map(|found| found.name.to_string())
}

fn moment(value: Value) -> Option<u64> {
    let at = OffsetDateTime::parse(value.as_str()?, &Rfc3339).ok()?;
    let unix_ms = u64::try_from(at.unix_timestamp_nanos() / 1_000_000).ok()?;
    (unix_ms > now_ms()).then_some(unix_ms)
}
