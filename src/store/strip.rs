//! Strips: rows of a table that grows with every request, side by side in one row of the storage. The storage
//! charges by the row, and a busy ledger adds hundreds to these tables at a time.

use std::collections::BTreeMap;

use super::db::Row;
use super::error::StoreError;
use super::{codec, key};

/// Version of a strip's form; [`codec`] has that of a single row.
const VERSION: u8 = 2;
/// Tables of strips, and of how many bytes the end of their keys is by which rows of one strip differ. Rows
/// come nearly in key order. A strip stands under the first of its keys, and no two strips overlap.
const TABLES: [(&[u8], usize); 3] = [
    (key::TRANSFERS, size_of::<u64>()),
    (key::TRANSACTIONS, size_of::<u64>()),
    (key::RECORDS, size_of::<u128>()),
];
const MOST_ROWS: usize = 128;
/// Reading one row unpacks its strip. Seventeen rows make a full page of the engine; one of more than 128 KiB
/// would be written to a file of its own.
const MOST_BYTES: usize = 6 << 10;

/// Whether the rows of this key's table may stand in strips.
pub(super) fn may_hold(key: &[u8]) -> bool {
    number_bytes(key).is_some()
}

fn number_bytes(key: &[u8]) -> Option<usize> {
    let table = TABLES.iter().find(|(table, _)| key.starts_with(table));
    table.map(|(_, bytes)| *bytes)
}

/// What the keys of one strip have in common.
pub(super) fn stem(key: &[u8]) -> &[u8] {
    let number = number_bytes(key).unwrap_or_default();
    key.split_at(key.len().saturating_sub(number)).0
}

/// Puts neighbours of the same table side by side.
pub(super) fn pack(rows: &BTreeMap<&[u8], &[u8]>) -> Vec<Row> {
    let mut packed = Vec::new();
    let mut strip: Vec<Part<'_>> = Vec::new();
    let mut bytes = 0;
    for (key, value) in rows {
        let joins = strip.last().is_some_and(|(last, _)| {
            stem(last) == stem(key) && strip.len() < MOST_ROWS && bytes + value.len() <= MOST_BYTES
        });
        if !joins {
            packed.extend(one(&strip));
            strip.clear();
            bytes = 0;
        }
        bytes += value.len();
        strip.push((key, value));
    }
    packed.extend(one(&strip));
    packed
}

/// The row that stands for all of these; a single one stays as it is.
fn one(rows: &[Part<'_>]) -> Option<Row> {
    let (first, value) = rows.first()?;
    if rows.len() < 2 {
        return Some((first.to_vec(), value.to_vec()));
    }
    let each = size_of::<u32>() + first.len() - stem(first).len();
    let values: usize = rows.iter().map(|(_, value)| value.len()).sum();
    let mut bytes = Vec::with_capacity(1 + rows.len() * each + values + codec::CHECKSUM_BYTES);
    bytes.push(VERSION);
    for (key, value) in rows {
        bytes.extend(key.split_at(stem(key).len()).1);
        bytes.extend(u32::try_from(value.len()).ok()?.to_le_bytes());
        bytes.extend(*value);
    }
    codec::seal(first, &mut bytes);
    Some((first.to_vec(), bytes))
}

/// The rows that a stored row stands for: itself, or those of its strip.
pub(super) fn unpack(row: Row) -> Result<Vec<Row>, StoreError> {
    let Some(parts) = parts(&row)? else {
        return Ok(vec![row]);
    };
    let stem = stem(&row.0);
    let owned = parts
        .into_iter()
        .map(|(number, value)| ([stem, number].concat(), value.to_vec()));
    Ok(owned.collect())
}

/// The value of a key, if the stored row is the key's own or the strip in which it stands.
pub(super) fn find(row: Row, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
    let Some(parts) = parts(&row)? else {
        return Ok((row.0 == key).then_some(row.1));
    };
    let number = key.split_at(stem(key).len()).1;
    let found = parts.into_iter().find(|(there, _)| *there == number);
    Ok(found.map(|(_, value)| value.to_vec()))
}

/// The numbers and values of a strip; `None` for a row that is none.
fn parts((key, value): &Row) -> Result<Option<Vec<Part<'_>>>, StoreError> {
    if !may_hold(key) || value.first() != Some(&VERSION) {
        return Ok(None);
    }
    let number = number_bytes(key).unwrap_or_default();
    let mut body = codec::unseal(key, value)?.split_at(1).1;
    let mut parts = Vec::new();
    while !body.is_empty() {
        let (part, rest) = next(body, number).ok_or_else(|| StoreError::Corrupt {
            key: codec::show(key),
            reason: "not a strip of rows",
        })?;
        body = rest;
        parts.push(part);
    }
    Ok(Some(parts))
}

/// A key, or the number at its end, and the value under it.
type Part<'a> = (&'a [u8], &'a [u8]);

/// The first part of what is left of a strip, and the rest.
fn next(body: &[u8], number: usize) -> Option<(Part<'_>, &[u8])> {
    let (number, body) = body.split_at_checked(number)?;
    let (length, body) = body.split_first_chunk()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let (value, rest) = body.split_at_checked(length)?;
    Some(((number, value), rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ids::AccountId;

    fn row(key: Vec<u8>, value: &str) -> Row {
        let value = codec::encode(&key, &value).unwrap();
        (key, value)
    }

    fn packed(rows: &[Row]) -> Vec<Row> {
        let parts = rows.iter().map(|(key, value)| (&key[..], &value[..]));
        pack(&parts.collect())
    }

    #[test]
    fn neighbours_stand_side_by_side_each_account_apart() {
        let (first, second) = (AccountId::new(), AccountId::new());
        let mut rows: Vec<Row> = (1..=MOST_ROWS as u64 + 1)
            .map(|seq| row(key::transfer(seq), "transfer"))
            .collect();
        for account in [first, second] {
            rows.push(row(key::transaction(account, 1), ""));
            rows.push(row(key::transaction(account, 300), ""));
        }
        let strips = packed(&rows);
        assert_eq!(strips.len(), 2 + 2);
        let mut unpacked: Vec<Row> = strips
            .into_iter()
            .flat_map(|row| unpack(row).unwrap())
            .collect();
        unpacked.sort();
        rows.sort();
        assert_eq!(unpacked, rows);
    }

    #[test]
    fn a_strip_is_bounded_in_bytes() {
        let long = "x".repeat(MOST_BYTES / 3);
        let rows: Vec<Row> = (1..=9).map(|seq| row(key::transfer(seq), &long)).collect();
        let strips = packed(&rows);
        assert_eq!(strips.len(), 5, "two fit into each");
        assert!(
            strips
                .iter()
                .all(|(_, value)| value.len() < MOST_BYTES + 100)
        );
    }

    proptest! {
        #[test]
        fn every_flipped_bit_is_found(at in any::<prop::sample::Index>(), bit in 0_u8..8) {
            let rows: Vec<Row> = (1..=3).map(|seq| row(key::transfer(seq), "transfer")).collect();
            let (key, mut value) = packed(&rows).pop().unwrap();
            let at = at.index(value.len());
            value[at] ^= 1 << bit;
            let read: Result<Vec<String>, StoreError> = unpack((key, value))
                .and_then(|rows| rows.iter().map(|(key, value)| codec::decode(key, value)).collect());
            prop_assert!(read.is_err());
        }

        #[test]
        fn nonsense_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let mut bytes = [vec![VERSION], bytes].concat();
            let key = key::transfer(1);
            let _ = unpack((key.clone(), bytes.clone()));
            codec::seal(&key, &mut bytes);
            let _ = unpack((key, bytes));
        }
    }
}
