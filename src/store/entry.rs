//! What a row says, by its key: the one list of row kinds that verifying, exporting and importing
//! share. Rows that follow from others (balances, holds, indexes) are not in it.

use serde::{Deserialize, Serialize};

use super::accounts::{Account, Limit};
use super::audit::Deed;
use super::book::{
    DayTotals, DepositOrder, KeyTotals, Link, Payment, Remembered, Returns, Transfer,
};
use super::charging::Standing;
use super::codes::{Code, Tally};
use super::db::{Db, Row};
use super::error::{LedgerError, StoreError};
use super::generation::KeptRecord;
use super::policy::{KeyPolicy, KeyUse};
use super::settings::Settings;
use super::steps::Steps;
use super::telemetry::Telemetry;
use super::wallet::Wallet;
use super::{Day, Generation, Gift, Key, Month, Session, codec, key};
use crate::ids::AccountId;

/// A row that no other row determines.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Entry {
    Customer(Account),
    Key(Key),
    KeyPolicy(KeyPolicy),
    KeyUse(KeyUse),
    Settings(Settings),
    Telemetry(Telemetry),
    KeyTotals(KeyTotals),
    Limit(Limit),
    /// Credit of a new account that the ledger may not have heard of.
    Gift(Gift),
    Payment(Payment),
    Order(DepositOrder),
    /// What goes back of a payment, known or not yet.
    Returns(Returns),
    Wallet(Wallet),
    /// An idempotency key that was used, or an event of the card processor.
    Remembered(Remembered),
    Transfer {
        #[serde(flatten)]
        transfer: Transfer,
        #[serde(with = "crate::ids::digest")]
        hash: [u8; 32],
    },
    Day {
        account: AccountId,
        day: Day,
        totals: DayTotals,
    },
    Month {
        account: AccountId,
        month: Month,
        totals: DayTotals,
    },
    /// A generation's record, and where the chain ended when it was kept.
    Record {
        kept_at: u64,
        record: Generation,
    },
    /// How an account's auto-recharge stands.
    Recharge(Standing),
    /// A row of the audit log.
    Deed(Deed),
}

impl Entry {
    /// Reads a row. `None` for one that follows from others.
    ///
    /// Fails when its checksum is wrong, when it says another key than it stands under, or when
    /// nobody could have written it.
    pub(super) fn read(db: &Db, row: &Row) -> Result<Option<Self>, LedgerError> {
        let (key, value) = row;
        let misplaced = || LedgerError::Misplaced(codec::show(key));
        let entry = if key.starts_with(key::TRANSFERS) {
            let Link { transfer, hash } = codec::decode(key, value)?;
            Self::Transfer { transfer, hash }
        } else if key.starts_with(key::RECORDS) {
            let kept = KeptRecord::decode(key, value)?;
            Self::Record {
                kept_at: kept.at,
                record: kept.record,
            }
        } else if key.starts_with(key::DAYS) {
            let (account, day, totals) = read_day(row)?;
            Self::Day {
                account,
                day,
                totals,
            }
        } else if key.starts_with(key::MONTHS) {
            let (account, month, totals) = read_month(row)?;
            Self::Month {
                account,
                month,
                totals,
            }
        } else if key.starts_with(key::REMEMBERED) || key.starts_with(key::EVENTS) {
            Self::Remembered(codec::decode(key, value)?)
        } else if key.starts_with(key::PAYMENTS) {
            Self::Payment(codec::decode(key, value)?)
        } else if key.starts_with(key::ORDERS) {
            Self::Order(codec::decode(key, value)?)
        } else if key.starts_with(key::RETURNS) {
            Self::Returns(codec::decode(key, value)?)
        } else if key.starts_with(key::WALLETS) {
            Self::Wallet(codec::decode(key, value)?)
        } else if key.starts_with(key::RECHARGES) {
            Self::Recharge(codec::decode(key, value)?)
        } else if key.starts_with(key::LIMITS) {
            Self::Limit(codec::decode(key, value)?)
        } else if key.starts_with(key::KEY_TOTALS) {
            Self::KeyTotals(codec::decode(key, value)?)
        } else if key.starts_with(key::CUSTOMERS) {
            Self::Customer(codec::decode(key, value)?)
        } else if key.starts_with(key::KEYS) {
            Self::Key(codec::decode(key, value)?)
        } else if key.starts_with(key::POLICIES) {
            Self::KeyPolicy(codec::decode(key, value)?)
        } else if key.starts_with(key::USES) {
            Self::KeyUse(codec::decode(key, value)?)
        } else if key.starts_with(key::SETTINGS) {
            Self::Settings(codec::decode(key, value)?)
        } else if key.starts_with(key::TELEMETRY) {
            Self::Telemetry(codec::decode(key, value)?)
        } else if key.starts_with(key::GIFTS) {
            Self::Gift(codec::decode(key, value)?)
        } else if key.starts_with(key::CODES)
            || key.starts_with(key::TALLIES)
            || key.starts_with(key::SESSIONS)
        {
            return check_visit(row).map(|()| None);
        } else if key.starts_with(key::ADDRESSES) {
            return check_address(db, row).map(|()| None);
        } else if key.starts_with(key::TRANSACTIONS) {
            return check_transaction(db, row).map(|()| None);
        } else if key.starts_with(key::DEEDS) {
            let deed: Deed = codec::decode(key, value)?;
            if let Some(account) = deed.account {
                let index = key::account_deed(account, deed.id);
                let Some(bytes) = db.get(&index)? else {
                    return still_there(db, row);
                };
                codec::decode::<()>(&index, &bytes)?;
            }
            Self::Deed(deed)
        } else if key.starts_with(key::ACCOUNT_DEEDS) {
            return check_deed(db, row);
        } else if key.starts_with(key::BALANCES)
            || key.starts_with(key::HOLDS)
            || key.starts_with(key::STATISTICS)
            || key.starts_with(key::HISTORY)
            || key.starts_with(key::PRICES)
            || key.starts_with(key::TAKINGS)
            || key == key::META
            || key == key::YOUNG
        {
            // What was learned of the models, came of attempts and once was a price is no money: a damaged
            // row is dropped at the next start. Takings are held against the transfers elsewhere.
            return Ok(None);
        } else {
            return Err(misplaced());
        };
        if entry.key() != *key {
            return Err(misplaced());
        }
        Ok(Some(entry))
    }

