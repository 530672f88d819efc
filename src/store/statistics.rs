//! Statistics kept across restarts, one row per model. They are not money: a row that cannot be read
//! is dropped.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::codec;
use super::db::{Batch, Db};
use super::error::StoreError;
use super::key;

/// Rows that are read at the most; as many models as a catalog may have.
const MOST_ROWS: usize = 5_000;

/// What was kept of one model.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept<T> {
    /// The model's catalog id.
    pub model: String,
    /// When it was kept, in milliseconds since 1970.
    pub saved_ms: u64,
    /// What was known then.
    pub value: T,
}

/// Keeps a row for each model, in one commit.
pub fn keep_statistics<T: Serialize>(
    db: &Db,
    rows: impl IntoIterator<Item = Kept<T>>,
) -> Result<(), StoreError> {
    let mut batch = Batch::default();
    for row in rows {
        batch.put(key::statistics(&row.model), &(row.saved_ms, row.value));
    }
    db.commit(batch)
}

/// Everything that was kept. Rows that do not decode are removed, and a warning says so.
pub fn read_statistics<T: DeserializeOwned>(db: &Db) -> Result<Vec<Kept<T>>, StoreError> {
    let mut kept = Vec::new();
    let mut unreadable = Batch::default();
    for row in db.rows(key::STATISTICS)?.take(MOST_ROWS) {
        let (key, value) = row?;
        match codec::decode::<(u64, T)>(&key, &value) {
            Ok((saved_ms, value)) => kept.push(Kept {
                model: String::from_utf8_lossy(&key[key::STATISTICS.len()..]).into_owned(),
                saved_ms,
                value,
            }),
            Err(error) => {
                tracing::warn!(%error, "statistics of a model dropped; they are learned again");
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

    fn kept(model: &str, value: u32) -> Kept<u32> {
        Kept {
            model: model.to_owned(),
            saved_ms: 7,
            value,
        }
    }

    #[test]
    fn rows_come_back_and_damaged_ones_are_dropped() {
        let dir = TempDir::new().unwrap();
        let db = Db::open(dir.path()).unwrap();
        keep_statistics(&db, [kept("a/b:c", 1), kept("m", 2)]).unwrap();
        keep_statistics(&db, [kept("m", 3)]).unwrap();
        assert_eq!(
            read_statistics::<u32>(&db).unwrap(),
            [kept("a/b:c", 1), kept("m", 3)]
        );
        db.overwrite(&key::statistics("m"), Some(b"nonsense"));
        assert_eq!(read_statistics::<u32>(&db).unwrap(), [kept("a/b:c", 1)]);
        assert_eq!(db.get(&key::statistics("m")).unwrap(), None, "removed");
    }

    #[test]
    fn the_ledger_verifies_beside_them() {
        let dir = TempDir::new().unwrap();
        let db = Db::open(dir.path()).unwrap();
        keep_statistics(&db, [kept("m", 1)]).unwrap();
        db.overwrite(&key::statistics("n"), Some(b"nonsense"));
        crate::store::verify(&db).unwrap();
    }
}
