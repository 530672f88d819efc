//! What the ledger can be told and asked.

use std::time::Duration;

use actix::Message;
use tokio::sync::oneshot;

use super::StorageDown;
use crate::ids::{AccountId, GenerationId, KeyId};
use crate::money::Picodollars;
use crate::store::{
    Action, Author, Balance, CreditError, Deed, Extension, FailedCost, Generation, KeyUsage, Order,
    Overview, Refusal, Settled, Snapshot,
};

/// Holds credit for a request before anything goes upstream.
///
/// When only the account's own running requests stand in the way, waits for them up to `patience`. The answer
/// has a channel of its own: what an actor's future answers waits until its mailbox is empty, and under load
/// that would be behind the commits of others.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Authorise {
    /// What to hold, for whom.
    pub(super) order: Order,
    /// How long to wait for the account's other holds.
    pub(super) patience: Duration,
    /// Told what is held, when that is durable; closed when the storage fails.
    pub(super) reply: oneshot::Sender<Result<Picodollars, Refusal>>,
}

impl Authorise {
    /// The message, and where its answer comes.
    pub fn new(
        order: Order,
        patience: Duration,
    ) -> (Self, oneshot::Receiver<Result<Picodollars, Refusal>>) {
        let (reply, answered) = oneshot::channel();
        let ask = Self {
            order,
            patience,
            reply,
        };
        (ask, answered)
    }
}

/// Enlarges an open hold while its stream goes on. The stream does not wait for the answer, so that
/// it has a channel of its own.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Extend {
    /// Whose hold.
    pub account: AccountId,
    /// Which hold, and by how much.
    pub ask: Extension,
    /// Whether the stream stands still meanwhile.
    pub haste: Haste,
    /// Told all that is held, when that is durable; closed when the storage fails.
    pub reply: oneshot::Sender<Result<Picodollars, Refusal>>,
}

/// Whether a decision is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Haste {
    /// Somebody waits: it is made durable at once.
    AtOnce,
    /// It was asked for in time, and shares the sync of those that are waited for.
    InTime,
}

/// Posts the exact cost and gives the rest of the hold back.
///
/// The answer has a channel of its own: dropping the future of a `send` would cancel the message
/// while it waits in the mailbox, and a settle must happen even when the caller has left.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Settle {
    /// The record to keep; its `cost` is what is charged.
    pub record: Box<Generation>,
    /// What failed attempts cost us; booked with it.
    pub failed: Vec<FailedCost>,
    /// Told what was charged, when that is durable; closed when the storage fails.
    pub reply: Option<oneshot::Sender<Settled>>,
}

/// Gives a hold back; nothing billable came. Harmless when nothing is held.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Void {
    /// Whose hold.
    pub account: AccountId,
    /// Which hold.
    pub generation: GenerationId,
    /// The record to keep, if the request came so far.
    pub record: Option<Box<Generation>>,
    /// What failed attempts cost us; booked with it.
    pub failed: Vec<FailedCost>,
}

/// Keeps the record of an answer that costs nothing.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Record {
    /// The record.
    pub record: Box<Generation>,
    /// What failed attempts cost us; booked with it.
    pub failed: Vec<FailedCost>,
}

/// Gives credit. Answers with the new balance when it is durable.
#[derive(Message)]
#[rtype(result = "Result<Result<Picodollars, CreditError>, StorageDown>")]
pub struct Grant {
    /// To whom.
    pub account: AccountId,
    /// How much.
    pub amount: Picodollars,
    /// The same key again changes nothing.
    pub idempotency_key: String,
    /// Why.
    pub reason: String,
    /// Who gives it.
    pub author: Author,
}

/// Corrects a balance by hand. Answers with the new balance when it is durable.
#[derive(Message)]
#[rtype(result = "Result<Result<Picodollars, CreditError>, StorageDown>")]
pub struct Adjust {
    /// Whose.
    pub account: AccountId,
    /// By how much, up or down.
    pub amount: Picodollars,
    /// The same key again changes nothing.
    pub idempotency_key: String,
    /// Why.
    pub reason: String,
    /// Who does it.
    pub author: Author,
    /// As what it stands in the audit log.
    pub action: Action,
}

/// Keeps a row of the audit log whose deed is done elsewhere. Nobody waits for it.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Note(pub Deed);

/// Asks what an account and a key have spent.
#[derive(Message)]
#[rtype(result = "Result<Statement, StorageDown>")]
pub struct AskStatement {
    /// The account.
    pub account: AccountId,
    /// The key.
    pub key: KeyId,
}

/// Asks what some keys have cost, in their order.
#[derive(Message)]
#[rtype(result = "Result<Vec<KeyUsage>, StorageDown>")]
pub struct AskKeyUsage(pub Vec<KeyId>);

/// Asks for the books at a glance.
#[derive(Message)]
#[rtype(result = "Result<Overview, StorageDown>")]
pub struct AskOverview;

/// What an account and a key have spent.
#[derive(Clone, Copy, Debug)]
pub struct Statement {
    /// The account's sums.
    pub balance: Balance,
    /// The key's share.
    pub key: KeyUsage,
}

/// Asks for the record of one generation of an account.
#[derive(Message)]
#[rtype(result = "Result<Option<Box<Generation>>, StorageDown>")]
pub struct Find(pub AccountId, pub GenerationId);

/// Asks for the ledger as of now, to be verified or exported elsewhere.
#[derive(Message)]
#[rtype(result = "Result<Box<Snapshot>, StorageDown>")]
pub struct TakeSnapshot;

/// Commits what is pending; the answer means that everything before it is durable.
#[derive(Message)]
#[rtype(result = "Result<(), StorageDown>")]
pub struct Drain;
