//! Grants: credit that the operator gives, once per idempotency key.

use std::collections::{HashMap, VecDeque};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::transfer::Draft;
use super::{Book, Cause, Kind, LedgerAccount};
use crate::ids::AccountId;
use crate::money::Picodollars;
use crate::store::db::Batch;
use crate::store::key;

/// How long a grant's idempotency key is remembered: 30 days.
const REMEMBER_MS: u64 = 30 * 24 * 3600 * 1000;
/// Most that one account may ever be credited: half of what 64 bits hold, about 4.6 million USD.
const MOST_CREDIT: i128 = (i64::MAX / 2) as i128;
/// Longest idempotency key, in bytes.
const MOST_KEY_BYTES: usize = 255;
/// Longest reason, in bytes.
const MOST_REASON_BYTES: usize = 256;

/// Why a grant was refused. The operator's fault in all cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GrantError {
    /// Nothing or less was to be granted.
    #[error("a grant must be more than zero")]
    NotPositive,
    /// The account would have been credited more than can be counted.
    #[error("the account would exceed the most that can be credited, about 4.6 million USD")]
    TooMuch,
    /// The idempotency key is empty or too long.
    #[error("an idempotency key must have 1 to 255 bytes")]
    BadKey,
    /// The key was used for another amount or reason.
    #[error("this idempotency key was used for a different grant; use a new one")]
    Conflict,
}

/// A grant that was made, as it is stored for its idempotency key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Granted {
    account: AccountId,
    idempotency_key: String,
    /// SHA-256 of amount and reason.
    fingerprint: [u8; 32],
    /// What the account had available then.
    balance: Picodollars,
    expires_ms: u64,
}

impl Granted {
    /// Where it is stored.
    pub(crate) fn key(&self) -> Vec<u8> {
        key::grant(self.account, &self.idempotency_key)
    }
}

/// The grants whose idempotency keys are remembered.
#[derive(Debug, Default)]
pub(super) struct Grants {
    done: HashMap<(AccountId, String), Granted>,
    /// Oldest first.
    order: VecDeque<(u64, AccountId, String)>,
}

impl Grants {
    /// Remembers grants, given in any order at start-up and oldest first later.
    pub(super) fn restore(&mut self, mut grants: Vec<Granted>) {
        grants.sort_by_key(|grant| grant.expires_ms);
        for grant in grants {
            self.insert(grant);
        }
    }

    fn insert(&mut self, grant: Granted) {
        let (account, key) = (grant.account, grant.idempotency_key.clone());
        self.order
            .push_back((grant.expires_ms, account, key.clone()));
        self.done.insert((account, key), grant);
    }

    /// Forgets what is older than an idempotency key has to live.
    pub(super) fn forget(&mut self, now_ms: u64, batch: &mut Batch) {
        while self
            .order
            .front()
            .is_some_and(|(expires_ms, ..)| *expires_ms <= now_ms)
        {
            if let Some((_, account, key)) = self.order.pop_front() {
                batch.delete(key::grant(account, &key));
                self.done.remove(&(account, key));
            }
        }
    }
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
    ) -> Result<Picodollars, GrantError> {
        if idempotency_key.is_empty() || idempotency_key.len() > MOST_KEY_BYTES {
            return Err(GrantError::BadKey);
        }
        let fingerprint = fingerprint(amount, reason);
        let id = (account, idempotency_key.to_owned());
        if let Some(before) = self.grants.done.get(&id) {
            return if before.fingerprint == fingerprint {
                Ok(before.balance)
            } else {
                Err(GrantError::Conflict)
            };
        }
        if !amount.is_positive() {
            return Err(GrantError::NotPositive);
        }
        if self.balance(account).credits_posted + i128::from(amount.get()) > MOST_CREDIT {
            return Err(GrantError::TooMuch);
        }
        let reason = &reason[..reason.floor_char_boundary(MOST_REASON_BYTES)];
        let draft = Draft {
            kind: Kind::Grant,
            debit: LedgerAccount::Goodwill,
            credit: LedgerAccount::User(account),
            amount,
            cause: Cause::Operator {
                reason: reason.to_owned(),
            },
        };
        self.post(draft, now_ms);
        let granted = Granted {
            account,
            idempotency_key: id.1,
            fingerprint,
            balance: self.balance(account).available(),
            expires_ms: self.chain.time(now_ms).saturating_add(REMEMBER_MS),
        };
        let balance = granted.balance;
        self.batch.put(granted.key(), &granted);
        self.grants.insert(granted);
        Ok(balance)
    }
}

fn fingerprint(amount: Picodollars, reason: &str) -> [u8; 32] {
    Sha256::new()
        .chain_update(amount.get().to_be_bytes())
        .chain_update(reason)
        .finalize()
        .into()
}
