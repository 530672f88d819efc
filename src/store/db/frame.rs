//! A frame: the rows of one commit as the journal has them, on pages of their own.

use super::Change;

/// First bytes of every frame; the last one is the version of its form.
const MAGIC: [u8; 4] = *b"mrj\x01";
/// Frames begin at multiples of this. Writing one never touches a page of another.
pub(super) const PAGE_BYTES: usize = 4096;
/// Stands for the length of a value that is removed.
const REMOVED: u32 = u32::MAX;

/// A whole frame among a file's bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame<'a> {
    /// Counts commits, from one on, without gaps.
    pub(super) number: u64,
    body: &'a [u8],
}

/// Puts the stored form of a frame into `bytes`. `None` when its rows are too many for one.
pub(super) fn write(number: u64, changes: &[Change], bytes: &mut Vec<u8>) -> Option<()> {
    bytes.clear();
    bytes.extend_from_slice(&[0; HEAD_BYTES]);
    for (key, value) in changes {
        let value = value.as_deref();
        let length = value.map(|value| u32::try_from(value.len()));
        let length = length.transpose().ok()?.unwrap_or(REMOVED);
        bytes.extend_from_slice(&u32::try_from(key.len()).ok()?.to_le_bytes());
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(key);
        bytes.extend_from_slice(value.unwrap_or_default());
    }
    let (head, body) = bytes.split_first_chunk_mut::<HEAD_BYTES>()?;
    *head = Head::of(number, body)?.to_bytes();
    bytes.resize(bytes.len().next_multiple_of(PAGE_BYTES), 0);
    Some(())
}

/// The frame at the start of `bytes`, and how many of them are its own. `None` when there is no whole one.
pub(super) fn read(bytes: &[u8]) -> Option<(Frame<'_>, usize)> {
    let (head, rest) = bytes.split_first_chunk::<HEAD_BYTES>()?;
    let head = Head::from_bytes(head)?;
    let length = usize::try_from(head.body_bytes).ok()?;
    let (body, _) = rest.split_at_checked(length)?;
    if Head::of(head.number, body)? != head {
        return None;
    }
    let frame = Frame {
        number: head.number,
        body,
    };
    Some((frame, (HEAD_BYTES + length).next_multiple_of(PAGE_BYTES)))
}

impl Frame<'_> {
    /// What the commit changed. `None` when this is not what [`write()`] made.
    pub(super) fn changes(&self) -> Option<Vec<Change>> {
        changes(self.body)
    }
}

fn changes(mut body: &[u8]) -> Option<Vec<Change>> {
    let mut changes = Vec::new();
    while !body.is_empty() {
        let (key_bytes, rest) = body.split_first_chunk()?;
        let (value_bytes, rest) = rest.split_first_chunk()?;
        let key_bytes = usize::try_from(u32::from_le_bytes(*key_bytes)).ok()?;
        let (key, rest) = rest.split_at_checked(key_bytes)?;
        let (value, rest) = match u32::from_le_bytes(*value_bytes) {
            REMOVED => (None, rest),
            length => {
                let (value, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
                (Some(value.to_vec()), rest)
            }
        };
        changes.push((key.to_vec(), value));
        body = rest;
    }
    Some(changes)
}

/// Magic, length of the body, number, and a checksum over the latter two and the body.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    body_bytes: u32,
    number: u64,
    checksum: u32,
}

const HEAD_BYTES: usize = 20;

impl Head {
    fn of(number: u64, body: &[u8]) -> Option<Self> {
        let body_bytes = u32::try_from(body.len()).ok()?;
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&body_bytes.to_le_bytes());
        hasher.update(&number.to_le_bytes());
        hasher.update(body);
        Some(Self {
            body_bytes,
            number,
            checksum: hasher.finalize(),
        })
    }

    fn to_bytes(&self) -> [u8; HEAD_BYTES] {
        let [m0, m1, m2, m3] = MAGIC;
        let [l0, l1, l2, l3] = self.body_bytes.to_le_bytes();
        let [n0, n1, n2, n3, n4, n5, n6, n7] = self.number.to_le_bytes();
        let [c0, c1, c2, c3] = self.checksum.to_le_bytes();
        [
            m0, m1, m2, m3, l0, l1, l2, l3, n0, n1, n2, n3, n4, n5, n6, n7, c0, c1, c2, c3,
        ]
    }

    fn from_bytes(bytes: &[u8; HEAD_BYTES]) -> Option<Self> {
        let rest = bytes.strip_prefix(&MAGIC)?;
        let (body_bytes, rest) = rest.split_first_chunk()?;
        let (number, rest) = rest.split_first_chunk()?;
        let (checksum, _) = rest.split_first_chunk()?;
        Some(Self {
            body_bytes: u32::from_le_bytes(*body_bytes),
            number: u64::from_le_bytes(*number),
            checksum: u32::from_le_bytes(*checksum),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_change() -> impl Strategy<Value = Change> {
        let bytes = || prop::collection::vec(any::<u8>(), 0..200);
        (bytes(), prop::option::of(bytes()))
    }

    proptest! {
        #[test]
        fn a_frame_says_what_was_written_or_nothing(
            number: u64,
            changes in prop::collection::vec(any_change(), 0..40),
            at: prop::sample::Index,
            flip in 1_u8..,
        ) {
            let mut bytes = Vec::new();
            write(number, &changes, &mut bytes).unwrap();
            prop_assert_eq!(bytes.len() % PAGE_BYTES, 0);
            let (frame, length) = read(&bytes).unwrap();
            prop_assert_eq!(length, bytes.len());
            prop_assert_eq!((frame.number, frame.changes()), (number, Some(changes.clone())));
            let body: usize = changes.iter().map(|(k, v)| 8 + k.len() + v.as_ref().map_or(0, Vec::len)).sum();
            let whole = HEAD_BYTES + body;
            prop_assert_eq!(read(&bytes[..at.index(whole)]), None);
            bytes[at.index(whole)] ^= flip;
            prop_assert_eq!(read(&bytes), None);
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut framed = MAGIC.to_vec();
            framed.extend(&bytes);
            prop_assert!(read(&bytes).is_none());
            prop_assert!(read(&framed).is_none());
            changes(&bytes);
        }
    }
}
