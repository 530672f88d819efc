//! The least keys that a search has met, so many as it looks for.

/// The least keys so far, in order, with their rows.
#[derive(Debug)]
pub(super) struct Best<K> {
    most: usize,
    pub(super) found: Vec<(K, usize)>,
}

impl<K: Ord> Best<K> {
    /// None so far.
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            found: Vec::with_capacity(most + 1),
        }
    }

    /// Whether a key as small as this would be among them.
    pub(super) fn wants(&self, key: &K) -> bool {
        match self.found.last() {
            Some((last, _)) if self.found.len() >= self.most => key < last,
            Some(_) | None => self.most > 0,
        }
    }

    /// Takes a row in, in place of the last one when there are enough. One that is met again is known by its key.
    pub(super) fn add(&mut self, key: K, row: usize) {
        let place = self.found.partition_point(|(other, _)| *other < key);
        if self
            .found
            .get(place)
            .is_some_and(|(other, _)| *other == key)
        {
            return;
        }
        self.found.insert(place, (key, row));
        self.found.truncate(self.most);
    }
}
