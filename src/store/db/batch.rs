//! What one commit writes.

use serde::Serialize;

use super::Change;
use crate::ids::IdMap;
use crate::store::codec;
use crate::store::error::StoreError;

/// Largest value. A page of several of this size is a file of its own, which is synced apart.
pub(super) const MOST_VALUE_BYTES: usize = 32 << 10;

/// Writes that become durable together. The last write to a key wins.
#[derive(Debug, Default)]
pub struct Batch {
    writes: IdMap<Vec<u8>, Option<Vec<u8>>>,
    /// The first value that could not be encoded; the commit reports it.
    fault: Option<StoreError>,
}

impl Batch {
    /// Whether there is nothing to commit.
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty() && self.fault.is_none()
    }

    /// Takes the writes of another batch into this one.
    pub fn merge(&mut self, other: Self) {
        self.writes.extend(other.writes);
        self.fault = self.fault.take().or(other.fault);
    }

    /// Stores a value under a key.
    pub(in crate::store) fn put<T: Serialize>(&mut self, key: Vec<u8>, value: &T) {
        self.put_joined(key, &[], value);
    }

    /// Stores what begins with a part in postcard's form already: a struct's form is that of its members,
    /// one behind the other.
    pub(in crate::store) fn put_joined<T: Serialize>(
        &mut self,
        key: Vec<u8>,
        first: &[u8],
        rest: &T,
    ) {
        match codec::encode_joined(&key, first, rest) {
            Ok(value) => drop(self.writes.insert(key, Some(value))),
            Err(error) => self.fail(error),
        }
    }

    /// Removes a key.
    pub(in crate::store) fn delete(&mut self, key: Vec<u8>) {
        self.writes.insert(key, None);
    }

    /// Makes the commit fail: a part of this batch could not be built.
    pub(in crate::store) fn fail(&mut self, error: StoreError) {
        self.fault.get_or_insert(error);
    }

    pub(in crate::store) fn into_changes(self) -> Result<Vec<Change>, StoreError> {
        if let Some(error) = self.fault {
            return Err(error);
        }
        for (key, value) in &self.writes {
            let bytes = value.as_ref().map_or(0, Vec::len);
            if bytes > MOST_VALUE_BYTES {
                return Err(StoreError::TooLarge {
                    key: codec::show(key),
                    bytes,
                });
            }
        }
        Ok(self.writes.into_iter().collect())
    }
}

#[cfg(test)]
impl Batch {
    /// The stored form that waits under a key.
    pub(in crate::store) fn get(&self, key: &[u8]) -> Option<&[u8]> {
        self.writes.get(key)?.as_deref()
    }
}
