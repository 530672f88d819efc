//! Settling: the exact cost is charged, the rest of the hold given back, the record kept.

use super::balances::Hold;
use super::ended::End;
use super::transfer::Draft;
use super::{Book, Cause, Kind, LedgerAccount};
use crate::money::Picodollars;
use crate::store::{Generation, key};

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

/// There is nothing to settle: no hold was opened, or it was voided or has expired. Nothing is
/// charged and nothing recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no hold is open for this generation; nothing was charged")]
pub struct NotHeld;

impl Book {
    /// Charges exactly `record.cost` from the generation's hold, on to `record.provider`, and
    /// gives the rest back. Cost beyond the hold takes what is available and not held otherwise;
    /// the rest is our loss. The record is kept with what was charged as its cost.
    ///
    /// Said again about a settled generation, it changes nothing and answers the same.
    pub fn settle(&mut self, record: Generation, now_ms: u64) -> Result<Settled, NotHeld> {
        if let Some(End::Settled(settled)) = self.ended.get(record.id) {
            return Ok(settled);
        }
        let hold = self.close(record.id).ok_or(NotHeld)?;
        let cost = record.cost.max(Picodollars::ZERO);
        let charged = cost.min(self.balances.of(&hold.user()).available());
        let overrun = cost.checked_sub(charged).unwrap_or_default();
        self.charge(&hold, &record, charged, overrun, now_ms);
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
        self.keep(record, charged, now_ms);
        Ok(settled)
    }

    fn charge(
        &mut self,
        hold: &Hold,
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
            kind: Kind::Post,
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
        if self.ended.get(record.id).is_some() {
            return;
        }
        self.ended.insert(record.id, End::Unpaid);
        self.keep(record, Picodollars::ZERO, now_ms);
    }

    /// Stores a record and counts it.
    pub(super) fn keep(&mut self, record: Generation, charged: Picodollars, now_ms: u64) {
        let record = Generation {
            cost: charged,
            ..record.bounded()
        };
        let day = self.day(now_ms);
        self.counters.add(&record, day, &mut self.batch);
        self.batch
            .put(key::record(record.account, record.id), &self.chain.seq);
        self.batch.put(key::generation(record.id), &record);
    }
}
