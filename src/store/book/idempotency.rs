//! Idempotency: an operation with a key is done once, and said again it answers the same.

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Book, Fingerprint};
use crate::ids::AccountId;
use crate::money::Picodollars;
use crate::store::db::Batch;
use crate::store::key;

/// Shortest life of a key: 24 hours.
const LEAST_MS: u64 = 24 * 3600 * 1000;
/// How long the operator's keys and the card processor's events are remembered: 30 days.
pub(super) const MONTH_MS: u64 = 30 * 24 * 3600 * 1000;
/// Longest key, in bytes.
const MOST_KEY_BYTES: usize = 255;
/// Longest answer that is kept, in bytes.
const MOST_ANSWER_BYTES: usize = 16 << 10;

/// What a key is unique in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Credit that the operator gives to this account.
    Grant(AccountId),
    /// Corrections of this account's balance.
    Adjust(AccountId),
    /// The card processor's events; stored apart, as `w/<event>`.
    Event,
    /// What this account asks of a route that moves money.
    Route(AccountId),
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Grant(account) => write!(f, "credit/{account}"),
            Self::Adjust(account) => write!(f, "adjust/{account}"),
            Self::Event => f.write_str("event"),
            Self::Route(account) => write!(f, "route/{account}"),
        }
    }
}

/// What an operation came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// What the account had available afterwards.
    Balance(Picodollars),
    /// An answer in the words of whoever asked. Cut when it is longer than 16 KiB.
    Answer(String),
}

/// Whether an operation is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// The key is new: do it, then say [`Book::finish`].
    First,
    /// The process that began it ended before it was done, or before it said so. Do it again with
    /// the same keys towards others, who may have heard of it, then say [`Book::finish`].
    Again,
    /// It was done: answer this.
    Done(Outcome),
}

/// Why a key cannot be used. The caller's to mend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Empty or too long.
    #[error("an idempotency key must have 1 to 255 bytes")]
    Unusable,
    /// The key was used with other parameters.
    #[error("this idempotency key was used for something else; use a new one")]
    Conflict,
    /// The first operation with this key has not ended yet.
    #[error("the request with this idempotency key is still running; wait for it to end")]
    Running,
}

/// A key that was used, as it is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Remembered {
    scope: Scope,
    key: String,
    fingerprint: Fingerprint,
    state: State,
    expires_ms: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Running,
    Done(Outcome),
    /// Running when an earlier process ended; only said in memory.
    #[serde(skip)]
    CutOff,
}

impl Remembered {
    /// As it is after a restart: what ran has ended with the process that ran it.
    pub(crate) fn after_restart(self) -> Self {
        let state = match self.state {
            State::Running => State::CutOff,
            State::Done(_) | State::CutOff => self.state,
        };
        Self { state, ..self }
    }

    /// Where it is stored.
    pub(crate) fn key(&self) -> Vec<u8> {
        key::remembered(&self.scope, &self.key)
    }
}

/// A grant's idempotency key, as the first two schemas stored it under `i/grant/`.
#[derive(Serialize, Deserialize)]
pub(crate) struct GrantedV1 {
    pub account: AccountId,
    pub idempotency_key: String,
    pub fingerprint: Fingerprint,
    pub balance: Picodollars,
    pub expires_ms: u64,
}

impl From<GrantedV1> for Remembered {
    fn from(old: GrantedV1) -> Self {
        Self {
            scope: Scope::Grant(old.account),
            key: old.idempotency_key,
            fingerprint: old.fingerprint,
            state: State::Done(Outcome::Balance(old.balance)),
            expires_ms: old.expires_ms,
        }
    }
}

/// The keys that are remembered.
#[derive(Debug, Default)]
pub(super) struct Memory {
    rows: HashMap<(Scope, String), Remembered>,
    expiry: BTreeSet<(u64, Scope, String)>,
}

impl Memory {
    /// What is known of a key, if these are its parameters.
    pub(super) fn look_up(
        &self,
        scope: &Scope,
        key: &str,
        fingerprint: Fingerprint,
    ) -> Result<Option<Outcome>, KeyError> {
        if key.is_empty() || key.len() > MOST_KEY_BYTES {
            return Err(KeyError::Unusable);
        }
        let Some(row) = self.rows.get(&(scope.clone(), key.to_owned())) else {
            return Ok(None);
        };
        if row.fingerprint != fingerprint {
            return Err(KeyError::Conflict);
        }
        match &row.state {
            State::Running => Err(KeyError::Running),
            State::Done(outcome) => Ok(Some(outcome.clone())),
            State::CutOff => Ok(None),
        }
    }

