//! What is committed and not in the tree yet: the newest value of every row that the journal has and the tree lacks.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Change;

/// Rows by key; `None` stands for a row that is removed.
pub(super) type Rows = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// Committed rows on their way into the tree.
#[derive(Debug, Default)]
pub(super) struct Pending {
    gathering: Rows,
    bytes: usize,
    /// On their way: older than those that gather.
    moving: Option<Arc<Rows>>,
    /// Number of the last commit.
    committed: u64,
    /// Up to which commit the tree must be durable soon.
    wanted: u64,
    /// Up to which commit the tree has everything, and has it durably.
    durable: u64,
    closing: bool,
}

impl Pending {
    /// Nothing is pending, and the tree has everything up to a commit.
    pub(super) fn after(number: u64) -> Self {
        Self {
            committed: number,
            wanted: number,
            durable: number,
            ..Self::default()
        }
    }

    /// Takes the rows of a commit.
    pub(super) fn take_in(&mut self, number: u64, changes: Vec<Change>) {
        for (key, value) in changes {
            self.bytes = self.bytes.saturating_add(key.len());
            self.bytes = self
                .bytes
                .saturating_add(value.as_ref().map_or(0, Vec::len));
            self.gathering.insert(key, value);
        }
        self.committed = number;
    }

    /// Bytes that were committed since rows last began to move.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The newest value of a row, or that it is removed. `None`: the tree says.
    pub(super) fn get(&self, key: &[u8]) -> Option<Option<&[u8]>> {
        let moving = || self.moving.as_ref()?.get(key);
        let value = self.gathering.get(key).or_else(moving)?;
        Some(value.as_deref())
    }

    /// Whether the tree lacks something in a range.
    pub(super) fn has_any(&self, is_in: impl Fn(&Rows) -> bool) -> bool {
        is_in(&self.gathering) || self.moving.as_deref().is_some_and(is_in)
    }

    /// Lets the rows move into the tree. `None` when nothing waits. Returns with them the number of the commit
    /// up to which they bring it.
    pub(super) fn begin_to_move(&mut self) -> Option<(Arc<Rows>, u64)> {
        if self.gathering.is_empty() {
            return None;
        }
        let rows = Arc::new(std::mem::take(&mut self.gathering));
        self.bytes = 0;
        self.moving = Some(Arc::clone(&rows));
        Some((rows, self.committed))
    }

    /// The tree has them now.
    pub(super) fn have_moved(&mut self) {
        self.moving = None;
    }

    /// No more rows need to move.
    pub(super) fn close(&mut self) {
        self.closing = true;
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing
    }

    /// Somebody needs the tree to be durable up to a commit.
    pub(super) fn want_durable(&mut self, number: u64) {
        self.wanted = self.wanted.max(number);
    }

    /// Whether the tree must become durable further than it is.
    pub(super) fn wants_durable(&self) -> bool {
        self.wanted > self.durable
    }

    /// Whether the tree is durable up to a commit.
    pub(super) fn is_durable(&self, number: u64) -> bool {
        self.durable >= number
    }

    /// The tree is durable up to a commit.
    pub(super) fn now_durable(&mut self, number: u64) {
        self.durable = self.durable.max(number);
    }
}

#[cfg(test)]
impl Pending {
    pub(super) fn gathering(&self) -> Rows {
        self.gathering.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(key: &str, value: Option<&str>) -> Change {
        (key.into(), value.map(Into::into))
    }

    fn get(pending: &Pending, key: &str) -> Option<Option<String>> {
        let text = |value: &[u8]| String::from_utf8(value.to_vec()).unwrap();
        Some(pending.get(key.as_bytes())?.map(text))
    }

    #[test]
    fn the_newest_value_counts_while_older_ones_move() {
        let mut pending = Pending::after(7);
        assert!(pending.begin_to_move().is_none());
        pending.take_in(8, vec![change("a", Some("1")), change("b", Some("1"))]);
        pending.take_in(9, vec![change("a", Some("2"))]);
        assert_eq!(pending.bytes(), 6);
        let (rows, upto) = pending.begin_to_move().unwrap();
        assert_eq!((rows.len(), upto, pending.bytes()), (2, 9, 0));
        pending.take_in(10, vec![change("b", None)]);
        assert_eq!(get(&pending, "a"), Some(Some("2".into())));
        assert_eq!(get(&pending, "b"), Some(None));
        assert_eq!(get(&pending, "c"), None);
        let has = |key: &'static str| move |rows: &Rows| rows.contains_key(key.as_bytes());
        assert!(pending.has_any(has("a")));
        pending.have_moved();
        assert!(!pending.has_any(has("a")));
        assert!(pending.has_any(has("b")));
        assert_eq!(get(&pending, "a"), None, "the tree has it");
    }

    #[test]
    fn durability_is_wanted_until_it_is_there() {
        let mut pending = Pending::after(3);
        assert!(pending.is_durable(3) && !pending.wants_durable());
        pending.want_durable(5);
        pending.now_durable(4);
        assert!(pending.wants_durable() && !pending.is_durable(5));
        pending.now_durable(5);
        assert!(!pending.wants_durable() && pending.is_durable(5));
    }
}
