//! The whole ledger checked: every transfer followed from the first, every balance derived anew.

mod records;

use super::book::{Balances, Kind, OpenHold, Takings, TakingsByDay, TrialBalance, read_balance};
use super::db::{Db, Row};
use super::entry::Entry;
use super::error::LedgerError;
use super::replay::Replay;
use super::snapshot::{GROWING, Snapshot};
use super::{codec, key};
use records::Records;

/// What a sound ledger holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Transfers in the chain.
    pub transfers: u64,
    /// Accounts of the ledger.
    pub accounts: u64,
    /// Open holds.
    pub holds: u64,
    /// Records of requests.
    pub records: u64,
    /// SHA-256 of the whole chain, as hexadecimal digits.
    pub head_hash: String,
}

impl Snapshot {
    /// Checks everything that is stored: sequence and hashes of the chain, the rules behind each
    /// transfer, balances and holds against what the transfers give, the record of each charge, and each
    /// row's checksum and place. Calls `tick` for every transfer.
    pub fn verify(&self, mut tick: impl FnMut()) -> Result<Report, LedgerError> {
        let (mut replay, mut takings) = (Replay::default(), TakingsByDay::default());
        let (mut deposits, mut moved) = (0, 0);
        let mut records = Records::new(&self.db);
        self.follow(|link| {
            tick();
            moved += count(link.transfer.customers().count());
            deposits += u64::from(link.transfer.kind == Kind::Deposit);
            takings.count(&link.transfer);
            replay.apply(&link)?;
            records.check(&link.transfer)
        })?;
        let derived = replay.finish()?;
        let TrialBalance { posted, pending } = derived.trial_balance();
        if (posted, pending) != (0, 0) {
            return Err(LedgerError::TrialBalance { posted, pending });
        }
        let stored = self.check_small(&derived, &takings)?;
        let (accounts, holds) = (
            count(derived.accounts().count()),
            count(derived.holds().count()),
        );
        expect("balances", stored.balances, accounts)?;
        let young = self.young_without_row(&derived)?;
        expect("open holds", stored.holds + young, holds)?;
        expect("takings", stored.takings, count(takings.len()))?;
        // A missing one would let the same payment be credited again.
        expect("payments", stored.payments, deposits)?;
        expect("addresses", stored.addresses, stored.customers)?;
        let (records, transactions) = self.check_growing()?;
        expect("transactions", transactions, moved)?;
        Ok(Report {
            transfers: self.chain.seq,
            accounts,
            holds,
            records,
            head_hash: hex::encode(self.chain.head),
        })
    }

    /// Checks balances, holds and takings against what the transfers give, and that every other row is
    /// one that belongs there.
    fn check_small(
        &self,
        derived: &Balances,
        takings: &TakingsByDay,
    ) -> Result<Stored, LedgerError> {
        let mut stored = Stored::default();
        for row in &self.small {
            if row.0.starts_with(key::BALANCES) {
                let (account, balance) = read_balance(row)?;
                if derived.of(&account) != balance {
                    return Err(LedgerError::Balance(account));
                }
                stored.balances += 1;
            } else if row.0.starts_with(key::HOLDS) {
                check_hold(row, derived)?;
                stored.holds += 1;
            } else if row.0.starts_with(key::TAKINGS) {
                check_takings(row, takings)?;
                stored.takings += 1;
            } else {
                stored.payments += u64::from(row.0.starts_with(key::PAYMENTS));
                stored.customers += u64::from(row.0.starts_with(key::CUSTOMERS));
                stored.addresses += u64::from(row.0.starts_with(key::ADDRESSES));
                Entry::read(&self.db, row)?;
            }
        }
        Ok(stored)
    }

    /// Open holds that need no row of their own, and have none.
    fn young_without_row(&self, derived: &Balances) -> Result<u64, LedgerError> {
        let row = self.small.iter().find(|(key, _)| key == key::YOUNG);
        let Some((key, value)) = row else {
            return Ok(0);
        };
        let from: u64 = codec::decode(key, value)?;
        let has_row = |generation| {
            let key = key::hold(generation);
            self.small.binary_search_by(|row| row.0.cmp(&key)).is_ok()
        };
        let young = derived
            .holds()
            .filter(|(generation, hold)| hold.seq >= from && !has_row(*generation));
        Ok(count(young.count()))
    }

    /// Checks the rows that grow with time, each by what it claims to be, and counts the records and
    /// the customers' transactions.
    fn check_growing(&self) -> Result<(u64, u64), LedgerError> {
        let (mut records, mut transactions) = (0, 0);
        for table in GROWING {
            if table == key::TRANSFERS {
                continue;
            }
            for row in self.db.rows(table)? {
                let row = row?;
                let seq = key::transacted(&row.0).map(|(_, seq)| seq);
                transactions += u64::from(seq.is_some_and(|seq| seq <= self.chain.seq));
                if let Some(Entry::Record { .. }) = Entry::read(&self.db, &row)? {
                    records += 1;
                }
            }
        }
        Ok((records, transactions))
    }
}

/// Checks a ledger that nobody else uses.
pub fn verify(db: &Db) -> Result<Report, LedgerError> {
    Snapshot::take(db)?.verify(|| ())
}

/// How many rows of each derived kind are stored.
#[derive(Default)]
struct Stored {
    balances: u64,
    holds: u64,
    takings: u64,
    payments: u64,
    customers: u64,
    addresses: u64,
}

fn check_hold((key, value): &Row, derived: &Balances) -> Result<(), LedgerError> {
    let open: OpenHold = codec::decode(key, value)?;
    let expected = derived
        .hold(open.generation)
        .map(|hold| OpenHold::of(open.generation, hold));
    if expected != Some(open) || *key != key::hold(open.generation) {
        return Err(LedgerError::Hold(open.generation));
    }
    Ok(())
}

fn check_takings((key, value): &Row, derived: &TakingsByDay) -> Result<(), LedgerError> {
    let stored: Takings = codec::decode(key, value)?;
    let day = key::taken_on(key).ok_or_else(|| LedgerError::Misplaced(codec::show(key)))?;
    if derived.of(day) != Some(stored) {
        return Err(LedgerError::Takings(day));
    }
    Ok(())
}

fn expect(rows: &'static str, found: u64, derived: u64) -> Result<(), LedgerError> {
    if found == derived {
        return Ok(());
    }
    Err(LedgerError::Rows {
        rows,
        found,
        derived,
    })
}

fn count(rows: usize) -> u64 {
    u64::try_from(rows).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[path = "verify_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "tamper_tests.rs"]
mod tamper_tests;
