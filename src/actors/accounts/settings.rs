//! Accounts as a whole, as their actor shows, changes, switches off and deletes them.

use actix::{Context, Handler, Message, MessageResult};

use super::{Accounts, StorageDown, deed, limited};
use crate::actors::ledger::ForgetDeclines;
use crate::ids::AccountId;
use crate::mail::Notice;
use crate::money::Picodollars;
use crate::store::{
    Access, Account, AccountChange, AccountError, Action, Author, Settings, Switch, Telemetry,
};

/// An account as its owner sees it.
#[derive(Clone, Debug)]
pub struct AccountView {
    /// Who it is.
    pub account: Account,
    /// What it may spend on one UTC day, if that is limited.
    pub daily_limit: Option<Picodollars>,
    /// Its settings.
    pub settings: Settings,
    /// Where its traces go, if they go anywhere.
    pub telemetry: Option<Telemetry>,
}

/// Asks for an account.
#[derive(Message)]
#[rtype(result = "Option<AccountView>")]
pub struct ShowAccount(pub AccountId);

/// Asks for accounts whose id is this or whose address has this in it, in the order in which they were
/// made, and how many there are.
#[derive(Message)]
#[rtype(result = "(Vec<AccountView>, usize)")]
pub struct FindAccounts {
    /// What is looked for; an empty text finds all.
    pub query: String,
    /// So many at the most.
    pub limit: usize,
}

/// Changes an account, all of it or nothing. It holds for requests that come after the answer.
#[derive(Message)]
#[rtype(result = "Result<Result<AccountView, AccountError>, StorageDown>")]
pub struct ChangeAccount {
    /// Which one.
    pub account: AccountId,
    /// What is changed.
    pub change: AccountChange,
    /// The same in the words of whoever asks, for the audit log.
    pub said: String,
    /// Who asks.
    pub author: Author,
}

/// What the operator changes about an account, all of it or nothing; `None` stays. Switching it off
/// also signs it out everywhere. It holds for requests that come after the answer.
#[derive(Message)]
#[rtype(result = "Result<Result<(), AccountError>, StorageDown>")]
pub struct OverruleAccount {
    /// Which one.
    pub account: AccountId,
    /// What it may spend on one UTC day; `Some(None)` lifts the limit.
    pub daily_limit: Option<Option<Picodollars>>,
    /// Whether it may be used.
    pub access: Option<Access>,
    /// Who says so.
    pub author: Author,
}

/// Deletes an account: its keys and sessions are dead, its address is free. The ledger keeps its
/// rows under the id.
#[derive(Message)]
#[rtype(result = "Result<Result<(), AccountError>, StorageDown>")]
pub struct DeleteAccount {
    /// Which one.
    pub account: AccountId,
    /// Its address, said again by whoever means it.
    pub email: String,
    /// Who deletes it.
    pub author: Author,
}

impl Accounts {
    fn show(&self, id: AccountId) -> Option<AccountView> {
        Some(AccountView {
            account: self.accounts.account(id)?.clone(),
            daily_limit: self.accounts.daily_limit(id),
            settings: self.accounts.settings(id),
            telemetry: self.accounts.telemetry(id).cloned(),
        })
    }

    fn change(&mut self, ask: ChangeAccount) -> Result<AccountView, AccountError> {
        let id = ask.account;
        let before = self.accounts.settings(id).auto_recharge;
        self.accounts.change_account(id, ask.change)?;
        let after = self.accounts.settings(id).auto_recharge;
        let action = if before == after {
            Action::AccountChanged
        } else {
            Action::RechargeChanged
        };
        let deed = deed(ask.author, action, id);
        self.accounts.note(&deed.with("said", &ask.said));
        self.show(id).ok_or(AccountError::NoSuchAccount)
    }

