//! What an API key may do. Kept in a row of its own beside the key; a key without one may do all but
//! manage.

use serde::{Deserialize, Serialize};

use super::spend::SpendLimits;
use crate::catalog::Tier;
use crate::ids::KeyId;

/// Names in one list of a policy.
pub const MOST_NAMES: usize = 100;
/// Longest name in a list, in bytes.
pub const MOST_LISTED_BYTES: usize = 128;

/// What a key may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyScope {
    /// Chats, embeddings and dry runs.
    Inference,
    /// Balance, records and history.
    Read,
    /// Keys and settings of the account.
    Manage,
}

impl KeyScope {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Inference, Self::Read, Self::Manage];

    /// Its word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inference => "inference",
            Self::Read => "read",
            Self::Manage => "manage",
        }
    }
}

/// What a key may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// What it may be used for; never empty.
    pub scopes: Vec<KeyScope>,
    /// When it ends, in milliseconds since 1970.
    pub expires_ms: Option<u64>,
    /// What it may cost.
    pub spend: SpendLimits,
    /// Only these tiers. Empty: all.
    pub tiers: Vec<Tier>,
    /// Only these models. Empty: all.
    pub models: Vec<String>,
    /// Only these providers. Empty: all.
    pub providers: Vec<String>,
    /// Requests that it may send in a minute.
    pub requests_per_min: Option<u32>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            scopes: vec![KeyScope::Inference, KeyScope::Read],
            expires_ms: None,
            spend: SpendLimits::default(),
            tiers: Vec::new(),
            models: Vec::new(),
            providers: Vec::new(),
            requests_per_min: None,
        }
    }
}

/// What is to be changed of a policy; `None` stays.
#[derive(Clone, Debug, Default)]
pub struct PolicyChange {
    /// What it may be used for.
    pub scopes: Option<Vec<KeyScope>>,
    /// When it ends.
    pub expires_ms: Option<Option<u64>>,
    /// What it may cost, all periods together.
    pub spend: Option<SpendLimits>,
    /// Only these tiers.
    pub tiers: Option<Vec<Tier>>,
    /// Only these models.
    pub models: Option<Vec<String>>,
    /// Only these providers.
    pub providers: Option<Vec<String>>,
    /// Requests in a minute.
    pub requests_per_min: Option<Option<u32>>,
}

impl PolicyChange {
    /// The policy after the change.
    pub(super) fn apply(self, to: &Policy) -> Policy {
        let to = to.clone();
        Policy {
            scopes: self.scopes.unwrap_or(to.scopes),
            expires_ms: self.expires_ms.unwrap_or(to.expires_ms),
            spend: self.spend.unwrap_or(to.spend),
            tiers: self.tiers.unwrap_or(to.tiers),
            models: self.models.unwrap_or(to.models),
            providers: self.providers.unwrap_or(to.providers),
            requests_per_min: self.requests_per_min.unwrap_or(to.requests_per_min),
        }
    }
}

/// A right that somebody does not have and so cannot give; the field that says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the key that asks does not have this right itself: {0}")]
pub struct Beyond(pub &'static str);

impl Policy {
    /// Whether it may be used for this.
    pub fn allows(&self, scope: KeyScope) -> bool {
        self.scopes.contains(&scope)
    }

    /// Whether it is over.
    pub fn is_expired(&self, now_ms: u64) -> bool {
        self.expires_ms.is_some_and(|end| end <= now_ms)
    }

    /// Refuses a policy that gives more than `maker` has.
    pub fn check_within(&self, maker: &Self) -> Result<(), Beyond> {
        let checks = [
            (self.scopes.iter().all(|s| maker.allows(*s)), "scopes"),
            (is_at_most(self.expires_ms, maker.expires_ms), "expires_at"),
            (self.spend.is_within(&maker.spend), "spend_limit_usd"),
            (is_subset(&self.tiers, &maker.tiers), "allowed_tiers"),
            (is_subset(&self.models, &maker.models), "allowed_models"),
            (
                is_subset(&self.providers, &maker.providers),
                "allowed_providers",
            ),
            (
                is_at_most(self.requests_per_min, maker.requests_per_min),
                "requests_per_minute",
            ),
        ];
        match checks.into_iter().find(|(within, _)| !within) {
            None => Ok(()),
            Some((_, field)) => Err(Beyond(field)),
        }
    }
}

/// `None` is without end.
fn is_at_most<T: PartialOrd>(own: Option<T>, most: Option<T>) -> bool {
    match (own, most) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(own), Some(most)) => own <= most,
    }
}

/// An empty list allows everything.
fn is_subset<T: PartialEq>(own: &[T], of: &[T]) -> bool {
    of.is_empty() || (!own.is_empty() && own.iter().all(|name| of.contains(name)))
}

/// A key's policy as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeyPolicy {
    pub key: KeyId,
    pub policy: Policy,
}

/// When a key was last used, as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeyUse {
    pub key: KeyId,
    pub used_ms: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Picodollars;

    fn all() -> Policy {
        Policy {
            scopes: KeyScope::ALL.to_vec(),
            ..Policy::default()
        }
    }

    #[test]
    fn an_old_key_may_do_all_but_manage() {
        let old = Policy::default();
        assert!(old.allows(KeyScope::Inference) && old.allows(KeyScope::Read));
        assert!(!old.allows(KeyScope::Manage));
        assert_eq!(all().check_within(&old), Err(Beyond("scopes")));
        assert_eq!(old.check_within(&all()), Ok(()));
    }

    #[test]
    fn nobody_gives_a_right_that_he_lacks() {
        let narrow = Policy {
            expires_ms: Some(5),
            spend: SpendLimits {
                total: Some(Picodollars::new(5)),
                ..SpendLimits::default()
            },
            tiers: vec![Tier::Economy],
            models: vec!["m".to_owned()],
            providers: vec!["p".to_owned()],
            requests_per_min: Some(5),
            ..all()
        };
        assert_eq!(narrow.check_within(&narrow), Ok(()));
        type Widen = fn(&mut Policy);
        let wider: [(&str, Widen); 9] = [
            ("expires_at", |p| p.expires_ms = None),
            ("expires_at", |p| p.expires_ms = Some(6)),
            ("spend_limit_usd", |p| p.spend.total = None),
            ("spend_limit_usd", |p| {
                p.spend.total = Some(Picodollars::new(6))
            }),
            ("allowed_tiers", |p| p.tiers.clear()),
            ("allowed_tiers", |p| p.tiers.push(Tier::Premium)),
            ("allowed_models", |p| p.models.push("n".to_owned())),
            ("allowed_providers", |p| p.providers.clear()),
            ("requests_per_minute", |p| p.requests_per_min = Some(6)),
        ];
        for (field, widen) in wider {
            let mut wide = narrow.clone();
            widen(&mut wide);
            assert_eq!(wide.check_within(&narrow), Err(Beyond(field)));
        }
    }
}
