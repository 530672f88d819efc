//! Customers, all in memory, found by address. Their keys and settings have files of their own.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::audit::Deed;
use super::db::{Batch, Db};
use super::error::StoreError;
use super::keys::Keys;
use super::policy::{Beyond, Policy};
use super::seal::Seal;
use super::settings::Settings;
use super::telemetry::{Telemetry, TelemetryError};
use super::wallet::Wallet;
use super::{Key, codec, key};
use crate::ids::{AccountId, ApiKey, KeyHash, Pepper};
use crate::money::Picodollars;

/// Longest e-mail address, by RFC 5321's limit on a path.
const MOST_EMAIL_BYTES: usize = 254;
/// The name of the key that a new account gets.
const FIRST_KEY: &str = "default";

/// A customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its id, also in the ledger.
    pub id: AccountId,
    /// E-mail address as it was given. Unique without regard to case.
    pub email: String,
    /// When it was made, in milliseconds since 1970.
    pub created_ms: u64,
    /// Providers that none of its requests may go to.
    pub blocked_providers: Vec<String>,
    /// Refused everywhere.
    pub disabled: bool,
}

impl Account {
    /// Reads a stored customer.
    pub(super) fn read(db: &Db, id: AccountId) -> Result<Option<Self>, StoreError> {
        let key = key::customer(id);
        db.get(&key)?
            .map(|bytes| codec::decode(&key, &bytes))
            .transpose()
    }

    /// Where its address is indexed.
    pub(super) fn address_key(&self) -> Vec<u8> {
        key::address(&self.email.to_lowercase())
    }
}

/// What a customer may spend, as it is stored in a row of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Limit {
    pub account: AccountId,
    daily: Picodollars,
}

/// Whether a key or a customer may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// It may.
    Enabled,
    /// It is switched off.
    Disabled,
}

/// A new customer with the first key, which can be shown only now.
pub struct Created {
    /// The customer.
    pub account: Account,
    /// The key in the clear.
    pub key: ApiKey,
}

