//! Holds: credit kept back before anything goes upstream, and given back when nothing came of it.

use super::balances::Hold;
use super::ended::End;
use super::load::OpenHold;
use super::transfer::Draft;
use super::{Book, Cause, Kind, LedgerAccount};
use crate::ids::{AccountId, GenerationId, KeyId};
use crate::money::Picodollars;
use crate::store::{Generation, key};

/// A request for a hold.
#[derive(Clone, Debug)]
pub struct Order {
    /// The generation that will be charged.
    pub generation: GenerationId,
    /// Who pays.
    pub account: AccountId,
    /// With which key.
    pub key: KeyId,
    /// The dearest candidate's provider.
    pub provider: String,
    /// The dearest candidate.
    pub model: String,
    /// The expected cost.
    pub want: Picodollars,
    /// The least that lets the request start, when there is no more.
    pub least: Picodollars,
    /// The price list that the estimate was computed with.
    pub price_version: String,
    /// When the hold is given back by itself, in milliseconds since 1970.
    pub expires_ms: u64,
}

/// Why there is no hold. All but [`Refusal::Ended`] are the caller's to mend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Wait until one of the account's requests has ended.
    #[error("{open} requests of this account are running; wait for one to end")]
    TooManyHolds {
        /// How many holds are open.
        open: usize,
    },
    /// The money is there, but other requests hold it; once they end, it may do.
    #[error("{available} USD are available, the rest of {posted} USD is held by running requests")]
    Bound {
        /// What is free now.
        available: Picodollars,
        /// The balance without regard to holds.
        posted: Picodollars,
    },
    /// The account needs more credit.
    #[error("{available} USD are available, which is not enough; add credit")]
    Insufficient {
        /// What is free now.
        available: Picodollars,
    },
    /// A message about a generation that was settled or given up.
    #[error("this generation has already ended")]
    Ended,
}

/// A hold that was given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Released {
    /// Whose it was.
    pub generation: GenerationId,
    /// Who can use the credit again.
    pub account: AccountId,
    /// How much.
    pub amount: Picodollars,
}

impl Book {
    /// Keeps credit back for a generation: what it wants, or all that is left when nothing else
    /// of the account is running. Answers with what is held; said again about an open hold, it
    /// changes nothing.
    pub fn authorise(&mut self, order: Order, now_ms: u64) -> Result<Picodollars, Refusal> {
        if let Some(hold) = self.balances.hold(order.generation) {
            return Ok(hold.amount);
        }
        if self.ended.get(order.generation).is_some() {
            return Err(Refusal::Ended);
        }
        let open = self.balances.open_holds(order.account);
        if open >= self.limits.holds_per_account {
            return Err(Refusal::TooManyHolds { open });
        }
        let amount = self.affordable(&order)?;
        self.open(order, amount, now_ms);
        Ok(amount)
    }

    /// How much of the wish can be held.
    fn affordable(&self, order: &Order) -> Result<Picodollars, Refusal> {
        let balance = self.balance(order.account);
        let (available, posted) = (balance.available(), balance.posted());
        let want = order.want.max(Picodollars::ZERO);
        let least = order.least.clamp(Picodollars::new(1), Picodollars::MAX);
        if available >= want {
            Ok(want)
        } else if balance.debits_pending == 0 && available >= least {
            Ok(available)
        } else if balance.debits_pending > 0 && posted >= least {
            Err(Refusal::Bound { available, posted })
        } else {
            Err(Refusal::Insufficient { available })
        }
    }

    fn open(&mut self, order: Order, amount: Picodollars, now_ms: u64) {
        let generation = order.generation;
        let creditor = LedgerAccount::provider(&order.provider);
        let cause = Cause::generation(generation, &order.model, &order.price_version);
        let draft = Draft {
            kind: Kind::Hold {
                key: order.key,
                expires_ms: order.expires_ms,
            },
            debit: LedgerAccount::User(order.account),
            credit: creditor.clone(),
            amount,
            cause: cause.clone(),
        };
        self.append(draft, now_ms);
        let hold = Hold {
            account: order.account,
            key: order.key,
            creditor,
            amount,
            expires_ms: order.expires_ms,
            seq: self.chain.seq,
            cause,
        };
        self.batch
            .put(key::hold(generation), &OpenHold::of(generation, &hold));
        self.deadlines.insert((hold.expires_ms, generation));
        self.balances.open(generation, hold);
    }

    /// Gives a generation's hold back uncharged, and keeps its record when there is one. Said
    /// again, or about a generation that has ended, it changes nothing.
    pub fn void(
        &mut self,
        generation: GenerationId,
        record: Option<Generation>,
        now_ms: u64,
    ) -> Option<Released> {
        if self.ended.get(generation).is_some() {
            return None;
        }
        let released = self.release(generation, now_ms);
        self.ended.insert(generation, End::Unpaid);
        if let Some(record) = record {
            self.keep(record, Picodollars::ZERO, now_ms);
        }
        released
    }

    /// Gives back the holds whose deadline has passed, and forgets grants that are old enough.
    pub fn expire(&mut self, now_ms: u64) -> Vec<Released> {
        let now_ms = self.chain.time(now_ms);
        self.grants.forget(now_ms, &mut self.batch);
        let mut released = Vec::new();
        while let Some((expires_ms, generation)) = self.deadlines.first().copied() {
            if expires_ms > now_ms {
                break;
            }
            self.deadlines.pop_first();
            released.extend(self.void(generation, None, now_ms));
        }
        released
    }

    /// Gives a hold back, if there is one.
    pub(super) fn release(&mut self, generation: GenerationId, now_ms: u64) -> Option<Released> {
        let hold = self.close(generation)?;
        let draft = Draft {
            kind: Kind::Void,
            debit: hold.user(),
            credit: hold.creditor,
            amount: hold.amount,
            cause: hold.cause,
        };
        self.append(draft, now_ms);
        Some(Released {
            generation,
            account: hold.account,
            amount: hold.amount,
        })
    }
}
