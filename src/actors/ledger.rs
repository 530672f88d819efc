//! The ledger's actor: validates against memory, commits in groups, answers when it is durable.
//!
//! The first message of a group asks for a commit behind it in the mailbox: whatever has arrived by
//! then is validated first and shares the one sync. Under load, whoever else wants this processor has it once before
//! that: the workers, whose requests then join the group. No timer, no wait at low load: only what nobody waits for
//! (records of answers that cost nothing, what a stream asks for in time, the bill of a caller who has left) waits a
//! moment for a commit that is asked for anyhow.

mod asked;
mod deposits;
mod expiry;
mod messages;
mod operator;
mod pruning;
mod recharge;
mod requests;
mod stats;
mod waiting;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::{
    Actor, AsyncContext, Context, Handler, Message, MessageResult, Recipient, ResponseFuture,
};
use tokio::sync::oneshot;

pub use deposits::{
    AnswerOrder, FailOrder, FindOrder, GoesBack, PayOrder, PlaceOrder, ReleaseOrder, Reverse,
};
pub use messages::{
    Adjust, AskKeyUsage, AskOverview, AskStatement, Authorise, Drain, Extend, Find, Grant, Haste,
    Note, Record, Settle, Statement, TakeSnapshot, Void,
};
pub use recharge::{
    AskRecharge, BeginRecharge, EndRecharge, ForgetDeclines, ListCharges, LowCredit, Signal, Watch,
};
pub use stats::{BATCH_CLASSES, LATENCY_CLASSES_US, LedgerStats, LossCount, Tally};

use super::clock;
use super::funds::Purses;
use super::storage::{StorageDown, StorageHealth};
use crate::ids::AccountId;
use crate::store::{Book, Db, Generation, Snapshot, StoreError};
use expiry::Expire;
use pruning::Prune;
use waiting::Waiting;

/// Decisions that share one sync at the most. They take well under 2 ms to make.
const GROUP: usize = 256;
/// Answers that waited for a commit, of late, from which on there is load: others work before the next one.
const CROWD: usize = 3;
/// How long what nobody waits for may wait for company.
const LEISURE: Duration = Duration::from_millis(20);

/// Guards the book and its database.
pub struct Ledger {
    db: Db,
    book: Book,
    purses: Arc<Purses>,
    tally: Arc<Tally>,
    storage: Arc<StorageHealth>,
    keep: Keep,
    group: Vec<Reply>,
    /// Decisions since the last commit.
    decided: usize,
    /// Answers that wait for a commit: an average of which the last one is half.
    company: usize,
    commit_asked: bool,
    /// Whether a commit comes by itself.
    commit_comes: bool,
    waiting: HashMap<AccountId, VecDeque<Waiting>>,
    /// Where pruning goes on.
    pruned_to: Option<AccountId>,
    /// Who hears when credit runs low.
    watcher: Option<Recipient<LowCredit>>,
}

/// How long what is not money is kept.
#[derive(Clone, Copy, Debug)]
pub struct Keep {
    /// Records of requests, in milliseconds.
    pub records_ms: u64,
    /// Rows of the audit log, in milliseconds.
    pub audit_ms: u64,
}

impl Keep {
    /// Nothing is pruned.
    #[cfg(test)]
    const EVER: Self = Self {
        records_ms: u64::MAX,
        audit_ms: u64::MAX,
    };
}

/// An answer that waits for the commit.
type Reply = Box<dyn FnOnce() + Send>;

/// Lets others work first, so that what they ask for joins the group.
#[derive(Message)]
#[rtype(result = "()")]
struct Gather;

/// Commits the group behind the messages that have arrived.
#[derive(Message)]
#[rtype(result = "()")]
struct Commit;

impl Ledger {
    /// A ledger over an opened book, which prunes what is older than it is kept.
    pub fn new(
        db: Db,
        book: Book,
        purses: Arc<Purses>,
        storage: Arc<StorageHealth>,
        keep: Keep,
    ) -> Self {
        Self {
            db,
            book,
            purses,
            tally: Arc::default(),
            storage,
            keep,
            group: Vec::new(),
            decided: 0,
            company: 0,
            commit_asked: false,
            commit_comes: false,
            waiting: HashMap::new(),
            pruned_to: None,
            watcher: None,
        }
    }

