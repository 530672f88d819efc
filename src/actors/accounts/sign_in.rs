//! Signing in, as the accounts' actor does it: codes go to the mailer, gifts to the ledger, sessions
//! into the published directory.

use std::sync::Arc;
use std::time::Duration;

use actix::{Addr, AsyncContext, Context, Handler, Message, MessageResult};
use arc_swap::ArcSwap;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::sync::OwnedSemaphorePermit;

use super::sessions::{SessionDirectory, SignedIn};
use super::{Accounts, StorageDown, clock, deed};
use crate::actors::ledger::{Grant, Ledger};
use crate::actors::mailer::{Mailer, Send};
use crate::ids::{EmailAddress, FlowId, RequestId, SessionHash};
use crate::mail::{Mail, Notice};
use crate::store::{Action, Author, By, Gift, NotLetIn, Offer, Session, Visitors, Welcome};

/// How often what is over is forgotten and what waits is written.
const SWEEP_PERIOD: Duration = Duration::from_secs(60);

/// Codes and sessions, and whom they concern outside of the accounts' actor.
pub struct Door {
    pub(super) visitors: Visitors,
    published: Arc<ArcSwap<SessionDirectory>>,
    pub(super) mailer: Addr<Mailer>,
    pub(super) ledger: Addr<Ledger>,
    /// The address that mails name.
    pub(super) site: String,
    write_asked: bool,
}

/// Writes what has been requested, behind the requests that have arrived: a crowd of them shares
/// one sync of the disk, which the ledger needs too. Nobody waits for it.
#[derive(Message)]
#[rtype(result = "Result<(), StorageDown>")]
struct Write;

/// Has a code made and mailed. Whoever asks has answered already: the answer is the same for every
/// address, and so is its time.
#[derive(Message)]
#[rtype(result = "()")]
pub struct RequestCode {
    /// The flow that the answer named.
    pub flow: FlowId,
    /// Who wants to sign in.
    pub email: EmailAddress,
    /// A place among the requests that may wait here.
    pub place: OwnedSemaphorePermit,
}

/// Offers a code.
#[derive(Message)]
#[rtype(result = "Result<Result<Welcome, NotLetIn>, StorageDown>")]
pub struct SignIn {
    /// What is offered.
    pub offer: Offer,
    /// In which request.
    pub request: RequestId,
}

impl Door {
    /// The door over what is stored, and the directory of sessions that it publishes.
    pub fn new(
        visitors: Visitors,
        mailer: Addr<Mailer>,
        ledger: Addr<Ledger>,
        site: String,
    ) -> (Self, Arc<ArcSwap<SessionDirectory>>) {
        let all: SessionDirectory = visitors.sessions().map(entry).collect();
        let published = Arc::new(ArcSwap::from_pointee(all));
        let door = Self {
            visitors,
            published: Arc::clone(&published),
            mailer,
            ledger,
            site,
            write_asked: false,
        };
        (door, published)
    }

    /// Lets a session be seen.
    fn open(&self, session: &Session) {
        let (hash, signed_in) = entry(session);
        self.change(|all| {
            all.insert(hash, signed_in);
        });
    }

    /// Lets sessions be seen no more.
    pub(super) fn close(&self, sessions: &[SessionHash]) {
        if !sessions.is_empty() {
            self.change(|all| {
                for session in sessions {
                    all.remove(session);
                }
            });
        }
    }

    fn change(&self, change: impl FnOnce(&mut SessionDirectory)) {
        let mut all = SessionDirectory::clone(&self.published.load());
        change(&mut all);
        self.published.store(Arc::new(all));
    }

    /// Has the ledger post a gift; said again, it changes nothing.
    fn give(&self, gift: Gift) {
        self.ledger.do_send(Grant {
            account: gift.account,
            amount: gift.amount,
            idempotency_key: "sign-up".to_owned(),
            reason: "sign-up credit".to_owned(),
            author: Author::ROUTER,
        });
    }
}

