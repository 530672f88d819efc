//! A step of rows on their way into the tree: what comes into it together or not at all.

use std::collections::BTreeMap;

use super::Row;
use crate::store::error::StoreError;
use crate::store::strip;

/// A row with its new value; `None` stands for a row that is removed.
pub(super) type Changed<'a> = (&'a [u8], Option<&'a [u8]>);
/// Takes a step.
pub(super) type Take<'a> = dyn FnMut(&[Changed<'_>]) -> Result<(), StoreError> + 'a;

/// Bytes of a step.
pub(super) fn size(step: &[Changed<'_>]) -> usize {
    let bytes = |(key, value): &Changed<'_>| key.len() + value.map_or(0, <[u8]>::len);
    step.iter().map(bytes).sum()
}

/// Puts changes among the rows of a strip, or of none. What takes the strip's place is one step: its rows are
/// nowhere else. Strips behind it, of rows that are all new, are a step each.
pub(super) fn lay(
    strip: &[Row],
    changes: &[Changed<'_>],
    take: &mut Take<'_>,
) -> Result<(), StoreError> {
    let stored = strip
        .iter()
        .map(|(key, value)| (key.as_slice(), value.as_slice()));
    let mut rows: BTreeMap<&[u8], &[u8]> = stored.collect();
    for (key, value) in changes {
        match value {
            Some(value) => drop(rows.insert(key, value)),
            None => drop(rows.remove(key)),
        }
    }
    let packed = strip::pack(&rows);
    let reaches = |(key, _): &Row| strip.last().is_some_and(|(last, _)| key <= last);
    let (instead, behind) = packed.split_at(packed.partition_point(reaches));
    let mut together: Vec<Changed<'_>> = instead.iter().map(change).collect();
    if let Some((first, _)) = strip.first()
        && instead.iter().all(|(key, _)| key != first)
    {
        together.push((first, None));
    }
    if !together.is_empty() {
        take(&together)?;
    }
    behind.iter().try_for_each(|row| take(&[change(row)]))
}

fn change((key, value): &Row) -> Changed<'_> {
    (key, Some(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::key;

    fn row(number: u64, bytes: usize) -> Row {
        (key::transfer(number), vec![b'x'; bytes])
    }

    /// How many rows come and go in each of the steps.
    fn steps(strip: &[Row], changes: &[(Row, bool)]) -> Vec<(usize, usize)> {
        let stays =
            |((key, value), stays): &(Row, bool)| (key.clone(), stays.then(|| value.clone()));
        let changes: Vec<_> = changes.iter().map(stays).collect();
        let changes: Vec<Changed<'_>> = changes
            .iter()
            .map(|(k, v)| (&k[..], v.as_deref()))
            .collect();
        let mut steps = Vec::new();
        let mut take = |step: &[Changed<'_>]| {
            let come = step.iter().filter(|(_, value)| value.is_some()).count();
            steps.push((come, step.len() - come));
            Ok(())
        };
        lay(strip, &changes, &mut take).unwrap();
        steps
    }

    #[test]
    fn only_what_takes_the_place_of_stored_rows_comes_together() {
        let rows = |numbers: std::ops::Range<u64>| numbers.map(|number| row(number, 1000));
        let new = |numbers| rows(numbers).map(|row| (row, true)).collect::<Vec<_>>();
        let gone = |numbers| rows(numbers).map(|row| (row, false)).collect::<Vec<_>>();
        let strip: Vec<Row> = rows(10..15).collect();
        assert_eq!(steps(&[], &new(0..12)), [(1, 0), (1, 0)], "six rows each");
        assert_eq!(steps(&strip, &new(15..16)), [(1, 0)]);
        assert_eq!(steps(&strip, &new(15..30)), [(1, 0); 4]);
        let split: Vec<Row> = rows(10..12).chain(rows(20..24)).collect();
        assert_eq!(steps(&split, &new(12..20)), [(3, 0)]);
        assert_eq!(steps(&strip, &gone(10..11)), [(1, 1)]);
        assert_eq!(steps(&strip, &gone(14..15)), [(1, 0)]);
        assert_eq!(steps(&strip, &gone(10..15)), [(0, 1)]);
        assert_eq!(steps(&[], &gone(10..15)), []);
    }
}
