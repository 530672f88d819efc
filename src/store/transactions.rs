//! A customer's transactions, read by the page without a walk over the chain, and its records: both
//! found by key and model.

use std::collections::HashMap;
use std::ops::{Range, RangeInclusive};

use super::book::{Cause, Link, Transfer};
use super::db::Db;
use super::error::StoreError;
use super::{Archive, Day, Generation, Page, Receipt, codec, key};
use crate::ids::{AccountId, GenerationId, KeyId};

/// Rows that one page looks through at the most, however few of them it wants.
const MOST_LOOKED_THROUGH: usize = 5000;
/// Records that are read at one time.
const STEP: usize = 500;

/// A page of transactions, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transactions {
    /// The transfers that moved the customer's money.
    pub transfers: Vec<Transfer>,
    /// What the card payments among them were, by the processor's id.
    pub receipts: HashMap<String, Receipt>,
    /// Where the next page begins; `None` when there is no older one.
    pub before: Option<u64>,
}

/// Which records or transactions are wanted; `None` is all.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Only those of a key.
    pub key: Option<KeyId>,
    /// Only those of a model.
    pub model: Option<String>,
}

impl Wanted {
    fn takes(&self, record: &Generation) -> bool {
        self.key.is_none_or(|key| record.key == key)
            && self
                .model
                .as_ref()
                .is_none_or(|model| record.model == *model)
    }

    /// Whether a transfer was made for such a request. One that no request caused, such as a
    /// deposit, has neither key nor model. The key is told by the request's record: when that is
    /// pruned, the transfer is found by its model alone.
    fn takes_transfer(&self, db: &Db, transfer: &Transfer) -> Result<bool, StoreError> {
        if self.key.is_none() && self.model.is_none() {
            return Ok(true);
        }
        let Cause::Generation { id, model, .. } = &transfer.cause else {
            return Ok(false);
        };
        if self.model.as_ref().is_some_and(|name| **name != **model) {
            return Ok(false);
        }
        let Some(key) = self.key else {
            return Ok(true);
        };
        let payer = transfer.debit.customer();
        let record = payer.map_or(Ok(None), |payer| Generation::read(db, payer, *id))?;
        Ok(record.is_some_and(|record| record.key == key))
    }
}