/// Why an account or key was not made. The caller's to mend in all cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// Not a usable address.
    #[error("not an e-mail address; one @ with text on both sides, at most 254 bytes, no spaces")]
    BadEmail,
    /// Someone has it, in whatever case.
    #[error("this e-mail address has an account")]
    EmailTaken,
    /// The account does not exist.
    #[error("no such account")]
    NoSuchAccount,
    /// Not a usable name.
    #[error("a key's name has 1 to 64 bytes and no control characters")]
    BadName,
    /// Not a limit.
    #[error("a daily limit is 0 or more")]
    NegativeLimit,
    /// The account has all the keys it may have.
    #[error("an account has at most 100 keys")]
    TooManyKeys,
    /// The account has no such key.
    #[error("no such key")]
    NoSuchKey,
    /// Whoever asks lacks the right himself.
    #[error(transparent)]
    Beyond(#[from] Beyond),
    /// The auto-recharge does not fit together.
    #[error("auto_recharge.{0}")]
    Recharge(&'static str),
    /// Where its traces go does not fit together.
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    /// Auto-recharge needs a card.
    #[error("no card is saved")]
    NoCard,
    /// The address is not that of the account.
    #[error("this is not the account's e-mail address")]
    WrongEmail,
}

/// All customers and keys. Like the book it decides in memory; its owner commits the batch.
pub struct Accounts {
    pub(super) accounts: HashMap<AccountId, Account>,
    /// By lower-cased address.
    by_email: HashMap<String, AccountId>,
    pub(super) keys: Keys,
    daily_limits: HashMap<AccountId, Picodollars>,
    /// Of those who have changed any.
    pub(super) settings: HashMap<AccountId, Settings>,
    pub(super) telemetry: HashMap<AccountId, Telemetry>,
    pub(super) seal: Seal,
    /// Of those who have ever paid.
    pub(super) wallets: HashMap<AccountId, Wallet>,
    pub(super) batch: Batch,
}

impl Accounts {
    /// Reads them all. `pepper` is what [`Db::pepper`] gave.
    pub fn load(db: &Db, pepper: Pepper) -> Result<Self, StoreError> {
        let mut all = Self {
            accounts: HashMap::new(),
            by_email: HashMap::new(),
            seal: Seal::new(&pepper),
            keys: Keys::load(db, pepper)?,
            daily_limits: HashMap::new(),
            settings: HashMap::new(),
            telemetry: HashMap::new(),
            wallets: HashMap::new(),
            batch: Batch::default(),
        };
        for row in db.rows(key::CUSTOMERS)? {
            let (key, value) = row?;
            let account: Account = codec::decode(&key, &value)?;
            all.by_email
                .insert(account.email.to_lowercase(), account.id);
            all.accounts.insert(account.id, account);
        }
        for row in db.rows(key::SETTINGS)? {
            let (key, value) = row?;
            let settings: Settings = codec::decode(&key, &value)?;
            all.settings.insert(settings.account, settings);
        }
        for row in db.rows(key::TELEMETRY)? {
            let (key, value) = row?;
            let target: Telemetry = codec::decode(&key, &value)?;
            all.telemetry.insert(target.account, target);
        }
        for row in db.rows(key::WALLETS)? {
            let (key, value) = row?;
            let wallet: Wallet = codec::decode(&key, &value)?;
            all.wallets.insert(wallet.account, wallet);
        }
        for row in db.rows(key::LIMITS)? {
            let (key, value) = row?;
            let limit: Limit = codec::decode(&key, &value)?;
            all.daily_limits.insert(limit.account, limit.daily);
        }
        Ok(all)
    }

    /// Makes a customer with a first key.
    pub fn create(&mut self, email: &str, now_ms: u64) -> Result<Created, AccountError> {
        let email = check_email(email)?;
        let lower_cased = email.to_lowercase();
        if self.by_email.contains_key(&lower_cased) {
            return Err(AccountError::EmailTaken);
        }
        let account = Account {
            id: AccountId::new(),
            email: email.to_owned(),
            created_ms: now_ms,
            blocked_providers: Vec::new(),
            disabled: false,
        };
        self.batch.put(key::customer(account.id), &account);
        self.batch.put(account.address_key(), &account.id);
        self.by_email.insert(lower_cased, account.id);
        self.accounts.insert(account.id, account.clone());
        let (_, key) = self.add_key(account.id, FIRST_KEY, Policy::default(), now_ms)?;
        Ok(Created { account, key })
    }

    /// Sets what a customer may spend on one UTC day; `None` lifts the limit.
    pub fn set_daily_limit(
        &mut self,
        account: AccountId,
        daily_limit: Option<Picodollars>,
    ) -> Result<(), AccountError> {
        if !self.accounts.contains_key(&account) {
            return Err(AccountError::NoSuchAccount);
        }
        match daily_limit {
            None => {
                self.daily_limits.remove(&account);
                self.batch.delete(key::limit(account));
            }
            Some(daily) if daily < Picodollars::ZERO => return Err(AccountError::NegativeLimit),
            Some(daily) => {
                self.daily_limits.insert(account, daily);
                self.batch
                    .put(key::limit(account), &Limit { account, daily });
            }
        }
        Ok(())
    }

    /// What a customer may spend on one UTC day, if that is limited.
    pub fn daily_limit(&self, account: AccountId) -> Option<Picodollars> {
        self.daily_limits.get(&account).copied()
    }

    /// The customer with this address, in whatever case.
    pub fn find_by_email(&self, email: &str) -> Option<&Account> {
        self.accounts
            .get(self.by_email.get(&email.trim().to_lowercase())?)
    }

    /// The key with this hash and its customer, disabled ones included.
    pub fn find(&self, hash: &KeyHash) -> Option<(&Account, &Key)> {
        let key = self.keys.find(hash)?;
        Some((self.accounts.get(&key.account)?, key))
    }

    /// A customer.
    pub fn account(&self, id: AccountId) -> Option<&Account> {
        self.accounts.get(&id)
    }

    /// All customers, in no order.
    pub fn accounts(&self) -> impl Iterator<Item = &Account> {
        self.accounts.values()
    }

    /// Removes a customer with everything that is kept of it beside the ledger: its address is free
    /// again, its keys are dead. Answers with the hashes of the keys.
    pub fn delete(&mut self, id: AccountId, email: &str) -> Result<Vec<KeyHash>, AccountError> {
        let account = self.accounts.get(&id).ok_or(AccountError::NoSuchAccount)?;
        let lower_cased = account.email.to_lowercase();
        if email.trim().to_lowercase() != lower_cased {
            return Err(AccountError::WrongEmail);
        }
        self.batch.delete(account.address_key());
        for row in [
            key::customer(id),
            key::limit(id),
            key::settings(id),
            key::telemetry(id),
            key::wallet(id),
        ] {
            self.batch.delete(row);
        }
        self.by_email.remove(&lower_cased);
        self.daily_limits.remove(&id);
        self.settings.remove(&id);
        self.telemetry.remove(&id);
        self.wallets.remove(&id);
        self.accounts.remove(&id);
        Ok(self.keys.remove_all(id, &mut self.batch))
    }

    /// What the operator changes about an account: its daily limit, whether it may be used. All of
    /// it or nothing; `None` stays.
    pub fn overrule(
        &mut self,
        id: AccountId,
        daily_limit: Option<Option<Picodollars>>,
        access: Option<Access>,
    ) -> Result<(), AccountError> {
        if let Some(limit) = daily_limit {
            self.set_daily_limit(id, limit)?;
        }
        let account = self.accounts.get_mut(&id);
        let account = account.ok_or(AccountError::NoSuchAccount)?;
        if let Some(access) = access {
            account.disabled = access == Access::Disabled;
            self.batch.put(key::customer(id), account);
        }
        Ok(())
    }

    /// Writes a row of the audit log with the next commit.
    pub fn note(&mut self, deed: &Deed) {
        deed.put(&mut self.batch);
    }

    /// The changes since the last call, for one commit.
    pub fn take_batch(&mut self) -> Batch {
        std::mem::take(&mut self.batch)
    }
}

/// Refuses what no mail could be sent to, without pretending to know every valid address.
fn check_email(text: &str) -> Result<&str, AccountError> {
    let text = text.trim();
    let (local, domain) = text.split_once('@').ok_or(AccountError::BadEmail)?;
    let strange = |c: char| c == '@' || c.is_whitespace() || c.is_control();
    if text.len() > MOST_EMAIL_BYTES
        || local.is_empty()
        || local.contains(strange)
        || domain.is_empty()
        || domain.contains(strange)
    {
        return Err(AccountError::BadEmail);
    }
    Ok(text)
}

#[cfg(test)]
#[path = "accounts_tests.rs"]
mod tests;
