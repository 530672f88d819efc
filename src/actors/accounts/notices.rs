//! Mails about an account's safety, as far as its owner wants them, a bounded number an hour.

use std::collections::HashMap;

use super::{Accounts, clock};
use crate::actors::mailer::Send;
use crate::ids::AccountId;
use crate::mail::{Mail, NamedKey, Notice};
use crate::store::{Account, Key, Pace, Recent, Switch};

/// Notices of one account: whoever changes keys all the time is not mailed all the time.
const PACE: Pace = Pace {
    most: 20,
    window_ms: 3600 * 1000,
};

/// How many notices each account got lately.
#[derive(Default)]
pub(super) struct Mailed(HashMap<AccountId, Recent>);

impl Mailed {
    fn admit(&mut self, account: AccountId, now_ms: u64) -> bool {
        let recent = self.0.entry(account).or_default();
        recent.admit(PACE, now_ms).is_ok()
    }

    /// Forgets accounts that got none for long.
    pub(super) fn forget(&mut self, now_ms: u64) {
        self.0.retain(|_, recent| !recent.is_over(PACE, now_ms));
    }
}

/// A key as a notice names it.
pub(super) fn named(key: &Key) -> NamedKey {
    NamedKey {
        name: key.name.clone(),
        hint: key.hint.clone(),
    }
}

impl Accounts {
    /// Mails a notice to an account's owner who wants to hear of its safety. Nobody waits for it.
    pub(super) fn warn(&mut self, account: AccountId, notice: &Notice) {
        if let Some(owner) = self.reachable(account) {
            self.mail(&owner, notice);
        }
    }

    /// The account, when its owner wants to hear of its safety.
    pub(super) fn reachable(&self, account: AccountId) -> Option<Account> {
        match self.accounts.settings(account).notifications.security {
            Switch::On => self.accounts.account(account).cloned(),
            Switch::Off => None,
        }
    }

    /// Mails a notice. Addresses that the operator gave may be none that mail reaches.
    pub(super) fn mail(&mut self, owner: &Account, notice: &Notice) {
        let Ok(to) = owner.email.parse() else {
            return;
        };
        if self.mailed.admit(owner.id, clock::now_ms()) {
            let mail = Mail::notice(to, notice, &self.door.site);
            self.door.mailer.do_send(Send(mail));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_gets_so_many_an_hour_and_others_are_not_concerned() {
        let (mut mailed, account) = (Mailed::default(), AccountId::new());
        for _ in 0..PACE.most {
            assert!(mailed.admit(account, 0));
        }
        assert!(!mailed.admit(account, 1) && mailed.admit(AccountId::new(), 1));
        mailed.forget(PACE.window_ms + 1);
        assert!(mailed.0.is_empty());
    }
}
