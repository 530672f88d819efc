//! What is kept of models across restarts, one row per model: statistics and prices. It is not money: a
//! row that cannot be read is dropped.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::codec;
use super::db::{Batch, Db};
use super::error::StoreError;
use super::key;

/// Rows that are read at the most; twice as many models as a catalog may have.
const MOST_ROWS: usize = 10_000;

/// What is kept of models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// What was observed of them.
    Statistics,
    /// The prices that they have had.
    Prices,
}

impl About {
    const fn table(self) -> &'static [u8] {
        match self {
            Self::Statistics => key::STATISTICS,
            Self::Prices => key::PRICES,
        }
    }

    fn key(self, model: &str) -> Vec<u8> {
        [self.table(), model.as_bytes()].concat()
    }
}

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

/// Keeps a row for each model and drops those of models that are `gone`, in one commit.
pub fn keep_models<T: Serialize>(
    db: &Db,
    about: About,
    rows: impl IntoIterator<Item = Kept<T>>,
    gone: impl IntoIterator<Item = String>,
) -> Result<(), StoreError> {
    let mut batch = Batch::default();
    for row in rows {
        batch.put(about.key(&row.model), &(row.saved_ms, row.value));
    }
    for model in gone {
        batch.delete(about.key(&model));
    }
    db.commit(batch)
}

/// Everything that was kept. Rows that do not decode are removed, and a warning says so.
pub fn read_models<T: DeserializeOwned>(db: &Db, about: About) -> Result<Vec<Kept<T>>, StoreError> {
    let mut kept = Vec::new();
    let mut unreadable = Batch::default();
    for row in db.rows(about.table())?.take(MOST_ROWS) {
        let (key, value) = row?;
        match codec::decode::<(u64, T)>(&key, &value) {
            Ok((saved_ms, value)) => kept.push(Kept {
                model: String::from_utf8_lossy(&key[about.table().len()..]).into_owned(),
                saved_ms,
                value,
            }),
            Err(error) => {
                tracing::warn!(%error, "what was known of a model is dropped; it is learned again");
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
        let keep = |rows: Vec<Kept<u32>>, gone: Vec<String>| {
            keep_models(&db, About::Statistics, rows, gone).unwrap();
        };
        let read = || read_models::<u32>(&db, About::Statistics).unwrap();
        keep(vec![kept("a/b:c", 1), kept("m", 2), kept("x", 9)], vec![]);
        keep(vec![kept("m", 3)], vec!["x".to_owned()]);
        keep_models(&db, About::Prices, [kept("m", 7)], []).unwrap();
        assert_eq!(read(), [kept("a/b:c", 1), kept("m", 3)]);
        let key = About::Statistics.key("m");
        db.overwrite(&key, Some(b"nonsense"));
        assert_eq!(read(), [kept("a/b:c", 1)]);
        assert_eq!(db.get(&key).unwrap(), None, "removed");
    }

    #[test]
    fn the_ledger_verifies_beside_them() {
        let dir = TempDir::new().unwrap();
        let db = Db::open(dir.path()).unwrap();
        for about in [About::Statistics, About::Prices] {
            keep_models(&db, about, [kept("m", 1)], []).unwrap();
            db.overwrite(&about.key("n"), Some(b"nonsense"));
        }
        crate::store::verify(&db).unwrap();
    }
}
