//! The accounts' actor: creates customers and keys, lets people sign in, and
//! publishes the directories that checks of keys and sessions read.

mod sessions;
mod sign_in;

use std::collections::HashMap;
use std::sync::Arc;

use actix::{Actor, Context, Handler, Message, MessageResult};
use arc_swap::ArcSwap;

pub use sessions::{
    EndAllSessions, EndSession, ListSessions, NoSuchSession, SessionDirectory, SignedIn, Touch,
};
pub use sign_in::{Door, RequestCode, SignIn};

use super::clock;
use super::funds::{Purse, Purses};
use super::storage::{StorageDown, StorageHealth};
use crate::catalog::ProviderName;
use crate::ids::{AccountId, ApiKey, KeyHash, KeyId};
use crate::money::Picodollars;
use crate::store::{self, AccountError, Db};

/// Whom a key stands for.
#[derive(Debug)]
pub struct Principal {
    /// The account.
    pub account: AccountId,
    /// The key.
    pub key: KeyId,
    /// The key's name.
    pub label: String,
    /// Providers that never receive a byte of the account's requests.
    pub blocked: Vec<ProviderName>,
    /// Whether the key may be used.
    pub access: Access,
    /// What the account may spend on one UTC day, if that is limited.
    pub daily_limit: Option<Picodollars>,
    /// What the account can spend.
    pub purse: Arc<Purse>,
}

/// Whether a key may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// It may.
    Enabled,
    /// The key or its account is switched off.
    Disabled,
}

/// Every key's hash and whom it stands for.
pub type KeyDirectory = HashMap<KeyHash, Arc<Principal>>;

/// Guards customers and keys.
pub struct Accounts {
    db: Db,
    accounts: store::Accounts,
    purses: Arc<Purses>,
    storage: Arc<StorageHealth>,
    published: Arc<ArcSwap<KeyDirectory>>,
    door: Door,
}

/// Creates an account with its first key.
#[derive(Message)]
#[rtype(result = "Result<Result<NewAccount, AccountError>, StorageDown>")]
pub struct CreateAccount {
    /// The customer's address.
    pub email: String,
    /// What it may spend on one UTC day, if that is limited.
    pub daily_limit: Option<Picodollars>,
}

/// Sets what an account may spend on one UTC day; `None` lifts the limit. It holds for requests
/// that come after the answer.
#[derive(Message)]
#[rtype(result = "Result<Result<(), AccountError>, StorageDown>")]
pub struct SetDailyLimit {
    /// The account.
    pub account: AccountId,
    /// The limit.
    pub daily_limit: Option<Picodollars>,
}

/// An account that was just created.
pub struct NewAccount {
    /// Its id.
    pub account: AccountId,
    /// The customer's address as it was kept.
    pub email: String,
    /// Its first key, to be shown once.
    pub key: ApiKey,
}

/// Asks for the account of an address.
#[derive(Message)]
#[rtype(result = "Option<AccountId>")]
pub struct FindAccount {
    /// The customer's address.
    pub email: String,
}

/// Asks whether an account exists.
#[derive(Message)]
#[rtype(result = "bool")]
pub struct HasAccount(pub AccountId);

/// Adds a key to an account.
#[derive(Message)]
#[rtype(result = "Result<Result<ApiKey, AccountError>, StorageDown>")]
pub struct AddKey {
    /// The account.
    pub account: AccountId,
    /// The key's name.
    pub name: String,
}

impl Accounts {
    /// Accounts over an opened database, and the directory they publish.
    pub fn new(
        db: Db,
        accounts: store::Accounts,
        purses: Arc<Purses>,
        storage: &Arc<StorageHealth>,
        door: Door,
    ) -> (Self, Arc<ArcSwap<KeyDirectory>>) {
        let published = Arc::new(ArcSwap::from_pointee(KeyDirectory::new()));
        let keeper = Self {
            db,
            accounts,
            purses,
            storage: Arc::clone(storage),
            published: Arc::clone(&published),
            door,
        };
        keeper.publish();
        (keeper, published)
    }

    /// Commits what changed; only then the directory and the caller learn of it.
    fn commit(&mut self) -> Result<(), StorageDown> {
        self.write()?;
        self.publish();
        Ok(())
    }

    fn write(&mut self) -> Result<(), StorageDown> {
        let mut batch = self.accounts.take_batch();
        batch.merge(self.door.visitors.take_batch());
        self.db
            .commit(batch)
            .map_err(|error| self.storage.fail(&error))
    }

    fn publish(&self) {
        let principals = self.accounts.keys().filter_map(|key| {
            let account = self.accounts.account(key.account)?;
            let principal = Principal {
                account: key.account,
                key: key.id,
                label: key.name.clone(),
                blocked: account
                    .blocked_providers
                    .iter()
                    .map(|name| ProviderName::new(name))
                    .collect(),
                access: if key.disabled || account.disabled {
                    Access::Disabled
                } else {
                    Access::Enabled
                },
                daily_limit: self.accounts.daily_limit(key.account),
                purse: self.purses.of(key.account),
            };
            Some((key.hash, Arc::new(principal)))
        });
        self.published.store(Arc::new(principals.collect()));
    }
}

impl Actor for Accounts {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        super::guard::abort_on_panic();
        self.open_door(ctx);
    }
}

impl Handler<CreateAccount> for Accounts {
    type Result = MessageResult<CreateAccount>;

    fn handle(&mut self, create: CreateAccount, _: &mut Context<Self>) -> Self::Result {
        let created = self
            .accounts
            .create(&create.email, clock::now_ms())
            .and_then(|created| {
                let limit = create.daily_limit;
                self.accounts.set_daily_limit(created.account.id, limit)?;
                Ok(created)
            });
        MessageResult(self.commit().map(|()| {
            created.map(|created| NewAccount {
                account: created.account.id,
                email: created.account.email,
                key: created.key,
            })
        }))
    }
}

impl Handler<SetDailyLimit> for Accounts {
    type Result = Result<Result<(), AccountError>, StorageDown>;

    fn handle(&mut self, set: SetDailyLimit, _: &mut Context<Self>) -> Self::Result {
        let set = self.accounts.set_daily_limit(set.account, set.daily_limit);
        self.commit().map(|()| set)
    }
}

impl Handler<FindAccount> for Accounts {
    type Result = MessageResult<FindAccount>;

    fn handle(&mut self, find: FindAccount, _: &mut Context<Self>) -> Self::Result {
        MessageResult(
            self.accounts
                .find_by_email(&find.email)
                .map(|account| account.id),
        )
    }
}

impl Handler<HasAccount> for Accounts {
    type Result = bool;

    fn handle(&mut self, ask: HasAccount, _: &mut Context<Self>) -> bool {
        self.accounts.account(ask.0).is_some()
    }
}

impl Handler<AddKey> for Accounts {
    type Result = MessageResult<AddKey>;

    fn handle(&mut self, add: AddKey, _: &mut Context<Self>) -> Self::Result {
        let added = self
            .accounts
            .add_key(add.account, &add.name, clock::now_ms());
        MessageResult(self.commit().map(|()| added.map(|(_, key)| key)))
    }
}
