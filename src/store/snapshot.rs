//! The ledger as of one transfer, to be read while the router goes on: what may change is copied in
//! one step, what never changes is read when it is needed.

use std::collections::BTreeSet;

use super::book::{Chain, LedgerAccount, Link, Meta};
use super::db::{Db, Row};
use super::error::{LedgerError, StoreError};
use super::{Day, Month, codec, key};
use crate::ids::AccountId;

/// Tables that grow with time, in key order. Their rows are written once and never changed, but for
/// the totals of a day and month that are still counting.
pub(super) const GROWING: [&[u8]; 7] = [
    key::DEEDS,
    key::ACCOUNT_DEEDS,
    key::DAYS,
    key::RECORDS,
    key::MONTHS,
    key::TRANSFERS,
    key::TRANSACTIONS,
];
/// How long after its end a day may still be counted on: no request runs longer.
const STILL_COUNTING_MS: u64 = 24 * 3600 * 1000;

/// The ledger as of one transfer.
pub struct Snapshot {
    pub(super) db: Db,
    pub(super) chain: Chain,
    /// Every row of the tables that do not grow with time.
    pub(super) small: Vec<Row>,
    /// The totals that may still change.
    pub(super) counting: Vec<Row>,
    /// The last row of the audit log.
    pub(super) last_deed: Option<Vec<u8>>,
    first_counting: Day,
}

impl Snapshot {
    /// Copies what may change. Nothing may be committed meanwhile; it takes as long as there are
    /// customers and keys, however long the chain is.
    pub fn take(db: &Db) -> Result<Self, StoreError> {
        let chain = Meta::read(db)?;
        let mut small = Vec::new();
        let mut from: Vec<u8> = Vec::new();
        for table in GROWING {
            for row in db.range(from..table.to_vec())? {
                small.push(row?);
            }
            from = after(table);
        }
        for row in db.range(from..)? {
            small.push(row?);
        }
        let first_counting = Day::of(chain.time_ms.saturating_sub(STILL_COUNTING_MS));
        let mut counting = Vec::new();
        for account in accounts(&small) {
            let days = key::day(account, first_counting)..after(&key::days(account));
            let months = key::month(account, first_counting.month())..after(&key::months(account));
            for row in db.range(days)?.chain(db.range(months)?) {
                counting.push(row?);
            }
        }
        let last_deed = db.rows(key::DEEDS)?.next_back().transpose()?;
        Ok(Self {
            last_deed: last_deed.map(|(key, _)| key),
            db: db.clone(),
            chain,
            small,
            counting,
            first_counting,
        })
    }

    /// Whether it has a customer or a balance of this account.
    pub fn knows(&self, account: AccountId) -> bool {
        accounts(&self.small).contains(&account)
    }

    /// Number of its last transfer.
    pub fn transfers(&self) -> u64 {
        self.chain.seq
    }

    /// Its transfers in order, each checked to follow from the one before, and at the end that the
    /// chain is whole.
    pub(super) fn follow<E: From<LedgerError> + From<StoreError>>(
        &self,
        mut each: impl FnMut(Link) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut chain = Chain::EMPTY;
        let range = key::transfer(0)..key::transfer(self.chain.seq.saturating_add(1));
        for row in self.db.range(range)? {
            let (key, value) = row?;
            let link: Link = codec::decode(&key, &value)?;
            chain.follow(&link)?;
            if key != key::transfer(chain.seq) {
                return Err(LedgerError::Misplaced(codec::show(&key)).into());
            }
            each(link)?;
        }
        if chain == self.chain {
            return Ok(());
        }
        Err(LedgerError::Head {
            found: chain.seq,
            noted: self.chain.seq,
        }
        .into())
    }

    /// Whether a row of totals may have changed since.
    pub(super) fn is_counting(&self, key: &[u8]) -> bool {
        let (day, month) = (self.first_counting, self.first_counting.month());
        let is_day = key::counted(key::DAYS, key)
            .and_then(|(_, digits)| Day::from_digits(digits))
            .is_some_and(|counted| counted >= day);
        let is_month = key::counted(key::MONTHS, key)
            .and_then(|(_, digits)| Month::from_digits(digits))
            .is_some_and(|counted| counted >= month);
        is_day || is_month
    }
}

/// The first key behind a table. Tables end in a slash.
fn after(table: &[u8]) -> Vec<u8> {
    key::after(table).unwrap_or_default()
}

/// Everyone who may have totals: customers, and whoever has a balance.
fn accounts(small: &[Row]) -> BTreeSet<AccountId> {
    let of_row = |(key, _): &Row| {
        let balance = || {
            let name = std::str::from_utf8(key.strip_prefix(key::BALANCES)?).ok()?;
            name.parse::<LedgerAccount>().ok()?.customer()
        };
        key::customer_of(key).or_else(balance)
    };
    small.iter().filter_map(of_row).collect()
}