impl Archive {
    /// A customer's transactions of some days that are wanted, newest first, at most `limit` of
    /// them, all before the transfer `before`. A page may have fewer, even none, and still another
    /// page behind it: it looks through a bounded number of rows.
    pub fn transactions(
        &self,
        account: AccountId,
        days: &RangeInclusive<Day>,
        wanted: &Wanted,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Transactions, StoreError> {
        let of_days = self.transfers_of(days)?;
        let end = before.map_or(of_days.end, |before| before.min(of_days.end));
        let mut page = Transactions {
            transfers: Vec::new(),
            receipts: HashMap::new(),
            before: None,
        };
        if of_days.start >= end {
            return Ok(page);
        }
        let range = key::transaction(account, of_days.start)..key::transaction(account, end);
        let mut looked_through = 0;
        for row in self.db().range(range)?.rev() {
            let (key, _) = row?;
            let (_, seq) = key::transacted(&key).ok_or_else(|| StoreError::Corrupt {
                key: codec::show(&key),
                reason: "not an account and a transfer",
            })?;
            if let Some(transfer) = read(self.db(), seq)?
                && wanted.takes_transfer(self.db(), &transfer)?
            {
                if let Some(intent) = transfer.payment()
                    && let Some(receipt) = self.receipt(intent)?
                {
                    page.receipts.insert(intent.to_owned(), receipt);
                }
                page.transfers.push(transfer);
            }
            looked_through += 1;
            if page.transfers.len() == limit || looked_through == MOST_LOOKED_THROUGH {
                page.before = Some(seq);
                break;
            }
        }
        Ok(page)
    }

    /// A customer's records of some days that are wanted. A page may have fewer than `limit`, even
    /// none, and still another page behind it: it looks through a bounded number of rows.
    pub fn find(
        &self,
        account: AccountId,
        days: &RangeInclusive<Day>,
        wanted: &Wanted,
        before: Option<GenerationId>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        let mut found = Page {
            records: Vec::new(),
            before,
        };
        for _ in 0..MOST_LOOKED_THROUGH / STEP {
            let page = self.page(account, days.clone(), found.before, STEP)?;
            found.before = page.before;
            for record in page.records {
                if !wanted.takes(&record) {
                    continue;
                }
                let id = record.id;
                found.records.push(record);
                if found.records.len() == limit {
                    found.before = Some(id);
                    return Ok(found);
                }
            }
            if found.before.is_none() {
                break;
            }
        }
        Ok(found)
    }

    /// The transfers of some days. Their times never go back, so that a few reads find the ends.
    fn transfers_of(&self, days: &RangeInclusive<Day>) -> Result<Range<u64>, StoreError> {
        let last = self.db().rows(key::TRANSFERS)?.next_back().transpose()?;
        let Some((key, value)) = last else {
            return Ok(1..1);
        };
        let last = codec::decode::<Link>(&key, &value)?.transfer.seq;
        let first_from = |start_ms: u64| -> Result<u64, StoreError> {
            let (mut low, mut high) = (1, last + 1);
            while low < high {
                let middle = low + (high - low) / 2;
                match read(self.db(), middle)? {
                    Some(transfer) if transfer.time_ms >= start_ms => high = middle,
                    Some(_) | None => low = middle + 1,
                }
            }
            Ok(low)
        };
        let end_day = days.end().next();
        let end = if end_day == *days.end() {
            last + 1
        } else {
            first_from(end_day.start_ms())?
        };
        Ok(first_from(days.start().start_ms())?..end)
    }
}

fn read(db: &Db, seq: u64) -> Result<Option<Transfer>, StoreError> {
    let key = key::transfer(seq);
    let stored = db.get(&key)?;
    let link = stored.map(|value| codec::decode::<Link>(&key, &value));
    Ok(link.transpose()?.map(|link| link.transfer))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::store::book::samples::{DAY_MS, NOON_MS, order, pico, record, usd};
    use crate::store::{Book, Limits};

    fn all_days() -> RangeInclusive<Day> {
        Day::of(0)..=Day::of(u64::MAX)
    }

    /// A customer who gets a grant and pays two requests a day on three days, between the requests
    /// of another one.
    fn sample(db: &Db) -> (AccountId, KeyId) {
        let (account, other) = (AccountId::new(), AccountId::new());
        let (mut book, _) = Book::load(db, Limits::default(), NOON_MS).unwrap();
        let mut first_key = None;
        for payer in [account, other] {
            book.grant(payer, usd("5"), "k", "test", NOON_MS).unwrap();
        }
        for at in [NOON_MS, NOON_MS + DAY_MS, NOON_MS + 2 * DAY_MS] {
            for payer in [account, other, account] {
                let order = order(payer, usd("0.10"), pico(1));
                first_key.get_or_insert(order.key);
                book.authorise(&order, at).unwrap();
                book.settle(record(&order, usd("0.02")), at).unwrap();
            }
        }
        db.commit(book.take_batch()).unwrap();
        (account, first_key.unwrap())
    }

    #[test]
    fn pages_follow_each_other_newest_first_and_read_no_more_than_they_show() {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(dir.path()).unwrap();
        let (account, _) = sample(&db);
        let archive = Archive::new(db.clone());
        let mut seen = Vec::new();
        let mut before = None;
        loop {
            let page = archive
                .transactions(account, &all_days(), &Wanted::default(), before, 3)
                .unwrap();
            seen.extend(page.transfers);
            before = page.before;
            if before.is_none() {
                break;
            }
        }
        let changes: Vec<_> = seen.iter().map(|t| t.change_of(account)).collect();
        let mut expected = vec![usd("-0.02"); 6];
        expected.push(usd("5"));
        assert_eq!(changes, expected);
        assert!(seen.windows(2).all(|pair| pair[0].seq > pair[1].seq));
        let before = db.rows_read();
        let first = archive.transactions(account, &all_days(), &Wanted::default(), None, 1);
        assert_eq!(first.unwrap().transfers.len(), 1);
        assert!(db.rows_read() - before < 20);
    }

    #[test]
    fn days_and_filters_narrow_what_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(dir.path()).unwrap();
        let (account, key) = sample(&db);
        let archive = Archive::new(db.clone());
        let second = Day::of(NOON_MS + DAY_MS);
        let page = archive.transactions(account, &(second..=second), &Wanted::default(), None, 10);
        assert_eq!(page.unwrap().transfers.len(), 2);
        let find = |wanted: Wanted| {
            let found = archive.find(account, &all_days(), &wanted, None, 10);
            let paid = archive.transactions(account, &all_days(), &wanted, None, 10);
            let (found, paid) = (found.unwrap().records, paid.unwrap().transfers);
            let paid_for: BTreeSet<_> = paid.iter().filter_map(Transfer::generation).collect();
            let ids: BTreeSet<_> = found.iter().map(|record| record.id).collect();
            assert_eq!(paid_for, ids, "each of these requests was paid for");
            found.len()
        };
        assert_eq!(find(Wanted::default()), 6);
        let of_key = Wanted {
            key: Some(key),
            model: None,
        };
        assert_eq!(find(of_key), 1);
        let of_model = |name: &str| Wanted {
            key: None,
            model: Some(name.to_owned()),
        };
        assert_eq!(
            (find(of_model("gpt-4.1-mini")), find(of_model("x"))),
            (6, 0)
        );
    }
}
