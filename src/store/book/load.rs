//! Start-up: the book is read back, checked, and holds that a crash left open are written off.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::balances::{Balance, Hold};
use super::ended::End;
use super::returns::Payment::{Known, Unknown};
use super::takings::Today;
use super::transfer::Hash;
use super::young::read_young;
use super::{
    Book, Chain, DayTotals, Kind, LedgerAccount, Limits, Link, Payment, Remembered, Returns,
    TrialBalance,
};
use crate::ids::{AccountId, GenerationId};
use crate::money::Picodollars;
use crate::store::db::Db;
use crate::store::error::{LedgerError, StoreError};
use crate::store::schema::SCHEMA;
use crate::store::spend::SpendLimits;
use crate::store::{Day, codec, key};

/// How much of the chain's end is checked at start-up. `ledger verify` checks it all.
const TAIL: usize = 1000;

/// What start-up found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Transfers in the chain before this start.
    pub transfers: u64,
    /// Holds that were open: their clients never saw the end. They were voided.
    pub orphans: u64,
    /// The sum of their estimates, which was booked as our loss.
    pub loss: Picodollars,
}

/// The row `m/meta`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Meta {
    pub schema: u32,
    pub seq: u64,
    pub head: Hash,
    pub time_ms: u64,
}

impl Meta {
    pub(crate) fn of(chain: &Chain) -> Self {
        Self {
            schema: SCHEMA,
            seq: chain.seq,
            head: chain.head,
            time_ms: chain.time_ms,
        }
    }

    /// Reads the row; an empty directory has an empty chain.
    pub(crate) fn read(db: &Db) -> Result<Chain, StoreError> {
        let Some(bytes) = db.get(key::META)? else {
            return Ok(Chain::EMPTY);
        };
        let meta: Self = codec::decode(key::META, &bytes)?;
        Ok(Chain {
            seq: meta.seq,
            head: meta.head,
            time_ms: meta.time_ms,
        })
    }
}

/// An open hold as it is stored; the rest of it is in the transfer that opened it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OpenHold {
    pub generation: GenerationId,
    seq: u64,
    amount: Picodollars,
}

impl OpenHold {
    pub(crate) fn of(generation: GenerationId, hold: &Hold) -> Self {
        Self {
            generation,
            seq: hold.seq,
            amount: hold.amount,
        }
    }
}

impl Hold {
    /// The hold that a transfer opened, if it did.
    pub(crate) fn opened_by(link: &Link) -> Option<(GenerationId, Self)> {
        let transfer = &link.transfer;
        let Kind::Hold { key, expires_ms } = transfer.kind else {
            return None;
        };
        let LedgerAccount::User(account) = transfer.debit else {
            return None;
        };
        let hold = Self {
            account,
            key,
            creditor: transfer.credit.clone(),
            amount: transfer.amount,
            extended: 0,
            day: Day::of(transfer.time_ms),
            daily_limit: None,
            key_limits: SpendLimits::default(),
            expires_ms,
            seq: transfer.seq,
            cause: transfer.cause.clone(),
        };
        Some((transfer.generation()?, hold))
    }
}

impl Book {
    /// Reads the ledger back and checks the end of its chain, every balance against the open
    /// holds, and that the books balance. Open holds are then voided and their estimates booked
    /// as our loss, and that is committed.
    pub fn load(db: &Db, limits: Limits, now_ms: u64) -> Result<(Self, Recovered), LedgerError> {
        let mut book = Self::new(limits);
        book.chain = Meta::read(db)?;
        book.takings = Today::load(db, book.chain.time_ms)?;
        check_tail(db, &book.chain)?;
        book.load_balances(db)?;
        book.load_counters(db, now_ms)?;
        book.load_memory(db)?;
        let recovered = book.write_off_orphans(now_ms);
        db.commit(book.take_batch())?;
        Ok((book, recovered))
    }

    fn load_balances(&mut self, db: &Db) -> Result<(), LedgerError> {
        let mut stored = Vec::new();
        for row in db.rows(key::BALANCES)? {
            let (account, balance) = read_balance(&row?)?;
            self.balances.restore_posted(account.clone(), &balance);
            stored.push((account, balance));
        }
        for row in db.rows(key::HOLDS)? {
            let (key, value) = row?;
            let open: OpenHold = codec::decode(&key, &value)?;
            let (generation, hold) = read_hold(db, open)?;
            self.restore(generation, hold);
        }
        for (generation, hold) in read_young(db)? {
            // One that was enlarged has a row, however young it is.
            if self.balances.hold(generation).is_none() {
                self.restore(generation, hold);
            }
        }
        for (account, balance) in stored {
            if self.balances.of(&account) != balance {
                return Err(LedgerError::Balance(account));
            }
        }
        self.balances.take_changed();
        match self.trial_balance() {
            sum if sum.is_zero() => Ok(()),
            TrialBalance { posted, pending } => Err(LedgerError::TrialBalance { posted, pending }),
        }
    }

