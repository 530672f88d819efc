//! Credit by hand: what the operator gives, and corrections in both directions, once per key.

use super::fingerprint::Fingerprint;
use super::idempotency::{KeyError, Outcome, Scope};
use super::transfer::Draft;
use super::{Book, Cause, Kind, LedgerAccount};
use crate::ids::AccountId;
use crate::money::Picodollars;

/// Most that one account may ever be credited: half of what 64 bits hold, about 4.6 million USD.
const MOST_CREDIT: i128 = (i64::MAX / 2) as i128;

/// Why credit was neither given nor taken. The operator's fault in all cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CreditError {
    /// Nothing or less was to be granted.
    #[error("a grant must be more than zero")]
    NotPositive,
    /// Nothing was to be corrected.
    #[error("a correction must not be zero")]
    Zero,
    /// The account would have been credited more than can be counted.
    #[error("the account would exceed the most that can be credited, about 4.6 million USD")]
    TooMuch,
    /// More was to be taken than there is.
    #[error("only {available} USD are available, and a balance never goes below zero")]
    TooLittle {
        /// What could be taken.
        available: Picodollars,
    },
    /// A correction without words.
    #[error("a correction needs a reason")]
    NoReason,
    /// The idempotency key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl Book {
    /// Credits a customer at our expense and says what is available then. Said again with the
    /// same idempotency key, it changes nothing and answers the same.
    pub fn grant(
        &mut self,
        account: AccountId,
        amount: Picodollars,
        idempotency_key: &str,
        reason: &str,
        now_ms: u64,
    ) -> Result<Picodollars, CreditError> {
        let scope = Scope::Grant(account);
        let fingerprint = Fingerprint::of_credit(amount, reason);
        if let Some(before) = self.answered(&scope, idempotency_key, fingerprint)? {
            return Ok(before);
        }
        if !amount.is_positive() {
            return Err(CreditError::NotPositive);
        }
        self.check_credit(account, amount)?;
        let draft = Draft {
            kind: Kind::Grant,
            debit: LedgerAccount::Goodwill,
            credit: LedgerAccount::User(account),
            amount,
            cause: Cause::operator(reason),
        };
        self.post(draft, now_ms);
        Ok(self.balance_as_outcome(account, scope, idempotency_key, fingerprint, now_ms))
    }

    /// Corrects a customer's balance by so much, up or down, and says what is available then. More
    /// than is available is never taken. Idempotent as [`Book::grant`] is.
    pub fn adjust(
        &mut self,
        account: AccountId,
        amount: Picodollars,
        idempotency_key: &str,
        reason: &str,
        now_ms: u64,
    ) -> Result<Picodollars, CreditError> {
        let scope = Scope::Adjust(account);
        let fingerprint = Fingerprint::of_credit(amount, reason);
        if let Some(before) = self.answered(&scope, idempotency_key, fingerprint)? {
            return Ok(before);
        }
        if reason.trim().is_empty() {
            return Err(CreditError::NoReason);
        }
        let user = LedgerAccount::User(account);
        let (debit, credit, size) = if amount.is_positive() {
            self.check_credit(account, amount)?;
            (LedgerAccount::Goodwill, user, amount)
        } else {
            let size = Picodollars::ZERO.checked_sub(amount);
            let size = size.ok_or(CreditError::TooMuch)?;
            let available = self.balance(account).available();
            if size > available {
                return Err(CreditError::TooLittle { available });
            }
            (user, LedgerAccount::Goodwill, size)
        };
        if size == Picodollars::ZERO {
            return Err(CreditError::Zero);
        }
        let draft = Draft {
            kind: Kind::Adjust,
            debit,
            credit,
            amount: size,
            cause: Cause::operator(reason),
        };
        self.post(draft, now_ms);
        Ok(self.balance_as_outcome(account, scope, idempotency_key, fingerprint, now_ms))
    }

    /// Refuses credit that takes the account beyond what can be counted.
    pub(super) fn check_credit(
        &self,
        account: AccountId,
        amount: Picodollars,
    ) -> Result<(), CreditError> {
        if self.balance(account).credits_posted + i128::from(amount.get()) > MOST_CREDIT {
            return Err(CreditError::TooMuch);
        }
        Ok(())
    }

    /// The balance that an operation with this key came to before.
    pub(super) fn answered(
        &self,
        scope: &Scope,
        key: &str,
        fingerprint: Fingerprint,
    ) -> Result<Option<Picodollars>, KeyError> {
        match self.memory.look_up(scope, key, fingerprint)? {
            None => Ok(None),
            Some(Outcome::Balance(balance)) => Ok(Some(balance)),
            // Nobody answers these scopes in words.
            Some(Outcome::Answer(_)) => Err(KeyError::Conflict),
        }
    }

    /// Remembers what is available now as the outcome of an operation.
    pub(super) fn balance_as_outcome(
        &mut self,
        account: AccountId,
        scope: Scope,
        key: &str,
        fingerprint: Fingerprint,
        now_ms: u64,
    ) -> Picodollars {
        let balance = self.balance(account).available();
        let outcome = Outcome::Balance(balance);
        self.remember_done(scope, key, fingerprint, outcome, now_ms);
        balance
    }
}
