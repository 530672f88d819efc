//! Balances and open holds, and the only operations that move money between them.
//!
//! Rules live elsewhere: this is the arithmetic that booking and verifying share.

use serde::{Deserialize, Serialize};

use super::account::LedgerAccount;
use super::cap::Payer;
use super::kind::Cause;
use crate::ids::{AccountId, GenerationId, IdMap, IdSet, KeyId};
use crate::money::Picodollars;
use crate::store::Day;
use crate::store::spend::SpendLimits;

/// The four counters of an account, in pico-dollars. They are wide because they only grow: no
/// lifetime total overflows, while every amount and every customer's balance fits 64 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Balance {
    pub(crate) debits_pending: i128,
    pub(crate) debits_posted: i128,
    pub(crate) credits_pending: i128,
    pub(crate) credits_posted: i128,
}

impl Balance {
    /// Everything that was ever credited.
    pub fn credits_posted(&self) -> Picodollars {
        narrow(self.credits_posted)
    }

    /// Everything that was ever debited; for a customer, what was spent.
    pub fn debits_posted(&self) -> Picodollars {
        narrow(self.debits_posted)
    }

    /// What open holds keep back.
    pub fn debits_pending(&self) -> Picodollars {
        narrow(self.debits_pending)
    }

    /// The balance without regard to holds.
    pub fn posted(&self) -> Picodollars {
        narrow(self.credits_posted - self.debits_posted)
    }

    /// What can be held or spent now.
    pub fn available(&self) -> Picodollars {
        narrow(self.credits_posted - self.debits_posted - self.debits_pending)
    }
}

/// Held at the ends of the range.
pub(super) fn narrow(wide: i128) -> Picodollars {
    let least = Picodollars::new(i64::MIN);
    Picodollars::from_wide(wide).unwrap_or(if wide < 0 { least } else { Picodollars::MAX })
}

/// Credit that is kept back for a running generation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hold {
    pub account: AccountId,
    pub key: KeyId,
    /// The dearest candidate's provider; whom we may owe when the hold is orphaned.
    pub creditor: LedgerAccount,
    /// All of it, extensions included.
    pub amount: Picodollars,
    /// Number of its last extension; 0 before the first.
    pub extended: u32,
    /// The day that it was opened on, and that its charge counts on.
    pub day: Day,
    /// What the customer may spend on that day; not stored, because no hold outlives a restart.
    pub daily_limit: Option<Picodollars>,
    /// What its key may spend; not stored either.
    pub key_limits: SpendLimits,
    pub expires_ms: u64,
    /// The transfer that opened it.
    pub seq: u64,
    pub cause: Cause,
}

impl Hold {
    pub(super) fn payer(&self) -> Payer {
        Payer {
            account: self.account,
            key: self.key,
            daily_limit: self.daily_limit,
            key_limits: self.key_limits,
        }
    }

    pub(crate) fn user(&self) -> LedgerAccount {
        LedgerAccount::User(self.account)
    }
}

/// Debits less credits over all accounts. Both are zero at all times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TrialBalance {
    /// Of posted transfers, in pico-dollars.
    pub posted: i128,
    /// Of open holds, in pico-dollars.
    pub pending: i128,
}

impl TrialBalance {
    /// Whether the books balance.
    pub fn is_zero(&self) -> bool {
        self.posted == 0 && self.pending == 0
    }
}

/// All balances and open holds.
#[derive(Debug, Default)]
pub(crate) struct Balances {
    accounts: IdMap<LedgerAccount, Balance>,
    holds: IdMap<GenerationId, Hold>,
    open: IdMap<AccountId, usize>,
    /// Accounts that changed since [`Balances::take_changed`].
    changed: IdSet<LedgerAccount>,
}

impl Balances {
    pub(crate) fn of(&self, account: &LedgerAccount) -> Balance {
        self.accounts.get(account).copied().unwrap_or_default()
    }

    pub(crate) fn hold(&self, generation: GenerationId) -> Option<&Hold> {
        self.holds.get(&generation)
    }

    pub(crate) fn holds(&self) -> impl Iterator<Item = (GenerationId, &Hold)> {
        self.holds.iter().map(|(id, hold)| (*id, hold))
    }

    pub(crate) fn accounts(&self) -> impl Iterator<Item = (&LedgerAccount, &Balance)> {
        self.accounts.iter()
    }

    /// Number of open holds of a customer.
    pub(crate) fn open_holds(&self, account: AccountId) -> usize {
        self.open.get(&account).copied().unwrap_or_default()
    }

    /// Posted counters as they were stored.
    pub(crate) fn restore_posted(&mut self, account: LedgerAccount, stored: &Balance) {
        let balance = self.accounts.entry(account).or_default();
        balance.debits_posted = stored.debits_posted;
        balance.credits_posted = stored.credits_posted;
    }

    /// Keeps the hold's amount back. The generation has no hold yet.
    pub(crate) fn open(&mut self, generation: GenerationId, hold: Hold) {
        let amount = i128::from(hold.amount.get());
        self.change(hold.user()).debits_pending += amount;
        self.change(hold.creditor.clone()).credits_pending += amount;
        *self.open.entry(hold.account).or_default() += 1;
        self.holds.insert(generation, hold);
    }

    /// Keeps more back for a generation and counts the extension. Answers with the whole hold, if
    /// there is one.
    pub(crate) fn enlarge(
        &mut self,
        generation: GenerationId,
        number: u32,
        more: Picodollars,
    ) -> Option<Hold> {
        let hold = self.holds.get_mut(&generation)?;
        hold.amount = hold.amount.saturating_add(more);
        hold.extended = number;
        let hold = hold.clone();
        let more = i128::from(more.get());
        self.change(hold.user()).debits_pending += more;
        self.change(hold.creditor.clone()).credits_pending += more;
        Some(hold)
    }

    /// Gives the whole hold back, if there is one.
    pub(crate) fn close(&mut self, generation: GenerationId) -> Option<Hold> {
        let hold = self.holds.remove(&generation)?;
        let amount = i128::from(hold.amount.get());
        self.change(hold.user()).debits_pending -= amount;
        self.change(hold.creditor.clone()).credits_pending -= amount;
        match self.open_holds(hold.account) {
            0 | 1 => drop(self.open.remove(&hold.account)),
            more => drop(self.open.insert(hold.account, more - 1)),
        }
        Some(hold)
    }

    /// Moves money for good.
    pub(crate) fn post(
        &mut self,
        debit: &LedgerAccount,
        credit: &LedgerAccount,
        amount: Picodollars,
    ) {
        let amount = i128::from(amount.get());
        self.change(debit.clone()).debits_posted += amount;
        self.change(credit.clone()).credits_posted += amount;
    }

    pub(crate) fn trial_balance(&self) -> TrialBalance {
        let mut sum = TrialBalance::default();
        for balance in self.accounts.values() {
            sum.posted += balance.debits_posted - balance.credits_posted;
            sum.pending += balance.debits_pending - balance.credits_pending;
        }
        sum
    }

    /// The accounts that changed since the last call.
    pub(crate) fn take_changed(&mut self) -> IdSet<LedgerAccount> {
        std::mem::take(&mut self.changed)
    }

    fn change(&mut self, account: LedgerAccount) -> &mut Balance {
        if !self.changed.contains(&account) {
            self.changed.insert(account.clone());
        }
        self.accounts.entry(account).or_default()
    }
}
