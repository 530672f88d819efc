//! Holds: credit kept back before anything goes upstream, and given back when nothing came of it.

use super::balances::Hold;
use super::cap::Payer;
use super::ended::End;
use super::transfer::Draft;
use super::{Book, Cause, Kind, LedgerAccount};
use crate::ids::{AccountId, GenerationId, KeyId};
use crate::money::Picodollars;
use crate::store::spend::{Period, SpendLimits};
use crate::store::{Day, Generation};

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
    /// What the account may spend on one UTC day, if that is limited.
    pub daily_limit: Option<Picodollars>,
    /// What the key may spend.
    pub key_limits: SpendLimits,
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
    /// The account needs more credit, and a charge of its saved card is under way; once that has
    /// ended, it may do.
    #[error(
        "{available} USD are available, which is not enough; an automatic recharge is under way"
    )]
    Recharging {
        /// What is free now.
        available: Picodollars,
    },
    /// What is left of the day's limit does not cover it.
    #[error(
        "the daily limit of {limit} USD leaves too little: {spent} USD are spent today; it starts anew at midnight UTC"
    )]
    DailyLimit {
        /// The limit.
        limit: Picodollars,
        /// What was charged today.
        spent: Picodollars,
        /// Until the next UTC midnight, in milliseconds.
        resets_in_ms: u64,
    },
    /// The day's limit would allow it, but running requests reserve what is left; once they end, it
    /// may do.
    #[error("running requests reserve what {spent} USD leave of the daily limit of {limit} USD")]
    LimitBound {
        /// The limit.
        limit: Picodollars,
        /// What was charged today.
        spent: Picodollars,
    },
    /// What is left of one of the key's limits does not cover it.
    #[error("this key's limit of {limit} USD ({}) leaves too little: {spent} USD are spent", .period.as_str())]
    KeyLimit {
        /// The limit's period.
        period: Period,
        /// The limit.
        limit: Picodollars,
        /// What was charged in the period.
        spent: Picodollars,
        /// Until the period ends, in milliseconds, if it does.
        resets_in_ms: Option<u64>,
    },
    /// The key's limit would allow it, but running requests reserve what is left; once they end, it
    /// may do.
    #[error("running requests reserve what {spent} USD leave of this key's limit of {limit} USD ({})", .period.as_str())]
    KeyLimitBound {
        /// The limit's period.
        period: Period,
        /// The limit.
        limit: Picodollars,
        /// What was charged in the period.
        spent: Picodollars,
    },
    /// A message about a generation that was settled or given up.
    #[error("this generation has already ended")]
    Ended,
}

impl Order {
    fn payer(&self) -> Payer {
        Payer {
            account: self.account,
            key: self.key,
            daily_limit: self.daily_limit,
            key_limits: self.key_limits,
        }
    }
}

impl Refusal {
    /// Whether only the account's own running requests or charges stand in the way, so that waiting
    /// helps.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Bound { .. }
            | Self::Recharging { .. }
            | Self::LimitBound { .. }
            | Self::KeyLimitBound { .. } => true,
            Self::TooManyHolds { .. }
            | Self::Insufficient { .. }
            | Self::DailyLimit { .. }
            | Self::KeyLimit { .. }
            | Self::Ended => false,
        }
    }
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
    pub fn authorise(&mut self, order: &Order, now_ms: u64) -> Result<Picodollars, Refusal> {
        if let Some(hold) = self.balances.hold(order.generation) {
            return Ok(hold.amount);
        }
        if self.has_ended(order.generation) {
            return Err(Refusal::Ended);
        }
        let open = self.balances.open_holds(order.account);
        if open >= self.limits.holds_per_account {
            return Err(Refusal::TooManyHolds { open });
        }
        let ledger_ms = self.tick(now_ms);
        // The deadline was set by the clock, which may be behind the ledger's time.
        let expires_ms = order
            .expires_ms
            .saturating_add(ledger_ms.saturating_sub(now_ms));
        let amount = self.affordable(order, ledger_ms)?;
        self.open(order, expires_ms, amount, ledger_ms);
        Ok(amount)
    }

    /// How much of the wish can be held.
    fn affordable(&self, order: &Order, now_ms: u64) -> Result<Picodollars, Refusal> {
        let balance = self.balance(order.account);
        let (available, posted) = (balance.available(), balance.posted());
        let want = order.want.max(Picodollars::ZERO);
        let least = order.least.clamp(Picodollars::new(1), Picodollars::MAX);
        let caps = self.caps(&order.payer(), Day::of(now_ms));
        let free = available.min(caps.free());
        if free >= want {
            return Ok(want);
        }
        let alone = balance.debits_pending == 0;
        if free >= least && (alone || (available >= want && caps.will_stay(want))) {
            return Ok(free);
        }
        if posted < least {
            return Err(if self.expects_credit(order.account, now_ms) {
                Refusal::Recharging { available }
            } else {
                Refusal::Insufficient { available }
            });
        }
        if let Some(exceeded) = caps.exceeded(least, now_ms) {
            return Err(exceeded);
        }
        let bound = Refusal::Bound { available, posted };
        Err(match caps.reserved() {
            Some(reserved) if available >= want => reserved,
            Some(_) | None => bound,
        })
    }

    fn open(&mut self, order: &Order, expires_ms: u64, amount: Picodollars, now_ms: u64) {
        let generation = order.generation;
        let creditor = LedgerAccount::provider(&order.provider);
        let cause = Cause::generation(generation, &order.model, &order.price_version);
        let draft = Draft {
            kind: Kind::Hold {
                key: order.key,
                expires_ms,
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
            extended: 0,
            day: Day::of(now_ms),
            daily_limit: order.daily_limit,
            key_limits: order.key_limits,
            expires_ms,
            seq: self.chain.seq,
            cause,
        };
        self.young.insert(generation, &hold, now_ms);
        self.deadlines.insert((hold.expires_ms, generation));
        self.counters.reserve(&hold, amount);
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
        let now_ms = self.tick(now_ms);
        self.find_expired(generation, now_ms);
        let released = self
            .release(generation, now_ms)
            .map(|(released, _)| released);
        self.ended.insert(generation, End::Unpaid);
        if let Some(record) = record {
            self.keep(record, Picodollars::ZERO, Day::of(now_ms));
        }
        released
    }

    /// Gives a hold back, if there is one.
    pub(super) fn release(
        &mut self,
        generation: GenerationId,
        now_ms: u64,
    ) -> Option<(Released, Hold)> {
        let hold = self.close(generation)?;
        let draft = Draft {
            kind: Kind::Void,
            debit: hold.user(),
            credit: hold.creditor.clone(),
            amount: hold.amount,
            cause: hold.cause.clone(),
        };
        self.append(draft, now_ms);
        let released = Released {
            generation,
            account: hold.account,
            amount: hold.amount,
        };
        Some((released, hold))
    }
}