    /// Where it is stored.
    pub(super) fn key(&self) -> Vec<u8> {
        match self {
            Self::Customer(account) => key::customer(account.id),
            Self::Key(key) => key::api_key(&key.hash),
            Self::KeyPolicy(policy) => key::policy(policy.key),
            Self::KeyUse(used) => key::key_use(used.key),
            Self::Settings(settings) => key::settings(settings.account),
            Self::Telemetry(target) => key::telemetry(target.account),
            Self::KeyTotals(totals) => key::key_totals(totals.key),
            Self::Limit(limit) => key::limit(limit.account),
            Self::Gift(gift) => key::gift(gift.account),
            Self::Payment(payment) => key::payment(&payment.intent),
            Self::Order(order) => key::order(order.account, order.id),
            Self::Returns(returns) => key::returns(&returns.intent),
            Self::Wallet(wallet) => key::wallet(wallet.account),
            Self::Recharge(standing) => key::recharge(standing.account),
            Self::Remembered(remembered) => remembered.key(),
            Self::Transfer { transfer, .. } => key::transfer(transfer.seq),
            Self::Day { account, day, .. } => key::day(*account, *day),
            Self::Month { account, month, .. } => key::month(*account, *month),
            Self::Record { record, .. } => key::record(record.account, record.id),
            Self::Deed(deed) => key::deed(deed.id),
        }
    }

    /// Stores it, and the indexes that follow from it alone.
    pub(super) fn store(&self, steps: &mut Steps<'_>) -> Result<(), StoreError> {
        let key = self.key();
        match self {
            Self::Customer(account) => {
                steps.put(account.address_key(), &account.id)?;
                steps.put(key, account)
            }
            Self::Key(value) => steps.put(key, value),
            Self::KeyPolicy(policy) => steps.put(key, policy),
            Self::KeyUse(used) => steps.put(key, used),
            Self::Settings(settings) => steps.put(key, settings),
            Self::Telemetry(target) => steps.put(key, target),
            Self::KeyTotals(totals) => steps.put(key, totals),
            Self::Limit(limit) => steps.put(key, limit),
            Self::Gift(gift) => steps.put(key, gift),
            Self::Payment(payment) => steps.put(key, payment),
            Self::Order(order) => steps.put(key, order),
            Self::Returns(returns) => steps.put(key, returns),
            Self::Wallet(wallet) => steps.put(key, wallet),
            Self::Recharge(standing) => steps.put(key, standing),
            Self::Remembered(remembered) => steps.put(key, remembered),
            Self::Transfer { transfer, hash } => {
                for account in transfer.customers() {
                    steps.put(key::transaction(account, transfer.seq), &())?;
                }
                let link = Link {
                    transfer: transfer.clone(),
                    hash: *hash,
                };
                steps.put(key, &link)
            }
            Self::Day { totals, .. } | Self::Month { totals, .. } => steps.put(key, totals),
            Self::Record { kept_at, record } => {
                let (at, record) = (*kept_at, record.clone());
                steps.put(key, &KeptRecord { at, record })
            }
            Self::Deed(deed) => {
                if let Some(account) = deed.account {
                    steps.put(key::account_deed(account, deed.id), &())?;
                }
                steps.put(key, deed)
            }
        }
    }

