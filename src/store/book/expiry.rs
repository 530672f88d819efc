//! Expiry: a hold past its deadline is given back, and its estimate is our loss until its request ends.

use std::collections::{HashMap, VecDeque};

use super::balances::Hold;
use super::transfer::Draft;
use super::{Book, Kind, LedgerAccount, Released};
use crate::ids::GenerationId;

/// How many expired holds are remembered for a request that ends late. Expiry is rare: it takes an
/// answer that outlives its clocks.
const MOST: usize = 4096;
/// Holds and rows that one call gives back or forgets at the most, so that it never takes long.
const MOST_AT_ONCE: usize = 256;

/// Holds that expired before their request ended.
#[derive(Debug, Default)]
pub(super) struct Expired {
    holds: HashMap<GenerationId, Hold>,
    order: VecDeque<GenerationId>,
}

impl Expired {
    pub(super) fn contains(&self, generation: GenerationId) -> bool {
        self.holds.contains_key(&generation)
    }

    fn insert(&mut self, generation: GenerationId, hold: Hold) {
        self.holds.insert(generation, hold);
        self.order.push_back(generation);
        if self.order.len() > MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.holds.remove(&oldest);
        }
    }
}

impl Book {
    /// Gives back the holds whose deadline has passed and books their estimates as our loss, and
    /// forgets keys and unpaid orders that are old enough. Takes a bounded number of steps; what is left
    /// is for the next call.
    pub fn expire(&mut self, now_ms: u64) -> Vec<Released> {
        let now_ms = self.tick(now_ms);
        self.memory.forget(now_ms, MOST_AT_ONCE, &mut self.batch);
        self.orders.forget(now_ms, MOST_AT_ONCE, &mut self.batch);
        self.returns.forget(now_ms, MOST_AT_ONCE, &mut self.batch);
        let mut released = Vec::new();
        while let Some((expires_ms, generation)) = self.deadlines.first().copied() {
            if expires_ms > now_ms || released.len() >= MOST_AT_ONCE {
                break;
            }
            self.deadlines.pop_first();
            if let Some((back, hold)) = self.release(generation, now_ms) {
                self.orphan(&hold, now_ms);
                self.expired.insert(generation, hold);
                released.push(back);
            }
        }
        released
    }

    /// Books the estimate of a hold whose end nobody saw; the hold is given back already.
    pub(super) fn orphan(&mut self, hold: &Hold, now_ms: u64) {
        let loss = Draft {
            kind: Kind::Orphan,
            debit: LedgerAccount::LossOrphan,
            credit: hold.creditor.clone(),
            amount: hold.amount,
            cause: hold.cause.clone(),
        };
        self.post(loss, now_ms);
    }

    /// The expired hold of a request that ends after all. Its estimate is no loss any more.
    pub(super) fn find_expired(&mut self, generation: GenerationId, now_ms: u64) -> Option<Hold> {
        let hold = self.expired.holds.remove(&generation)?;
        let correction = Draft {
            kind: Kind::Correction,
            debit: hold.creditor.clone(),
            credit: LedgerAccount::LossOrphan,
            amount: hold.amount,
            cause: hold.cause.clone(),
        };
        self.post(correction, now_ms);
        Some(hold)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::book::samples::*;

    #[test]
    fn memory_of_expired_holds_is_bounded() {
        let (mut book, account) = funded(usd("5"));
        let mut last = None;
        for at in 0..MOST as u64 + 1 {
            let mut order = order(account, pico(1), pico(1));
            order.expires_ms = NOON_MS + at;
            book.authorise(&order, NOON_MS + at).unwrap();
            book.expire(NOON_MS + at);
            last = Some(order.generation);
        }
        assert_eq!(book.expired.holds.len(), MOST);
        assert!(book.expired.contains(last.unwrap()));
    }
}
