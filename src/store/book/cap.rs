//! Caps on spending: what the account may spend a day and its key in each period, checked together.

use super::balances::narrow;
use super::{Book, Refusal};
use crate::ids::{AccountId, KeyId};
use crate::money::Picodollars;
use crate::store::Day;
use crate::store::spend::{Period, SpendLimits};

/// What a limit leaves, in pico-dollars.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    /// What was charged.
    pub spent: Picodollars,
    /// The limit less what was charged. Negative when the limit was lowered below that.
    pub unspent: i128,
    /// The same, less what open holds keep back.
    pub free: i128,
}

impl Room {
    pub(super) fn new(limit: Picodollars, spent: Picodollars, reserved: i128) -> Self {
        let unspent = i128::from(limit.get()) - i128::from(spent.get());
        Self {
            spent,
            unspent,
            free: unspent - reserved,
        }
    }
}

/// Whose limits count for a hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Payer {
    pub account: AccountId,
    pub key: KeyId,
    /// What the account may spend on one UTC day.
    pub daily_limit: Option<Picodollars>,
    /// What the key may spend.
    pub key_limits: SpendLimits,
}

/// A limit and what it leaves.
#[derive(Clone, Copy, Debug)]
struct Cap {
    of: CapOf,
    limit: Picodollars,
    room: Room,
}

#[derive(Clone, Copy, Debug)]
enum CapOf {
    Account,
    Key(Period),
}

impl Cap {
    /// The limit is used up.
    fn exceeded(&self, now_ms: u64) -> Refusal {
        let (limit, spent) = (self.limit, self.room.spent);
        match self.of {
            CapOf::Account => Refusal::DailyLimit {
                limit,
                spent,
                resets_in_ms: Day::ends_in_ms(now_ms),
            },
            CapOf::Key(period) => Refusal::KeyLimit {
                period,
                limit,
                spent,
                resets_in_ms: period.ends_in_ms(now_ms),
            },
        }
    }

    /// Running requests reserve what is left of it.
    fn reserved(&self) -> Refusal {
        let (limit, spent) = (self.limit, self.room.spent);
        match self.of {
            CapOf::Account => Refusal::LimitBound { limit, spent },
            CapOf::Key(period) => Refusal::KeyLimitBound {
                period,
                limit,
                spent,
            },
        }
    }
}

/// The caps of one payer on one day.
pub(super) struct Caps(Vec<Cap>);

impl Caps {
    /// What all of them leave.
    pub(super) fn free(&self) -> Picodollars {
        let free = self.0.iter().map(|cap| narrow(cap.room.free)).min();
        free.unwrap_or(Picodollars::MAX)
    }

    /// Whether a hold of less than `want` is all that will come of waiting: what is too tight are
    /// limits of the key alone, and none of its requests is running.
    pub(super) fn will_stay(&self, want: Picodollars) -> bool {
        let mut tight = self.0.iter().filter(|cap| narrow(cap.room.free) < want);
        tight.all(|cap| match cap.of {
            CapOf::Account => false,
            CapOf::Key(_) => cap.room.free == cap.room.unspent,
        })
    }

    /// The refusal when one of them leaves less than `least` even without open holds.
    pub(super) fn exceeded(&self, least: Picodollars, now_ms: u64) -> Option<Refusal> {
        let mut caps = self.0.iter();
        let exceeded = caps.find(|cap| cap.room.unspent < i128::from(least.get()));
        exceeded.map(|cap| cap.exceeded(now_ms))
    }

    /// The refusal of the tightest one, for whoever cannot wait.
    pub(super) fn tightest(&self, now_ms: u64) -> Option<Refusal> {
        let tightest = self.0.iter().min_by_key(|cap| cap.room.free);
        tightest.map(|cap| cap.exceeded(now_ms))
    }

    /// The refusal of the tightest one, for whoever can.
    pub(super) fn reserved(&self) -> Option<Refusal> {
        let tightest = self.0.iter().min_by_key(|cap| cap.room.free);
        tightest.map(Cap::reserved)
    }
}

impl Book {
    /// The caps on what a payer spends on a day.
    pub(super) fn caps(&self, payer: &Payer, day: Day) -> Caps {
        let account = payer.daily_limit.map(|limit| Cap {
            of: CapOf::Account,
            limit,
            room: self.counters.room(payer.account, day, limit),
        });
        let key = payer.key_limits.set().map(|(period, limit)| Cap {
            of: CapOf::Key(period),
            limit,
            room: self.counters.key_room(payer.key, period, day, limit),
        });
        Caps(account.into_iter().chain(key).collect())
    }
}
