//! Every charge against the record of its request, as far back as its customer's records are kept.

use std::collections::HashMap;

use crate::ids::{AccountId, GenerationId};
use crate::store::book::{Kind, Transfer};
use crate::store::db::Db;
use crate::store::error::{LedgerError, StoreError};
use crate::store::generation::KeptRecord;
use crate::store::{Generation, key};

/// Where each customer's records begin. They are pruned from the oldest on, so that none behind that may be missing.
pub(super) struct Records<'a> {
    db: &'a Db,
    oldest: HashMap<AccountId, Option<GenerationId>>,
}

impl<'a> Records<'a> {
    pub(super) fn new(db: &'a Db) -> Self {
        Self {
            db,
            oldest: HashMap::new(),
        }
    }

    /// Checks that a charge has its record, and that the record says the same amount.
    pub(super) fn check(&mut self, transfer: &Transfer) -> Result<(), LedgerError> {
        let charge = matches!(transfer.kind, Kind::Post | Kind::Late);
        let (Some(account), Some(generation)) = (transfer.debit.customer(), transfer.generation())
        else {
            return Ok(());
        };
        if !charge || !self.reach(account, generation)? {
            return Ok(());
        }
        match Generation::read(self.db, account, generation)? {
            Some(record) if record.cost == transfer.amount => Ok(()),
            // Pruning may have gone on meanwhile.
            None if oldest(self.db, account)?.is_none_or(|oldest| generation < oldest) => {
                self.oldest.remove(&account);
                Ok(())
            }
            Some(_) | None => Err(LedgerError::Record(generation)),
        }
    }

    /// Whether the customer's records reach back to this one.
    fn reach(&mut self, account: AccountId, generation: GenerationId) -> Result<bool, StoreError> {
        let oldest = match self.oldest.get(&account) {
            Some(oldest) => *oldest,
            None => {
                let oldest = oldest(self.db, account)?;
                self.oldest.insert(account, oldest);
                oldest
            }
        };
        Ok(oldest.is_some_and(|oldest| oldest <= generation))
    }
}

/// A customer's oldest record that can be read: pruning leaves others, and they are found as what they are.
fn oldest(db: &Db, account: AccountId) -> Result<Option<GenerationId>, StoreError> {
    let first = key::record(account, GenerationId::first_at(0));
    for row in db.range(first..key::after_records(account))? {
        let (key, value) = row?;
        if let Ok(kept) = KeptRecord::decode(&key, &value) {
            return Ok(Some(kept.record.id));
        }
    }
    Ok(None)
}
