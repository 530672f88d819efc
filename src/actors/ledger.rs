//! The ledger's actor: validates against memory, commits in groups, answers when it is durable.
//!
//! The first message of a group asks for a commit behind it in the mailbox: whatever has arrived by
//! then is validated first and shares the one sync. No timer, no wait at low load.

mod messages;
mod pruning;

use std::collections::{HashMap, VecDeque};
use std::future::ready;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::{Actor, AsyncContext, Context, Handler, Message, MessageResult, ResponseFuture};
use tokio::sync::oneshot;

pub use messages::{
    AskStatement, Authorise, Drain, Find, Grant, Record, Settle, Statement, TakeSnapshot, Void,
};
use pruning::Prune;

use super::clock;
use super::funds::Purses;
use super::storage::{StorageDown, StorageHealth};
use crate::ids::{AccountId, GenerationId};
use crate::money::Picodollars;
use crate::store::{
    Book, Db, Generation, GrantError, Order, Refusal, Settled, Snapshot, StoreError,
};

/// Messages that share one sync at the most.
const GROUP: usize = 256;
/// Requests of one account that wait for its own holds at the most.
const WAITING_PER_ACCOUNT: usize = 2048;
/// How often holds past their deadline are looked for.
const EXPIRY_PERIOD: Duration = Duration::from_secs(5);

/// Guards the book and its database.
pub struct Ledger {
    db: Db,
    book: Book,
    purses: Arc<Purses>,
    storage: Arc<StorageHealth>,
    keep_records_ms: u64,
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
    /// A ledger over an opened book, which keeps the records of requests for so long.
    pub fn new(
        db: Db,
        book: Book,
        purses: Arc<Purses>,
        storage: Arc<StorageHealth>,
        keep_records_ms: u64,
    ) -> Self {
        Self {
            db,
            book,
            purses,
            storage,
            keep_records_ms,
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

    /// Writes and syncs what the book has collected, then answers. After a storage error nobody is
    /// answered any more, and the process ends: a router that cannot write its ledger gives away
    /// money.
    fn commit(&mut self) {
        self.commit_asked = false;
        if let Err(error) = self.db.commit(self.book.take_batch()) {
            self.fail(&error);
            return;
        }
        for reply in self.group.drain(..) {
            reply();
        }
    }

    /// Takes note of a storage error. Whoever waits hears that the storage is down, because the
    /// channels of the answers close.
    fn fail(&mut self, error: &StoreError) -> StorageDown {
        self.group.clear();
        self.waiting.clear();
        self.storage.fail(error)
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

/// Waits for an answer that the actor has promised. It is lost only when the storage fails.
async fn promised<T>(answered: oneshot::Receiver<T>) -> Result<T, StorageDown> {
    answered.await.map_err(|_| StorageDown::Failed)
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
        ctx.notify(Prune);
    }
}

impl Handler<Authorise> for Ledger {
    type Result = ResponseFuture<Result<Result<Picodollars, Refusal>, StorageDown>>;

    fn handle(&mut self, ask: Authorise, ctx: &mut Context<Self>) -> Self::Result {
        if let Err(down) = self.storage.may_answer() {
            return Box::pin(ready(Err(down)));
        }
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
    type Result = ResponseFuture<Result<Result<Picodollars, GrantError>, StorageDown>>;

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
        MessageResult(self.storage.may_answer().map(|()| Statement {
            balance: self.book.balance(ask.account),
            key,
        }))
    }
}

impl Handler<Find> for Ledger {
    type Result = MessageResult<Find>;

    fn handle(&mut self, find: Find, _: &mut Context<Self>) -> Self::Result {
        // What is still in the group is not on disk yet.
        self.commit();
        let found = Generation::read(&self.db, find.0);
        MessageResult(match found {
            Ok(found) => Ok(found.map(Box::new)),
            Err(error) => Err(self.fail(&error)),
        })
    }
}

impl Handler<TakeSnapshot> for Ledger {
    type Result = MessageResult<TakeSnapshot>;

    fn handle(&mut self, _: TakeSnapshot, _: &mut Context<Self>) -> Self::Result {
        self.commit();
        MessageResult(match Snapshot::take(&self.db) {
            Ok(snapshot) => Ok(Box::new(snapshot)),
            Err(error) => Err(self.fail(&error)),
        })
    }
}

impl Handler<Drain> for Ledger {
    type Result = Result<(), StorageDown>;

    fn handle(&mut self, _: Drain, _: &mut Context<Self>) -> Self::Result {
        self.commit();
        self.storage.may_answer()
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

#[cfg(test)]
#[path = "ledger/failure_tests.rs"]
mod failure_tests;
