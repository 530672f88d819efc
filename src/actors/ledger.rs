//! The ledger's actor: validates against memory, commits in groups, answers when it is durable.
//!
//! The first message of a group asks for a commit behind it in the mailbox: whatever has arrived by
//! then is validated first and shares the one sync. No timer, no wait at low load.

mod messages;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::{Actor, AsyncContext, Context, Handler, Message, MessageResult, ResponseFuture};
use tokio::sync::oneshot;

pub use messages::{
    AskStatement, Authorise, Drain, Find, Grant, Record, Settle, Statement, Verify, Void,
};

use super::clock;
use super::funds::Purses;
use crate::ids::{AccountId, GenerationId};
use crate::money::Picodollars;
use crate::store::{Book, Db, Generation, GrantError, Order, Refusal, Settled, StoreError, verify};

/// Messages that share one sync at the most.
const GROUP: usize = 256;
/// Requests of one account that wait for its own holds at the most.
const WAITING_PER_ACCOUNT: usize = 2048;
/// How often holds past their deadline are looked for.
const EXPIRY_PERIOD: Duration = Duration::from_secs(5);
/// Exit code after a storage error (sysexits' EX_TEMPFAIL: start again).
const EXIT_STORAGE: i32 = 75;

/// Guards the book and its database.
pub struct Ledger {
    db: Db,
    book: Book,
    purses: Arc<Purses>,
    group: Vec<Reply>,
    commit_asked: bool,
    waiting: HashMap<AccountId, VecDeque<Waiting>>,
}

/// An answer that waits for the commit.
type Reply = Box<dyn FnOnce() + Send>;

/// An authorise that would succeed if the account's other holds ended.
struct Waiting {
    order: Order,
    until: Instant,
    reply: oneshot::Sender<Result<Picodollars, Refusal>>,
}

/// Commits the group behind the messages that have arrived.
#[derive(Message)]
#[rtype(result = "()")]
struct Commit;

/// Gives up on waiting requests whose patience has ended.
#[derive(Message)]
#[rtype(result = "()")]
struct GiveUp(AccountId);

impl Ledger {
    /// A ledger over an opened book.
    pub fn new(db: Db, book: Book, purses: Arc<Purses>) -> Self {
        Self {
            db,
            book,
            purses,
            group: Vec::new(),
            commit_asked: false,
            waiting: HashMap::new(),
        }
    }

    /// Puts an answer behind the next commit.
    fn when_durable<T: Send + 'static>(
        &mut self,
        ctx: &Context<Self>,
        answer: T,
    ) -> oneshot::Receiver<T> {
        let (reply, answered) = oneshot::channel();
        self.group.push(answering(reply, answer));
        self.ask_for_commit(ctx);
        answered
    }

    fn ask_for_commit(&mut self, ctx: &Context<Self>) {
        if self.group.len() >= GROUP {
            self.commit();
        } else if !self.commit_asked {
            self.commit_asked = true;
            ctx.address().do_send(Commit);
        }
    }

    /// Writes and syncs what the book has collected, then answers. A storage error ends the process:
    /// a router that cannot write its ledger gives away money.
    fn commit(&mut self) {
        self.commit_asked = false;
        let batch = self.book.take_batch();
        if !batch.is_empty()
            && let Err(error) = self.db.commit(batch)
        {
            fail_stop(&error);
        }
        for reply in self.group.drain(..) {
            reply();
        }
    }

    fn authorise(
        &mut self,
        ctx: &mut Context<Self>,
        ask: Authorise,
    ) -> oneshot::Receiver<Result<Picodollars, Refusal>> {
        let account = ask.order.account;
        match self.book.authorise(ask.order.clone(), clock::now_ms()) {
            Ok(held) => {
                self.publish(account);
                self.when_durable(ctx, Ok(held))
            }
            Err(Refusal::Bound { .. }) if self.may_wait(account, &ask) => self.wait(ctx, ask),
            Err(refusal) => {
                let (reply, answered) = oneshot::channel();
                answering(reply, Err(refusal))();
                answered
            }
        }
    }

    fn may_wait(&self, account: AccountId, ask: &Authorise) -> bool {
        !ask.patience.is_zero()
            && self
                .waiting
                .get(&account)
                .is_none_or(|queue| queue.len() < WAITING_PER_ACCOUNT)
    }

    fn wait(
        &mut self,
        ctx: &mut Context<Self>,
        ask: Authorise,
    ) -> oneshot::Receiver<Result<Picodollars, Refusal>> {
        let (reply, answered) = oneshot::channel();
        let account = ask.order.account;
        let waiting = Waiting {
            order: ask.order,
            until: Instant::now() + ask.patience,
            reply,
        };
        self.waiting.entry(account).or_default().push_back(waiting);
        ctx.notify_later(GiveUp(account), ask.patience);
        answered
    }

    /// Lets waiting requests of an account try again, first come first served.
    fn wake(&mut self, ctx: &Context<Self>, account: AccountId) {
        let Some(mut queue) = self.waiting.remove(&account) else {
            return;
        };
        while let Some(next) = queue.pop_front() {
            if next.reply.is_closed() {
                continue;
            }
            let answer = self.book.authorise(next.order.clone(), clock::now_ms());
            match answer {
                Err(Refusal::Bound { .. }) if next.until > Instant::now() => {
                    queue.push_front(next);
                    break;
                }
                Ok(_) | Err(_) => {
                    self.group.push(answering(next.reply, answer));
                    self.ask_for_commit(ctx);
                }
            }
        }
        if !queue.is_empty() {
            self.waiting.insert(account, queue);
        }
        self.publish(account);
    }

    fn forget_waiting(&mut self, account: AccountId, generation: GenerationId) {
        if let Some(queue) = self.waiting.get_mut(&account) {
            queue.retain(|waiting| waiting.order.generation != generation);
            if queue.is_empty() {
                self.waiting.remove(&account);
            }
        }
    }

    fn publish(&self, account: AccountId) {
        self.purses.set(account, &self.book.balance(account));
    }
}

