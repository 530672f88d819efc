//! Counts of texts that this thread has counted before: system prompts, tools and earlier turns come
//! again with every request of a conversation.
//!
//! A text is known by a keyed hash; neither it nor its count leaves the thread. The hash covers whose
//! text it is, so that no account can tell by the time taken what another one sent.

use std::cell::RefCell;
use std::hash::{BuildHasher, Hash, Hasher};

use foldhash::quality::RandomState;

use crate::catalog::Encoding;

/// Texts that are remembered; a new one takes the place of another.
const SLOTS: usize = 2048;
/// Shorter texts are as quickly counted as looked up, in bytes.
const SHORTEST: usize = 128;

thread_local! {
    static MEMO: RefCell<Memo> = RefCell::new(Memo::default());
}

/// What a text is remembered by: its hash, which no caller knows, and its length. A hold depends on the count, so
/// that even a caller who found two texts of one hash must not gain by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    hash: u64,
    bytes: usize,
}

struct Memo {
    keyed: RandomState,
    slots: Vec<Option<(Key, u64)>>,
}

impl Default for Memo {
    fn default() -> Self {
        Self {
            keyed: RandomState::default(),
            slots: vec![None; SLOTS],
        }
    }
}

/// The key of an account's text; `None` for one too short to be remembered.
pub(super) fn key(account: &str, encoding: Encoding, text: &str) -> Option<Key> {
    if text.len() < SHORTEST {
        return None;
    }
    MEMO.with_borrow(|memo| {
        let mut hasher = memo.keyed.build_hasher();
        (account, encoding).hash(&mut hasher);
        hasher.write(text.as_bytes());
        Some(Key {
            hash: hasher.finish(),
            bytes: text.len(),
        })
    })
}

/// The count of a text, if it is still remembered.
pub(super) fn recall(key: Key) -> Option<u64> {
    MEMO.with_borrow(|memo| {
        let (found, tokens) = (*memo.slots.get(slot(key))?)?;
        (found == key).then_some(tokens)
    })
}

/// Remembers a count.
pub(super) fn store(key: Key, tokens: u64) {
    MEMO.with_borrow_mut(|memo| {
        if let Some(place) = memo.slots.get_mut(slot(key)) {
            *place = Some((key, tokens));
        }
    });
}

fn slot(key: Key) -> usize {
    usize::try_from(key.hash % SLOTS as u64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_remembered_for_one_account_and_one_encoding() {
        let text = "a long text ".repeat(20);
        let of = |account| key(account, Encoding::O200k, &text).unwrap();
        store(of("one"), 42);
        assert_eq!(recall(of("one")), Some(42));
        assert_eq!(recall(of("two")), None);
        assert_eq!(recall(key("one", Encoding::Cl100k, &text).unwrap()), None);
    }

    #[test]
    fn short_texts_are_not_remembered() {
        assert_eq!(key("one", Encoding::O200k, "short"), None);
    }
}
