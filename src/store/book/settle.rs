//! Settling: the exact cost is charged, the rest of the hold given back, the record kept.

use super::balances::{Hold, narrow};
use super::ended::End;
use super::transfer::Draft;
use super::{Book, Cause, Kind, LedgerAccount};
use crate::money::Picodollars;
use crate::store::generation::KeptRecord;
use crate::store::{Day, Generation, key};

/// What a settled generation came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled {
    /// What the customer paid.
    pub charged: Picodollars,
    /// The part of the cost that the customer's balance did not cover; our loss.
    pub overrun: Picodollars,
    /// What the customer has available now.
    pub balance: Picodollars,
}

/// There is nothing to settle: no hold was opened, or it was voided. Nothing is charged and nothing
/// recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no hold is open for this generation; nothing was charged")]
pub struct NotHeld;

impl Book {
    /// Charges exactly `record.cost` from the generation's hold, on to `record.provider`, and
    /// gives the rest back. Cost beyond the hold takes what is available, not held otherwise, and
    /// within the day's limit; the rest is our loss. The record is kept with what was charged as its
    /// cost. It counts on the day of its hold, so that a limit holds on both sides of midnight.
    ///
    /// A hold that expired before does not save anybody the charge: all of it is beyond the hold
    /// then. Said again about a settled generation, it changes nothing and answers the same.
    pub fn settle(&mut self, record: Generation, now_ms: u64) -> Result<Settled, NotHeld> {
        if let Some(End::Settled(settled)) = self.ended.get(record.id) {
            return Ok(settled);
        }
        let now_ms = self.tick(now_ms);
        let (kind, held, hold) = match self.close(record.id) {
            Some(hold) => (Kind::Post, hold.amount, hold),
            None => {
                let found = self.find_expired(record.id, now_ms);
                (Kind::Late, Picodollars::ZERO, found.ok_or(NotHeld)?)
            }
        };
        let cost = record.cost.max(Picodollars::ZERO);
        let day = self
            .counters
            .countable(hold.account, hold.day, Day::of(now_ms));
        let charged = self.chargeable(&hold, held, cost, day);
        let overrun = cost.checked_sub(charged).unwrap_or_default();
        self.charge(&hold, kind, &record, charged, overrun, now_ms);
        let settled = Settled {
            charged,
            overrun,
            balance: self.balances.of(&hold.user()).available(),
        };
        self.ended.insert(record.id, End::Settled(settled));
        let record = Generation {
            account: hold.account,
            key: hold.key,
            ..record
        };
        self.keep(record, charged, day);
        Ok(settled)
    }

    /// How much of a cost the customer pays: what was held for it, and beyond that as far as the
    /// balance and the day's limit allow.
    fn chargeable(
        &self,
        hold: &Hold,
        held: Picodollars,
        cost: Picodollars,
        day: Day,
    ) -> Picodollars {
        let wide = |amount: Picodollars| i128::from(amount.get());
        let covered = wide(cost.min(held));
        let available = wide(self.balances.of(&hold.user()).available());
        let free = available.min(wide(self.caps(&hold.payer(), day).free()));
        let beyond = (wide(cost) - covered).min(free - covered).max(0);
        narrow(covered + beyond)
    }

    fn charge(
        &mut self,
        hold: &Hold,
        kind: Kind,
        record: &Generation,
        charged: Picodollars,
        overrun: Picodollars,
        now_ms: u64,
    ) {
        let cause = Cause::generation(record.id, &record.model, &record.price_version);
        let creditor = LedgerAccount::provider(&record.provider);
        if overrun.is_positive() {
            let loss = Draft {
                kind: Kind::Overrun,
                debit: LedgerAccount::LossOverrun,
                credit: creditor.clone(),
                amount: overrun,
                cause: cause.clone(),
            };
            self.post(loss, now_ms);
        }
        let charge = Draft {
            kind,
            debit: hold.user(),
            credit: creditor,
            amount: charged,
            cause,
        };
        self.post(charge, now_ms);
    }

    /// Keeps the record of a generation that needs no hold: a free model's. Said again, it
    /// changes nothing.
    pub fn record(&mut self, record: Generation, now_ms: u64) {
        if self.has_ended(record.id) {
            return;
        }
        let now_ms = self.tick(now_ms);
        self.ended.insert(record.id, End::Unpaid);
        self.keep(record, Picodollars::ZERO, Day::of(now_ms));
    }

    /// Stores a record and counts it.
    pub(super) fn keep(&mut self, record: Generation, charged: Picodollars, day: Day) {
        let record = Generation {
            cost: charged,
            ..record.bounded()
        };
        self.counters.add(&record, day, &mut self.batch);
        let at = self.chain.seq;
        let key = key::record(record.account, record.id);
        self.batch.put(key, &KeptRecord { at, record });
    }
}
