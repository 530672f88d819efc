//! Young holds: open, and without a row of their own, because most end within moments of their beginning.
//! The transfers since the oldest of them say which they are.

use std::collections::{BTreeMap, HashMap};

use super::balances::Hold;
use super::load::OpenHold;
use super::{Balances, Kind, Link};
use crate::ids::GenerationId;
use crate::store::db::{Batch, Db};
use crate::store::error::LedgerError;
use crate::store::{codec, key};

/// A hold that is open for so long gets its row with the next commit, so that the transfers since the
/// oldest young hold stay few.
const YOUNG_MS: u64 = 1000;

/// Open holds that have no row, by the transfer that opened them.
#[derive(Debug, Default)]
pub(super) struct Young {
    holds: BTreeMap<u64, Opened>,
    /// What the row `m/young` says.
    noted: u64,
}

#[derive(Debug)]
struct Opened {
    generation: GenerationId,
    at_ms: u64,
}

impl Young {
    pub(super) fn insert(&mut self, generation: GenerationId, hold: &Hold, at_ms: u64) {
        self.holds.insert(hold.seq, Opened { generation, at_ms });
    }

    /// Takes a hold out that ends or gets a row. Whether it was young: a row has no hold then.
    pub(super) fn remove(&mut self, hold: &Hold) -> bool {
        self.holds.remove(&hold.seq).is_some()
    }

    /// Writes the rows of those that are not young any more, and from where on the others are found.
    /// `next` is the number of the next transfer.
    pub(super) fn put(&mut self, balances: &Balances, next: u64, now_ms: u64, batch: &mut Batch) {
        while let Some(oldest) = self.holds.first_entry() {
            let opened = oldest.get();
            if opened.at_ms.saturating_add(YOUNG_MS) > now_ms {
                break;
            }
            let generation = opened.generation;
            if let Some(hold) = balances.hold(generation) {
                batch.put(key::hold(generation), &OpenHold::of(generation, hold));
            }
            oldest.remove();
        }
        let from = self.holds.keys().next().copied().unwrap_or(next);
        if from != self.noted {
            self.noted = from;
            batch.put(key::YOUNG.to_vec(), &from);
        }
    }
}

/// The young holds that are open at the end of the chain, in the order in which they were opened.
pub(super) fn read_young(db: &Db) -> Result<Vec<(GenerationId, Hold)>, LedgerError> {
    let Some(bytes) = db.get(key::YOUNG)? else {
        return Ok(Vec::new());
    };
    let from: u64 = codec::decode(key::YOUNG, &bytes)?;
    let mut open: HashMap<GenerationId, Hold> = HashMap::new();
    for row in db.range(key::transfer(from)..=key::transfer(u64::MAX))? {
        let (key, value) = row?;
        let link: Link = codec::decode(&key, &value)?;
        match link.transfer.kind {
            Kind::Hold { .. } => open.extend(Hold::opened_by(&link)),
            Kind::Post | Kind::Void => {
                link.transfer.generation().map(|ended| open.remove(&ended));
            }
            Kind::Extend { .. }
            | Kind::Grant
            | Kind::Overrun
            | Kind::Orphan
            | Kind::Correction
            | Kind::Late
            | Kind::Failed
            | Kind::Deposit
            | Kind::DepositFee
            | Kind::Refund
            | Kind::Dispute
            | Kind::Uncovered
            | Kind::Adjust
            | Kind::Reinstated
            | Kind::Recovered => {}
        }
    }
    let mut open: Vec<_> = open.into_iter().collect();
    open.sort_by_key(|(_, hold)| hold.seq);
    Ok(open)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::AccountId;
    use crate::store::book::samples::{NOON_MS, order, pico, record, usd};
    use crate::store::book::{Extension, Order};
    use crate::store::{Book, Limits, verify};

    fn funded(db: &Db) -> (Book, AccountId) {
        let account = AccountId::new();
        let (mut book, _) = Book::load(db, Limits::default(), NOON_MS).unwrap();
        book.grant(account, usd("5"), "first", "test", NOON_MS)
            .unwrap();
        (book, account)
    }

    fn rows(db: &Db) -> usize {
        db.rows(key::HOLDS).unwrap().count()
    }

    fn hold(book: &mut Book, account: AccountId, at_ms: u64) -> Order {
        let order = order(account, usd("0.10"), pico(1));
        book.authorise(&order, at_ms).unwrap();
        order
    }

    #[test]
    fn only_a_hold_that_stays_open_gets_a_row() {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(dir.path()).unwrap();
        let (mut book, account) = funded(&db);
        let (short, long) = (
            hold(&mut book, account, NOON_MS),
            hold(&mut book, account, NOON_MS),
        );
        db.commit(book.take_batch()).unwrap();
        assert_eq!((rows(&db), verify(&db).unwrap().holds), (0, 2));
        book.settle(record(&short, usd("0.01")), NOON_MS + YOUNG_MS)
            .unwrap();
        db.commit(book.take_batch()).unwrap();
        assert_eq!((rows(&db), verify(&db).unwrap().holds), (1, 1));
        book.void(long.generation, None, NOON_MS + YOUNG_MS);
        db.commit(book.take_batch()).unwrap();
        assert_eq!((rows(&db), verify(&db).unwrap().holds), (0, 0));
    }

    #[test]
    fn a_start_finds_young_and_old_holds_once_each() {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(dir.path()).unwrap();
        let (mut book, account) = funded(&db);
        hold(&mut book, account, NOON_MS);
        let enlarged = hold(&mut book, account, NOON_MS + YOUNG_MS);
        let extension = Extension {
            generation: enlarged.generation,
            number: 1,
            want: usd("0.05"),
            least: pico(1),
        };
        book.extend(extension, NOON_MS + YOUNG_MS).unwrap();
        let ended = hold(&mut book, account, NOON_MS + YOUNG_MS);
        hold(&mut book, account, NOON_MS + YOUNG_MS);
        book.settle(record(&ended, usd("0.01")), NOON_MS + YOUNG_MS)
            .unwrap();
        db.commit(book.take_batch()).unwrap();
        assert_eq!((rows(&db), verify(&db).unwrap().holds), (2, 3));
        drop(book);
        let (book, recovered) = Book::load(&db, Limits::default(), NOON_MS).unwrap();
        assert_eq!((recovered.orphans, recovered.loss), (3, usd("0.35")));
        assert_eq!(book.balance(account).available(), usd("4.99"));
        assert_eq!((rows(&db), verify(&db).unwrap().holds), (0, 0));
        let (_, again) = Book::load(&db, Limits::default(), NOON_MS).unwrap();
        assert_eq!(again.orphans, 0);
    }

    #[test]
    fn holds_that_nothing_leads_to_are_found() {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(dir.path()).unwrap();
        let (mut book, account) = funded(&db);
        hold(&mut book, account, NOON_MS);
        db.commit(book.take_batch()).unwrap();
        let forged = codec::encode(key::YOUNG, &3_u64).unwrap();
        db.overwrite(key::YOUNG, Some(&forged));
        assert!(verify(&db).is_err());
        assert!(Book::load(&db, Limits::default(), NOON_MS).is_err());
    }
}
