//! The accounts' actor: creates customers and keys, lets people sign in, and
//! publishes the directories that checks of keys and sessions read.

mod keys;
mod notices;
mod principal;
mod recharge;
mod sessions;
mod settings;
mod sign_in;
mod telemetry;
mod wallet;

use std::sync::Arc;

use actix::{Actor, Context, Handler, Message, MessageResult};
use arc_swap::ArcSwap;

pub use keys::{ChangeKey, DeleteKey, KeyView, ListKeys, MakeKey, Tell};
pub use principal::{Allowances, KeyDirectory, Principal};
pub use recharge::{RechargeTerms, ShowTerms, StopRecharge, TellLowBalance, TellOfCharge};
pub use sessions::{
    EndAllSessions, EndSession, ListSessions, NoSuchSession, SessionDirectory, SignedIn, Touch,
};
pub use settings::{
    AccountView, ChangeAccount, DeleteAccount, FindAccounts, OverruleAccount, ShowAccount,
};
pub use sign_in::{Door, RequestCode, SignIn};
pub use telemetry::{Exports, Wish};
pub use wallet::{DropCard, KeepCard, KeepCustomer, LoseCustomer, SendReceipt, ShowWallet};

use super::clock;
use super::funds::Purses;
use super::storage::{StorageDown, StorageHealth};
use crate::ids::{AccountId, ApiKey};
use crate::money::Picodollars;
use crate::store::{self, AccountError, Action, Author, Db, Deed};
use principal::Sources;

/// Guards customers and keys.
pub struct Accounts {
    db: Db,
    accounts: store::Accounts,
    purses: Arc<Purses>,
    storage: Arc<StorageHealth>,
    published: Arc<ArcSwap<KeyDirectory>>,
    door: Door,
    allowances: Allowances,
    exports: Exports,
    mailed: notices::Mailed,
}

/// Creates an account with its first key.
#[derive(Message)]
#[rtype(result = "Result<Result<NewAccount, AccountError>, StorageDown>")]
pub struct CreateAccount {
    /// The customer's address.
    pub email: String,
    /// What it may spend on one UTC day, if that is limited.
    pub daily_limit: Option<Picodollars>,
    /// Who makes it.
    pub author: Author,
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

impl Accounts {
    /// Accounts over an opened database, and the directory they publish.
    pub fn new(
        db: Db,
        accounts: store::Accounts,
        purses: Arc<Purses>,
        storage: &Arc<StorageHealth>,
        door: Door,
        allowances: Allowances,
        exports: Exports,
    ) -> (Self, Arc<ArcSwap<KeyDirectory>>) {
        let published = Arc::new(ArcSwap::from_pointee(KeyDirectory::new()));
        let mut keeper = Self {
            db,
            accounts,
            purses,
            storage: Arc::clone(storage),
            published: Arc::clone(&published),
            door,
            allowances,
            exports,
            mailed: notices::Mailed::default(),
        };
        keeper.publish_all();
        (keeper, published)
    }

    /// Commits what changed of an account; only then the directory and the caller learn of it.
    fn commit(&mut self, account: AccountId) -> Result<(), StorageDown> {
        self.write()?;
        self.publish(account);
        Ok(())
    }

    fn write(&mut self) -> Result<(), StorageDown> {
        let mut batch = self.accounts.take_batch();
        batch.merge(self.door.visitors.take_batch());
        self.db
            .commit(batch)
            .map_err(|error| self.storage.fail(&error))
    }

    fn publish_all(&mut self) {
        let mut sources = Sources {
            accounts: &self.accounts,
            purses: &self.purses,
            allowances: &mut self.allowances,
        };
        let all = self.accounts.keys();
        let all = all.filter_map(|key| Some((key.hash, sources.principal(key, None)?.into())));
        self.published.store(Arc::new(all.collect()));
        for account in self.accounts.accounts() {
            self.publish_alarm(account.id);
        }
    }

    /// Publishes the keys of one account as they are now.
    fn publish(&mut self, account: AccountId) {
        self.publish_alarm(account);
        let before = self.published.load_full();
        let mut directory = KeyDirectory::clone(&before);
        directory.retain(|_, principal| principal.account != account);
        let mut sources = Sources {
            accounts: &self.accounts,
            purses: &self.purses,
            allowances: &mut self.allowances,
        };
        for key in self.accounts.keys_of(account) {
            let before = before.get(&key.hash).map(Arc::as_ref);
            if let Some(principal) = sources.principal(key, before) {
                directory.insert(key.hash, Arc::new(principal));
            }
        }
        self.published.store(Arc::new(directory));
    }
}

/// A row of the audit log about an account. It is written in the commit of what it tells of.
fn deed(author: Author, action: Action, account: AccountId) -> Deed {
    Deed::new(author, action, Some(account), clock::now_ms())
}

fn limited(deed: Deed, daily_limit: Option<Picodollars>) -> Deed {
    match daily_limit {
        Some(limit) => deed.with("daily_limit_usd", limit),
        None => deed.with("daily_limit_usd", "none"),
    }
}

impl Actor for Accounts {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        super::guard::abort_on_panic();
        self.open_door(ctx);
        self.note_uses(ctx);
        self.aim_all();
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
        let id = created.as_ref().map(|created| created.account.id);
        if let Ok(id) = id {
            let deed = deed(create.author, Action::AccountCreated, id);
            self.accounts.note(&limited(deed, create.daily_limit));
        }
        let committed = match id {
            Ok(id) => self.commit(id),
            Err(_) => self.write(),
        };
        MessageResult(committed.map(|()| {
            created.map(|created| NewAccount {
                account: created.account.id,
                email: created.account.email,
                key: created.key,
            })
        }))
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