fn arrival(session: &Session) -> Notice {
    let seconds = i64::try_from(session.created_ms / 1000).unwrap_or(i64::MAX);
    let at = OffsetDateTime::from_unix_timestamp(seconds).ok();
    let at = at.and_then(|at| at.format(&Rfc3339).ok());
    Notice::SignedIn {
        agent: session.agent.clone(),
        at: at.unwrap_or_default(),
    }
}

fn entry(session: &Session) -> (SessionHash, Arc<SignedIn>) {
    (session.hash, Arc::new(SignedIn::new(session)))
}

impl Accounts {
    /// Says gifts to the ledger that a crash may have kept from it, and keeps sweeping.
    pub(super) fn open_door(&self, ctx: &mut Context<Self>) {
        self.door
            .visitors
            .gifts()
            .for_each(|gift| self.door.give(gift));
        ctx.run_interval(SWEEP_PERIOD, |accounts, _| {
            let now_ms = clock::now_ms();
            accounts.mailed.forget(now_ms);
            let ended = accounts.door.visitors.expire(now_ms);
            if accounts.write().is_ok() {
                accounts.door.close(&ended);
            }
        });
    }

    fn request_code(&mut self, flow: &FlowId, email: EmailAddress, ctx: &Context<Self>) {
        let visitors = &mut self.door.visitors;
        let code = visitors.request(&self.accounts, flow, &email, clock::now_ms());
        if !std::mem::replace(&mut self.door.write_asked, true) {
            ctx.address().do_send(Write);
        }
        if let Some(code) = code {
            let mail = Mail::sign_in_code(email, &code, &self.door.site);
            self.door.mailer.do_send(Send(mail));
        }
    }

    fn sign_in(&mut self, ask: &SignIn) -> Result<Result<Welcome, NotLetIn>, StorageDown> {
        let visitors = &mut self.door.visitors;
        let outcome = visitors.sign_in(&mut self.accounts, &ask.offer, clock::now_ms());
        if let Ok(welcome) = &outcome {
            self.note_arrival(welcome, ask.request);
        }
        // A wrong guess is counted on disk before anybody learns that it was wrong.
        self.write()?;
        let welcome = match outcome {
            Ok(welcome) => welcome,
            Err(error) => return Ok(Err(error)),
        };
        let session = &welcome.opened.session;
        match &welcome.newcomer {
            Some(newcomer) => {
                self.publish(session.account);
                newcomer
                    .gift
                    .into_iter()
                    .for_each(|gift| self.door.give(gift));
            }
            // Who has just come needs no warning of it.
            None => self.warn(session.account, &arrival(session)),
        }
        self.door.close(&welcome.opened.ended);
        self.door.open(&welcome.opened.session);
        Ok(Ok(welcome))
    }

    fn note_arrival(&mut self, welcome: &Welcome, request: RequestId) {
        let session = &welcome.opened.session;
        let account = session.account;
        let author = Author {
            by: By::Session {
                account,
                session: session.id,
            },
            request: Some(request),
        };
        if welcome.newcomer.is_some() {
            let created = deed(author, Action::AccountCreated, account);
            self.accounts.note(&created);
        }
        self.accounts.note(&deed(author, Action::SignedIn, account));
    }
}

impl Handler<RequestCode> for Accounts {
    type Result = ();

    fn handle(&mut self, ask: RequestCode, ctx: &mut Context<Self>) {
        self.request_code(&ask.flow, ask.email, ctx);
        drop(ask.place);
    }
}

impl Handler<Write> for Accounts {
    type Result = Result<(), StorageDown>;

    fn handle(&mut self, _: Write, _: &mut Context<Self>) -> Self::Result {
        self.door.write_asked = false;
        self.write()
    }
}

impl Handler<SignIn> for Accounts {
    type Result = MessageResult<SignIn>;

    fn handle(&mut self, ask: SignIn, _: &mut Context<Self>) -> Self::Result {
        MessageResult(self.sign_in(&ask))
    }
}
