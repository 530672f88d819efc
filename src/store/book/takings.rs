//! What each UTC day came to for the operator. It follows from the transfers alone.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::account::LedgerAccount;
use super::transfer::{Draft, Transfer};
use crate::money::Picodollars;
use crate::store::db::{Batch, Db};
use crate::store::error::StoreError;
use crate::store::{Archive, Day, codec, key};

/// What some time came to for the operator, by the time of the transfers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Takings {
    /// What customers were charged for requests.
    pub revenue: Picodollars,
    /// What providers are owed for them.
    pub provider_cost: Picodollars,
    /// Card money, less what went back.
    pub deposits: Picodollars,
    /// Fees of deposits.
    pub fees: Picodollars,
    /// What the operator bore.
    pub losses: Picodollars,
    /// Credit that was given, less what was taken.
    pub given: Picodollars,
}

impl Takings {
    /// Counts a transfer that moved money for good.
    fn count(&mut self, debit: &LedgerAccount, credit: &LedgerAccount, amount: Picodollars) {
        let taken = Picodollars::ZERO.checked_sub(amount).unwrap_or_default();
        self.change(debit, taken, amount);
        self.change(credit, amount, taken);
    }

    /// One side of a transfer: an account that gets `gets`, which is `gives` when it is turned round.
    fn change(&mut self, account: &LedgerAccount, gets: Picodollars, gives: Picodollars) {
        let add = |sum: &mut Picodollars, amount| *sum = sum.saturating_add(amount);
        match account {
            LedgerAccount::User(_) => {}
            LedgerAccount::Provider(_) => {
                add(&mut self.provider_cost, gets);
                add(&mut self.revenue, gets);
            }
            // What providers got beyond their customers' payments was booked as a loss.
            LedgerAccount::LossOrphan | LedgerAccount::LossOverrun | LedgerAccount::LossFailed => {
                add(&mut self.losses, gives);
                add(&mut self.revenue, gets);
            }
            LedgerAccount::LossRefund => add(&mut self.losses, gives),
            LedgerAccount::Fee => add(&mut self.fees, gets),
            LedgerAccount::CashStripe => add(&mut self.deposits, gives),
            LedgerAccount::Goodwill => add(&mut self.given, gives),
        }
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            revenue: self.revenue.saturating_add(other.revenue),
            provider_cost: self.provider_cost.saturating_add(other.provider_cost),
            deposits: self.deposits.saturating_add(other.deposits),
            fees: self.fees.saturating_add(other.fees),
            losses: self.losses.saturating_add(other.losses),
            given: self.given.saturating_add(other.given),
        }
    }

    fn read(db: &Db, day: Day) -> Result<Self, StoreError> {
        let key = key::takings(day);
        match db.get(&key)? {
            Some(bytes) => codec::decode(&key, &bytes),
            None => Ok(Self::default()),
        }
    }
}

/// The day that is still counting. The ledger's time never goes back, so there is one.
#[derive(Debug, Default)]
pub(super) struct Today {
    day: Day,
    ends_ms: u64,
    takings: Takings,
    has_changed: bool,
}

impl Today {
    /// Takes up the day of the last transfer.
    pub(super) fn load(db: &Db, time_ms: u64) -> Result<Self, StoreError> {
        let day = Day::of(time_ms);
        Ok(Self {
            day,
            ends_ms: day.next().start_ms(),
            takings: Takings::read(db, day)?,
            has_changed: false,
        })
    }

    /// Counts a transfer before it has its place in the chain.
    pub(super) fn count(&mut self, draft: &Draft, time_ms: u64, batch: &mut Batch) {
        if !draft.kind.moves_money() {
            return;
        }
        if time_ms >= self.ends_ms {
            self.write(batch);
            let day = Day::of(time_ms);
            *self = Self {
                day,
                ends_ms: day.next().start_ms(),
                ..Self::default()
            };
        }
        self.takings
            .count(&draft.debit, &draft.credit, draft.amount);
        self.has_changed = true;
    }

    /// Writes what has changed since the last time.
    pub(super) fn write(&mut self, batch: &mut Batch) {
        if std::mem::take(&mut self.has_changed) {
            batch.put(key::takings(self.day), &self.takings);
        }
    }
}

/// What all days came to, derived from the transfers.
#[derive(Debug, Default)]
pub(crate) struct TakingsByDay(BTreeMap<Day, Takings>);

