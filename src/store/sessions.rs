//! Sessions of people who have signed in: opened, seen, ended, kept for 30 days without a visit.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::db::{Batch, Db};
use super::error::StoreError;
use super::{codec, key};
use crate::ids::{AccountId, Pepper, SessionHash, SessionId, SessionToken};

/// How long a session lives without being used, in milliseconds: 30 days.
pub const SESSION_MS: u64 = 30 * 24 * 3600 * 1000;
/// Sessions of one account; one more ends the oldest.
const MOST_SESSIONS: usize = 50;
/// What is kept of a browser's description of itself, in bytes.
const MOST_AGENT_BYTES: usize = 120;

/// A session, without its token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Its public name.
    pub id: SessionId,
    /// What its token is looked up by.
    pub hash: SessionHash,
    /// Who signed in.
    pub account: AccountId,
    /// When, in milliseconds since 1970.
    pub created_ms: u64,
    /// When it was last used, to the hour, in milliseconds since 1970.
    pub seen_ms: u64,
    /// What the client called itself, shortened.
    pub agent: String,
}

/// A session that was just opened; its token can be shown only now.
pub struct Opened {
    /// The session.
    pub session: Session,
    /// Its token in the clear.
    pub token: SessionToken,
    /// Older sessions that had to end for it.
    pub ended: Vec<SessionHash>,
}

/// All sessions, in memory; changes go into the batch that is passed in.
pub(super) struct Sessions {
    pepper: Pepper,
    sessions: HashMap<SessionHash, Session>,
    /// Each account's sessions, oldest first.
    by_account: HashMap<AccountId, Vec<SessionHash>>,
}

impl Sessions {
    /// Reads them all.
    pub(super) fn load(db: &Db, pepper: Pepper) -> Result<Self, StoreError> {
        let mut found = Vec::new();
        for row in db.rows(key::SESSIONS)? {
            let (key, value) = row?;
            found.push(codec::decode::<Session>(&key, &value)?);
        }
        found.sort_unstable_by_key(|session| session.id);
        let mut all = Self {
            pepper,
            sessions: HashMap::new(),
            by_account: HashMap::new(),
        };
        for session in found {
            all.insert(session);
        }
        Ok(all)
    }

    /// Opens a session.
    pub(super) fn open(
        &mut self,
        account: AccountId,
        agent: &str,
        now_ms: u64,
        batch: &mut Batch,
    ) -> Opened {
        let own = self.by_account.get(&account).map_or(&[][..], Vec::as_slice);
        let excess = (own.len() + 1).saturating_sub(MOST_SESSIONS);
        let ended = own[..excess].to_vec();
        for hash in &ended {
            self.remove(hash, batch);
        }
        let token = SessionToken::generate();
        let session = Session {
            id: SessionId::new(),
            hash: token.hash(&self.pepper),
            account,
            created_ms: now_ms,
            seen_ms: now_ms,
            agent: shorten(agent),
        };
        batch.put(key::session(&session.hash), &session);
        self.insert(session.clone());
        Opened {
            session,
            token,
            ended,
        }
    }

    /// Notes that a session was used.
    pub(super) fn touch(&mut self, hash: &SessionHash, now_ms: u64, batch: &mut Batch) {
        if let Some(session) = self.sessions.get_mut(hash) {
            session.seen_ms = session.seen_ms.max(now_ms);
            batch.put(key::session(hash), session);
        }
    }

    /// Ends one of an account's sessions; nothing when it has none of that name.
    pub(super) fn end(
        &mut self,
        account: AccountId,
        id: SessionId,
        batch: &mut Batch,
    ) -> Option<SessionHash> {
        let hash = self
            .of(account)
            .find(|session| session.id == id)
            .map(|session| session.hash)?;
        self.remove(&hash, batch);
        Some(hash)
    }

    /// Ends all of an account's sessions and says which.
    pub(super) fn end_all(&mut self, account: AccountId, batch: &mut Batch) -> Vec<SessionHash> {
        let all: Vec<SessionHash> = self.of(account).map(|session| session.hash).collect();
        for hash in &all {
            self.remove(hash, batch);
        }
        all
    }

    /// Ends the sessions that nobody has used for too long and says which.
    pub(super) fn expire(&mut self, now_ms: u64, batch: &mut Batch) -> Vec<SessionHash> {
        let over: Vec<SessionHash> = self
            .sessions
            .values()
            .filter(|session| session.seen_ms.saturating_add(SESSION_MS) <= now_ms)
            .map(|session| session.hash)
            .collect();
        for hash in &over {
            self.remove(hash, batch);
        }
        over
    }

    /// An account's sessions, oldest first.
    pub(super) fn of(&self, account: AccountId) -> impl Iterator<Item = &Session> {
        self.by_account
            .get(&account)
            .into_iter()
            .flatten()
            .filter_map(|hash| self.sessions.get(hash))
    }

    /// All sessions, in no order.
    pub(super) fn all(&self) -> impl Iterator<Item = &Session> {
        self.sessions.values()
    }

    fn insert(&mut self, session: Session) {
        self.by_account
            .entry(session.account)
            .or_default()
            .push(session.hash);
        self.sessions.insert(session.hash, session);
    }

    fn remove(&mut self, hash: &SessionHash, batch: &mut Batch) {
        let Some(session) = self.sessions.remove(hash) else {
            return;
        };
        batch.delete(key::session(hash));
        if let Some(own) = self.by_account.get_mut(&session.account) {
            own.retain(|other| other != hash);
            if own.is_empty() {
                self.by_account.remove(&session.account);
            }
        }
    }
}

/// A client's description of itself, without control characters and cut between characters.
fn shorten(agent: &str) -> String {
    let mut text: String = agent.chars().filter(|c| !c.is_control()).collect();
    text.truncate(text.floor_char_boundary(MOST_AGENT_BYTES));
    text
}

#[cfg(test)]
#[path = "sessions_tests.rs"]
mod tests;
