//! API keys: made, changed and deleted by their customers, all in memory, found by their hash.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::accounts::{Access, AccountError, Accounts};
use super::db::{Batch, Db};
use super::error::StoreError;
use super::policy::{Beyond, KeyPolicy, KeyScope, KeyUse, Policy, PolicyChange};
use super::{codec, key};
use crate::ids::{AccountId, ApiKey, KeyHash, KeyId, Pepper};

/// Longest name of a key, in bytes.
const MOST_NAME_BYTES: usize = 64;
/// Most keys of one account, disabled ones included.
const MOST_KEYS: usize = 100;

/// An API key, without the key itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// Its public name.
    pub id: KeyId,
    /// What a caller's key is looked up by.
    pub hash: KeyHash,
    /// Who pays for its requests.
    pub account: AccountId,
    /// The owner's name for it.
    pub name: String,
    /// When it was made, in milliseconds since 1970.
    pub created_ms: u64,
    /// Refused.
    pub disabled: bool,
    /// Its last characters, for lists.
    pub hint: String,
}

/// Who makes or changes a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maker {
    /// Someone who has signed in as the customer, or the operator.
    Owner,
    /// One of the customer's keys, which gives no right that it lacks.
    Key(KeyId),
}

/// What is to be changed of a key; `None` stays.
#[derive(Clone, Debug, Default)]
pub struct KeyChange {
    /// Its name.
    pub name: Option<String>,
    /// Whether it may be used.
    pub access: Option<Access>,
    /// What it may do.
    pub policy: PolicyChange,
}

/// All keys; changes go into the batch that is passed in.
pub(super) struct Keys {
    pepper: Pepper,
    keys: HashMap<KeyHash, Key>,
    /// Each customer's keys, oldest first.
    by_account: HashMap<AccountId, Vec<KeyHash>>,
    /// Of keys that have one.
    policies: HashMap<KeyId, Policy>,
    used_ms: HashMap<KeyId, u64>,
    default: Policy,
}

impl Keys {
    /// Reads them all.
    pub(super) fn load(db: &Db, pepper: Pepper) -> Result<Self, StoreError> {
        let mut all = Self {
            pepper,
            keys: HashMap::new(),
            by_account: HashMap::new(),
            policies: HashMap::new(),
            used_ms: HashMap::new(),
            default: Policy::default(),
        };
        let mut found = Vec::new();
        for row in db.rows(key::KEYS)? {
            let (key, value) = row?;
            found.push(codec::decode::<Key>(&key, &value)?);
        }
        found.sort_unstable_by_key(|key| key.id);
        found.into_iter().for_each(|key| all.insert(key));
        for row in db.rows(key::POLICIES)? {
            let (key, value) = row?;
            let row: KeyPolicy = codec::decode(&key, &value)?;
            all.policies.insert(row.key, row.policy);
        }
        for row in db.rows(key::USES)? {
            let (key, value) = row?;
            let row: KeyUse = codec::decode(&key, &value)?;
            all.used_ms.insert(row.key, row.used_ms);
        }
        Ok(all)
    }

    /// The secret under which keys are hashed.
    #[cfg(test)]
    pub(super) fn pepper(&self) -> &Pepper {
        &self.pepper
    }

    /// The key with this hash.
    pub(super) fn find(&self, hash: &KeyHash) -> Option<&Key> {
        self.keys.get(hash)
    }

    /// Deletes all keys of a customer and says which they were.
    pub(super) fn remove_all(&mut self, account: AccountId, batch: &mut Batch) -> Vec<KeyHash> {
        let all = self.by_account.get(&account).cloned().unwrap_or_default();
        all.iter().for_each(|hash| self.remove(hash, batch));
        all
    }

    fn of(&self, account: AccountId) -> impl Iterator<Item = &Key> {
        let hashes = self.by_account.get(&account).into_iter().flatten();
        hashes.filter_map(|hash| self.keys.get(hash))
    }

    fn named(&self, account: AccountId, id: KeyId) -> Result<&Key, AccountError> {
        let mut own = self.of(account);
        own.find(|key| key.id == id).ok_or(AccountError::NoSuchKey)
    }

    fn policy(&self, key: KeyId) -> &Policy {
        self.policies.get(&key).unwrap_or(&self.default)
    }

    /// Refuses a policy that is beyond its maker's.
    fn check(&self, account: AccountId, maker: Maker, policy: &Policy) -> Result<(), AccountError> {
        let Maker::Key(id) = maker else {
            return Ok(());
        };
        // It may have been deleted or changed since it was let in.
        let own = self.policy(id);
        if self.named(account, id)?.disabled || !own.allows(KeyScope::Manage) {
            return Err(Beyond("scopes").into());
        }
        Ok(policy.check_within(own)?)
    }

