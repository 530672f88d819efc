//! The audit log: who did what to accounts, keys and money, a row for each deed. A request's charge is
//! not in it; the ledger's transfers are its record.

mod action;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use action::Action;

use super::db::{Batch, Db};
use super::error::StoreError;
use super::keys::Maker;
use super::records::Pruned;
use super::{codec, key};
use crate::ids::{AccountId, AuditId, KeyId, RequestId, SessionId};

/// Longest text of a detail, in bytes; longer ones are cut.
const MOST_DETAIL_BYTES: usize = 1024;
/// Rows that one page looks through at the most, however few of them it wants.
const MOST_LOOKED_THROUGH: usize = 5000;

/// Who did something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// The operator, with the admin token.
    Admin,
    /// Someone who has signed in as the customer.
    Session {
        /// The customer.
        account: AccountId,
        /// The session.
        session: SessionId,
    },
    /// One of the customer's keys.
    Key {
        /// The customer.
        account: AccountId,
        /// The key.
        key: KeyId,
    },
    /// The card processor, by a signed message.
    Stripe,
    /// The router by itself.
    Router,
    /// Somebody who could not show who they are.
    Stranger,
}

/// Who does something, and in which request.
#[derive(Clone, Copy, Debug)]
pub struct Author {
    /// Who.
    pub by: By,
    /// In which request, if it is one.
    pub request: Option<RequestId>,
}

impl Author {
    /// The router by itself, in no request.
    pub const ROUTER: Self = Self {
        by: By::Router,
        request: None,
    };

    /// Whose rights bound what keys may be given.
    pub fn maker(&self) -> Maker {
        match self.by {
            By::Key { key, .. } => Maker::Key(key),
            By::Admin | By::Session { .. } | By::Stripe | By::Router | By::Stranger => Maker::Owner,
        }
    }
}

/// A row of the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deed {
    /// Its id, in time order.
    pub id: AuditId,
    /// When, in milliseconds since 1970.
    pub time_ms: u64,
    /// Who did it.
    pub by: By,
    /// What.
    pub action: Action,
    /// To which account, if to one.
    pub account: Option<AccountId>,
    /// In which request, if it was one.
    pub request: Option<RequestId>,
    /// What more there is to say, never a secret: names and texts.
    pub details: Vec<(String, String)>,
}

impl Deed {
    /// Something that was done now.
    pub fn new(author: Author, action: Action, account: Option<AccountId>, now_ms: u64) -> Self {
        Self {
            id: AuditId::at(now_ms),
            time_ms: now_ms,
            by: author.by,
            action,
            account,
            request: author.request,
            details: Vec::new(),
        }
    }

    /// Says more about it. The text is cut when it is long.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl fmt::Display) -> Self {
        let mut text = value.to_string();
        text.truncate(text.floor_char_boundary(MOST_DETAIL_BYTES));
        self.details.push((name.to_owned(), text));
        self
    }

    /// Writes it with whatever the batch makes durable.
    pub(super) fn put(&self, batch: &mut Batch) {
        if let Some(account) = self.account {
            batch.put(key::account_deed(account, self.id), &());
        }
        batch.put(key::deed(self.id), self);
    }

    pub(super) fn read(db: &Db, id: AuditId) -> Result<Option<Self>, StoreError> {
        let key = key::deed(id);
        db.get(&key)?
            .map(|bytes| codec::decode(&key, &bytes))
            .transpose()
    }
}

/// Which rows are wanted; `None` is all.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sought {
    /// Only those about an account.
    pub account: Option<AccountId>,
    /// Only those of an action.
    pub action: Option<Action>,
    /// Only those from this moment on, in milliseconds since 1970.
    pub since_ms: Option<u64>,
    /// Only those before this moment, in milliseconds since 1970.
    pub until_ms: Option<u64>,
    /// Only those older than this row.
    pub before: Option<AuditId>,
}

/// A page of the audit log, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deeds {
    /// The rows.
    pub deeds: Vec<Deed>,
    /// Where the next page begins; `None` when there is no older one.
    pub before: Option<AuditId>,
}

impl super::Archive {
    /// The rows that are sought, at most `limit` of them. A page may have fewer, even none, and still
    /// another page behind it: it looks through a bounded number of rows.
    pub fn deeds(&self, sought: &Sought, limit: usize) -> Result<Deeds, StoreError> {
        let first = AuditId::first_at(sought.since_ms.unwrap_or(0));
        let end = AuditId::first_at(sought.until_ms.unwrap_or(u64::MAX));
        let end = sought.before.map_or(end, |before| before.min(end));
        let mut page = Deeds {
            deeds: Vec::new(),
            before: None,
        };
        if first >= end {
            return Ok(page);
        }
        let range = match sought.account {
            Some(account) => key::account_deed(account, first)..key::account_deed(account, end),
            None => key::deed(first)..key::deed(end),
        };
        let mut looked = 0;
        for row in self.db().range(range)?.rev() {
            let (key, _) = row?;
            let indexed = key::account_deed_of(&key).map(|(_, id)| id);
            let id = indexed.or_else(|| key::deed_of(&key));
            let id = id.ok_or_else(|| not_a_deed(&key))?;
            // Between the two reads it may have been pruned.
            let deed = Deed::read(self.db(), id)?;
            let wanted = |deed: &Deed| sought.action.is_none_or(|action| deed.action == action);
            page.deeds.extend(deed.filter(wanted));
            looked += 1;
            if page.deeds.len() == limit || looked == MOST_LOOKED_THROUGH {
                page.before = Some(id);
                break;
            }
        }
        Ok(page)
    }
}

/// One step of pruning: the oldest rows from before a moment, at most `most` of them.
pub fn prune_deeds(db: &Db, before_ms: u64, most: usize) -> Result<Pruned, StoreError> {
    let range = key::deed(AuditId::first_at(0))..key::deed(AuditId::first_at(before_ms));
    let mut pruned = Pruned::default();
    for row in db.range(range)?.take(most) {
        let (key, value) = row?;
        let Ok(deed) = codec::decode::<Deed>(&key, &value) else {
            pruned.damaged += 1;
            continue;
        };
        if let Some(account) = deed.account {
            pruned.batch.delete(key::account_deed(account, deed.id));
        }
        pruned.batch.delete(key);
        pruned.records += 1;
    }
    Ok(pruned)
}

fn not_a_deed(key: &[u8]) -> StoreError {
    StoreError::Corrupt {
        key: codec::show(key),
        reason: "not the id of a row of the audit log",
    }
}

#[cfg(test)]
#[path = "audit_tests.rs"]
mod tests;