/// An answer to be sent later. Whoever asked may have left by then, and that is fine.
fn answering<T: Send + 'static>(reply: oneshot::Sender<T>, answer: T) -> Reply {
    Box::new(move || {
        reply.send(answer).ok();
    })
}

/// Ends the process after a storage error, and says why.
pub(super) fn fail_stop(error: &StoreError) -> ! {
    tracing::error!(%error, "storage failed: the router stops, because what it cannot write it must not sell");
    std::process::exit(EXIT_STORAGE);
}

/// Waits for an answer that the actor has promised. It is lost only when the process is ending.
async fn promised<T>(answered: oneshot::Receiver<T>) -> T {
    match answered.await {
        Ok(answer) => answer,
        Err(_) => std::future::pending().await,
    }
}

impl Actor for Ledger {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        super::guard::abort_on_panic();
        ctx.run_interval(EXPIRY_PERIOD, |ledger, ctx| {
            for released in ledger.book.expire(clock::now_ms()) {
                ledger.wake(ctx, released.account);
            }
            ledger.ask_for_commit(ctx);
        });
    }
}

impl Handler<Authorise> for Ledger {
    type Result = ResponseFuture<Result<Picodollars, Refusal>>;

    fn handle(&mut self, ask: Authorise, ctx: &mut Context<Self>) -> Self::Result {
        let answered = self.authorise(ctx, ask);
        Box::pin(promised(answered))
    }
}

impl Handler<Settle> for Ledger {
    type Result = ();

    fn handle(&mut self, settle: Settle, ctx: &mut Context<Self>) {
        let account = settle.record.account;
        let generation = settle.record.id;
        let settled = self
            .book
            .settle(*settle.record, clock::now_ms())
            .unwrap_or_else(|not_held| {
                // The hold outlives the longest answer, so this is an answer that outlived its clocks.
                tracing::error!(%generation, %not_held, "an answer was not charged");
                let balance = self.book.balance(account).available();
                Settled {
                    charged: Picodollars::ZERO,
                    overrun: Picodollars::ZERO,
                    balance,
                }
            });
        if let Some(reply) = settle.reply {
            self.group.push(answering(reply, settled));
        }
        self.wake(ctx, account);
        self.publish(account);
        self.ask_for_commit(ctx);
    }
}

impl Handler<Void> for Ledger {
    type Result = ();

    fn handle(&mut self, void: Void, ctx: &mut Context<Self>) {
        self.forget_waiting(void.account, void.generation);
        self.book.void(
            void.generation,
            void.record.map(|record| *record),
            clock::now_ms(),
        );
        self.wake(ctx, void.account);
        self.publish(void.account);
        self.ask_for_commit(ctx);
    }
}

impl Handler<Record> for Ledger {
    type Result = ();

    fn handle(&mut self, record: Record, ctx: &mut Context<Self>) {
        self.book.record(*record.0, clock::now_ms());
        self.ask_for_commit(ctx);
    }
}

impl Handler<Grant> for Ledger {
    type Result = ResponseFuture<Result<Picodollars, GrantError>>;

    fn handle(&mut self, grant: Grant, ctx: &mut Context<Self>) -> Self::Result {
        let now_ms = clock::now_ms();
        let granted = self.book.grant(
            grant.account,
            grant.amount,
            &grant.idempotency_key,
            &grant.reason,
            now_ms,
        );
        self.wake(ctx, grant.account);
        self.publish(grant.account);
        let answered = self.when_durable(ctx, granted);
        Box::pin(promised(answered))
    }
}

impl Handler<AskStatement> for Ledger {
    type Result = MessageResult<AskStatement>;

    fn handle(&mut self, ask: AskStatement, _: &mut Context<Self>) -> Self::Result {
        let key = self.book.key_usage(ask.key, clock::now_ms());
        MessageResult(Statement {
            balance: self.book.balance(ask.account),
            key,
        })
    }
}

impl Handler<Find> for Ledger {
    type Result = MessageResult<Find>;

    fn handle(&mut self, find: Find, _: &mut Context<Self>) -> Self::Result {
        // What is still in the group is not on disk yet.
        self.commit();
        MessageResult(Generation::read(&self.db, find.0).map(|found| found.map(Box::new)))
    }
}

impl Handler<Verify> for Ledger {
    type Result = MessageResult<Verify>;

    fn handle(&mut self, _: Verify, _: &mut Context<Self>) -> Self::Result {
        self.commit();
        MessageResult(verify(&self.db))
    }
}

impl Handler<Drain> for Ledger {
    type Result = ();

    fn handle(&mut self, _: Drain, _: &mut Context<Self>) {
        self.commit();
    }
}

impl Handler<Commit> for Ledger {
    type Result = ();

    fn handle(&mut self, _: Commit, _: &mut Context<Self>) {
        self.commit();
    }
}

impl Handler<GiveUp> for Ledger {
    type Result = ();

    fn handle(&mut self, give_up: GiveUp, ctx: &mut Context<Self>) {
        self.wake(ctx, give_up.0);
    }
}