    fn note_overruling(&mut self, change: &OverruleAccount) {
        let (id, author) = (change.account, change.author);
        if let Some(daily_limit) = change.daily_limit {
            let deed = deed(author, Action::AccountChanged, id);
            self.accounts.note(&limited(deed, daily_limit));
        }
        match change.access {
            Some(Access::Enabled) => {
                self.accounts
                    .note(&deed(author, Action::AccountEnabled, id));
            }
            Some(Access::Disabled) => {
                self.accounts
                    .note(&deed(author, Action::AccountDisabled, id));
            }
            None => {}
        }
    }

    /// Signs an account out everywhere, as soon as that is written.
    fn commit_and_sign_out(&mut self, id: AccountId) -> Result<(), StorageDown> {
        let ended = self.door.visitors.end_all(id);
        self.commit(id)?;
        self.door.close(&ended);
        Ok(())
    }
}

impl Handler<ShowAccount> for Accounts {
    type Result = MessageResult<ShowAccount>;

    fn handle(&mut self, ShowAccount(id): ShowAccount, _: &mut Context<Self>) -> Self::Result {
        MessageResult(self.show(id))
    }
}

impl Handler<FindAccounts> for Accounts {
    type Result = MessageResult<FindAccounts>;

    fn handle(&mut self, find: FindAccounts, _: &mut Context<Self>) -> Self::Result {
        let query = find.query.trim().to_lowercase();
        let found = self.accounts.accounts().filter(|account| {
            account.email.to_lowercase().contains(&query)
                || account.id.to_string().to_lowercase() == query
        });
        let mut found: Vec<AccountId> = found.map(|account| account.id).collect();
        found.sort_unstable();
        let all = found.len();
        found.truncate(find.limit);
        let views = found.into_iter().filter_map(|id| self.show(id));
        MessageResult((views.collect(), all))
    }
}

impl Handler<ChangeAccount> for Accounts {
    type Result = MessageResult<ChangeAccount>;

    fn handle(&mut self, ask: ChangeAccount, _: &mut Context<Self>) -> Self::Result {
        let account = ask.account;
        let is_aimed = ask.change.telemetry.is_some();
        let recharge = ask.change.auto_recharge.state;
        let changed = self.change(ask);
        let committed = self.commit(account);
        if changed.is_ok() && committed.is_ok() {
            if recharge == Some(Switch::On) {
                self.door.ledger.do_send(ForgetDeclines(account));
            }
            if is_aimed {
                self.aim(account);
            }
        }
        MessageResult(committed.map(|()| changed))
    }
}

impl Handler<OverruleAccount> for Accounts {
    type Result = Result<Result<(), AccountError>, StorageDown>;

    fn handle(&mut self, change: OverruleAccount, _: &mut Context<Self>) -> Self::Result {
        let id = change.account;
        let changed = self
            .accounts
            .overrule(id, change.daily_limit, change.access);
        if let Err(error) = changed {
            return Ok(Err(error));
        }
        self.note_overruling(&change);
        match change.access {
            None | Some(Access::Enabled) => self.commit(id).map(Ok),
            Some(Access::Disabled) => self.commit_and_sign_out(id).map(Ok),
        }
    }
}

impl Handler<DeleteAccount> for Accounts {
    type Result = Result<Result<(), AccountError>, StorageDown>;

    fn handle(&mut self, delete: DeleteAccount, _: &mut Context<Self>) -> Self::Result {
        let id = delete.account;
        let owner = self.reachable(id);
        if let Err(error) = self.accounts.delete(id, &delete.email) {
            return Ok(Err(error));
        }
        let left = self.purses.of(id).posted();
        let deed = deed(delete.author, Action::AccountDeleted, id);
        self.accounts.note(&deed.with("balance_usd", left));
        self.commit_and_sign_out(id)?;
        self.aim(id);
        self.allowances.forget(id);
        self.door.ledger.do_send(ForgetDeclines(id));
        if let Some(owner) = owner {
            self.mail(&owner, &Notice::AccountDeleted);
        }
        Ok(Ok(()))
    }
}