    fn restore(&mut self, generation: GenerationId, hold: Hold) {
        self.deadlines.insert((hold.expires_ms, generation));
        self.counters.reserve(&hold, hold.amount);
        self.balances.open(generation, hold);
    }

    fn load_counters(&mut self, db: &Db, now_ms: u64) -> Result<(), StoreError> {
        let day = Day::of(self.tick(now_ms));
        // Who only used free models has totals and no balance.
        let mut accounts: HashSet<AccountId> = self.customers().map(|(id, _)| id).collect();
        for row in db.rows(key::CUSTOMERS)? {
            accounts.extend(key::customer_of(&row?.0));
        }
        for account in accounts {
            let totals = DayTotals::read(db, account, day)?;
            self.counters.restore_day(account, day, totals);
            let totals = DayTotals::read_month(db, account, day.month())?;
            self.counters.restore_month(account, day.month(), totals);
        }
        for row in db.rows(key::KEY_TOTALS)? {
            let (key, value) = row?;
            self.counters.restore_key(codec::decode(&key, &value)?);
        }
        Ok(())
    }

    fn load_memory(&mut self, db: &Db) -> Result<(), StoreError> {
        for prefix in [key::REMEMBERED, key::EVENTS] {
            for row in db.rows(prefix)? {
                let (key, value) = row?;
                let remembered: Remembered = codec::decode(&key, &value)?;
                self.memory.insert(remembered.after_restart());
            }
        }
        for row in db.rows(key::PAYMENTS)? {
            let (key, value) = row?;
            let payment: Payment = codec::decode(&key, &value)?;
            self.payments.insert(payment.intent.clone(), payment);
        }
        for row in db.rows(key::RECHARGES)? {
            let (key, value) = row?;
            self.recharges.restore(codec::decode(&key, &value)?);
        }
        for row in db.rows(key::ORDERS)? {
            let (key, value) = row?;
            self.orders.insert(codec::decode(&key, &value)?);
        }
        for row in db.rows(key::RETURNS)? {
            let (key, value) = row?;
            let returns: Returns = codec::decode(&key, &value)?;
            let known = self.payments.contains_key(&returns.intent);
            let payment = if known { Known } else { Unknown };
            self.returns.insert(returns, payment);
        }
        Ok(())
    }

    fn write_off_orphans(&mut self, now_ms: u64) -> Recovered {
        let mut recovered = Recovered {
            transfers: self.chain.seq,
            ..Recovered::default()
        };
        let mut orphans: Vec<(GenerationId, Hold)> = self
            .balances
            .holds()
            .map(|(generation, hold)| (generation, hold.clone()))
            .collect();
        orphans.sort_by_key(|(_, hold)| hold.seq);
        for (generation, hold) in orphans {
            self.release(generation, now_ms);
            self.orphan(&hold, now_ms);
            self.ended.insert(generation, End::Unpaid);
            recovered.orphans += 1;
            recovered.loss = recovered.loss.saturating_add(hold.amount);
        }
        recovered
    }
}

/// The account and the counters of a row `a/…`.
pub(crate) fn read_balance(
    (key, value): &(Vec<u8>, Vec<u8>),
) -> Result<(LedgerAccount, Balance), LedgerError> {
    let account = key
        .strip_prefix(key::BALANCES)
        .and_then(|name| std::str::from_utf8(name).ok())
        .and_then(|name| name.parse().ok())
        .ok_or_else(|| LedgerError::Misplaced(codec::show(key)))?;
    Ok((account, codec::decode(key, value)?))
}

fn read_hold(db: &Db, open: OpenHold) -> Result<(GenerationId, Hold), LedgerError> {
    let key = key::transfer(open.seq);
    let bytes = db
        .get(&key)?
        .ok_or(LedgerError::Sequence { expected: open.seq })?;
    match Hold::opened_by(&codec::decode(&key, &bytes)?) {
        // Extensions are in later transfers; the check of the balances covers their sum.
        Some((generation, hold)) if generation == open.generation && open.amount >= hold.amount => {
            let amount = open.amount;
            Ok((generation, Hold { amount, ..hold }))
        }
        Some(_) | None => Err(LedgerError::Hold(open.generation)),
    }
}

/// Checks the last transfers' hashes and that they end where the chain was noted to end.
fn check_tail(db: &Db, noted: &Chain) -> Result<(), LedgerError> {
    let mut tail = Vec::new();
    for row in db.rows(key::TRANSFERS)?.rev().take(TAIL + 1) {
        let (key, value) = row?;
        tail.push(codec::decode::<Link>(&key, &value)?);
    }
    let mut chain = Chain::EMPTY;
    // With more than a tail stored, the oldest one read is the anchor of the others.
    if tail.len() > TAIL
        && let Some(anchor) = tail.pop()
    {
        chain = Chain::at(&anchor);
    }
    for link in tail.iter().rev() {
        chain.follow(link)?;
    }
    if chain != *noted {
        return Err(LedgerError::Head {
            found: chain.seq,
            noted: noted.seq,
        });
    }
    Ok(())
}
