//! A piece of the rows on their way into the tree: what comes into it all at once.

use std::collections::BTreeMap;

use super::Row;
use crate::store::strip;

/// A full piece. Few strips of rows, so that nobody waits long for it. In unit tests a few rows are several pieces.
const PIECE_BYTES: usize = if cfg!(test) { 700 } else { 24 << 10 };

/// A row with its new value; `None` stands for a row that is removed.
type Changed<'a> = (&'a Vec<u8>, &'a Option<Vec<u8>>);

/// Rows that come into the tree all at once.
pub(super) struct Piece {
    batch: sled::Batch,
    bytes: usize,
    full_bytes: usize,
}

impl Piece {
    /// An empty one that is full soon.
    pub(super) fn small() -> Self {
        Self {
            batch: sled::Batch::default(),
            bytes: 0,
            full_bytes: PIECE_BYTES,
        }
    }

    /// An empty one for all there is: it is never full.
    pub(super) fn whole() -> Self {
        Self {
            full_bytes: usize::MAX,
            ..Self::small()
        }
    }

    /// Takes in a row, or that it is removed.
    pub(super) fn change(&mut self, key: &[u8], value: Option<&[u8]>) {
        self.bytes += key.len() + value.map_or(0, <[u8]>::len);
        match value {
            Some(value) => self.batch.insert(key, value),
            None => self.batch.remove(key),
        }
    }

    /// Puts changes among the rows of a strip, or of none, and takes all of them in as strips.
    pub(super) fn merge(&mut self, strip: &[Row], changes: &[Changed<'_>]) {
        if let Some((key, _)) = strip.first() {
            self.batch.remove(key.as_slice());
        }
        let stored = strip
            .iter()
            .map(|(key, value)| (key.as_slice(), value.as_slice()));
        let mut rows: BTreeMap<&[u8], &[u8]> = stored.collect();
        for (key, value) in changes {
            match value {
                Some(value) => drop(rows.insert(key, value)),
                None => drop(rows.remove(key.as_slice())),
            }
        }
        for (key, value) in strip::pack(&rows) {
            self.change(&key, Some(&value));
        }
    }

    /// How many of these rows, at least one, an empty piece has room for.
    pub(super) fn room_for(&self, rows: &[Changed<'_>]) -> usize {
        let mut bytes = 0_usize;
        let fits = |(key, value): &&Changed<'_>| {
            let is_first = bytes == 0;
            bytes += key.len() + value.as_ref().map_or(0, Vec::len);
            is_first || bytes <= self.full_bytes
        };
        rows.iter().take_while(fits).count()
    }

    /// Whether the piece should go into the tree before anything else comes to it.
    pub(super) fn is_full(&self) -> bool {
        self.bytes >= self.full_bytes
    }

    /// What the engine takes.
    pub(super) fn into_batch(self) -> sled::Batch {
        self.batch
    }
}