    pub(super) fn has(&self, scope: &Scope, key: &str) -> bool {
        self.rows.contains_key(&(scope.clone(), key.to_owned()))
    }

    /// Lets a running key be begun again by whoever comes next. It needs no write: a key that is
    /// stored as running can be begun again after a restart anyway.
    pub(super) fn release(&mut self, scope: &Scope, key: &str) {
        let row = self.rows.get_mut(&(scope.clone(), key.to_owned()));
        if let Some(row) = row
            && matches!(row.state, State::Running)
        {
            row.state = State::CutOff;
        }
    }

    /// Forgets a key before its time.
    pub(super) fn remove(&mut self, scope: &Scope, key: &str, batch: &mut Batch) {
        if let Some(row) = self.rows.remove(&(scope.clone(), key.to_owned())) {
            let place = (row.expires_ms, scope.clone(), key.to_owned());
            self.expiry.remove(&place);
            batch.delete(row.key());
        }
    }

    pub(super) fn insert(&mut self, row: Remembered) {
        let id = (row.scope.clone(), row.key.clone());
        if let Some(before) = self.rows.get(&id) {
            self.expiry
                .remove(&(before.expires_ms, id.0.clone(), id.1.clone()));
        }
        self.expiry
            .insert((row.expires_ms, id.0.clone(), id.1.clone()));
        self.rows.insert(id, row);
    }

    /// Forgets keys that are old enough, so many at the most.
    pub(super) fn forget(&mut self, now_ms: u64, most: usize, batch: &mut Batch) {
        for _ in 0..most {
            if self.expiry.first().is_none_or(|(at, ..)| *at > now_ms) {
                break;
            }
            if let Some((_, scope, key)) = self.expiry.pop_first() {
                batch.delete(key::remembered(&scope, &key));
                self.rows.remove(&(scope, key));
            }
        }
    }
}

impl Book {
    /// Takes a key for an operation that takes longer than one call. Durable with the next commit;
    /// nothing is to be done before that.
    pub fn begin(
        &mut self,
        scope: Scope,
        key: &str,
        fingerprint: Fingerprint,
        keep_ms: u64,
        now_ms: u64,
    ) -> Result<Begun, KeyError> {
        if let Some(outcome) = self.memory.look_up(&scope, key, fingerprint)? {
            return Ok(Begun::Done(outcome));
        }
        let begun = if self.memory.has(&scope, key) {
            Begun::Again
        } else {
            Begun::First
        };
        self.remember(scope, key, fingerprint, State::Running, keep_ms, now_ms);
        Ok(begun)
    }

    /// Says what an operation came to. A key that nobody of this process runs stays as it is.
    pub fn finish(&mut self, scope: &Scope, key: &str, outcome: Outcome) {
        let Some(row) = self.memory.rows.get_mut(&(scope.clone(), key.to_owned())) else {
            return;
        };
        match row.state {
            State::Done(_) | State::CutOff => {}
            State::Running => {
                row.state = State::Done(bounded(outcome));
                self.batch.put(row.key(), row);
            }
        }
    }

    /// Remembers an operation that began and ended in this call.
    pub(super) fn remember_done(
        &mut self,
        scope: Scope,
        key: &str,
        fingerprint: Fingerprint,
        outcome: Outcome,
        now_ms: u64,
    ) {
        let done = State::Done(bounded(outcome));
        self.remember(scope, key, fingerprint, done, MONTH_MS, now_ms);
    }

    fn remember(
        &mut self,
        scope: Scope,
        key: &str,
        fingerprint: Fingerprint,
        state: State,
        keep_ms: u64,
        now_ms: u64,
    ) {
        let row = Remembered {
            scope,
            key: key.to_owned(),
            fingerprint,
            state,
            expires_ms: self.tick(now_ms).saturating_add(keep_ms.max(LEAST_MS)),
        };
        self.batch.put(row.key(), &row);
        self.memory.insert(row);
    }
}

fn bounded(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Balance(balance) => Outcome::Balance(balance),
        Outcome::Answer(mut text) => {
            text.truncate(text.floor_char_boundary(MOST_ANSWER_BYTES));
            Outcome::Answer(text)
        }
    }
}
