//! Sessions as the accounts' actor keeps them: the published directory, lists, and their ends.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use actix::{Context, Handler, Message, MessageResult};

use super::{Accounts, StorageDown, clock, deed};
use crate::ids::{AccountId, SessionHash, SessionId};
use crate::store::{Action, Author, SESSION_MS, Session};

/// How often a session's last use is written down, in milliseconds.
const TOUCH_MS: u64 = 3600 * 1000;

/// Every session's hash and whom it stands for.
pub type SessionDirectory = HashMap<SessionHash, Arc<SignedIn>>;

/// A session as requests see it.
#[derive(Debug)]
pub struct SignedIn {
    /// The session's public name.
    pub session: SessionId,
    /// Who has signed in.
    pub account: AccountId,
    hash: SessionHash,
    seen_ms: AtomicU64,
}

impl SignedIn {
    pub(super) fn new(session: &Session) -> Self {
        Self {
            session: session.id,
            account: session.account,
            hash: session.hash,
            seen_ms: AtomicU64::new(session.seen_ms),
        }
    }

    /// Whether it was used recently enough.
    pub fn is_live(&self, now_ms: u64) -> bool {
        now_ms
            < self
                .seen_ms
                .load(Ordering::Relaxed)
                .saturating_add(SESSION_MS)
    }

    /// Notes a use. Once an hour one of all uses gets the message that has it written down.
    pub fn touch(&self, now_ms: u64) -> Option<Touch> {
        let seen_ms = self.seen_ms.load(Ordering::Relaxed);
        if now_ms < seen_ms.saturating_add(TOUCH_MS) {
            return None;
        }
        let noted =
            self.seen_ms
                .compare_exchange(seen_ms, now_ms, Ordering::Relaxed, Ordering::Relaxed);
        noted.ok().map(|_| Touch(self.hash))
    }
}

/// Says that a session was used. It is written with whatever is written next.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Touch(SessionHash);

/// Asks for an account's sessions, oldest first.
#[derive(Message)]
#[rtype(result = "Vec<Session>")]
pub struct ListSessions(pub AccountId);

/// Ends one of an account's sessions.
#[derive(Message)]
#[rtype(result = "Result<Result<(), NoSuchSession>, StorageDown>")]
pub struct EndSession {
    /// Whose it must be.
    pub account: AccountId,
    /// Which one.
    pub session: SessionId,
    /// Who ends it.
    pub author: Author,
}

/// The account has no such session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such session")]
pub struct NoSuchSession;

/// Ends all of an account's sessions and says how many they were.
#[derive(Message)]
#[rtype(result = "Result<usize, StorageDown>")]
pub struct EndAllSessions {
    /// Whose.
    pub account: AccountId,
    /// Who ends them.
    pub author: Author,
}

impl Handler<Touch> for Accounts {
    type Result = ();

    fn handle(&mut self, Touch(session): Touch, _: &mut Context<Self>) {
        self.door.visitors.touch(&session, clock::now_ms());
    }
}

impl Handler<ListSessions> for Accounts {
    type Result = MessageResult<ListSessions>;

    fn handle(
        &mut self,
        ListSessions(account): ListSessions,
        _: &mut Context<Self>,
    ) -> Self::Result {
        MessageResult(self.door.visitors.sessions_of(account).cloned().collect())
    }
}

impl Handler<EndSession> for Accounts {
    type Result = Result<Result<(), NoSuchSession>, StorageDown>;

    fn handle(&mut self, end: EndSession, _: &mut Context<Self>) -> Self::Result {
        let Some(ended) = self.door.visitors.end(end.account, end.session) else {
            return Ok(Err(NoSuchSession));
        };
        let deed = deed(end.author, Action::SessionsEnded, end.account);
        self.accounts.note(&deed.with("session_id", end.session));
        self.write()?;
        self.door.close(&[ended]);
        Ok(Ok(()))
    }
}

impl Handler<EndAllSessions> for Accounts {
    type Result = Result<usize, StorageDown>;

    fn handle(&mut self, end: EndAllSessions, _: &mut Context<Self>) -> Self::Result {
        let ended = self.door.visitors.end_all(end.account);
        let deed = deed(end.author, Action::SessionsEnded, end.account);
        self.accounts.note(&deed.with("sessions", ended.len()));
        self.write()?;
        self.door.close(&ended);
        Ok(ended.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{Pepper, SessionToken};

    fn signed_in(seen_ms: u64) -> SignedIn {
        SignedIn::new(&Session {
            id: SessionId::new(),
            hash: SessionToken::generate().hash(&Pepper::generate()),
            account: AccountId::new(),
            created_ms: 0,
            seen_ms,
            agent: String::new(),
        })
    }

    #[test]
    fn one_use_an_hour_is_written_down() {
        let session = signed_in(0);
        assert!(session.touch(TOUCH_MS - 1).is_none());
        assert!(session.touch(TOUCH_MS).is_some());
        assert!(session.touch(TOUCH_MS).is_none());
        assert!(session.touch(2 * TOUCH_MS).is_some());
    }

    #[test]
    fn a_use_prolongs_a_session() {
        let session = signed_in(0);
        assert!(session.is_live(SESSION_MS - 1) && !session.is_live(SESSION_MS));
        session.touch(SESSION_MS - 1);
        assert!(session.is_live(SESSION_MS));
    }
}
