//! What a tamperer may try beyond changed bytes: rows taken, copied, swapped, hashed anew.

use sha2::{Digest, Sha256};

use super::tests::{all_rows, forge, link, sample};
use super::*;
use crate::store::book::samples::{NOON_MS, pico};
use crate::store::book::{Chain, Link, Meta};
use crate::store::{Book, Limits, verify};

/// The kinds of rows, by how their keys begin.
const KINDS: [&[u8]; 28] = [
    key::BALANCES,
    key::TRANSFERS,
    key::HOLDS,
    key::REMEMBERED,
    key::EVENTS,
    key::PAYMENTS,
    key::ORDERS,
    key::RETURNS,
    key::WALLETS,
    key::LIMITS,
    key::DAYS,
    key::MONTHS,
    key::KEY_TOTALS,
    key::RECORDS,
    key::CUSTOMERS,
    key::ADDRESSES,
    key::KEYS,
    key::POLICIES,
    key::USES,
    key::SETTINGS,
    key::TELEMETRY,
    key::TAKINGS,
    key::TRANSACTIONS,
    key::RECHARGES,
    key::DEEDS,
    key::ACCOUNT_DEEDS,
    key::META,
    key::YOUNG,
];

#[test]
fn the_sample_has_a_row_of_every_kind_and_no_other() {
    let (_dir, db) = sample();
    let rows = all_rows(&db);
    for kind in KINDS {
        let found = rows.iter().any(|(key, _)| key.starts_with(kind));
        assert!(found, "{}", codec::show(kind));
    }
    for (key, _) in &rows {
        let known = KINDS.iter().any(|kind| key.starts_with(kind));
        assert!(known, "{}", codec::show(key));
    }
}

/// Rows that nothing else determines: totals outlive the records they were counted from, keys, settings and remembered
/// operations stand for themselves.
const UNDETERMINED: [&[u8]; 15] = [
    key::RECHARGES,
    key::REMEMBERED,
    key::EVENTS,
    key::ORDERS,
    key::RETURNS,
    key::WALLETS,
    key::LIMITS,
    key::DAYS,
    key::MONTHS,
    key::KEY_TOTALS,
    key::KEYS,
    key::POLICIES,
    key::USES,
    key::SETTINGS,
    key::TELEMETRY,
];

#[test]
fn every_missing_row_that_another_determines_is_found() {
    let (_dir, db) = sample();
    let rows = all_rows(&db);
    // Pruning takes the oldest records.
    let oldest = rows.iter().find(|row| row.0.starts_with(key::RECORDS));
    let oldest = oldest.unwrap().0.clone();
    for (key, value) in rows {
        db.overwrite(&key, None);
        let undetermined = UNDETERMINED.iter().any(|kind| key.starts_with(kind));
        let determined = !undetermined && key != oldest;
        assert_eq!(verify(&db).is_err(), determined, "{}", codec::show(&key));
        db.overwrite(&key, Some(&value));
    }
    verify(&db).unwrap();
}

#[test]
fn a_row_under_another_key_of_its_kind_is_found() {
    let (_dir, db) = sample();
    for (key, value) in all_rows(&db) {
        let mut other = key.clone();
        *other.last_mut().unwrap() ^= 1;
        let stood_there = db.get(&other).unwrap();
        db.overwrite(&other, Some(&value));
        // A row behind the noted end is no part of what is verified while more is written; a
        // start finds it.
        let found = verify(&db).is_err() || Book::load(&db, Limits::default(), NOON_MS).is_err();
        assert!(found, "{}", codec::show(&key));
        db.overwrite(&other, stood_there.as_deref());
    }
    verify(&db).unwrap();
}

#[test]
fn swapped_transfers_are_found_even_with_right_checksums() {
    let (_dir, db) = sample();
    let last = verify(&db).unwrap().transfers;
    for seq in 1..last {
        let (first, second) = (link(&db, seq), link(&db, seq + 1));
        forge(&db, &key::transfer(seq), &second);
        forge(&db, &key::transfer(seq + 1), &first);
        let found = verify(&db).unwrap_err();
        assert!(
            matches!(found, LedgerError::Sequence { expected } if expected == seq),
            "{found}"
        );
        // Numbered anew they no longer fit their hashes.
        let numbered = |link: &Link, seq| {
            let mut link = link.clone();
            link.transfer.seq = seq;
            link
        };
        forge(&db, &key::transfer(seq), &numbered(&second, seq));
        forge(&db, &key::transfer(seq + 1), &numbered(&first, seq + 1));
        let found = verify(&db).unwrap_err();
        assert!(
            matches!(found, LedgerError::Hash { seq: at } if at == seq),
            "{found}"
        );
        forge(&db, &key::transfer(seq), &first);
        forge(&db, &key::transfer(seq + 1), &second);
    }
    verify(&db).unwrap();
}

#[test]
fn a_transfer_hashed_anew_does_not_fit_its_successor() {
    let (_dir, db) = sample();
    for seq in 1..verify(&db).unwrap().transfers {
        let honest = link(&db, seq);
        forge(&db, &key::transfer(seq), &dearer(&db, seq));
        let found = verify(&db).unwrap_err();
        // What contradicts a rule, or the record of a charge, is found first.
        let successor = matches!(found, LedgerError::Hash { seq: at } if at == seq + 1);
        let rule = matches!(found, LedgerError::Impossible { seq: at, .. } if at == seq);
        let record = matches!(found, LedgerError::Record(_)) && honest.transfer.kind == Kind::Post;
        assert!(successor || rule || record, "{seq}: {found}");
        forge(&db, &key::transfer(seq), &honest);
    }
    verify(&db).unwrap();
}

#[test]
fn a_chain_hashed_anew_to_its_end_contradicts_the_noted_head_and_the_balances() {
    let (_dir, db) = sample();
    let last = verify(&db).unwrap().transfers;
    // The first transfer is a grant, and no rule bounds that.
    forge(&db, &key::transfer(1), &dearer(&db, 1));
    for seq in 2..=last {
        let transfer = link(&db, seq).transfer;
        let hash = hash(link(&db, seq - 1).hash, &transfer);
        forge(&db, &key::transfer(seq), &Link { transfer, hash });
    }
    let found = verify(&db).unwrap_err();
    assert!(
        matches!(found, LedgerError::Head { found, noted } if found == noted),
        "{found}"
    );
    forge(&db, key::META, &Meta::of(&Chain::at(&link(&db, last))));
    let found = verify(&db).unwrap_err();
    assert!(matches!(found, LedgerError::Balance(_)), "{found}");
}

/// The transfer with another amount and the hash that goes with it.
fn dearer(db: &Db, seq: u64) -> Link {
    let mut transfer = link(db, seq).transfer;
    transfer.amount = pico(transfer.amount.get() + 1);
    let before = if seq == 1 {
        [0; 32]
    } else {
        link(db, seq - 1).hash
    };
    let hash = hash(before, &transfer);
    Link { transfer, hash }
}

fn hash(before: [u8; 32], transfer: &crate::store::Transfer) -> [u8; 32] {
    let bytes = postcard::to_stdvec(transfer).unwrap();
    Sha256::new()
        .chain_update(before)
        .chain_update(bytes)
        .finalize()
        .into()
}
