//! Whom an API key stands for, as requests see it, and the directory in which it is found.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::telemetry::Wish;
use crate::actors::funds::{Purse, Purses};
use crate::actors::rate::{Allowance, Exhausted, Rate, Standing, Window};
use crate::catalog::{ModelId, Prefer, ProviderName, Tier};
use crate::config::RateLimits;
use crate::ids::{AccountId, KeyHash, KeyId};
use crate::money::Picodollars;
use crate::routing::Allowed;
use crate::store::{self, Access, Key, Policy};

/// Whom a key stands for.
#[derive(Debug)]
pub struct Principal {
    /// The account.
    pub account: AccountId,
    /// The key.
    pub key: KeyId,
    /// The key's name.
    pub label: String,
    /// What the key may do.
    pub policy: Policy,
    /// The models that the policy allows.
    pub allowed: Allowed,
    /// Providers that never receive a byte of the account's requests.
    pub blocked: Vec<ProviderName>,
    /// The tier that `auto` stands for; `None` has the router judge each request.
    pub default_tier: Option<Tier>,
    /// The direction of requests that name none.
    pub default_prefer: Option<Prefer>,
    /// What is exported of the account's requests, if anything is.
    pub telemetry: Option<Wish>,
    /// Whether the key may be used.
    pub access: Access,
    /// What the account may spend on one UTC day, if that is limited.
    pub daily_limit: Option<Picodollars>,
    /// What the account can spend.
    pub purse: Arc<Purse>,
    /// What all keys of the account share.
    pub allowance: Arc<Allowance>,
    rate: Option<Arc<Rate>>,
    used_ms: Arc<AtomicU64>,
}

/// Every key's hash and whom it stands for.
pub type KeyDirectory = HashMap<KeyHash, Arc<Principal>>;

impl Principal {
    /// Counts a request against the key's rate and the account's; answers with the tighter one.
    pub fn admit(&self, now_ms: u64) -> Result<Window, Exhausted> {
        self.used_ms.fetch_max(now_ms, Ordering::Relaxed);
        let own = self.rate.as_ref().map(|rate| rate.take()).transpose()?;
        let shared = self.allowance.take(self.standing())?;
        Ok(match own {
            Some(own) if own.remaining <= shared.remaining => own,
            Some(_) | None => shared,
        })
    }

    /// Whether the account has credit.
    pub fn standing(&self) -> Standing {
        if self.purse.posted().is_positive() {
            Standing::Paying
        } else {
            Standing::Free
        }
    }

    /// When the key was last used, in milliseconds since 1970; 0 for never.
    pub fn used_ms(&self) -> u64 {
        self.used_ms.load(Ordering::Relaxed)
    }
}

/// The allowances of all accounts that have keys.
pub struct Allowances {
    limits: RateLimits,
    of: HashMap<AccountId, Arc<Allowance>>,
}

impl Allowances {
    /// Under the operator's limits.
    pub fn new(limits: RateLimits) -> Self {
        Self {
            limits,
            of: HashMap::new(),
        }
    }

    fn of(&mut self, account: AccountId) -> Arc<Allowance> {
        let new = || Arc::new(Allowance::new(&self.limits));
        Arc::clone(self.of.entry(account).or_insert_with(new))
    }

    pub(super) fn forget(&mut self, account: AccountId) {
        self.of.remove(&account);
    }
}

/// What a principal is made of, beside its key.
pub(super) struct Sources<'a> {
    pub accounts: &'a store::Accounts,
    pub purses: &'a Purses,
    pub allowances: &'a mut Allowances,
}

impl Sources<'_> {
    /// The principal of a key. What counts on goes on from the one before.
    pub(super) fn principal(&mut self, key: &Key, before: Option<&Principal>) -> Option<Principal> {
        let account = self.accounts.account(key.account)?;
        let policy = self.accounts.policy(key.id).clone();
        let settings = self.accounts.settings(key.account);
        Some(Principal {
            account: key.account,
            key: key.id,
            label: key.name.clone(),
            allowed: allowed(&policy),
            blocked: providers(&account.blocked_providers),
            default_tier: settings.default_tier,
            default_prefer: settings.default_prefer,
            telemetry: self.accounts.telemetry(key.account).map(Wish::of),
            access: if key.disabled || account.disabled {
                Access::Disabled
            } else {
                Access::Enabled
            },
            daily_limit: self.accounts.daily_limit(key.account),
            purse: self.purses.of(key.account),
            allowance: self.allowances.of(key.account),
            rate: rate(&policy, before),
            used_ms: match before {
                Some(before) => Arc::clone(&before.used_ms),
                None => Arc::new(self.accounts.used_ms(key.id).unwrap_or(0).into()),
            },
            policy,
        })
    }
}

fn allowed(policy: &Policy) -> Allowed {
    Allowed {
        tiers: policy.tiers.clone(),
        models: policy.models.iter().map(|id| ModelId::new(id)).collect(),
        providers: providers(&policy.providers),
    }
}

fn providers(names: &[String]) -> Vec<ProviderName> {
    names.iter().map(|name| ProviderName::new(name)).collect()
}

/// The rate of a policy. A change of anything else does not start it anew.
fn rate(policy: &Policy, before: Option<&Principal>) -> Option<Arc<Rate>> {
    let per_min = NonZeroU32::new(policy.requests_per_min?)?;
    let same = before
        .and_then(|before| before.rate.as_ref())
        .filter(|rate| rate.per_min() == per_min);
    Some(same.map_or_else(|| Arc::new(Rate::new(per_min)), Arc::clone))
}
