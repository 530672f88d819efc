//! Credit that new accounts are given, and the bound on what one day may cost.
//!
//! The ledger posts a gift under an idempotency key. A gift is remembered here for two days and
//! said to the ledger again at each start, so that a crash between the two loses none.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::db::{Batch, Db};
use super::error::StoreError;
use super::{Day, codec, key};
use crate::ids::AccountId;
use crate::money::Picodollars;

/// How long a gift is remembered, in milliseconds. The ledger remembers its idempotency key longer.
const REMEMBER_MS: u64 = 2 * 24 * 3600 * 1000;

/// What new accounts are given.
#[derive(Clone, Copy, Debug)]
pub struct Generosity {
    /// To each.
    pub credit: Picodollars,
    /// To all of one UTC day together.
    pub daily_cap: Picodollars,
}

/// Credit for one new account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gift {
    /// To whom.
    pub account: AccountId,
    /// How much.
    pub amount: Picodollars,
    /// When, in milliseconds since 1970.
    pub given_ms: u64,
}

/// The gifts of the last days, in memory; changes go into the batch that is passed in.
pub(super) struct Gifts(HashMap<AccountId, Gift>);

impl Gifts {
    /// Reads them all.
    pub(super) fn load(db: &Db) -> Result<Self, StoreError> {
        let mut gifts = HashMap::new();
        for row in db.rows(key::GIFTS)? {
            let (key, value) = row?;
            let gift: Gift = codec::decode(&key, &value)?;
            gifts.insert(gift.account, gift);
        }
        Ok(Self(gifts))
    }

    /// Sets the credit of a new account aside, all of it or none when the day's cap is reached.
    pub(super) fn give(
        &mut self,
        account: AccountId,
        generosity: Generosity,
        now_ms: u64,
        batch: &mut Batch,
    ) -> Option<Gift> {
        let after = self
            .given_on(Day::of(now_ms))
            .checked_add(generosity.credit)?;
        if !generosity.credit.is_positive() || after > generosity.daily_cap {
            return None;
        }
        let gift = Gift {
            account,
            amount: generosity.credit,
            given_ms: now_ms,
        };
        batch.put(key::gift(account), &gift);
        self.0.insert(account, gift);
        Some(gift)
    }

    /// Those that the ledger might not have heard of.
    pub(super) fn all(&self) -> impl Iterator<Item = Gift> {
        self.0.values().copied()
    }

    /// Forgets old ones.
    pub(super) fn expire(&mut self, now_ms: u64, batch: &mut Batch) {
        self.0.retain(|account, gift| {
            let over = gift.given_ms.saturating_add(REMEMBER_MS) <= now_ms;
            if over {
                batch.delete(key::gift(*account));
            }
            !over
        });
    }

    fn given_on(&self, day: Day) -> Picodollars {
        self.0
            .values()
            .filter(|gift| Day::of(gift.given_ms) == day)
            .fold(Picodollars::ZERO, |sum, gift| {
                sum.saturating_add(gift.amount)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_MS: u64 = 24 * 3600 * 1000;

    fn usd(text: &str) -> Picodollars {
        text.parse().unwrap()
    }

    fn generosity(credit: &str, cap: &str) -> Generosity {
        Generosity {
            credit: usd(credit),
            daily_cap: usd(cap),
        }
    }

    #[test]
    fn a_day_never_costs_more_than_its_cap() {
        let mut gifts = Gifts(HashMap::new());
        let mut batch = Batch::default();
        let mut give = |now_ms| {
            gifts
                .give(
                    AccountId::new(),
                    generosity("0.40", "1"),
                    now_ms,
                    &mut batch,
                )
                .is_some()
        };
        assert_eq!([give(0), give(1), give(2)], [true, true, false]);
        assert_eq!([give(DAY_MS - 1), give(DAY_MS)], [false, true]);
    }

    #[test]
    fn without_credit_nothing_is_given_or_kept() {
        let mut gifts = Gifts(HashMap::new());
        let mut batch = Batch::default();
        let none = gifts.give(AccountId::new(), generosity("0", "1"), 0, &mut batch);
        assert!(none.is_none() && batch.is_empty());
    }

    #[test]
    fn gifts_outlive_a_restart_until_the_ledger_surely_knows() {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(dir.path()).unwrap();
        let (mut gifts, mut batch) = (Gifts::load(&db).unwrap(), Batch::default());
        let gift = gifts
            .give(AccountId::new(), generosity("1", "5"), 7, &mut batch)
            .unwrap();
        db.commit(batch).unwrap();
        let mut gifts = Gifts::load(&db).unwrap();
        assert_eq!(gifts.all().collect::<Vec<_>>(), [gift]);
        let mut batch = Batch::default();
        gifts.expire(7 + REMEMBER_MS, &mut batch);
        db.commit(batch).unwrap();
        assert_eq!(Gifts::load(&db).unwrap().all().count(), 0);
    }
}
