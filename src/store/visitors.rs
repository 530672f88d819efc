//! People who sign in: their codes, their sessions and the first credit, decided together.

use super::codes::{Codes, Guess, Wanted};
use super::db::{Batch, Db};
use super::disposable::is_disposable;
use super::error::StoreError;
use super::gifts::{Generosity, Gift, Gifts};
use super::sessions::{Opened, Session, Sessions};
use super::{AccountError, Accounts};
use crate::ids::{
    AccountId, ApiKey, EmailAddress, FlowId, Pepper, SessionHash, SessionId, SignInCode,
};

/// Who may become a customer, and what they are given.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// What becomes of throw-away addresses.
    pub disposable: Disposable,
    /// Credit for new accounts.
    pub generosity: Generosity,
}

/// What becomes of addresses at domains that hand out mailboxes for minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposable {
    /// They are addresses like any other.
    Accept,
    /// They get no mail, and nobody is told. Accounts that exist are let in.
    Refuse,
}

/// A code as it was offered.
pub struct Offer {
    /// The flow it belongs to.
    pub flow: FlowId,
    /// The address it was mailed to.
    pub email: EmailAddress,
    /// The code.
    pub code: SignInCode,
    /// What the client calls itself.
    pub agent: String,
}

/// Someone who has signed in.
pub struct Welcome {
    /// The account's address.
    pub email: String,
    /// The session and its token.
    pub opened: Opened,
    /// What only a new account gets.
    pub newcomer: Option<Newcomer>,
}

/// What a new account gets.
pub struct Newcomer {
    /// Its first key, which can be shown only now.
    pub key: ApiKey,
    /// Its first credit, which the ledger has yet to post.
    pub gift: Option<Gift>,
}

/// Why someone was not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotLetIn {
    /// The code is not right, or a limit keeps it from being looked at.
    #[error(
        "This code is wrong, used or older than 10 minutes, or too many were tried; request another."
    )]
    WrongCode,
    /// The operator has switched the account off.
    #[error("This account is switched off; ask the operator.")]
    AccountDisabled,
    /// No account can be made for the address.
    #[error(transparent)]
    NoAccount(#[from] AccountError),
}

/// Codes, sessions and gifts. Decides in memory; its owner commits the batch, together with that
/// of the accounts.
pub struct Visitors {
    terms: Terms,
    codes: Codes,
    sessions: Sessions,
    gifts: Gifts,
    batch: Batch,
}

impl Visitors {
    /// Reads them all. `pepper` is what [`Db::pepper`] gave.
    pub fn load(db: &Db, pepper: &Pepper, terms: Terms) -> Result<Self, StoreError> {
        Ok(Self {
            terms,
            codes: Codes::load(db, pepper.clone())?,
            sessions: Sessions::load(db, pepper.clone())?,
            gifts: Gifts::load(db)?,
            batch: Batch::default(),
        })
    }

    /// Makes a code and says what to mail, if anything. The work and the writes are the same for
    /// known, unknown, refused and limited addresses.
    pub fn request(
        &mut self,
        accounts: &Accounts,
        flow: &FlowId,
        email: &EmailAddress,
        now_ms: u64,
    ) -> Option<SignInCode> {
        let known = accounts.find_by_email(email.as_str()).is_some();
        let disposable = is_disposable(email.domain());
        let wanted = match self.terms.disposable {
            Disposable::Refuse if disposable && !known => Wanted::No,
            Disposable::Refuse | Disposable::Accept => Wanted::Yes,
        };
        self.codes
            .request(flow, email, wanted, now_ms, &mut self.batch)
    }

    /// Lets someone in who has the right code; an address without an account gets one.
    pub fn sign_in(
        &mut self,
        accounts: &mut Accounts,
        offer: &Offer,
        now_ms: u64,
    ) -> Result<Welcome, NotLetIn> {
        let Offer {
            flow, email, code, ..
        } = offer;
        match self.codes.guess(flow, email, code, now_ms, &mut self.batch) {
            Guess::Right => {}
            Guess::Wrong | Guess::NotCompared => return Err(NotLetIn::WrongCode),
        }
        let known = accounts.find_by_email(email.as_str()).cloned();
        let (account, newcomer) = match known {
            Some(account) if account.disabled => return Err(NotLetIn::AccountDisabled),
            Some(account) => (account, None),
            None => {
                let created = accounts.create(email.as_str(), now_ms)?;
                let newcomer = Newcomer {
                    key: created.key,
                    gift: self.gifts.give(
                        created.account.id,
                        self.terms.generosity,
                        now_ms,
                        &mut self.batch,
                    ),
                };
                (created.account, Some(newcomer))
            }
        };
        Ok(Welcome {
            opened: self
                .sessions
                .open(account.id, &offer.agent, now_ms, &mut self.batch),
            email: account.email,
            newcomer,
        })
    }

    /// Notes that a session was used. It is written with the next commit.
    pub fn touch(&mut self, session: &SessionHash, now_ms: u64) {
        self.sessions.touch(session, now_ms, &mut self.batch);
    }

    /// Ends one of an account's sessions; nothing when it has none of that name.
    pub fn end(&mut self, account: AccountId, session: SessionId) -> Option<SessionHash> {
        self.sessions.end(account, session, &mut self.batch)
    }

    /// Ends all of an account's sessions and says which.
    pub fn end_all(&mut self, account: AccountId) -> Vec<SessionHash> {
        self.sessions.end_all(account, &mut self.batch)
    }

    /// An account's sessions, oldest first.
    pub fn sessions_of(&self, account: AccountId) -> impl Iterator<Item = &Session> {
        self.sessions.of(account)
    }

    /// All sessions, in no order.
    pub fn sessions(&self) -> impl Iterator<Item = &Session> {
        self.sessions.all()
    }

    /// Gifts that the ledger might not have heard of.
    pub fn gifts(&self) -> impl Iterator<Item = Gift> {
        self.gifts.all()
    }

    /// Forgets what is over and says which sessions have ended by that.
    pub fn expire(&mut self, now_ms: u64) -> Vec<SessionHash> {
        self.codes.expire(now_ms, &mut self.batch);
        self.gifts.expire(now_ms, &mut self.batch);
        self.sessions.expire(now_ms, &mut self.batch)
    }

    /// The changes since the last call, for one commit.
    pub fn take_batch(&mut self) -> Batch {
        std::mem::take(&mut self.batch)
    }
}

#[cfg(test)]
#[path = "visitors_tests.rs"]
mod tests;