    /// What the ledger counts, for whoever shows it.
    pub fn tally(&self) -> Arc<Tally> {
        Arc::clone(&self.tally)
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

    /// Said once for every decision: commits behind the last of the group.
    fn ask_for_commit(&mut self, ctx: &Context<Self>) {
        if self.add_to_group() && !self.commit_asked {
            self.commit_asked = true;
            if self.company < CROWD {
                ctx.address().do_send(Commit);
            } else {
                ctx.address().do_send(Gather);
            }
        }
    }

    /// The same for a decision that nobody waits for.
    fn let_commit_come(&mut self, ctx: &mut Context<Self>) {
        if self.add_to_group() && !self.commit_asked && !self.commit_comes {
            self.commit_comes = true;
            ctx.run_later(LEISURE, |ledger, _| {
                ledger.commit_comes = false;
                ledger.commit();
            });
        }
    }

    /// Counts a decision, and says whether the group goes on: a full one is committed at once.
    fn add_to_group(&mut self) -> bool {
        self.decided += 1;
        let is_full = self.decided >= GROUP;
        if is_full {
            self.commit();
        }
        !is_full
    }

    /// Writes and syncs what the book has collected, then answers. After a storage error nobody is
    /// answered any more, and the process ends: a router that cannot write its ledger gives away
    /// money.
    fn commit(&mut self) {
        self.commit_asked = false;
        let decided = std::mem::take(&mut self.decided);
        let batch = self.book.take_batch();
        let writes = !batch.is_empty();
        let began = Instant::now();
        // A batch without writes fails too once the storage has failed.
        if let Err(error) = self.db.commit(batch) {
            self.fail(&error);
            return;
        }
        if writes {
            self.tally.committed(decided, began.elapsed());
        }
        self.tell_losses();
        self.company = usize::midpoint(self.company, self.group.len());
        for reply in self.group.drain(..) {
            reply();
        }
    }

    /// Counts and logs each loss that became durable, once.
    fn tell_losses(&mut self) {
        for loss in self.book.take_losses() {
            self.tally.lost(&loss);
            let generation = loss.generation.map(|id| id.to_string());
            tracing::warn!(kind = loss.kind.as_str(), amount_usd = %loss.amount, generation, "the ledger booked a loss");
        }
    }

    /// Takes note of a storage error. Whoever waits hears that the storage is down, because the
    /// channels of the answers close.
    fn fail(&mut self, error: &StoreError) -> StorageDown {
        self.group.clear();
        self.waiting.clear();
        self.storage.fail(error)
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
        // Orphans that the start found are durable already.
        self.tell_losses();
        ctx.notify_later(Expire, expiry::PERIOD);
        ctx.notify(Prune);
    }
}

impl Handler<Find> for Ledger {
    type Result = ResponseFuture<Result<Option<Box<Generation>>, StorageDown>>;

    fn handle(&mut self, find: Find, ctx: &mut Context<Self>) -> Self::Result {
        // What is still in the group is not on disk yet, so the reading waits for its commit.
        let (reply, answered) = oneshot::channel();
        let (db, storage) = (self.db.clone(), Arc::clone(&self.storage));
        self.group.push(Box::new(move || {
            let found = Generation::read(&db, find.0, find.1).map(|found| found.map(Box::new));
            reply.send(found.map_err(|error| storage.fail(&error))).ok();
        }));
        self.ask_for_commit(ctx);
        Box::pin(async move { promised(answered).await? })
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

impl Handler<Gather> for Ledger {
    type Result = ();

    fn handle(&mut self, _: Gather, ctx: &mut Context<Self>) {
        // On a processor with nothing else to do it returns at once. Without it this thread, which the disk wakes,
        // goes before the workers, and writes a group of two or three again and again.
        std::thread::yield_now();
        ctx.address().do_send(Commit);
    }
}

impl Handler<Commit> for Ledger {
    type Result = ();

    fn handle(&mut self, _: Commit, _: &mut Context<Self>) {
        self.commit();
    }
}

#[cfg(test)]
#[path = "ledger/failure_tests.rs"]
mod failure_tests;
#[cfg(test)]
#[path = "ledger/group_tests.rs"]
mod group_tests;