    fn put(&mut self, key: &Key, policy: Policy, batch: &mut Batch) {
        batch.put(key::api_key(&key.hash), key);
        let row = KeyPolicy {
            key: key.id,
            policy,
        };
        batch.put(key::policy(key.id), &row);
        self.policies.insert(key.id, row.policy);
    }

    fn insert(&mut self, key: Key) {
        let own = self.by_account.entry(key.account).or_default();
        own.push(key.hash);
        self.keys.insert(key.hash, key);
    }

    fn remove(&mut self, hash: &KeyHash, batch: &mut Batch) {
        let Some(key) = self.keys.remove(hash) else {
            return;
        };
        self.policies.remove(&key.id);
        self.used_ms.remove(&key.id);
        for row in [
            key::api_key(hash),
            key::policy(key.id),
            key::key_use(key.id),
        ] {
            batch.delete(row);
        }
        if let Some(own) = self.by_account.get_mut(&key.account) {
            own.retain(|other| other != hash);
            if own.is_empty() {
                self.by_account.remove(&key.account);
            }
        }
    }
}

impl Accounts {
    /// Makes another key of a customer; it can be shown only now.
    pub fn add_key(
        &mut self,
        account: AccountId,
        name: &str,
        policy: Policy,
        now_ms: u64,
    ) -> Result<(Key, ApiKey), AccountError> {
        let name = check_name(name)?;
        if self.account(account).is_none() {
            return Err(AccountError::NoSuchAccount);
        }
        if self.keys.of(account).count() >= MOST_KEYS {
            return Err(AccountError::TooManyKeys);
        }
        let secret = ApiKey::generate();
        let key = Key {
            id: KeyId::new(),
            hash: secret.hash(&self.keys.pepper),
            account,
            name: name.to_owned(),
            created_ms: now_ms,
            disabled: false,
            hint: secret.hint(),
        };
        self.keys.put(&key, policy, &mut self.batch);
        self.keys.insert(key.clone());
        Ok((key, secret))
    }

    /// Makes a key whose policy is the usual one with changes, unless it is beyond its maker's.
    pub fn make_key(
        &mut self,
        account: AccountId,
        maker: Maker,
        name: &str,
        policy: PolicyChange,
        now_ms: u64,
    ) -> Result<(Key, ApiKey), AccountError> {
        let policy = policy.apply(&self.keys.default);
        self.keys.check(account, maker, &policy)?;
        self.add_key(account, name, policy, now_ms)
    }

    /// Changes a key, all of it or nothing. A key changes only keys that may do no more than itself.
    pub fn change_key(
        &mut self,
        account: AccountId,
        maker: Maker,
        id: KeyId,
        change: KeyChange,
    ) -> Result<Key, AccountError> {
        let mut key = self.keys.named(account, id)?.clone();
        let before = self.keys.policy(id);
        self.keys.check(account, maker, before)?;
        let policy = change.policy.apply(before);
        self.keys.check(account, maker, &policy)?;
        if let Some(name) = &change.name {
            key.name = check_name(name)?.to_owned();
        }
        match change.access {
            Some(Access::Enabled) => key.disabled = false,
            Some(Access::Disabled) => key.disabled = true,
            None => {}
        }
        self.keys.put(&key, policy, &mut self.batch);
        self.keys.keys.insert(key.hash, key.clone());
        Ok(key)
    }

    /// Deletes a key. A key deletes only keys that may do no more than itself.
    pub fn delete_key(
        &mut self,
        account: AccountId,
        maker: Maker,
        id: KeyId,
    ) -> Result<KeyHash, AccountError> {
        let hash = self.keys.named(account, id)?.hash;
        self.keys.check(account, maker, self.keys.policy(id))?;
        self.keys.remove(&hash, &mut self.batch);
        Ok(hash)
    }

    /// Notes when a key was last used. It is written with the next commit.
    pub fn touch_key(&mut self, key: KeyId, used_ms: u64) {
        self.keys.used_ms.insert(key, used_ms);
        self.batch.put(key::key_use(key), &KeyUse { key, used_ms });
    }

    /// What a key may do.
    pub fn policy(&self, key: KeyId) -> &Policy {
        self.keys.policy(key)
    }

    /// When a key was last used, in milliseconds since 1970, as far as that was written.
    pub fn used_ms(&self, key: KeyId) -> Option<u64> {
        self.keys.used_ms.get(&key).copied()
    }

    /// All keys, in no order.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        self.keys.keys.values()
    }

    /// A customer's keys, oldest first.
    pub fn keys_of(&self, account: AccountId) -> impl Iterator<Item = &Key> {
        self.keys.of(account)
    }
}

fn check_name(name: &str) -> Result<&str, AccountError> {
    let name = name.trim();
    if name.is_empty() || name.len() > MOST_NAME_BYTES || name.chars().any(char::is_control) {
        return Err(AccountError::BadName);
    }
    Ok(name)
}

#[cfg(test)]
#[path = "keys_tests.rs"]
mod tests;
