//! API keys, as the accounts' actor makes, changes and deletes them, and notes their use.

use std::time::Duration;

use actix::{AsyncContext, Context, Handler, Message, MessageResult};

use super::notices::named;
use super::{Accounts, StorageDown, clock, deed};
use crate::ids::{AccountId, ApiKey, KeyId};
use crate::mail::Notice;
use crate::store::{
    Access, AccountError, Action, Author, By, Key, KeyChange, Policy, PolicyChange,
};

/// How often the last uses of keys are written down.
const USES_PERIOD: Duration = Duration::from_secs(60);

/// A key as lists show it.
#[derive(Clone, Debug)]
pub struct KeyView {
    /// The key.
    pub key: Key,
    /// What it may do.
    pub policy: Policy,
    /// When it was last used, in milliseconds since 1970.
    pub used_ms: Option<u64>,
}

type Answer<T> = Result<Result<T, AccountError>, StorageDown>;

/// Asks for an account's keys, oldest first.
#[derive(Message)]
#[rtype(result = "Vec<KeyView>")]
pub struct ListKeys(pub AccountId);

/// Who is mailed about what was done to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tell {
    /// The account's owner, who may not have done it.
    Owner,
    /// Nobody: a page of ours keeps a short-lived key for itself.
    Nobody,
}

/// Makes a key. It can be shown only now.
#[derive(Message)]
#[rtype(result = "Answer<(KeyView, ApiKey)>")]
pub struct MakeKey {
    /// Whose.
    pub account: AccountId,
    /// By whom.
    pub author: Author,
    /// Its name.
    pub name: String,
    /// What it may do, beside the usual.
    pub policy: PolicyChange,
    /// The same in the words of whoever asks, for the audit log.
    pub said: String,
    /// Who is mailed.
    pub tell: Tell,
}

/// Changes a key. What it may do from then on holds for requests that come after the answer.
#[derive(Message)]
#[rtype(result = "Answer<KeyView>")]
pub struct ChangeKey {
    /// Whose.
    pub account: AccountId,
    /// By whom.
    pub author: Author,
    /// Which one.
    pub key: KeyId,
    /// What is changed.
    pub change: KeyChange,
    /// The same in the words of whoever asks, for the audit log.
    pub said: String,
}

/// Deletes a key. Requests that come after the answer do not know it.
#[derive(Message)]
#[rtype(result = "Answer<()>")]
pub struct DeleteKey {
    /// Whose.
    pub account: AccountId,
    /// By whom.
    pub author: Author,
    /// Which one.
    pub key: KeyId,
    /// Who is mailed.
    pub tell: Tell,
}

impl Accounts {
    /// Keeps writing down when keys were last used, all of a minute in one commit.
    pub(super) fn note_uses(&self, ctx: &mut Context<Self>) {
        ctx.run_interval(USES_PERIOD, |accounts, _| {
            let used = accounts.published.load_full();
            for principal in used.values() {
                let used_ms = principal.used_ms();
                if used_ms > accounts.accounts.used_ms(principal.key).unwrap_or(0) {
                    accounts.accounts.touch_key(principal.key, used_ms);
                }
            }
            // A failure is told by whoever finds the storage down.
            accounts.write().ok();
        });
    }

    fn view(&self, key: Key) -> KeyView {
        let published = self.published.load();
        let used_ms = match published.get(&key.hash) {
            Some(principal) => Some(principal.used_ms()).filter(|used_ms| *used_ms > 0),
            None => self.accounts.used_ms(key.id),
        };
        KeyView {
            policy: self.accounts.policy(key.id).clone(),
            used_ms,
            key,
        }
    }
}

impl Handler<ListKeys> for Accounts {
    type Result = MessageResult<ListKeys>;

    fn handle(&mut self, ListKeys(account): ListKeys, _: &mut Context<Self>) -> Self::Result {
        let keys = self.accounts.keys_of(account).cloned();
        MessageResult(keys.map(|key| self.view(key)).collect())
    }
}

impl Accounts {
    fn make(&mut self, make: MakeKey) -> Answer<(KeyView, ApiKey)> {
        let (account, maker) = (make.account, make.author.maker());
        let made = self
            .accounts
            .make_key(account, maker, &make.name, make.policy, clock::now_ms());
        if let Ok((key, _)) = &made {
            let deed = deed(make.author, Action::KeyCreated, account).with("key_id", key.id);
            self.accounts.note(&deed.with("said", &make.said));
        }
        self.commit(account)?;
        if let Ok((key, _)) = &made
            && make.tell == Tell::Owner
        {
            self.warn_of(make.author, Notice::KeyCreated(named(key)), account);
        }
        Ok(made.map(|(key, secret)| (self.view(key), secret)))
    }

    fn change_key(&mut self, ask: ChangeKey) -> Answer<KeyView> {
        let (account, maker) = (ask.account, ask.author.maker());
        let action = match ask.change.access {
            Some(Access::Disabled) => Action::KeyDisabled,
            Some(Access::Enabled) => Action::KeyEnabled,
            None => Action::KeyChanged,
        };
        let changed = self
            .accounts
            .change_key(account, maker, ask.key, ask.change);
        if changed.is_ok() {
            let deed = deed(ask.author, action, account).with("key_id", ask.key);
            self.accounts.note(&deed.with("said", &ask.said));
        }
        self.commit(account)?;
        if let Ok(key) = &changed
            && action == Action::KeyDisabled
        {
            self.warn_of(ask.author, Notice::KeyDisabled(named(key)), account);
        }
        Ok(changed.map(|key| self.view(key)))
    }

    fn delete_key(&mut self, ask: &DeleteKey) -> Answer<()> {
        let (account, maker) = (ask.account, ask.author.maker());
        let is_it = |key: &&Key| key.id == ask.key;
        let gone = self.accounts.keys_of(account).find(is_it).map(named);
        let deleted = self.accounts.delete_key(account, maker, ask.key);
        if deleted.is_ok() {
            let deed = deed(ask.author, Action::KeyDeleted, account);
            self.accounts.note(&deed.with("key_id", ask.key));
        }
        self.commit(account)?;
        if let (Ok(_), Some(key), Tell::Owner) = (&deleted, gone, ask.tell) {
            self.warn_of(ask.author, Notice::KeyDeleted(key), account);
        }
        Ok(deleted.map(drop))
    }

    /// Tells the owner what somebody did to a key. What the router does by itself is no news.
    fn warn_of(&mut self, author: Author, notice: Notice, account: AccountId) {
        match author.by {
            By::Router => {}
            By::Admin | By::Session { .. } | By::Key { .. } | By::Stripe | By::Stranger => {
                self.warn(account, &notice);
            }
        }
    }
}

impl Handler<MakeKey> for Accounts {
    type Result = MessageResult<MakeKey>;

    fn handle(&mut self, make: MakeKey, _: &mut Context<Self>) -> Self::Result {
        MessageResult(self.make(make))
    }
}

impl Handler<ChangeKey> for Accounts {
    type Result = MessageResult<ChangeKey>;

    fn handle(&mut self, change: ChangeKey, _: &mut Context<Self>) -> Self::Result {
        MessageResult(self.change_key(change))
    }
}

impl Handler<DeleteKey> for Accounts {
    type Result = MessageResult<DeleteKey>;

    fn handle(&mut self, delete: DeleteKey, _: &mut Context<Self>) -> Self::Result {
        MessageResult(self.delete_key(&delete))
    }
}