    /// Its kind, as an export names it.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Customer(_) => "customer",
            Self::Key(_) => "key",
            Self::KeyPolicy(_) => "key_policy",
            Self::KeyUse(_) => "key_use",
            Self::Settings(_) => "settings",
            Self::Telemetry(_) => "telemetry",
            Self::KeyTotals(_) => "key_totals",
            Self::Limit(_) => "limit",
            Self::Gift(_) => "gift",
            Self::Payment(_) => "payment",
            Self::Order(_) => "order",
            Self::Returns(_) => "returns",
            Self::Wallet(_) => "wallet",
            Self::Recharge(_) => "recharge",
            Self::Remembered(_) => "remembered",
            Self::Transfer { .. } => "transfer",
            Self::Day { .. } => "day",
            Self::Month { .. } => "month",
            Self::Record { .. } => "record",
            Self::Deed(_) => "audit",
        }
    }
}

/// The account, day and totals of a row `d/…`.
pub(super) fn read_day(row: &Row) -> Result<(AccountId, Day, DayTotals), StoreError> {
    let (key, value) = row;
    let named = key::counted(key::DAYS, key)
        .and_then(|(account, digits)| Some((account, Day::from_digits(digits)?)));
    let (account, day) = named.ok_or_else(|| no_period(key))?;
    Ok((account, day, codec::decode(key, value)?))
}

/// The account, month and totals of a row `t/…`.
pub(super) fn read_month(row: &Row) -> Result<(AccountId, Month, DayTotals), StoreError> {
    let (key, value) = row;
    let named = key::counted(key::MONTHS, key)
        .and_then(|(account, digits)| Some((account, Month::from_digits(digits)?)));
    let (account, month) = named.ok_or_else(|| no_period(key))?;
    Ok((account, month, codec::decode(key, value)?))
}

fn no_period(key: &[u8]) -> StoreError {
    StoreError::Corrupt {
        key: codec::show(key),
        reason: "not an account and a date",
    }
}

/// Checks a row of people who sign in. Nothing determines it, but it does not outlive a move: it is
/// no part of an export.
fn check_visit((key, value): &Row) -> Result<(), LedgerError> {
    let own_key = if key.starts_with(key::CODES) {
        key::code(&codec::decode::<Code>(key, value)?.flow)
    } else if key.starts_with(key::TALLIES) {
        key::tally(&codec::decode::<Tally>(key, value)?.address)
    } else {
        key::session(&codec::decode::<Session>(key, value)?.hash)
    };
    if own_key == *key {
        return Ok(());
    }
    Err(LedgerError::Misplaced(codec::show(key)))
}

/// Checks that an address belongs to the customer whom it names.
fn check_address(db: &Db, row: &Row) -> Result<(), LedgerError> {
    let (key, value) = row;
    match Account::read(db, codec::decode(key, value)?)? {
        Some(account) if account.address_key() == *key => Ok(()),
        Some(_) | None => Err(LedgerError::Misplaced(codec::show(key))),
    }
}

/// Checks that a customer's transfer is there and moved the customer's money.
fn check_transaction(db: &Db, (key, value): &Row) -> Result<(), LedgerError> {
    let misplaced = || LedgerError::Misplaced(codec::show(key));
    codec::decode::<()>(key, value)?;
    let (account, seq) = key::transacted(key).ok_or_else(misplaced)?;
    let row = key::transfer(seq);
    let stored = db.get(&row)?.ok_or_else(misplaced)?;
    let link: Link = codec::decode(&row, &stored)?;
    let mut customers = link.transfer.customers();
    customers
        .any(|customer| customer == account)
        .then_some(())
        .ok_or_else(misplaced)
}

/// Checks that a customer's index names a row of the audit log that is about the customer.
fn check_deed(db: &Db, row: &Row) -> Result<Option<Entry>, LedgerError> {
    let (key, value) = row;
    codec::decode::<()>(key, value)?;
    let named = key::account_deed_of(key);
    let (account, id) = named.ok_or_else(|| LedgerError::Misplaced(codec::show(key)))?;
    match Deed::read(db, id)? {
        Some(deed) if deed.account == Some(account) => Ok(None),
        Some(_) | None => still_there(db, row),
    }
}

/// A row without its partner is damage, unless both were pruned just now.
fn still_there(db: &Db, (key, _): &Row) -> Result<Option<Entry>, LedgerError> {
    match db.get(key)? {
        Some(_) => Err(LedgerError::Misplaced(codec::show(key))),
        None => Ok(None),
    }
}
