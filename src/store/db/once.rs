//! A walk over rows that others may part into more strips meanwhile.

use super::Row;
use crate::store::error::StoreError;

/// Rows in key order, each of them once, though a strip that was read already may be parted meanwhile.
pub(super) struct Once<I> {
    rows: I,
    /// Keys that were given from the front and from the back.
    first: Option<Vec<u8>>,
    last: Option<Vec<u8>>,
}

impl<I> Once<I> {
    pub(super) fn new(rows: I) -> Self {
        let (first, last) = (None, None);
        Self { rows, first, last }
    }
}

/// Whether a row, or an error in its place, was not given yet.
fn is_new(row: &Result<Row, StoreError>, first: &Option<Vec<u8>>, last: &Option<Vec<u8>>) -> bool {
    row.as_ref().map_or(true, |(key, _)| {
        first.as_ref().is_none_or(|first| key > first)
            && last.as_ref().is_none_or(|last| key < last)
    })
}

impl<I: Iterator<Item = Result<Row, StoreError>>> Iterator for Once<I> {
    type Item = Result<Row, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        let Self { rows, first, last } = self;
        let row = rows.find(|row| is_new(row, first, last))?;
        if let Ok((key, _)) = &row {
            *first = Some(key.clone());
        }
        Some(row)
    }
}

impl<I: DoubleEndedIterator<Item = Result<Row, StoreError>>> DoubleEndedIterator for Once<I> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let Self { rows, first, last } = self;
        let row = rows.rfind(|row| is_new(row, first, last))?;
        if let Ok((key, _)) = &row {
            *last = Some(key.clone());
        }
        Some(row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_comes_again_from_a_parted_strip_is_left_out() {
        let walk = || {
            let keys = [1, 2, 3, 4, 3, 4, 5];
            Once::new(keys.into_iter().map(|key| Ok((vec![key], vec![]))))
        };
        let key = |row: Result<Row, StoreError>| row.unwrap().0.pop().unwrap();
        assert_eq!(walk().map(key).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
        let mut walk = walk();
        assert_eq!(walk.next_back().map(key), Some(5));
        assert_eq!(walk.next().map(key), Some(1));
        assert_eq!(walk.next_back().map(key), Some(4));
        assert_eq!(walk.map(key).collect::<Vec<_>>(), [2, 3]);
    }
}