impl TakingsByDay {
    /// Counts the next transfer.
    pub(crate) fn count(&mut self, transfer: &Transfer) {
        if transfer.kind.moves_money() {
            let takings = self.0.entry(Day::of(transfer.time_ms)).or_default();
            takings.count(&transfer.debit, &transfer.credit, transfer.amount);
        }
    }

    /// How many days there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// What a day came to.
    pub(crate) fn of(&self, day: Day) -> Option<Takings> {
        self.0.get(&day).copied()
    }

    /// The days in order.
    pub(crate) fn into_rows(self) -> impl Iterator<Item = (Day, Takings)> {
        self.0.into_iter()
    }
}

impl Archive {
    /// What the days from `first` to `last` came to, oldest first; those without a movement of money are
    /// not among them.
    pub fn takings(&self, first: Day, last: Day) -> Result<Vec<(Day, Takings)>, StoreError> {
        if first > last {
            return Ok(Vec::new());
        }
        let rows = self.db().range(key::takings(first)..=key::takings(last))?;
        rows.map(|row| {
            let (key, value) = row?;
            let day = key::taken_on(&key).ok_or_else(|| StoreError::Corrupt {
                key: codec::show(&key),
                reason: "not a day",
            })?;
            Ok((day, codec::decode(&key, &value)?))
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::book::samples::{DAY_MS, NOON_MS, order, record, usd};
    use crate::store::{Book, Limits, verify};
    use tempfile::TempDir;

    fn charge(book: &mut Book, account: crate::ids::AccountId, usd_text: &str, at: u64) {
        let order = order(account, usd("0.50"), usd("0.50"));
        book.authorise(&order, at).unwrap();
        book.settle(record(&order, usd(usd_text)), at).unwrap();
    }

    #[test]
    fn every_day_has_what_its_transfers_came_to_over_a_restart() {
        let dir = TempDir::new().unwrap();
        let db = Db::open(dir.path()).unwrap();
        let account = crate::ids::AccountId::new();
        let (mut book, _) = Book::load(&db, Limits::default(), NOON_MS).unwrap();
        book.grant(account, usd("5"), "first", "test", NOON_MS)
            .unwrap();
        charge(&mut book, account, "0.02", NOON_MS);
        db.commit(book.take_batch()).unwrap();
        drop(book);
        let (mut book, _) = Book::load(&db, Limits::default(), NOON_MS + 1).unwrap();
        charge(&mut book, account, "0.03", NOON_MS + 2);
        // The next day begins within one commit.
        charge(&mut book, account, "0.10", NOON_MS + DAY_MS);
        db.commit(book.take_batch()).unwrap();
        let (today, tomorrow) = (Day::of(NOON_MS), Day::of(NOON_MS + DAY_MS));
        let charged = |usd_text: &str| Takings {
            revenue: usd(usd_text),
            provider_cost: usd(usd_text),
            ..Takings::default()
        };
        let first = Takings {
            given: usd("5"),
            ..charged("0.05")
        };
        let archive = Archive::new(db.clone());
        assert_eq!(
            archive.takings(today, tomorrow).unwrap(),
            [(today, first), (tomorrow, charged("0.10"))]
        );
        assert_eq!(archive.takings(tomorrow, today).unwrap(), []);
        verify(&db).unwrap();
        db.overwrite(&key::takings(today), None);
        assert!(verify(&db).is_err(), "a day is missing");
    }

    #[test]
    fn what_is_lost_is_no_revenue() {
        let mut day = Takings::default();
        let provider = LedgerAccount::provider("openai");
        let user = LedgerAccount::User(crate::ids::AccountId::new());
        day.count(&user, &provider, usd("2"));
        day.count(&LedgerAccount::LossOverrun, &provider, usd("0.50"));
        day.count(&LedgerAccount::CashStripe, &user, usd("10"));
        day.count(&LedgerAccount::CashStripe, &LedgerAccount::Fee, usd("0.40"));
        day.count(
            &LedgerAccount::LossRefund,
            &LedgerAccount::CashStripe,
            usd("1"),
        );
        let expected = Takings {
            revenue: usd("2"),
            provider_cost: usd("2.50"),
            deposits: usd("9.40"),
            fees: usd("0.40"),
            losses: usd("1.50"),
            given: usd("0"),
        };
        assert_eq!(day, expected);
    }
}
