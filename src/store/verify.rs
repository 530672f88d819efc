//! The whole ledger checked: every transfer followed from the first, every balance derived anew.

use super::accounts::{Account, Key};
use super::book::{
    Balances, Chain, DayTotals, Granted, Hold, KeyTotals, Kind, LedgerAccount, Link, Meta,
    OpenHold, Transfer, TrialBalance, read_balance,
};
use super::codes::{Code, Tally};
use super::db::{Db, Row};
use super::error::LedgerError;
use super::{Generation, Gift, Session, codec, key};
use crate::ids::AccountId;

/// What a sound ledger holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Transfers in the chain.
    pub transfers: u64,
    /// Accounts of the ledger.
    pub accounts: u64,
    /// Open holds.
    pub holds: u64,
    /// SHA-256 of the whole chain, as hexadecimal digits.
    pub head_hash: String,
}

/// Checks everything that is stored: sequence and hashes of the chain, the rules behind each
/// transfer, balances and holds against what the transfers give, and each row's checksum.
///
/// Nothing may be committed meanwhile: balances are read after the transfers.
pub fn verify(db: &Db) -> Result<Report, LedgerError> {
    let noted = Meta::read(db)?;
    let (chain, derived) = replay(db)?;
    if chain != noted {
        return Err(LedgerError::Head {
            found: chain.seq,
            noted: noted.seq,
        });
    }
    let TrialBalance { posted, pending } = derived.trial_balance();
    if (posted, pending) != (0, 0) {
        return Err(LedgerError::TrialBalance { posted, pending });
    }
    let stored = check_rows(db, &derived)?;
    let (accounts, holds) = (
        count(derived.accounts().count()),
        count(derived.holds().count()),
    );
    expect("balances", stored.balances, accounts)?;
    expect("open holds", stored.holds, holds)?;
    Ok(Report {
        transfers: chain.seq,
        accounts,
        holds,
        head_hash: hex::encode(chain.head),
    })
}

/// Derives balances and open holds from the transfers alone.
fn replay(db: &Db) -> Result<(Chain, Balances), LedgerError> {
    let mut chain = Chain::EMPTY;
    let mut balances = Balances::default();
    for row in db.rows(key::TRANSFERS)? {
        let (key, value) = row?;
        let link: Link = codec::decode(&key, &value)?;
        chain.follow(&link)?;
        if key != key::transfer(chain.seq) {
            return Err(LedgerError::Misplaced(codec::show(&key)));
        }
        apply(&mut balances, &link).map_err(|reason| LedgerError::Impossible {
            seq: chain.seq,
            reason,
        })?;
    }
    Ok((chain, balances))
}

/// The effect of one transfer; an error names the rule that it breaks.
fn apply(balances: &mut Balances, link: &Link) -> Result<(), &'static str> {
    let transfer = &link.transfer;
    if transfer.amount.get() < 0 {
        return Err("its amount is negative");
    }
    match transfer.kind {
        Kind::Hold { .. } => {
            let (generation, hold) = Hold::opened_by(link).ok_or("it holds for no generation")?;
            if balances.hold(generation).is_some() {
                return Err("its generation has a hold already");
            }
            balances.open(generation, hold);
        }
        Kind::Void => {
            let hold = close(balances, transfer)?;
            if hold.amount != transfer.amount {
                return Err("it gives back another amount than was held");
            }
        }
        Kind::Post => {
            close(balances, transfer)?;
            balances.post(&transfer.debit, &transfer.credit, transfer.amount);
        }
        Kind::Grant | Kind::Overrun | Kind::Orphan => {
            balances.post(&transfer.debit, &transfer.credit, transfer.amount);
        }
    }
    match &transfer.debit {
        user @ LedgerAccount::User(_) if balances.of(user).available().get() < 0 => {
            Err("it takes a customer below zero")
        }
        LedgerAccount::User(_)
        | LedgerAccount::Provider(_)
        | LedgerAccount::Goodwill
        | LedgerAccount::Fee
        | LedgerAccount::CashStripe
        | LedgerAccount::LossOrphan
        | LedgerAccount::LossOverrun
        | LedgerAccount::LossFailed => Ok(()),
    }
}

fn close(balances: &mut Balances, transfer: &Transfer) -> Result<Hold, &'static str> {
    let hold = transfer
        .generation()
        .and_then(|generation| balances.close(generation))
        .ok_or("its generation has no open hold")?;
    if hold.user() != transfer.debit {
        return Err("it ends another customer's hold");
    }
    Ok(hold)
}

/// How many rows of each derived kind are stored.
#[derive(Default)]
struct Stored {
    balances: u64,
    holds: u64,
}

/// Checks every row but the transfers, each by what it claims to be.
fn check_rows(db: &Db, derived: &Balances) -> Result<Stored, LedgerError> {
    let mut stored = Stored::default();
    for row in db.rows(b"")? {
        let row = row?;
        if row.0.starts_with(key::BALANCES) {
            let (account, balance) = read_balance(&row)?;
            if derived.of(&account) != balance {
                return Err(LedgerError::Balance(account));
            }
            stored.balances += 1;
        } else if row.0.starts_with(key::HOLDS) {
            check_hold(&row, derived)?;
            stored.holds += 1;
        } else if !row.0.starts_with(key::TRANSFERS) && row.0 != key::META {
            check_record(db, &row)?;
        }
    }
    Ok(stored)
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

/// Checks a row that the transfers do not determine: its checksum, and that it says where it is.
fn check_record(db: &Db, (key, value): &Row) -> Result<(), LedgerError> {
    let own_key = if key.starts_with(key::GENERATIONS) {
        key::generation(codec::decode::<Generation>(key, value)?.id)
    } else if key.starts_with(key::GRANTS) {
        codec::decode::<Granted>(key, value)?.key()
    } else if key.starts_with(key::KEY_TOTALS) {
        key::key_totals(codec::decode::<KeyTotals>(key, value)?.key)
    } else if key.starts_with(key::CUSTOMERS) {
        key::customer(codec::decode::<Account>(key, value)?.id)
    } else if key.starts_with(key::KEYS) {
        key::api_key(&codec::decode::<Key>(key, value)?.hash)
    } else if key.starts_with(key::CODES) {
        key::code(&codec::decode::<Code>(key, value)?.flow)
    } else if key.starts_with(key::TALLIES) {
        key::tally(&codec::decode::<Tally>(key, value)?.address)
    } else if key.starts_with(key::GIFTS) {
        key::gift(codec::decode::<Gift>(key, value)?.account)
    } else if key.starts_with(key::SESSIONS) {
        key::session(&codec::decode::<Session>(key, value)?.hash)
    } else if key.starts_with(key::ADDRESSES) {
        let id: AccountId = codec::decode(key, value)?;
        match Account::read(db, id)? {
            Some(account) => account.address_key(),
            None => return Err(LedgerError::Misplaced(codec::show(key))),
        }
    } else if key.starts_with(key::DAYS) {
        codec::decode::<DayTotals>(key, value)?;
        return Ok(());
    } else {
        return Err(LedgerError::Misplaced(codec::show(key)));
    };
    if own_key != *key {
        return Err(LedgerError::Misplaced(codec::show(key)));
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
