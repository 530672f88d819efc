//! What came of attempts in rows by kind, time and name. They are not money: a row that cannot be
//! read is dropped.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::codec;
use super::db::{Batch, Db};
use super::error::StoreError;
use super::key;

/// Rows that are read at the most: 90 days of 200 providers, 24 hours of 5,000 models, outages.
const MOST_ROWS: usize = 150_000;
/// Rows of one commit.
const ROWS_A_COMMIT: usize = 1_000;

/// Where a row of the history stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryKey {
    /// One letter that says what the row is.
    pub kind: u8,
    /// Its time, in a unit of its kind.
    pub at: u64,
    /// What it is about.
    pub name: String,
}

/// Writes rows, and removes those without a value.
pub fn keep_history<T: Serialize>(
    db: &Db,
    rows: impl IntoIterator<Item = (HistoryKey, Option<T>)>,
) -> Result<(), StoreError> {
    let mut batch = Batch::default();
    for (n, (row, value)) in (1_usize..).zip(rows) {
        let key = key::history(row.kind, row.at, &row.name);
        match value {
            Some(value) => batch.put(key, &value),
            None => batch.delete(key),
        }
        if n.is_multiple_of(ROWS_A_COMMIT) {
            db.commit(std::mem::take(&mut batch))?;
        }
    }
    db.commit(batch)
}

/// Every row. Those that do not decode are removed, and a warning says so.
pub fn read_history<T: DeserializeOwned>(db: &Db) -> Result<Vec<(HistoryKey, T)>, StoreError> {
    let mut kept = Vec::new();
    let mut unreadable = Batch::default();
    for row in db.rows(key::HISTORY)?.take(MOST_ROWS) {
        let (key, value) = row?;
        let read = key::history_of(&key).map(|(kind, at, name)| HistoryKey {
            kind,
            at,
            name: name.to_owned(),
        });
        match (read, codec::decode::<T>(&key, &value)) {
            (Some(row), Ok(value)) => kept.push((row, value)),
            (None, _) | (_, Err(_)) => {
                tracing::warn!(key = %codec::show(&key), "a row of the history of attempts dropped");
                unreadable.delete(key);
            }
        }
    }
    db.commit(unreadable)?;
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    fn row(at: u64, name: &str) -> HistoryKey {
        HistoryKey {
            kind: b'd',
            at,
            name: name.to_owned(),
        }
    }

    #[test]
    fn rows_come_back_in_order_of_time_and_damaged_ones_are_dropped() {
        let dir = TempDir::new().unwrap();
        let db = Db::open(dir.path()).unwrap();
        let rows = [
            (row(300, "b/c:d"), Some(2_u32)),
            (row(7, "a"), Some(1_u32)),
            (row(8, "x"), Some(5)),
        ];
        keep_history(&db, rows).unwrap();
        keep_history::<u32>(&db, [(row(8, "x"), None)]).unwrap();
        let both = [(row(7, "a"), 1), (row(300, "b/c:d"), 2)];
        assert_eq!(read_history::<u32>(&db).unwrap(), both);
        db.overwrite(&key::history(b'd', 7, "a"), Some(b"nonsense"));
        assert_eq!(read_history::<u32>(&db).unwrap(), both[1..]);
        assert_eq!(
            db.get(&key::history(b'd', 7, "a")).unwrap(),
            None,
            "removed"
        );
    }

    #[test]
    fn the_ledger_verifies_beside_them() {
        let dir = TempDir::new().unwrap();
        let db = Db::open(dir.path()).unwrap();
        keep_history(&db, [(row(1, "m"), Some(1))]).unwrap();
        db.overwrite(&key::history(b'h', 2, "n"), Some(b"nonsense"));
        crate::store::verify(&db).unwrap();
    }
}
