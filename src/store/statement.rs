//! A customer's statement: every booking that moved the balance, with the balance after it.

use std::ops::RangeInclusive;

use super::Day;
use super::book::{Cause, Kind, LedgerAccount};
use super::error::{LedgerError, StoreError};
use super::replay::Replay;
use super::snapshot::Snapshot;
use crate::ids::AccountId;
use crate::money::Picodollars;

/// One booking of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// When, in milliseconds since 1970.
    pub time_ms: u64,
    /// What kind of transfer it was.
    pub kind: Kind,
    /// What it added; less than zero when it took.
    pub amount: Picodollars,
    /// The balance after it, without regard to holds.
    pub balance: Picodollars,
    /// On whose behalf.
    pub cause: Cause,
}

impl Snapshot {
    /// The bookings of a customer on some days, oldest first. Reads and checks the whole chain, and
    /// calls `tick` for every transfer.
    pub fn statement<E: From<LedgerError> + From<StoreError>>(
        &self,
        account: AccountId,
        days: &RangeInclusive<Day>,
        mut each: impl FnMut(Item) -> Result<(), E>,
        mut tick: impl FnMut(),
    ) -> Result<(), E> {
        let user = LedgerAccount::User(account);
        let mut replay = Replay::default();
        self.follow(|link| {
            tick();
            let before = replay.balance(&user).posted();
            replay.apply(&link)?;
            let balance = replay.balance(&user).posted();
            let transfer = link.transfer;
            if balance == before || !days.contains(&Day::of(transfer.time_ms)) {
                return Ok(());
            }
            each(Item {
                time_ms: transfer.time_ms,
                kind: transfer.kind,
                amount: balance.checked_sub(before).unwrap_or_default(),
                balance,
                cause: transfer.cause,
            })
        })
    }
}

#[cfg(test)]
#[path = "statement_tests.rs"]
mod tests;
